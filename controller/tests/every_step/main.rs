//! A crash at every step of every operation, and again at every step of the recovery that follows: afterwards
//! the check is clean, store and host agree, the repeated operation succeeds, and what is deleted leaves nothing.
//!
//! The steps are found by running: before and after each commit, and before and after each change that a driver
//! makes on its host. A step at which no crash happened fails the test.

mod bad_luck;
mod evict;
mod lost;
mod operation;
mod repair;
mod shape;
mod store;
mod world;

use std::collections::BTreeSet;

use netkeep_drivers_conformance::{Fault, Place, Step};
use operation::Operation;
use shape::Shape;
use world::World;

/// What stays for ever.
const STAYS: [&str; 5] = ["spaces/", "hosts/", "alive/", "gone/", "marks/"];

/// What was tried.
#[derive(Debug, Default)]
struct Tally {
    steps: usize,
    second: usize,
}

/// What is on the host before an operation and after it.
struct Host {
    before: BTreeSet<String>,
    after: BTreeSet<String>,
}

#[tokio::test]
async fn manual() {
    crash_everywhere(Shape::Manual).await;
}

#[tokio::test]
async fn manual_of_global_scope() {
    crash_everywhere(Shape::Shared).await;
}

#[tokio::test]
async fn bridge() {
    crash_everywhere(Shape::Bridge).await;
}

#[tokio::test]
async fn shared_bridge() {
    crash_everywhere(Shape::SharedBridge).await;
}

#[tokio::test]
async fn macvlan() {
    crash_everywhere(Shape::Macvlan).await;
}

#[tokio::test]
async fn remote() {
    crash_everywhere(Shape::Remote).await;
}

#[tokio::test]
async fn overlay() {
    crash_everywhere(Shape::Overlay).await;
}

async fn crash_everywhere(shape: Shape) {
    let mut whole = Tally::default();
    for operation in Operation::ALL.into_iter().filter(|operation| operation.suits(shape)) {
        let tally = every_step(shape, operation).await;
        println!("{shape:?} {operation:?}: {} steps, {} second crashes", tally.steps, tally.second);
        whole.steps += tally.steps;
        whole.second += tally.second;
    }
    println!("{shape:?} in all: {whole:?}");
    assert!(whole.steps >= 20 && whole.second >= 40, "too few steps were found: {whole:?}");
}

/// Crashes at every step of one operation.
async fn every_step(shape: Shape, operation: Operation) -> Tally {
    let world = World::new(shape);
    let controller = world.open().await.expect("nothing crashes yet");
    operation.prepare(shape, &controller).await;
    let before = world.host.present();
    world.faults.calm();
    operation
        .act(shape, &controller)
        .await
        .unwrap_or_else(|error| panic!("{shape:?} {operation:?}: {error}"));
    let steps = world.faults.passed();
    let host = Host { before, after: world.host.present() };
    assert!(!steps.is_empty(), "{shape:?} {operation:?} has no steps");

    let mut tally = Tally { steps: steps.len(), ..Tally::default() };
    for (at, step) in steps.iter().enumerate() {
        let place = format!("{shape:?} {operation:?}, at step {at} ({step})");
        let world = crashed(shape, operation, at, &place).await;
        let recovery = recover(&world, &host, &place).await;
        settle(&world, shape, operation, &host, &place).await;

        for (again, again_step) in recovery.iter().enumerate() {
            if !operation.is_crashed_again(at, again, recovery.len()) {
                continue;
            }
            let place = format!("{place}, then at step {again} of recovery ({again_step})");
            let world = crashed(shape, operation, at, &place).await;
            world.restart();
            world.faults.arm(Fault::End, Place::ALL, again);
            let ended = world.faults.until_end(world.open()).await;
            assert!(ended.is_none(), "{place}: no crash happened");
            tally.second += 1;
            recover(&world, &host, &place).await;
            settle(&world, shape, operation, &host, &place).await;
        }
    }
    tally
}

/// A world in which the operation has crashed at this step.
async fn crashed(shape: Shape, operation: Operation, at: usize, place: &str) -> World {
    let world = World::new(shape);
    let controller = world.open().await.expect("nothing crashes yet");
    operation.prepare(shape, &controller).await;
    world.faults.arm(Fault::End, Place::ALL, at);
    let ended = world.faults.until_end(operation.act(shape, &controller)).await;
    assert!(ended.is_none(), "{place}: no crash happened");
    world
}

/// Restarts and recovers; returns the steps of the recovery.
async fn recover(world: &World, host: &Host, place: &str) -> Vec<Step> {
    world.restart();
    let controller = world.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    let steps = world.faults.passed();
    let report = controller.recovery();
    assert!(report.failed.is_empty(), "{place}: recovery failed: {:?}", report.failed);
    let shared = controller.status().global.and_then(|global| global.recovery);
    assert!(shared.as_ref().is_none_or(|report| report.failed.is_empty()), "{place}: {shared:?}");
    check(&controller, place).await;
    let present = world.host.present();
    assert!(
        present == host.before || present == host.after,
        "{place}: the host is neither as before nor as after the operation: {present:?}"
    );
    controller.close().await;
    steps
}

/// Repeats the operation, checks, deletes everything, and looks for what is left.
async fn settle(world: &World, shape: Shape, operation: Operation, host: &Host, place: &str) {
    world.restart();
    let controller = world.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    operation.repeat(shape, &controller).await.unwrap_or_else(|error| panic!("{place}: the repeat: {error}"));
    check(&controller, place).await;
    assert_eq!(world.host.present(), host.after, "{place}: the host after the repeat");
    operation::delete_everything(&controller).await;
    nothing_left(world, place).await;
    controller.close().await;
}

/// Fails unless store and host are empty but for what stays for ever.
async fn nothing_left(world: &World, place: &str) {
    let left = world.keys().await;
    assert!(
        left.iter().all(|key| key == "meta/host" || STAYS.iter().any(|root| key.starts_with(root))),
        "{place}: left behind: {left:?}"
    );
    assert!(world.host.present().is_empty(), "{place}: left on the host: {:?}", world.host.present());
}

async fn check(controller: &netkeep_controller::Controller, place: &str) {
    let report = controller.check().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(report.is_clean(), "{place}: {:#?}", report.violations);
}
