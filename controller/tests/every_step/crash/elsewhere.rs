//! Another host finishes what a dead one has left.

use netkeep_controller::Controller;
use netkeep_drivers_conformance::{Fault, Place, Step};

use super::choice::Choice;
use super::operation::{self, Operation};
use super::world::World;
use super::{Case, Tally, check, crashed, ends_in, nothing_left, recovered, wrong};

/// Crashes at this step, and lets another host evict the dead one; then again, with a crash of that other host at those
/// of its steps that are chosen, and a third host that evicts both.
pub(super) async fn elsewhere(case: &Case, at: usize, place: &str, chosen: &mut Choice, tally: &mut Tally) {
    let world = crashed(case, at, place).await;
    let other = world.neighbour(1);
    let steps = finish(case, &[&world], &other, place).await;
    for (again, step) in steps.iter().enumerate() {
        if !chosen.takes_next() {
            continue;
        }
        let place = format!("{place}, then at step {again} of another host ({step})");
        let world = crashed(case, at, &place).await;
        let (other, third) = (world.neighbour(1), world.neighbour(2));
        other.faults.arm(Fault::End, Place::ALL, again);
        let evicted = evict_all(case.operation, &other, &place);
        assert!(ends_in(&other.faults, evicted).await, "{place}: no crash happened");
        other.restart().await;
        tally.third += 1;
        finish(case, &[&world, &other], &third, &place).await;
    }
}

/// Evicts those who are dead, does what can be repeated, deletes everything, and lets them come back: nothing is left
/// of them. Returns the steps of the evictions.
async fn finish(case: &Case, dead: &[&World], host: &World, place: &str) -> Vec<Step> {
    let (controller, steps) = evict_all(case.operation, host, place).await;
    recovered(&controller, place);
    check(&controller, place).await;
    if case.operation.is_repeated_elsewhere() {
        let repeated = case.operation.repeat(case.shape, &controller).await;
        repeated.unwrap_or_else(|error| panic!("{place}: the repeat elsewhere: {error}"));
        check(&controller, place).await;
    }
    operation::delete_everything(&controller).await;
    for world in dead {
        let back = world.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
        recovered(&back, place);
        check(&back, place).await;
        operation::delete_everything(&back).await;
        nothing_left(world, place).await;
        back.close().await;
        world.restart().await;
    }
    check(&controller, place).await;
    nothing_left(host, place).await;
    controller.close().await;
    host.restart().await;
    steps
}

/// Starts, and evicts all other hosts.
async fn evict_all(operation: Operation, host: &World, place: &str) -> (Controller, Vec<Step>) {
    let controller = host.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    let evicted = operation::evict_others(&controller).await;
    evicted.unwrap_or_else(|error| panic!("{place}: the eviction: {error}"));
    if operation == Operation::Repair {
        wrong::mend(&controller).await;
    }
    let steps = host.faults.passed();
    (controller, steps)
}
