//! A crash at every step of every operation, and again at every step of the recovery that follows: afterwards
//! the check is clean, the repeated operation succeeds, and what is deleted leaves nothing.
//!
//! The steps are found by running: each commit to the store and each call of the driver, before and after. A step
//! at which no crash happened fails the test.

mod driver;
mod host;
mod operation;
mod steps;
mod store;
mod world;

use operation::Operation;
use steps::Side;
use world::{Shape, World};

/// What was tried.
#[derive(Debug, Default)]
struct Tally {
    steps: usize,
    crashes: usize,
    second_crashes: usize,
}

#[tokio::test]
async fn a_crash_at_every_step_leaves_nothing_in_between() {
    let mut whole = Tally::default();
    for shape in Shape::ALL {
        for operation in Operation::ALL.into_iter().filter(|operation| operation.suits(shape)) {
            let tally = every_step(shape, operation).await;
            println!(
                "{shape:?} {operation:?}: {} steps, {} crashes, {} second crashes during recovery",
                tally.steps, tally.crashes, tally.second_crashes
            );
            whole.steps += tally.steps;
            whole.crashes += tally.crashes;
            whole.second_crashes += tally.second_crashes;
        }
    }
    println!("in all: {whole:?}");
    assert!(whole.steps > 50 && whole.second_crashes > 50, "too few steps were found: {whole:?}");
}

/// Crashes at every step of one operation.
async fn every_step(shape: Shape, operation: Operation) -> Tally {
    let world = World::new(shape);
    let controller = world.open().await.expect("nothing crashes yet");
    operation.prepare(&controller).await;
    world.steps.arm(None);
    operation.act(&controller).await.unwrap_or_else(|error| panic!("{shape:?} {operation:?}: {error}"));
    let steps = world.steps.taken();
    assert!(!steps.is_empty(), "{shape:?} {operation:?} has no steps");

    let mut tally = Tally { steps: steps.len(), ..Tally::default() };
    for (at, step) in steps.iter().enumerate() {
        for side in [Side::Before, Side::After] {
            let place = format!("{shape:?} {operation:?}, {side:?} step {at} ({step})");
            let world = crashed(shape, operation, at, side, &place).await;
            tally.crashes += 1;
            let recovery = recover(&world, &place).await;
            settle(&world, operation, &place).await;

            for (again, again_step) in recovery.iter().enumerate() {
                for again_side in [Side::Before, Side::After] {
                    let place =
                        format!("{place}, then {again_side:?} step {again} of recovery ({again_step})");
                    let world = crashed(shape, operation, at, side, &place).await;
                    world.restart();
                    world.steps.arm(Some((again, again_side)));
                    // Recovery reports what fails; it may also succeed if the crash came after its last step.
                    if let Ok(controller) = world.open().await {
                        controller.close().await;
                    }
                    assert!(world.steps.has_crashed(), "{place}: no crash happened");
                    tally.second_crashes += 1;
                    recover(&world, &place).await;
                    settle(&world, operation, &place).await;
                }
            }
        }
    }
    tally
}

/// A world in which the operation has crashed at this step.
async fn crashed(shape: Shape, operation: Operation, at: usize, side: Side, place: &str) -> World {
    let world = World::new(shape);
    let controller = world.open().await.expect("nothing crashes yet");
    operation.prepare(&controller).await;
    world.steps.arm(Some((at, side)));
    let _ = operation.act(&controller).await;
    controller.close().await;
    assert!(world.steps.has_crashed(), "{place}: no crash happened");
    world
}

/// Restarts and recovers; returns the steps of the recovery.
async fn recover(world: &World, place: &str) -> Vec<&'static str> {
    world.restart();
    world.steps.arm(None);
    let controller = world.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    let steps = world.steps.taken();
    let report = controller.recovery();
    assert!(report.failed.is_empty(), "{place}: recovery failed: {:?}", report.failed);
    let check = controller.check().await.unwrap();
    assert!(check.is_clean(), "{place}: after recovery: {:#?}", check.violations);
    world.host.assert_agrees(&controller, place);
    controller.close().await;
    steps
}

/// Repeats the operation, checks, deletes everything, and looks for what is left.
async fn settle(world: &World, operation: Operation, place: &str) {
    world.restart();
    let controller = world.open().await.unwrap();
    operation.repeat(&controller).await.unwrap_or_else(|error| panic!("{place}: the repeat: {error}"));
    let check = controller.check().await.unwrap();
    assert!(check.is_clean(), "{place}: after the repeat: {:#?}", check.violations);
    world.host.assert_agrees(&controller, place);
    operation::delete_everything(&controller).await;
    let left = world.keys().await;
    assert!(
        left.iter().all(|key| key == "meta/host" || key.starts_with("spaces/")),
        "{place}: left behind: {left:?}"
    );
    assert!(world.host.things().is_empty(), "{place}: left on the host: {:?}", world.host.things());
    controller.close().await;
}
