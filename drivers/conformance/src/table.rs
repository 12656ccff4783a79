//! The cases as data, and as tests.

/// The one list of cases: calls a macro with all of them.
///
/// `for_each_case! { [callback] { arguments } }` expands to `callback! { { arguments } area { case(clauses); … }
/// … }`.
#[macro_export]
macro_rules! for_each_case {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! { $arguments
            plan {
                planning_changes_nothing("D-PLAN-1");
                the_same_view_gives_the_same_plan("D-PLAN-2");
                a_plan_that_was_not_committed_is_forgotten("D-PLAN-3");
                what_others_hold_is_not_claimed("D-PLAN-4");
                each_view_is_looked_at_anew("D-PLAN-4");
                unknown_options_are_refused_by_name("D-PLAN-5");
                the_number_of_networks_is_bounded("D-PLAN-6");
                a_notice_claims_nothing("D-PLAN-7");
                what_is_planned_here_is_of_this_host("D-PLAN-8");
            }
            own {
                records_hang_on_what_is_planned("D-OWN-1", "D-OWN-2");
                a_global_network_claims_nothing_of_one_host("D-OWN-3");
                only_what_is_asked_for_is_claimed("D-OWN-4");
                settled_ports_are_claimed("D-OWN-5");
                entries_are_of_global_networks("D-OWN-6");
            }
            set {
                a_hardware_address_that_is_set_stays("D-SET-1");
                addresses_that_are_set_stay("D-SET-2");
                names_that_are_set_stay("D-SET-3");
                ports_are_published_as_asked_or_refused("D-SET-4");
                a_gateway_that_is_set_stays("D-SET-5");
            }
            ensure {
                ensuring_twice_is_ensuring_once("D-ENSURE-1");
                a_new_instance_makes_what_another_planned("D-ENSURE-2");
                nothing_to_do_is_nothing_done("D-ENSURE-3");
                a_sandbox_key_may_come_later("D-ENSURE-4");
                ensure_answers_what_was_planned("D-ENSURE-5");
                another_host_makes_what_one_has_planned("D-ENSURE-6");
                an_endpoint_can_join_again("D-ENSURE-7");
                what_is_made_was_noted_before("D-NOTE-1");
                a_note_that_cannot_be_kept_stops_what_it_is_for("D-NOTE-2");
            }
            remove {
                removing_leaves_nothing("D-REMOVE-1");
                removing_what_is_not_there_is_a_success("D-REMOVE-2");
                notes_alone_are_enough_to_remove("D-REMOVE-3");
                a_new_instance_removes_what_another_made("D-REMOVE-4");
                a_veto_changes_nothing("D-REMOVE-5");
                what_a_driver_keeps_is_not_let_go("D-REMOVE-6");
            }
            recover {
                what_is_lost_is_made_again("D-RECOVER-1");
                what_nothing_wants_is_taken_down("D-RECOVER-2");
                nothing_that_is_wanted_is_torn_down("D-RECOVER-3");
                what_strangers_have_made_stays("D-RECOVER-4");
                recovering_twice_changes_nothing_more("D-RECOVER-5");
                what_is_noted_and_wanted_stays("D-RECOVER-6");
                one_failure_hinders_no_other("D-RECOVER-7");
            }
            crash {
                a_crash_anywhere_is_recovered("D-CRASH-1");
                a_crash_in_recovery_is_recovered("D-CRASH-2");
            }
            fail {
                a_failure_leaves_nothing("D-FAIL-1", "D-FAIL-2");
                what_a_stranger_holds_is_planned_around("D-FAIL-3");
                a_removal_that_fails_can_be_repeated("D-FAIL-4");
                a_host_that_is_away_is_waited_for("D-FAIL-5");
            }
            called {
                an_answer_from_a_call_is_kept("D-CALL-1");
                a_call_whose_answer_is_lost_is_taken_back("D-CALL-2");
                a_late_call_is_taken_back("D-CALL-3");
            }
            apart {
                networks_leave_each_other_alone("D-APART-1");
                endpoints_leave_each_other_alone("D-APART-2");
                a_port_that_was_given_back_is_anothers("D-APART-3");
            }
            show {
                showing_an_endpoint_changes_nothing("D-SHOW-1");
                a_driver_says_the_same_of_itself("D-SHOW-2");
            }
            table {
                one_by_one_is_all_at_once("D-TABLE-1");
                entries_of_this_host_make_nothing("D-TABLE-2");
                strange_entries_do_no_harm("D-TABLE-3");
                entries_come_back_after_a_loss("D-TABLE-4");
            }
        }
    };
}

macro_rules! cases_table {
    ({} $($area:ident { $($case:ident($($clause:literal),+);)+ })+) => {
        /// Every case for network drivers, by area.
        pub const CASES: &[$crate::Case] = &[$($($crate::Case {
            name: stringify!($case),
            area: stringify!($area),
            clauses: &[$($clause),+],
            run: |harness| Box::pin($crate::cases::$area::$case(harness)),
        }),+),+];
    };
}

for_each_case! { [cases_table] {} }

/// One test per case, on drivers that an expression makes.
///
/// The expression is called without arguments and returns a future of a
/// [`DriverHarness`](crate::DriverHarness). Attributes after it go to every test. The tests have the names of the
/// cases; put the call into a module to have it twice in one file.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use netkeep_drivers_conformance::models::{FakeKernel, Macvlan, ModelHost};
///
/// async fn fresh() -> ModelHost<FakeKernel> {
///     ModelHost::new(FakeKernel::new, |kernel| Arc::new(Macvlan::new(kernel.clone())), Macvlan::sample())
/// }
///
/// netkeep_drivers_conformance::conformance!(fresh);
/// ```
#[macro_export]
macro_rules! conformance {
    ($make:expr $(, #[$attribute:meta])*) => {
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
