//! Defects as data.

/// Makes an enumeration of defects: what each is, which clauses it breaks, and the cases that catch it.
macro_rules! defects {
    (
        $(#[$about:meta])* $defect:ident;
        $($(#[$doc:meta])* $name:ident($($clause:literal by $case:literal),+);)+
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $defect {
            $($(#[$doc])* $name,)+
        }

        impl $defect {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Which clauses it breaks, and the cases that catch it in every run.
            pub const fn caught(self) -> &'static [Caught] {
                match self {
                    $(Self::$name => &[$(Caught { clause: $clause, case: $case }),+],)+
                }
            }
        }
    };
}
