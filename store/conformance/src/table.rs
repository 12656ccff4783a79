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
            read {
                a_get_shows_the_last_commit("C-READ-1");
                absence_is_a_value("C-READ-2");
                a_list_holds_what_is_below_its_prefix("C-READ-4");
                a_list_holds_leased_entries_too("C-READ-4");
                a_list_is_in_the_order_of_bytes("C-READ-5");
                a_list_of_large_values_is_complete("C-READ-4");
                a_list_of_many_keys_is_complete("C-READ-4", "C-READ-5");
            }
            linear {
                reads_show_what_was_acknowledged("C-READ-3");
                reads_never_go_back("C-READ-3");
                a_list_beside_commits_is_sound("C-READ-6", "C-READ-7");
                an_outage_never_looks_like_absence("C-READ-8");
            }
            txn {
                many_keys_at_once("C-TXN-1");
                a_put_makes_or_replaces("C-TXN-8");
                deleting_an_absent_key_is_no_error("C-TXN-9");
                a_delete_takes_one_key("C-TXN-9");
                the_same_value_again_is_a_change("C-TXN-10");
                guards_alone_change_nothing("C-TXN-7");
                commits_survive_a_restart("C-TXN-12");
                the_order_within_a_transaction_has_no_bearing("C-TXN-13");
            }
            guard {
                an_absent_guard_holds_for_nothing("C-TXN-3");
                an_unchanged_guard_holds_at_one_revision("C-TXN-4");
                an_unchanged_guard_fails_for_nothing("C-TXN-4");
                a_key_made_again_is_changed("C-TXN-4");
                a_conflict_writes_nothing("C-TXN-5", "C-TXN-1");
                a_conflict_names_the_guard_that_failed("C-TXN-6");
                of_several_failed_guards_one_is_named("C-TXN-6");
                a_guard_sees_the_state_before_its_own_writes("C-TXN-2");
                a_guard_protects_other_keys("C-TXN-2");
            }
            race {
                one_of_many_creates_succeeds("C-TXN-11", "C-TXN-3");
                no_increment_is_lost("C-TXN-11", "C-TXN-4");
                overlapping_commits_have_one_order("C-TXN-11", "C-TXN-1");
                swaps_keep_both_values("C-TXN-11");
                no_write_skew("C-TXN-11");
                a_guard_is_ordered_before_the_change("C-TXN-11", "C-REV-1");
                unrelated_commits_do_not_meet("C-TXN-11");
            }
            revision {
                revisions_grow("C-REV-1", "C-REV-3");
                the_keys_of_a_commit_share_its_revision("C-REV-2");
                no_two_commits_share_a_revision("C-REV-4");
                revisions_go_on_after_a_restart("C-REV-5");
            }
            watch {
                a_watch_begins_with_what_is_there("C-WATCH-1");
                a_watch_after_a_list_tells_what_follows("C-WATCH-2", "C-READ-7");
                a_watch_after_any_commit_has_no_gap("C-WATCH-2");
                a_watch_after_zero_has_no_gap("C-WATCH-2");
                a_watch_after_the_future_resets("C-WATCH-3");
                a_watch_after_a_restart_has_no_gap("C-WATCH-2");
                an_open_watch_outlives_a_restart_or_ends("C-WATCH-13");
            }
            stream {
                deletions_are_told("C-WATCH-4");
                who_joins_hears_of_deletions("C-WATCH-4");
                through_reaches_every_commit("C-WATCH-6");
                a_commit_is_told_whole("C-WATCH-6");
                a_consumer_equals_the_quiet_store("C-WATCH-8", "C-WATCH-5");
                a_slow_consumer_gets_everything_or_a_reset("C-WATCH-11");
                each_watch_gets_all_of_its_prefix("C-WATCH-9");
                giving_up_a_wait_loses_nothing("C-WATCH-10");
                dropping_a_watch_ends_it_alone("C-WATCH-12");
                what_is_outside_is_not_told("C-WATCH-7");
            }
            lease {
                an_entry_lives_for_its_ttl("C-LEASE-1", "C-LEASE-2", "C-LEASE-9");
                renewing_prolongs("C-LEASE-3");
                revoking_removes_at_once("C-LEASE-4", "C-LEASE-9");
                a_lease_takes_only_its_own("C-LEASE-4");
                an_ended_lease_is_lost("C-LEASE-5");
                only_its_handle_has_a_lease("C-LEASE-6");
                a_ttl_out_of_bounds_is_refused("C-LEASE-7");
            }
            lease_life {
                the_name_of_a_lease_is_never_given_again("C-LEASE-8");
                leases_end_after_a_restart("C-LEASE-10");
                closing_a_handle_lets_its_leases_end("C-LEASE-11");
                a_put_with_the_same_lease_keeps_it("C-LEASE-12");
                the_lease_of_an_entry_never_changes("C-LEASE-12");
            }
            lock {
                one_of_many_takes_the_lock("C-LOCK-1");
                an_old_holder_is_fenced("C-LOCK-2", "C-LOCK-3");
                tokens_grow("C-LOCK-3");
                a_lock_is_taken_over("C-LOCK-4");
                contenders_take_turns("C-LOCK-5");
            }
            limits {
                the_bounds_are_portable("C-LIM-1");
                the_number_of_keys_is_bounded("C-LIM-2");
                a_leased_put_counts_twice("C-LIM-3");
                the_number_of_directories_is_bounded("C-LIM-4");
                the_bytes_of_a_transaction_are_bounded("C-LIM-5");
                the_bytes_of_a_value_are_bounded("C-LIM-6");
                a_key_twice_is_refused("C-LIM-7");
                an_empty_transaction_is_refused("C-LIM-8");
                two_leases_are_refused("C-LIM-9");
                leased_directories_hold_leased_keys_only("C-LIM-10");
                nothing_lies_below_a_leased_key("C-LIM-11");
                rules_come_before_guards("C-LIM-12");
            }
            errors {
                a_refusal_says_what_to_do("C-ERR-1", "C-ERR-3");
                an_error_names_store_and_operation("C-ERR-2");
                answers_are_in_the_callers_terms("C-LAYER-1");
            }
            identity {
                identity_is_of_the_store("C-ID-1", "C-ID-2");
                the_status_contains_every_commit("C-ID-3");
                a_store_says_what_it_is("C-ID-4");
            }
            life {
                a_closed_handle_answers_closed("C-LIFE-1");
                closing_twice_does_no_harm("C-LIFE-2");
                close_waits_for_commits("C-LIFE-3");
                close_ends_watches("C-WATCH-14");
                closing_harms_no_other("C-LIFE-4");
                a_dropped_commit_runs_to_its_end("C-LIFE-5");
                a_future_never_polled_does_nothing("C-LIFE-6");
                dropped_lease_calls_go_on("C-LIFE-5");
                dropped_reads_have_no_effect("C-LIFE-7");
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
/// after it go to every test. The tests have the names of the cases; put the call into a module to have it
/// twice in one file.
///
/// ```
/// use std::sync::Arc;
///
/// use netkeep_store::{MemoryServer, Store};
/// use netkeep_store_conformance::{Harness, Layers};
///
/// struct Mine(MemoryServer);
///
/// #[async_trait::async_trait]
/// impl Harness for Mine {
///     async fn connect(&self) -> Arc<dyn Store> {
///         Arc::new(self.0.connect())
///     }
///
///     async fn restart(&self) {
///         self.0.restart();
///     }
///
///     async fn other_store(&self) -> Arc<dyn Store> {
///         fresh().await.connect().await
///     }
/// }
///
/// async fn fresh() -> Mine {
///     Mine(MemoryServer::new(Layers::none().leased()))
/// }
///
/// mod needs_nothing {
///     netkeep_store_conformance::conformance!(super::fresh);
/// }
/// mod needs_a_server {
///     netkeep_store_conformance::conformance!(super::fresh, #[ignore = "needs a server"]);
/// }
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
