//! A crash at every step of every operation, and again at every step of the recovery that follows; and another host that
//! finishes what the dead one has left, with a crash at every step of that too.
//!
//! The steps are found by running: before and after each commit, and before and after each change that a driver
//! makes on its host. A step at which no crash happened fails the test.

pub(crate) mod choice;
mod elsewhere;
mod gone;
pub(crate) mod ground;
pub(crate) mod operation;
pub(crate) mod shape;
mod store;
pub(crate) mod world;
pub(crate) mod wrong;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep_drivers_conformance::{Fault, Faults, Place, Step};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use choice::Choice;
use elsewhere::elsewhere;
use ground::Ground;
use operation::Operation;
use shape::Shape;
use world::World;

/// What stays for ever.
const STAYS: [&str; 6] = ["spaces/", "hosts/", "alive/", "gone/", "marks/", "meta/"];

/// How long a controller is let go on by itself until a crash that has not happened yet.
const AFTERMATH: Duration = Duration::from_secs(30);

/// Of how many cases a run tries one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Of the crashes.
    pub(crate) first: usize,
    /// Of the second crashes, in the recovery from the first.
    pub(crate) second: usize,
    /// Of the crashes after which another host finishes what is left.
    pub(crate) elsewhere: usize,
    /// Of the crashes of that other host, after which a third one does.
    pub(crate) third: usize,
}

/// Those that this run tries.
struct Choices {
    first: Choice,
    second: Choice,
    elsewhere: Choice,
    third: Choice,
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) steps: usize,
    pub(crate) first: usize,
    pub(crate) second: usize,
    pub(crate) elsewhere: usize,
    pub(crate) third: usize,
}

/// What is on the host before an operation and after it.
pub(crate) struct Host {
    before: BTreeSet<String>,
    after: BTreeSet<String>,
}

/// An operation of a driver that is crashed.
#[derive(Clone)]
struct Case {
    shape: Shape,
    operation: Operation,
    ground: Arc<dyn Ground>,
}

/// Crashes at every step of all operations that suit the driver.
pub(crate) async fn crash_everywhere(shape: Shape, ground: Arc<dyn Ground>, effort: Effort) -> Tally {
    println!("{shape:?}: {}", choice::told());
    let begun = Instant::now();
    let turns = Arc::new(Semaphore::new(ground.at_once()));
    let mut running = JoinSet::new();
    for (number, operation) in Operation::ALL.into_iter().enumerate() {
        if !operation.suits(shape) {
            continue;
        }
        let (turns, ground) = (Arc::clone(&turns), Arc::clone(&ground));
        running.spawn(async move {
            let _turn = turns.acquire().await.expect("it is not closed");
            let mut choices = Choices {
                first: Choice::one_in(effort.first, number),
                second: Choice::one_in(effort.second, number),
                elsewhere: Choice::one_in(effort.elsewhere, number),
                third: Choice::one_in(effort.third, number),
            };
            let tally = every_step(&Case { shape, operation, ground }, &mut choices).await;
            println!("{shape:?} {operation:?}: {tally}");
            tally
        });
    }
    let mut whole = Tally::default();
    while let Some(tally) = running.join_next().await {
        whole.add(&tally.expect("the failure is told above"));
    }
    println!("{shape:?} in all: {whole}, in {} s", begun.elapsed().as_secs());
    whole
}

/// Crashes at every step of one operation.
async fn every_step(case: &Case, choices: &mut Choices) -> Tally {
    let Case { shape, operation, .. } = *case;
    let world = World::new(shape, &*case.ground).await;
    let controller = operation.prepare_in(shape, &world).await;
    let before = world.host.present();
    world.faults.calm();
    operation
        .act(shape, &controller)
        .await
        .unwrap_or_else(|error| panic!("{shape:?} {operation:?}: {error}"));
    let steps = world.faults.passed();
    let host = Host { before, after: world.host.present() };
    assert!(!steps.is_empty(), "{shape:?} {operation:?} has no steps");
    controller.close().await;
    world.restart().await;

    let mut tally = Tally { steps: steps.len(), ..Tally::default() };
    for (at, step) in steps.iter().enumerate() {
        let place = format!("{shape:?} {operation:?}, at step {at} ({step})");
        if choices.first.takes_next() {
            tally.first += 1;
            crash_again(case, at, &host, &place, &mut choices.second, &mut tally).await;
        }
        if shape.is_shared() && choices.elsewhere.takes_next() {
            tally.elsewhere += 1;
            elsewhere(case, at, &place, &mut choices.third, &mut tally).await;
        }
    }
    tally
}

