//! The ways in which a driver can be broken.

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

macro_rules! flaws {
    ($($(#[$doc:meta])* $name:ident($base:ident, $($case:literal),+);)+) => {
        /// A way in which a driver can be broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Flaw {
            $($(#[$doc])* $name,)+
        }

        /// Every flaw.
        pub const FLAWS: &[Flaw] = &[$(Flaw::$name),+];

        impl Flaw {
            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// The model that has it.
            pub const fn base(self) -> Base {
                match self {
                    $(Self::$name => Base::$base,)+
                }
            }

            /// The cases that catch it.
            pub const fn caught_by(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($case),+],)+
                }
            }
        }
    };
}

flaws! {
    /// Makes something when it plans.
    MakesWhenItPlans(Bridge, "planning_changes_nothing");
    /// Claims something every other time.
    PlansAtRandom(Bridge, "the_same_view_gives_the_same_plan");
    /// Remembers what it has planned, and does not plan it again.
    RemembersPlans(Bridge, "a_plan_that_was_not_committed_is_forgotten");
    /// Takes what it wants for free, whoever holds it.
    LooksAway(Bridge, "what_others_hold_is_not_claimed");
    /// Remembers what was held once, and takes it for held for ever.
    RemembersViews(Bridge, "each_view_is_looked_at_anew");
    /// Takes any option.
    TakesAnyOption(Bridge, "unknown_options_are_refused_by_name");
    /// Does not look whether there is a network already.
    CountsNothing(Null, "the_number_of_networks_is_bounded");
    /// Takes a notice for a request.
    TakesNoticesForRequests(SharedBridge, "a_notice_claims_nothing");
    /// Keeps for all hosts what it decides for one.
    SharesWhatIsOfOneHost(Overlay, "what_is_planned_here_is_of_this_host");
    /// Hangs its records on something else.
    HangsRecordsElsewhere(Bridge, "records_hang_on_what_is_planned");
    /// Claims a link for a network that all hosts share.
    ClaimsALinkForAllHosts(Overlay, "a_global_network_claims_nothing_of_one_host");
    /// Claims a port that nobody asked for.
    ClaimsMore(SharedBridge, "only_what_is_asked_for_is_claimed");
    /// Publishes ports without claiming them.
    ClaimsNoPorts(SharedBridge, "settled_ports_are_claimed");
    /// Publishes table entries on a network of one host.
    PublishesLocally(Bridge, "entries_are_of_global_networks");
    /// Gives each interface its own hardware address, whatever the caller has set.
    OverridesHardwareAddresses(Bridge, "a_hardware_address_that_is_set_stays");
    /// Gives each interface another address.
    OverridesAddresses(Bridge, "addresses_that_are_set_stay");
    /// Names each interface itself.
    OverridesNames(Bridge, "names_that_are_set_stay");
    /// Publishes the next port instead of the one that was asked for.
    PublishesTheNextPort(SharedBridge, "ports_are_published_as_asked_or_refused");
    /// Leaves out ports that were asked for.
    LeavesPortsOut(SharedBridge, "ports_are_published_as_asked_or_refused");
    /// Gives each sandbox its own gateway.
    OverridesGateways(Bridge, "a_gateway_that_is_set_stays");
    /// Makes something new each time.
    MakesAnew(Bridge, "ensuring_twice_is_ensuring_once");
    /// Makes only what the same instance has planned.
    KeepsStateFromPlanToEnsure(Bridge, "a_new_instance_makes_what_another_planned");
    /// Makes something although its plan says that there is nothing to do.
    DoesMoreThanPlanned(Macvlan, "nothing_to_do_is_nothing_done");
    /// Makes a join only once, without its key if it came without.
    ForgetsTheKey(Bridge, "a_sandbox_key_may_come_later");
    /// Answers something else when it ensures.
    AnswersSomethingElse(Bridge, "ensure_answers_what_was_planned");
    /// Makes a network only on the host that created it.
    MakesOnlyItsOwn(Overlay, "another_host_makes_what_one_has_planned");
    /// Lets an endpoint join once.
    JoinsOnce(Bridge, "an_endpoint_can_join_again");
    /// Notes what it makes after it has made it.
    NotesLate(Macvlan, "what_is_made_was_noted_before");
    /// Goes on when a note cannot be kept.
    GoesOnWithoutNotes(Macvlan, "a_note_that_cannot_be_kept_stops_what_it_is_for");
    /// Does not remove endpoints.
    ForgetsToRemove(Bridge, "removing_leaves_nothing");
    /// Fails to remove what is gone.
    MissesWhatIsGone(Bridge, "removing_what_is_not_there_is_a_success");
    /// Removes nothing whose records are gone.
    NeedsRecords(Bridge, "notes_alone_are_enough_to_remove");
    /// Removes only what the same instance has made.
    RemovesOnlyItsOwn(Bridge, "a_new_instance_removes_what_another_made");
    /// Lets something go, and then does not.
    ChangesItsMind(Bridge, "a_veto_changes_nothing");
    /// Lets go what it is told to keep.
    LetsGoWhatItKeeps(Bridge, "what_a_driver_keeps_is_not_let_go");
    /// Takes its notes for what is there.
    TrustsItsNotes(Macvlan, "what_is_lost_is_made_again", "a_crash_anywhere_is_recovered");
    /// Removes nothing in recovery.
    LeavesRemains(Bridge, "what_nothing_wants_is_taken_down");
    /// Reports nothing of what recovery did.
    ReportsNothing(Bridge, "what_nothing_wants_is_taken_down", "what_is_lost_is_made_again");
    /// Removes everything in recovery, and makes it again.
    FlushesFirst(Bridge, "nothing_that_is_wanted_is_torn_down");
    /// Removes in recovery whatever looks like its own.
    RemovesStrangersThings(Bridge, "what_strangers_have_made_stays");
    /// Reports in each recovery all that is wanted as made.
    ReportsEverything(Bridge, "recovering_twice_changes_nothing_more");
    /// Removes everything that was noted.
    RemovesWhatIsNoted(Bridge, "what_is_noted_and_wanted_stays");
    /// Does not report what failed in recovery.
    HidesFailures(Macvlan, "one_failure_hinders_no_other");
    /// Gives up recovery of everything at the first failure.
    StopsAtTheFirstFailure(Macvlan, "one_failure_hinders_no_other");
    /// Notes that it has recovered before it does, and does not do it again.
    RecoversOnce(Remote, "a_crash_in_recovery_is_recovered");
    /// Refuses when it does not know what was made.
    RefusesWithRemains(Macvlan, "a_failure_leaves_nothing");
    /// Says that something else is taken.
    BlamesSomethingElse(Bridge, "what_a_stranger_holds_is_planned_around");
    /// Says that a removal that failed may be forgotten.
    GivesUpRemovals(Macvlan, "a_removal_that_fails_can_be_repeated");
    /// Says that all is well when it got no answer.
    SaysAllIsWell(Macvlan, "a_host_that_is_away_is_waited_for");
    /// Answers from a call that nobody makes.
    AnswersFromNoCall(Bridge, "an_answer_from_a_call_is_kept");
    /// Takes a call without answer for one that was not done.
    TakesSilenceForNo(Remote, "a_call_whose_answer_is_lost_is_taken_back", "a_late_call_is_taken_back");
    /// Deletes the parent that networks share with the first of them.
    TakesTheParentAlong(Macvlan, "networks_leave_each_other_alone");
    /// Removes all interfaces of a network with the first of its endpoints.
    TakesTheOthersAlong(Bridge, "endpoints_leave_each_other_alone");
    /// Remembers ports that it has given back.
    RemembersPorts(Bridge, "a_port_that_was_given_back_is_anothers");
    /// Makes an endpoint again when it is asked to show it.
    MakesWhatItShows(Bridge, "showing_an_endpoint_changes_nothing");
    /// Publishes no ports after a restart.
    LosesAFacet(Bridge, "a_driver_says_the_same_of_itself");
    /// Adds the entries of a reset to what it knew.
    AddsWhenReset(Overlay, "one_by_one_is_all_at_once");
    /// Makes peers of the endpoints of its own host.
    HearsItself(Overlay, "entries_of_this_host_make_nothing");
    /// Makes a peer of any entry.
    BelievesAnything(Overlay, "strange_entries_do_no_harm");
    /// Does not listen to a reset.
    IgnoresResets(Overlay, "entries_come_back_after_a_loss", "one_by_one_is_all_at_once");
}
