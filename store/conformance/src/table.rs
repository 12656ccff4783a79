//! The cases as data, and as tests.

/// The one list of cases: calls a macro with all of them.
///
/// `for_each_case! { [callback] { arguments } }` expands to `callback! { { arguments } area { case(clauses); … }
/// … }`.
#[macro_export]
macro_rules! for_each_case {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! { $arguments
            keys {
                keys_of_every_length("C-KEY-1");
                any_text_is_a_segment("C-KEY-2");
                keys_differ_by_any_byte("C-KEY-3");
                a_key_may_lie_below_another("C-KEY-4");
                values_of_all_bytes("C-KEY-5");
                an_empty_value_is_not_absence("C-KEY-5", "C-READ-2");
                the_largest_value("C-KEY-5");
            }
        }
    };
}

macro_rules! table {
    ({} $($area:ident { $($case:ident($($clause:literal),+);)+ })+) => {
        /// Every case, by area.
        pub const CASES: &[$crate::Case] = &[$($($crate::Case {
            name: stringify!($case),
            area: stringify!($area),
            clauses: &[$($clause),+],
            run: |harness| Box::pin($crate::cases::$area::$case(harness)),
        }),+),+];
    };
}

for_each_case! { [table] {} }

/// One test per case, on stores that an expression makes.
///
/// The expression is called without arguments and returns a future of a [`Harness`](crate::Harness). Attributes
/// before it go to every test. The tests have the names of the cases; put the call into a module to have it
/// twice in one file.
///
/// ```no_run
/// # struct Mine;
/// # #[async_trait::async_trait]
/// # impl netkeep_store_conformance::Harness for Mine {
/// #     async fn connect(&self) -> std::sync::Arc<dyn netkeep_store::Store> { unimplemented!() }
/// #     async fn restart(&self) { unimplemented!() }
/// #     async fn other_store(&self) -> std::sync::Arc<dyn netkeep_store::Store> { unimplemented!() }
/// # }
/// async fn fresh() -> Mine {
///     Mine
/// }
///
/// mod needs_nothing {
///     netkeep_store_conformance::conformance!(super::fresh);
/// }
/// mod needs_a_server {
///     netkeep_store_conformance::conformance!(#[ignore = "needs a server"] super::fresh);
/// }
/// ```
#[macro_export]
macro_rules! conformance {
    ($(#[$attribute:meta])* $make:expr) => {
        $crate::for_each_case! { [$crate::tests_of_cases] { [$(#[$attribute])*] [$make] } }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_cases {
    ({ $attributes:tt $make:tt } $($area:ident { $($case:ident($($clause:literal),+);)+ })+) => {
        $($($crate::test_of_case! { $case $attributes $make })+)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! test_of_case {
    ($case:ident [$(#[$attribute:meta])*] [$make:expr]) => {
        #[test]
        $(#[$attribute])*
        fn $case() {
            $crate::judge(stringify!($case), $make);
        }
    };
}