/// Crashes at this step, then again at those of recovery that are chosen.
async fn crash_again(
    case: &Case,
    at: usize,
    host: &Host,
    place: &str,
    second: &mut Choice,
    tally: &mut Tally,
) {
    let world = crashed(case, at, place).await;
    let recovery = recover(&world, case.operation, host, place).await;
    settle(&world, case, host, place).await;
    for (again, step) in recovery.iter().enumerate() {
        if !second.takes_next() {
            continue;
        }
        let place = format!("{place}, then at step {again} of recovery ({step})");
        let world = crashed(case, at, &place).await;
        world.faults.arm(Fault::End, Place::ALL, again);
        assert!(ends_in(&world.faults, world.open()).await, "{place}: no crash happened");
        world.restart().await;
        tally.second += 1;
        recover(&world, case.operation, host, &place).await;
        settle(&world, case, host, &place).await;
    }
}

/// A world in which the operation has crashed at this step, and its run has ended.
async fn crashed(case: &Case, at: usize, place: &str) -> World {
    let world = World::new(case.shape, &*case.ground).await;
    let controller = case.operation.prepare_in(case.shape, &world).await;
    world.faults.arm(Fault::End, Place::ALL, at);
    let acted = case.operation.act(case.shape, &controller);
    assert!(ends_in(&world.faults, acted).await, "{place}: no crash happened");
    drop(controller);
    world.restart().await;
    world
}

/// Whether the process ends in this work, or in what a controller that it has opened then goes on with by itself: the
/// last of the steps that were seen may have been one of those.
async fn ends_in(faults: &Faults, work: impl Future) -> bool {
    let work = async {
        let _opened = work.await;
        tokio::time::sleep(AFTERMATH).await;
    };
    faults.until_end(work).await.is_none()
}

/// Starts and recovers; returns the steps of the recovery. Then the run has ended.
async fn recover(world: &World, operation: Operation, host: &Host, place: &str) -> Vec<Step> {
    let controller = world.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    let steps = world.faults.passed();
    recovered(&controller, place);
    if operation.is_clean_between() {
        check(&controller, place).await;
    }
    let present = world.host.present();
    assert!(
        present == host.before || present == host.after,
        "{place}: the host is neither as before nor as after the operation: {present:?}"
    );
    controller.close().await;
    world.restart().await;
    steps
}

/// Fails unless the start of this controller did all that it had to.
fn recovered(controller: &netkeep_controller::Controller, place: &str) {
    let report = controller.recovery();
    assert!(report.failed.is_empty(), "{place}: recovery failed: {:?}", report.failed);
    let shared = controller.status().global.and_then(|global| global.recovery);
    assert!(shared.as_ref().is_none_or(|report| report.failed.is_empty()), "{place}: {shared:?}");
}

/// Repeats the operation, checks, deletes everything, and looks for what is left. Then the run has ended.
async fn settle(world: &World, case: &Case, host: &Host, place: &str) {
    let controller = world.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    let repeated = case.operation.repeat(case.shape, &controller).await;
    repeated.unwrap_or_else(|error| panic!("{place}: the repeat: {error}"));
    check(&controller, place).await;
    assert_eq!(world.host.present(), host.after, "{place}: the host after the repeat");
    operation::delete_everything(&controller).await;
    nothing_left(world, place).await;
    controller.close().await;
    world.restart().await;
}

/// Fails unless stores and host are empty but for what stays for ever.
pub(crate) async fn nothing_left(world: &World, place: &str) {
    let left = world.keys().await;
    assert!(
        left.iter().all(|key| STAYS.iter().any(|root| key.starts_with(root))),
        "{place}: left behind: {left:?}"
    );
    assert!(world.host.present().is_empty(), "{place}: left on the host: {:?}", world.host.present());
}

pub(crate) async fn check(controller: &netkeep_controller::Controller, place: &str) {
    let report = controller.check().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(report.is_clean(), "{place}: {report:#?}");
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.first += other.first;
        self.second += other.second;
        self.elsewhere += other.elsewhere;
        self.third += other.third;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, first, second, elsewhere, third } = self;
        write!(f, "{steps} steps, {first} crashes, {second} second ones in recovery, ")?;
        write!(f, "{elsewhere} finished by another host, {third} by a third one")
    }
}
