//! The ways in which a network driver can be broken.

use super::Caught;

/// The model that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// [`Bridge`](crate::models::Bridge), each network with its own.
    Bridge,
    /// [`Bridge`](crate::models::Bridge), shared by networks, with ports that are published early.
    SharedBridge,
    /// [`Macvlan`](crate::models::Macvlan).
    Macvlan,
    /// [`Overlay`](crate::models::Overlay).
    Overlay,
    /// [`Remote`](crate::models::Remote).
    Remote,
    /// The built-in driver `null`.
    Null,
}

flaws! {
    /// A way in which a network driver can be broken.
    Flaw of Base, all of them: FLAWS;

    /// Makes something when it plans.
    MakesWhenItPlans(Bridge, "D-PLAN-1" by "planning_changes_nothing");
    /// Claims something every other time.
    PlansAtRandom(Bridge, "D-PLAN-2" by "the_same_view_gives_the_same_plan");
    /// Remembers what it has planned, and does not plan it again.
    RemembersPlans(Bridge, "D-PLAN-3" by "a_plan_that_was_not_committed_is_forgotten");
    /// Takes what it wants for free, whoever holds it.
    LooksAway(Bridge, "D-PLAN-4" by "what_others_hold_is_not_claimed");
    /// Remembers what was held once, and takes it for held for ever.
    RemembersViews(Bridge, "D-PLAN-4" by "each_view_is_looked_at_anew");
    /// Takes any option.
    TakesAnyOption(Bridge, "D-PLAN-5" by "unknown_options_are_refused_by_name");
    /// Does not look whether there is a network already.
    CountsNothing(Null, "D-PLAN-6" by "the_number_of_networks_is_bounded");
    /// Takes a notice for a request.
    TakesNoticesForRequests(SharedBridge, "D-PLAN-7" by "a_notice_claims_nothing");
    /// Keeps for all hosts what it decides for one.
    SharesWhatIsOfOneHost(Overlay, "D-OWN-2" by "records_hang_on_what_is_planned");
    /// Decides once more, for its host alone, what was decided when the network was made.
    DecidesTwice(Bridge, "D-PLAN-8" by "what_is_planned_here_is_of_this_host");
    /// Hangs its records on something else.
    HangsRecordsElsewhere(Bridge, "D-OWN-1" by "records_hang_on_what_is_planned");
    /// Claims a link for a network that all hosts share.
    ClaimsALinkForAllHosts(Overlay, "D-OWN-3" by "a_global_network_claims_nothing_of_one_host");
    /// Claims a port that nobody asked for.
    ClaimsMore(SharedBridge, "D-OWN-4" by "only_what_is_asked_for_is_claimed");
    /// Publishes ports without claiming them.
    ClaimsNoPorts(SharedBridge, "D-OWN-5" by "settled_ports_are_claimed");
    /// Publishes table entries on a network of one host.
    PublishesLocally(Bridge, "D-OWN-6" by "entries_are_of_global_networks");
    /// Gives each interface its own hardware address, whatever the caller has set.
    OverridesHardwareAddresses(Bridge, "D-SET-1" by "a_hardware_address_that_is_set_stays");
    /// Gives each interface another address.
    OverridesAddresses(Bridge, "D-SET-2" by "addresses_that_are_set_stay");
    /// Names each interface itself.
    OverridesNames(Bridge, "D-SET-3" by "names_that_are_set_stay");
    /// Publishes the next port instead of the one that was asked for.
    PublishesTheNextPort(SharedBridge, "D-OWN-4" by "only_what_is_asked_for_is_claimed");
    /// Leaves out ports that were asked for.
    LeavesPortsOut(SharedBridge, "D-SET-4" by "ports_are_published_as_asked_or_refused");
    /// Gives each sandbox its own gateway.
    OverridesGateways(Bridge, "D-SET-5" by "a_gateway_that_is_set_stays");
    /// Makes something new each time.
    MakesAnew(Bridge, "D-ENSURE-1" by "ensuring_twice_is_ensuring_once");
    /// Makes only what the same instance has planned.
    KeepsStateFromPlanToEnsure(Bridge, "D-ENSURE-2" by "a_new_instance_makes_what_another_planned");
    /// Makes something although its plan says that there is nothing to do.
    DoesMoreThanPlanned(Macvlan, "D-ENSURE-3" by "nothing_to_do_is_nothing_done");
    /// Makes a join only once, without its key if it came without.
    ForgetsTheKey(Bridge, "D-ENSURE-4" by "a_sandbox_key_may_come_later");
    /// Answers something else when it ensures.
    AnswersSomethingElse(SharedBridge, "D-ENSURE-5" by "ensure_answers_what_was_planned");
    /// Makes a network only on the host that created it.
    MakesOnlyItsOwn(Overlay, "D-ENSURE-6" by "another_host_makes_what_one_has_planned");
    /// Lets an endpoint join once.
    JoinsOnce(Bridge, "D-ENSURE-7" by "an_endpoint_can_join_again");
    /// Notes what it makes after it has made it.
    NotesLate(Macvlan, "D-NOTE-1" by "what_is_made_was_noted_before");
    /// Goes on when a note cannot be kept.
    GoesOnWithoutNotes(Macvlan, "D-NOTE-2" by "a_note_that_cannot_be_kept_stops_what_it_is_for");
    /// Does not remove endpoints.
    ForgetsToRemove(Bridge, "D-REMOVE-1" by "removing_leaves_nothing");
    /// Fails to remove what is gone.
    MissesWhatIsGone(Bridge, "D-REMOVE-2" by "removing_what_is_not_there_is_a_success");
    /// Removes nothing whose records are gone.
    NeedsRecords(Bridge, "D-REMOVE-3" by "notes_alone_are_enough_to_remove");
    /// Removes only what the same instance has made.
    RemovesOnlyItsOwn(Bridge, "D-REMOVE-4" by "a_new_instance_removes_what_another_made");
    /// Lets something go, and then does not.
    ChangesItsMind(Bridge, "D-REMOVE-5" by "a_veto_changes_nothing");
    /// Lets go what it is told to keep.
    LetsGoWhatItKeeps(Bridge, "D-REMOVE-6" by "what_a_driver_keeps_is_not_let_go");
    /// Takes its notes for what is there.
    TrustsItsNotes(Macvlan, "D-RECOVER-1" by "what_is_lost_is_made_again", "D-CRASH-1" by "a_crash_anywhere_is_recovered");
    /// Removes nothing in recovery.
    LeavesRemains(Bridge, "D-RECOVER-2" by "what_nothing_wants_is_taken_down");
    /// Reports nothing of what recovery did.
    ReportsNothing(Bridge, "D-RECOVER-2" by "what_nothing_wants_is_taken_down", "D-RECOVER-1" by "what_is_lost_is_made_again");
    /// Removes everything in recovery, and makes it again.
    FlushesFirst(Bridge, "D-RECOVER-3" by "nothing_that_is_wanted_is_torn_down");
    /// Removes in recovery whatever looks like its own.
    RemovesStrangersThings(Bridge, "D-RECOVER-4" by "what_strangers_have_made_stays");
    /// Reports in each recovery all that is wanted as made.
    ReportsEverything(Bridge, "D-RECOVER-5" by "recovering_twice_changes_nothing_more");
    /// Removes everything that was noted.
    RemovesWhatIsNoted(Bridge, "D-RECOVER-6" by "what_is_noted_and_wanted_stays");
    /// Does not report what failed in recovery.
    HidesFailures(Macvlan, "D-RECOVER-7" by "one_failure_hinders_no_other");
    /// Gives up recovery of everything at the first failure.
    StopsAtTheFirstFailure(Macvlan, "D-RECOVER-7" by "one_failure_hinders_no_other");
    /// Notes that it has recovered before it does, and does not do it again.
    RecoversOnce(Remote, "D-CRASH-2" by "a_crash_in_recovery_is_recovered");
    /// Refuses when it does not know what was made.
    RefusesWithRemains(Macvlan, "D-FAIL-1" by "a_failure_leaves_nothing");
    /// Does not remove what it does not know to be there.
    LeavesWhatIsUnknown(Macvlan, "D-FAIL-2" by "a_failure_leaves_nothing");
    /// Says that something else is taken.
    BlamesSomethingElse(Bridge, "D-FAIL-3" by "what_a_stranger_holds_is_planned_around");
    /// Says that a removal that failed may be forgotten.
    GivesUpRemovals(Macvlan, "D-FAIL-4" by "a_removal_that_fails_can_be_repeated");
    /// Says that all is well when it got no answer.
    SaysAllIsWell(Macvlan, "D-FAIL-5" by "a_host_that_is_away_is_waited_for");
    /// Answers from a call that nobody makes.
    AnswersFromNoCall(Bridge, "D-CALL-1" by "an_answer_from_a_call_is_kept");
    /// Takes a call without answer for one that was not done.
    TakesSilenceForNo(Remote, "D-CALL-2" by "a_call_whose_answer_is_lost_is_taken_back", "D-CALL-3" by "a_late_call_is_taken_back");
    /// Deletes the parent that networks share with the first of them.
    TakesTheParentAlong(Macvlan, "D-APART-1" by "networks_leave_each_other_alone");
    /// Removes all interfaces of a network with the first of its endpoints.
    TakesTheOthersAlong(Bridge, "D-APART-2" by "endpoints_leave_each_other_alone");
    /// Remembers ports that it has given back.
    RemembersPorts(Bridge, "D-APART-3" by "a_port_that_was_given_back_is_anothers");
    /// Makes an endpoint again when it is asked to show it.
    MakesWhatItShows(Bridge, "D-SHOW-1" by "showing_an_endpoint_changes_nothing");
    /// Publishes no ports after a restart.
    LosesAFacet(Bridge, "D-SHOW-2" by "a_driver_says_the_same_of_itself");
    /// Adds the entries of a reset to what it knew.
    AddsWhenReset(Overlay, "D-TABLE-1" by "one_by_one_is_all_at_once");
    /// Makes peers of the endpoints of its own host.
    HearsItself(Overlay, "D-TABLE-2" by "entries_of_this_host_make_nothing");
    /// Makes a peer of any entry.
    BelievesAnything(Overlay, "D-TABLE-3" by "strange_entries_do_no_harm");
    /// Does not listen to a reset.
    IgnoresResets(Overlay, "D-TABLE-4" by "entries_come_back_after_a_loss", "D-TABLE-1" by "one_by_one_is_all_at_once");
}
