//! The ways in which an IPAM driver can be broken.

use crate::broken::Caught;

/// The driver that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpamBase {
    /// The built-in driver `default`, with four pools of each family in each space.
    Default,
    /// The built-in driver `null`.
    Null,
    /// [`RemoteIpam`](crate::models::RemoteIpam).
    Remote,
}

flaws! {
    /// A way in which an IPAM driver can be broken.
    IpamFlaw of IpamBase, all of them: IPAM_FLAWS;

    /// Wants hardware addresses after a restart.
    ChangesItsWants(Default, "D-IPAM-1" by "an_ipam_driver_says_the_same_of_itself");
    /// Claims nothing of what it gives.
    ClaimsNothingItGives(Default, "D-IPAM-2" by "a_grant_is_claimed");
    /// Claims an address beside the one that it gives.
    ClaimsASpare(Default, "D-IPAM-2" by "a_grant_is_claimed");
    /// Answers otherwise as every other instance.
    AnswersByTurns(Default, "D-IPAM-3" by "the_same_view_gives_the_same_grant");
    /// Remembers what it has planned, and does not plan it again.
    RemembersGrants(Default, "D-IPAM-4" by "a_grant_that_was_not_committed_is_forgotten");
    /// Takes what it plans from outside, before anybody has called.
    TakesWhenItPlans(Remote, "D-IPAM-4" by "a_grant_that_was_not_committed_is_forgotten");
    /// Remembers who held what, and takes it for held for ever.
    RemembersHolders(Default, "D-IPAM-5" by "each_view_of_what_is_held_is_looked_at_anew");
    /// Takes any option.
    TakesAnyIpamOption(Default, "D-IPAM-6" by "unknown_ipam_options_are_refused_by_name");
    /// Chooses from its local list in any space.
    ChoosesAnywhere(Default, "D-IPAM-7" by "nothing_is_chosen_in_a_strange_space");
    /// Gives half of the pool that was named.
    GivesHalf(Default, "D-POOL-1" by "a_pool_is_given_as_asked");
    /// Gives the address of the network as its gateway.
    GivesGatewaysThatAreNone(Default, "D-POOL-1" by "a_pool_is_given_as_asked");
    /// Sees an overlap only where pools are the same.
    OverlooksOverlaps(Default, "D-POOL-2" by "pools_of_one_space_never_overlap");
    /// Sees pools of all spaces as if they were in one.
    MindsOtherSpaces(Default, "D-POOL-2" by "pools_of_two_spaces_leave_each_other_alone");
    /// Does not care what the host reaches.
    ForgetsWhatTheHostReaches(Default, "D-POOL-3" by "a_free_pool_overlaps_nothing");
    /// Sees only whole pools when it chooses one.
    LooksForItsOwnPools(Default, "D-POOL-3" by "a_free_pool_overlaps_nothing");
    /// Does not give a pool that was named, because the host reaches it.
    AvoidsWhatIsNamed(Default, "D-POOL-3" by "a_free_pool_overlaps_nothing");
    /// Says that no pool is free when there are three.
    GivesUpEarly(Default, "D-POOL-4" by "pools_are_exhausted_when_none_is_free");
    /// Says that a pool overlaps when none is free.
    BlamesAnOverlap(Default, "D-POOL-4" by "pools_are_exhausted_when_none_is_free");
    /// Takes a sub-pool from anywhere.
    TakesPartsFromAnywhere(Default, "D-POOL-5" by "sub_pools_lie_in_their_pool");
    /// Does not see which parts of a pool are held.
    GivesPartsTwice(Default, "D-POOL-6" by "each_sub_pool_is_given_once");
    /// Begins its list again each time.
    StartsOver(Default, "D-POOL-7" by "a_pool_that_was_given_back_rests");
    /// Gives whatever is named.
    TakesAnyPool(Null, "D-POOL-8" by "what_is_not_offered_is_refused");
    /// Chooses from the whole pool, whatever the sub-pool.
    ForgetsThePart(Default, "D-ADDRESS-1" by "a_free_address_lies_in_its_pool");
    /// Gives addresses the prefix length of the sub-pool.
    MeasuresByThePart(Default, "D-ADDRESS-1" by "a_free_address_lies_in_its_pool");
    /// Takes every address for free.
    GivesTwice(Default, "D-ADDRESS-2" by "no_address_is_given_twice");
    /// Gives the address of the network, and that which reaches all, to whoever asks for it.
    GivesWhatIsReserved(Default, "D-ADDRESS-3" by "reserved_addresses_are_not_given");
    /// Gives another address where the one that was asked for is held.
    GivesAnotherInstead(Default, "D-ADDRESS-4" by "a_fixed_address_is_honoured_or_refused");
    /// Says of an address outside the pool that it is held.
    BlamesAHolder(Default, "D-ADDRESS-4" by "a_fixed_address_is_honoured_or_refused");
    /// Keeps the last address of a pool for itself.
    KeepsTheLast(Default, "D-ADDRESS-5" by "addresses_are_exhausted_when_none_is_free");
    /// Says that it cannot be reached when no address is free.
    SaysItIsAway(Default, "D-ADDRESS-5" by "addresses_are_exhausted_when_none_is_free");
    /// Takes the lowest address, whatever was asked for.
    TakesTheLowest(Default, "D-ADDRESS-6" by "addresses_follow_the_promised_order");
    /// Gives clients addresses of any pool.
    GivesToAnyClient(Default, "D-ADDRESS-7" by "a_client_gets_nothing_of_a_pool_that_was_not_given");
    /// Gives an address though it says that it gives none.
    GivesAllTheSame(Null, "D-ADDRESS-8" by "a_driver_without_addresses_gives_none");
    /// Gives no address for some purposes.
    HoldsBack(Default, "D-ADDRESS-8" by "a_driver_without_addresses_gives_none");
    /// Takes a gateway for an address as any other.
    ForgetsItsGateways(Default, "D-ADDRESS-9" by "a_gateway_that_is_chosen_is_the_lowest");
    /// Gives back only what the same instance has taken.
    GivesBackOnlyItsOwn(Remote, "D-RELEASE-1" by "what_was_given_back_is_given_again");
    /// Fails to give back what it does not know.
    MissesWhatIsNotHeld(Remote, "D-RELEASE-2" by "giving_back_what_is_not_held_changes_nothing");
    /// Gives back the address before the last one too.
    GivesBackTooMuch(Remote, "D-RELEASE-2" by "giving_back_what_is_not_held_changes_nothing");
    /// Answers calls although it plans.
    AnswersCalls(Default, "D-ASK-1" by "only_a_driver_that_is_called_is_called");
    /// Answers from a call that nobody makes.
    WaitsForACall(Default, "D-ASK-1" by "only_a_driver_that_is_called_is_called");
    /// Takes another address where it refuses one, and says nothing of it.
    KeepsWhatItRefuses(Remote, "D-ASK-2" by "a_refused_call_leaves_nothing");
    /// Takes a call without answer for one that was not done.
    TakesSilenceForRefusal(Remote, "D-ASK-3" by "a_call_that_was_not_answered_is_taken_back");
}
