//! Flaws as data.

/// Makes an enumeration of flaws: what each is, of which model, and what catches it.
macro_rules! flaws {
    (
        $(#[$about:meta])* $flaw:ident of $of:ident, all of them: $all:ident;
        $($(#[$doc:meta])* $name:ident($base:ident, $($clause:literal by $case:literal),+);)+
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $flaw {
            $($(#[$doc])* $name,)+
        }

        /// Every flaw.
        pub const $all: &[$flaw] = &[$($flaw::$name),+];

        impl $flaw {
            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// The model that has it.
            pub const fn base(self) -> $of {
                match self {
                    $(Self::$name => $of::$base,)+
                }
            }

            /// Which clauses it breaks, and the cases that catch it.
            pub const fn caught(self) -> &'static [Caught] {
                match self {
                    $(Self::$name => &[$(Caught { clause: $clause, case: $case }),+],)+
                }
            }
        }
    };
}
