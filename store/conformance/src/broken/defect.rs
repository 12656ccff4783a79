//! The ways in which a store may break the contract.

use super::Caught;

defects! {
    /// One way to break the contract.
    Defect;

    /// Guards are not looked at.
    IgnoresGuards("C-TXN-3" by "one_of_many_creates_succeeds", "C-TXN-11" by "one_of_many_creates_succeeds");
    /// Guards are looked at once the writes are made.
    ChecksGuardsAfterWriting("C-TXN-2" by "a_guard_sees_the_state_before_its_own_writes");
    /// Watches do not tell of deletions.
    LosesDeletions("C-WATCH-4" by "deletions_are_told", "C-WATCH-4" by "who_joins_hears_of_deletions");
    /// A watch that resumes begins with the present instead of where it was.
    ResumesWithAGap("C-WATCH-2" by "a_watch_after_any_commit_has_no_gap");
    /// A reset lacks a key.
    ResetMissesKeys("C-WATCH-1" by "a_watch_begins_with_what_is_there");
    /// Later commits have lower revisions.
    RevisionsGoBack("C-REV-1" by "revisions_grow", "C-REV-3" by "revisions_grow");
    /// Two commits have one revision.
    DuplicatesRevisions("C-REV-4" by "no_two_commits_share_a_revision");
    /// The last write of several is left out.
    CommitsInPart("C-TXN-1" by "many_keys_at_once");
    /// Leases that nobody renews live on.
    LeasesNeverEnd(
        "C-LEASE-1" by "an_entry_lives_for_its_ttl",
        "C-LEASE-2" by "an_entry_lives_for_its_ttl",
        "C-LEASE-9" by "an_entry_lives_for_its_ttl"
    );
    /// Leases end before their time.
    LeasesEndEarly("C-LEASE-3" by "renewing_prolongs");
    /// A guard on a lock holds again once another holds the lock.
    AcceptsExpiredTokens("C-LOCK-2" by "an_old_holder_is_fenced", "C-LOCK-3" by "an_old_holder_is_fenced");
    /// A refused commit is answered as if it was made.
    SwallowsConflicts("C-TXN-5" by "a_conflict_writes_nothing", "C-TXN-1" by "a_conflict_writes_nothing");
    /// A conflict names a guard that holds.
    NamesTheWrongGuard("C-TXN-6" by "a_conflict_names_the_guard_that_failed");
    /// A store that cannot be had answers that there is nothing.
    OutageIsAbsence("C-READ-8" by "an_outage_never_looks_like_absence");

    /// The longest keys are refused.
    RefusesTheLongestKey("C-KEY-1" by "keys_of_every_length");
    /// The escape of a key is undone twice when it is listed.
    UndoesEscapesTwice("C-KEY-2" by "any_text_is_a_segment");
    /// Keys that differ by case alone are one.
    FoldsCase("C-KEY-3" by "keys_differ_by_any_byte");
    /// A key that has others below it is a directory, and holds nothing.
    TakesKeysForDirectories("C-KEY-4" by "a_key_may_lie_below_another");
    /// An empty value is taken for none.
    TakesEmptyForAbsent(
        "C-KEY-5" by "an_empty_value_is_not_absence",
        "C-READ-2" by "an_empty_value_is_not_absence"
    );

    /// A get does not show the lease.
    ForgetsLeases("C-READ-1" by "a_get_shows_the_last_commit");
    /// A get of nothing fails.
    FailsOnAbsence("C-READ-2" by "absence_is_a_value");
    /// A handle shows for ever what it has read once.
    ReadsStale("C-READ-3" by "reads_show_what_was_acknowledged");
    /// A prefix is a text with which keys begin.
    ListsByText("C-READ-4" by "a_list_holds_what_is_below_its_prefix");
    /// A list begins with the last key.
    ListsBackwards("C-READ-5" by "a_list_is_in_the_order_of_bytes");
    /// A list of more than a page lacks the first key of the second page.
    LosesAKeyBetweenPages(
        "C-READ-6" by "a_list_beside_commits_is_sound",
        "C-READ-4" by "a_list_of_many_keys_is_complete"
    );
    /// A list says that it is from the beginning of time.
    ListsAtRevisionZero("C-READ-7" by "a_list_beside_commits_is_sound");

    /// A guard on an entry holds for whatever entry there is.
    TakesAnyEntryForUnchanged("C-TXN-4" by "an_unchanged_guard_holds_at_one_revision");
    /// A conflict names no guard.
    NamesNoGuard("C-TXN-6" by "a_conflict_names_the_guard_that_failed");
    /// Guards without writes are not looked at.
    SkipsGuardsAlone("C-TXN-7" by "guards_alone_change_nothing");
    /// A put leaves the value that is there.
    KeepsTheFirstValue("C-TXN-8" by "a_put_makes_or_replaces");
    /// A delete takes the keys below its key too.
    DeletesWhatLiesBelow("C-TXN-9" by "a_delete_takes_one_key");
    /// A put of the value that is there is left out.
    SkipsEqualValues("C-TXN-10" by "the_same_value_again_is_a_change");
    /// A restart loses an entry.
    ForgetsAtRestart("C-TXN-12" by "commits_survive_a_restart");
    /// Guards whose keys are not in order are refused.
    WantsGuardsInOrder("C-TXN-13" by "the_order_within_a_transaction_has_no_bearing");
    /// Each write of a commit has a revision of its own.
    CommitsKeyByKey("C-REV-2" by "the_keys_of_a_commit_share_its_revision");
    /// Revisions begin anew at a restart.
    RevisionsBeginAnew("C-REV-5" by "revisions_go_on_after_a_restart");

    /// A watch from the future goes on from the present.
    BelievesTheFuture("C-WATCH-3" by "a_watch_after_the_future_resets");
    /// A batch ends with a change that is older than the others.
    TellsOutOfOrder("C-WATCH-5" by "a_consumer_equals_the_quiet_store");
    /// The next commit is said to be contained.
    PromisesTooMuch("C-WATCH-6" by "through_reaches_every_commit");
    /// A watch tells of the whole store.
    TellsWhatIsOutside("C-WATCH-7" by "what_is_outside_is_not_told");
    /// A watch tells other values than were put.
    TellsOtherValues("C-WATCH-8" by "a_consumer_equals_the_quiet_store");
    /// A watch ends the one that its handle had before.
    EndsTheWatchBefore("C-WATCH-9" by "each_watch_gets_all_of_its_prefix");
    /// An item that was not waited for to its end is lost.
    LosesWhatWasGivenUp("C-WATCH-10" by "giving_up_a_wait_loses_nothing");
    /// A consumer that is too slow is told that nothing has happened.
    ForgetsSlowConsumers("C-WATCH-11" by "a_slow_consumer_gets_everything_or_a_reset");
    /// A watch that is dropped ends all others of its handle.
    DroppedWatchesEndOthers("C-WATCH-12" by "dropping_a_watch_ends_it_alone");
    /// A watch ends when the store cannot be had.
    OutagesEndWatches("C-WATCH-13" by "an_open_watch_outlives_a_restart_or_ends");
    /// A watch goes on after it has ended.
    EndedWatchesGoOn("C-WATCH-14" by "close_ends_watches");

    /// A revocation does nothing.
    IgnoresRevocations("C-LEASE-4" by "revoking_removes_at_once");
    /// The end of a lease takes what was ever put with it, whoever has made it again.
    LeasesTakeWhatTheyHad("C-LEASE-4" by "a_lease_takes_only_its_own", "C-LOCK-4" by "a_lock_is_taken_over");
    /// The renewal of a lease that has ended succeeds.
    RenewsWhatHasEnded("C-LEASE-5" by "an_ended_lease_is_lost");
    /// Any handle may renew and revoke any lease.
    SharesLeases("C-LEASE-6" by "only_its_handle_has_a_lease");
    /// A ttl out of bounds is granted as the next within them.
    GrantsAnyTtl("C-LEASE-7" by "a_ttl_out_of_bounds_is_refused");
    /// The names of leases begin anew at a restart.
    NamesLeasesAgain("C-LEASE-8" by "the_name_of_a_lease_is_never_given_again");
    /// A restart lets leased entries live for ever.
    LeasesOutliveRestarts("C-LEASE-10" by "leases_end_after_a_restart");
    /// The leases of a closed handle are renewed.
    LeasesOutliveHandles("C-LEASE-11" by "closing_a_handle_lets_its_leases_end");
    /// A put takes an entry over to its own lease.
    LeasesChangeHands("C-LEASE-12" by "the_lease_of_an_entry_never_changes");
    /// A lock that another holds is taken over.
    GivesALockTwice("C-LOCK-1" by "one_of_many_takes_the_lock");
    /// A handle gets a lock once and never again.
    GivesALockOnce("C-LOCK-5" by "contenders_take_turns");

    /// The bounds are not those of every store.
    HasItsOwnBounds("C-LIM-1" by "the_bounds_are_portable");
    /// A transaction may have one key more.
    TakesAKeyTooMany("C-LIM-2" by "the_number_of_keys_is_bounded");
    /// A transaction may have one key less.
    RefusesTheLastKey("C-LIM-2" by "the_number_of_keys_is_bounded");
    /// A leased put counts as one key.
    CountsLeasedPutsOnce("C-LIM-3" by "a_leased_put_counts_twice");
    /// The deletion of a leased key counts as two keys.
    CountsLeasedDeletionsTwice("C-LIM-3" by "a_leased_put_counts_twice");
    /// The keys of a transaction may lie in one directory more.
    TakesADirectoryTooMany("C-LIM-4" by "the_number_of_directories_is_bounded");
    /// The keys of a transaction may lie in one directory less.
    RefusesTheLastDirectory("C-LIM-4" by "the_number_of_directories_is_bounded");
    /// A transaction may have one byte more.
    TakesAByteTooMany("C-LIM-5" by "the_bytes_of_a_transaction_are_bounded");
    /// A transaction may have one byte less.
    RefusesTheLastByte("C-LIM-5" by "the_bytes_of_a_transaction_are_bounded");
    /// A value that is too large is cut.
    CutsLargeValues("C-LIM-6" by "the_bytes_of_a_value_are_bounded");
    /// A value may have one byte less.
    RefusesTheLargestValue("C-LIM-6" by "the_bytes_of_a_value_are_bounded");
    /// Of two writes of a key the last one is made.
    LetsTheLastWriteWin("C-LIM-7" by "a_key_twice_is_refused");
    /// A transaction of nothing succeeds.
    TakesEmptyTransactions("C-LIM-8" by "an_empty_transaction_is_refused");
    /// A transaction may name any number of leases.
    TakesTwoLeases("C-LIM-9" by "two_leases_are_refused");
    /// A lease on a key that cannot have one is left out.
    DropsMisplacedLeases("C-LIM-10" by "leased_directories_hold_leased_keys_only");
    /// A leased directory takes a put without lease.
    TakesUnleasedPuts("C-LIM-10" by "leased_directories_hold_leased_keys_only");
    /// A put below a leased key is answered as if it was made.
    SwallowsPutsBelowLeasedKeys("C-LIM-11" by "nothing_lies_below_a_leased_key");
    /// Guards are looked at before rules and bounds.
    LooksAtGuardsFirst("C-LIM-12" by "rules_come_before_guards");

    /// A refusal says that it may have been applied.
    DoubtsRefusals("C-ERR-1" by "a_refusal_says_what_to_do");
    /// Any error has a failed guard.
    NamesAGuardInAnyError("C-ERR-1" by "a_refusal_says_what_to_do");
    /// An error names neither store nor operation.
    NamesNeitherStoreNorOperation("C-ERR-2" by "an_error_names_store_and_operation");
    /// An error has two lines.
    WritesTwoLines("C-ERR-2" by "an_error_names_store_and_operation");
    /// What is too large may be tried again.
    RetriesWhatIsTooLarge("C-ERR-3" by "a_refusal_says_what_to_do");
    /// An error speaks of keys that the caller does not know.
    SpeaksOfInnerKeys("C-LAYER-1" by "answers_are_in_the_callers_terms");

    /// Each handle has an identity.
    HasOneIdentityPerHandle("C-ID-1" by "identity_is_of_the_store");
    /// All stores have one identity.
    HasTheIdentityOfAll("C-ID-2" by "identity_is_of_the_store");
    /// The status is one commit behind.
    StatusIsBehind("C-ID-3" by "the_status_contains_every_commit");
    /// An endpoint shows a password.
    ShowsCredentials("C-ID-4" by "a_store_says_what_it_is");

    /// A closed handle works on.
    WorksAfterClose("C-LIFE-1" by "a_closed_handle_answers_closed");
    /// A second close fails.
    ClosesOnlyOnce("C-LIFE-2" by "closing_twice_does_no_harm");
    /// Close does not wait for commits.
    ClosesTooEarly("C-LIFE-3" by "close_waits_for_commits");
    /// Close closes all handles.
    ClosesAllHandles("C-LIFE-4" by "closing_harms_no_other");
    /// A commit ends with its future.
    DroppedCommitsEnd("C-LIFE-5" by "a_dropped_commit_runs_to_its_end");
    /// A renewal whose future is dropped ends the lease.
    DroppedRenewalsEndLeases("C-LIFE-5" by "dropped_lease_calls_go_on");
    /// A commit is made before its future is polled.
    CommitsUnpolled("C-LIFE-6" by "a_future_never_polled_does_nothing");
    /// A list whose future is dropped makes the handle useless.
    DroppedListsSpoilTheHandle("C-LIFE-7" by "dropped_reads_have_no_effect");
}

impl Defect {
    /// What it is called in the contract: its name in words, without capitals.
    pub fn name(self) -> String {
        let mut words = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.extend(c.to_lowercase());
        }
        words
    }
}
