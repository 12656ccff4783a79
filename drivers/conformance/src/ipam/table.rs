//! The cases for IPAM drivers as data, and as tests.

/// The one list of cases for IPAM drivers: calls a macro with all of them, as
/// [`for_each_case!`](crate::for_each_case) does with those for network drivers.
#[macro_export]
macro_rules! for_each_ipam_case {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! { $arguments
            plan {
                an_ipam_driver_says_the_same_of_itself("D-IPAM-1");
                a_grant_is_claimed("D-IPAM-2");
                the_same_view_gives_the_same_grant("D-IPAM-3");
                a_grant_that_was_not_committed_is_forgotten("D-IPAM-4");
                each_view_of_what_is_held_is_looked_at_anew("D-IPAM-5");
                unknown_ipam_options_are_refused_by_name("D-IPAM-6");
                nothing_is_chosen_in_a_strange_space("D-IPAM-7");
            }
            pool {
                a_pool_is_given_as_asked("D-POOL-1");
                pools_of_one_space_never_overlap("D-POOL-2");
                pools_of_two_spaces_leave_each_other_alone("D-POOL-2");
                a_free_pool_overlaps_nothing("D-POOL-3");
                pools_are_exhausted_when_none_is_free("D-POOL-4");
                sub_pools_lie_in_their_pool("D-POOL-5");
                each_sub_pool_is_given_once("D-POOL-6");
                a_pool_that_was_given_back_rests("D-POOL-7");
                what_is_not_offered_is_refused("D-POOL-8");
            }
            address {
                a_free_address_lies_in_its_pool("D-ADDRESS-1");
                no_address_is_given_twice("D-ADDRESS-2");
                reserved_addresses_are_not_given("D-ADDRESS-3");
                a_fixed_address_is_honoured_or_refused("D-ADDRESS-4");
                addresses_are_exhausted_when_none_is_free("D-ADDRESS-5");
                addresses_follow_the_promised_order("D-ADDRESS-6");
                a_client_gets_nothing_of_a_pool_that_was_not_given("D-ADDRESS-7");
                a_driver_without_addresses_gives_none("D-ADDRESS-8");
                a_gateway_that_is_chosen_is_the_lowest("D-ADDRESS-9");
            }
            release {
                what_was_given_back_is_given_again("D-RELEASE-1");
                giving_back_what_is_not_held_changes_nothing("D-RELEASE-2");
            }
            called {
                only_a_driver_that_is_called_is_called("D-ASK-1");
                a_refused_call_leaves_nothing("D-ASK-2");
                a_call_that_was_not_answered_is_taken_back("D-ASK-3");
            }
        }
    };
}

macro_rules! ipam_cases_table {
    ({} $($area:ident { $($case:ident($($clause:literal),+);)+ })+) => {
        /// Every case for IPAM drivers, by area.
        pub const IPAM_CASES: &[$crate::ipam::IpamCase] = &[$($($crate::ipam::IpamCase {
            name: stringify!($case),
            area: stringify!($area),
            clauses: &[$($clause),+],
            run: |harness| Box::pin($crate::cases::ipam::$area::$case(harness)),
        }),+),+];
    };
}

for_each_ipam_case! { [ipam_cases_table] {} }

/// One test per case, on IPAM drivers that an expression makes.
///
/// The expression is called without arguments and returns a future of an
/// [`IpamHarness`](crate::ipam::IpamHarness). Attributes after it go to every test.
///
/// ```no_run
/// use netkeep_drivers_conformance::models::RemoteIpam;
///
/// netkeep_drivers_conformance::ipam_conformance!(|| async { RemoteIpam::harness() });
/// ```
#[macro_export]
macro_rules! ipam_conformance {
    ($make:expr $(, #[$attribute:meta])*) => {
        $crate::for_each_ipam_case! { [$crate::tests_of_ipam_cases] { [$(#[$attribute])*] [$make] } }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_ipam_cases {
    ({ $attributes:tt $make:tt } $($area:ident { $($case:ident($($clause:literal),+);)+ })+) => {
        $($($crate::test_of_ipam_case! { $case $attributes $make })+)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! test_of_ipam_case {
    ($case:ident [$(#[$attribute:meta])*] [$make:expr]) => {
        #[test]
        $(#[$attribute])*
        fn $case() {
            $crate::ipam::judge_ipam(stringify!($case), $make);
        }
    };
}
