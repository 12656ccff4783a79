//! A commit of which nobody hears what became: it was made, was not made, or is made later; and the store may be
//! away for so long that the caller is told so. Either way the same request is answered by one object, the check
//! is clean, and nothing is left or stuck.
//!
//! The commits are found by running, those of recovery too. A commit that met no bad luck fails the test.

use std::collections::BTreeSet;
use std::sync::Arc;

use netkeep_controller::{Controller, ErrorKind};
use netkeep_drivers_conformance::{Fault as Crash, Place};
use netkeep_store::Store;
use netkeep_store::layers::{LayerConfig, Operation as Call, stack};
use netkeep_store_conformance::fault::{Fault, Faults, Faulty, Step};
use serde_json::Value;

use crate::bad_luck::{Bad, Unlucky};
use crate::crash::ground::Memory;
use crate::crash::operation::{self, Operation};
use crate::crash::shape::Shape;
use crate::crash::world::World;
use crate::crash::{check, nothing_left};

/// What becomes of a commit, while the store can be had.
const NEAR: [Bad; 6] = [Bad::Applied, Bad::Lost, Bad::Late(0), Bad::Late(1), Bad::Late(2), Bad::Late(3)];
/// And while it is away for long.
const AWAY: [Bad; 4] = [Bad::AppliedAndAway, Bad::LostAndAway, Bad::LateAndAway(0), Bad::LateAndAway(1)];

/// One that makes nothing, one that plans and makes, one that is called. The others differ on the host alone.
const SHAPES: [Shape; 3] = [Shape::Manual, Shape::SharedBridge, Shape::Remote];

/// A run over an unlucky store.
struct Run {
    world: World,
    luck: Unlucky,
    faults: Arc<Faults>,
    controller: Controller,
    shape: Shape,
    operation: Operation,
    /// What is on the host after the operation.
    after: BTreeSet<String>,
}

fn unlucky(world: &World) -> (Arc<dyn Store>, Unlucky, Arc<Faults>) {
    let faults = Arc::new(Faults::new());
    let luck = Unlucky::new(Arc::new(Faulty::new(world.connect(), Arc::clone(&faults))));
    let (store, _) = stack(Arc::new(luck.clone()), &LayerConfig::default());
    (store, luck, faults)
}

impl Run {
    /// A run in which the operation is about to begin.
    async fn new(shape: Shape, operation: Operation, after: &BTreeSet<String>) -> Self {
        let world = World::new(shape, &Memory { connects_all: false }).await;
        let (store, luck, faults) = unlucky(&world);
        let controller = world.open_over(store).await.unwrap();
        operation.prepare(shape, &controller).await;
        Self { world, luck, faults, controller, shape, operation, after: after.clone() }
    }

    /// How many commits the operation has, and what is on the host after it.
    async fn measure(shape: Shape, operation: Operation) -> (usize, BTreeSet<String>) {
        let run = Self::new(shape, operation, &BTreeSet::new()).await;
        run.luck.strike(usize::MAX, Bad::Fail);
        operation.act(shape, &run.controller).await.unwrap();
        (run.luck.back(), run.world.host.present())
    }

    /// The same again is answered by the same, and everything can be deleted, made again, and deleted.
    async fn settle(&self, first: Option<Value>, place: &str) {
        let (operation, shape, controller) = (self.operation, self.shape, &self.controller);
        let again = operation.repeat(shape, controller).await;
        let again = again.unwrap_or_else(|error| panic!("{place}: the repeat: {:?}: {error}", error.kind()));
        if let Some(first) = first {
            assert_eq!(again, first, "{place}: the repeat");
        }
        assert_eq!(operation.repeat(shape, controller).await.unwrap(), again, "{place}: the second repeat");
        check(controller, place).await;
        assert_eq!(self.world.host.present(), self.after, "{place}: the host after the repeat");
        if let Some(rival) = operation.rival(shape, controller).await {
            let error = rival.expect_err(place);
            assert!(matches!(error.kind(), ErrorKind::Exists | ErrorKind::InUse), "{place}: {error}");
        }
        operation::delete_everything(controller).await;
        operation.prepare(shape, controller).await;
        let anew = operation.act(shape, controller).await;
        anew.unwrap_or_else(|error| panic!("{place}: once more from the start: {error}"));
        operation::delete_everything(controller).await;
        nothing_left(&self.world, place).await;
    }
}

fn all() -> impl Iterator<Item = (Shape, Operation)> {
    let suits = |shape: Shape, operation: Operation| {
        // Attachments are tried with the others. The commits that move a way out are not: a leave goes on without them.
        operation.suits(shape) && (shape != Shape::SharedBridge || !operation.is_of_sandboxes())
    };
    SHAPES.into_iter().flat_map(move |shape| {
        Operation::ALL
            .into_iter()
            .filter(move |operation| suits(shape, *operation))
            .map(move |op| (shape, op))
    })
}

#[tokio::test(start_paused = true)]
async fn pain_35_a_lost_answer_is_learnt_before_the_next_step() {
    let mut tried = 0;
    for (shape, operation) in all() {
        let (commits, after) = Run::measure(shape, operation).await;
        for at in 0..commits {
            for bad in NEAR {
                let place = format!("{shape:?} {operation:?}, commit {at} of {commits}, {bad:?}");
                let run = Run::new(shape, operation, &after).await;
                run.luck.strike(at, bad);
                let made = operation.act(shape, &run.controller).await;
                assert!(run.luck.has_struck(), "{place}: no bad luck");
                let made = made.unwrap_or_else(|error| panic!("{place}: {:?}: {error}", error.kind()));
                check(&run.controller, &place).await;
                run.settle(Some(made), &place).await;
                tried += 1;
            }
        }
    }
    println!("{tried} commits of which nobody heard");
    assert!(tried > 200, "too few: {tried}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_learnt_after_the_deadline() {
    for (shape, operation) in all() {
        let (commits, after) = Run::measure(shape, operation).await;
        for at in 0..commits {
            let place = format!("{shape:?} {operation:?}, commit {at} of {commits}");
            let run = Run::new(shape, operation, &after).await;
            let step = Step::of(Call::Commit, run.faults.made(Call::Commit) + at);
            run.faults.set(step, Fault::DropAnswer);
            let made = operation.act(shape, &run.controller).await;
            let made = made.unwrap_or_else(|error| panic!("{place}: {:?}: {error}", error.kind()));
            run.settle(Some(made), &place).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_commit_leaves_what_can_be_repeated() {
    for (shape, operation) in all() {
        let (commits, after) = Run::measure(shape, operation).await;
        for at in 0..commits {
            let place = format!("{shape:?} {operation:?}, commit {at} of {commits}");
            let run = Run::new(shape, operation, &after).await;
            run.luck.strike(at, Bad::Fail);
            let made = operation.act(shape, &run.controller).await;
            assert!(run.luck.has_struck(), "{place}: no bad luck");
            if let Err(error) = &made {
                assert_ne!(error.kind(), ErrorKind::Unknown, "{place}: it certainly failed: {error}");
            }
            run.settle(made.ok(), &place).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_learnt_is_said_so_and_settled_when_the_store_is_back() {
    let mut tried = 0;
    for (shape, operation) in all() {
        let (commits, after) = Run::measure(shape, operation).await;
        for at in 0..commits {
            for bad in AWAY {
                let place = format!("{shape:?} {operation:?}, commit {at} of {commits}, {bad:?}");
                let run = Run::new(shape, operation, &after).await;
                run.luck.strike(at, bad);
                let made = operation.act(shape, &run.controller).await;
                assert!(run.luck.has_struck(), "{place}: no bad luck");
                let error = made.expect_err(&place);
                assert!(
                    matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Unavailable),
                    "{place}: {:?}: {error}",
                    error.kind()
                );
                if at == 0 {
                    assert_eq!(error.kind(), ErrorKind::Unknown, "{place}: {error}");
                }
                run.luck.back();
                run.settle(None, &place).await;
                tried += 1;
            }
        }
    }
    println!("{tried} commits that the store took with it");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_freezes_in_a_commit_goes_on_with_it_when_it_thaws() {
    for (shape, operation) in all() {
        let (commits, after) = Run::measure(shape, operation).await;
        for at in 0..commits {
            let place = format!("{shape:?} {operation:?}, commit {at} of {commits}, frozen");
            let run = Run::new(shape, operation, &after).await;
            let step = Step::of(Call::Commit, run.faults.made(Call::Commit) + at);
            run.faults.set(step, Fault::Freeze);
            let made = operation.act(shape, &run.controller).await;
            assert!(run.faults.is_frozen(), "{place}: nothing froze");
            let error = made.expect_err(&place);
            assert!(
                matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Unavailable),
                "{place}: {:?}: {error}",
                error.kind()
            );
            run.faults.thaw();
            run.settle(None, &place).await;
        }
    }
}

/// Somebody else writes, between the decision and the commit, what the commit rests on.
#[tokio::test(start_paused = true)]
async fn a_commit_that_meets_somebody_is_decided_again() {
    let mut tried = 0;
    for (shape, operation) in all() {
        let run = Run::new(shape, operation, &BTreeSet::new()).await;
        run.luck.strike(usize::MAX, Bad::Fail);
        operation.act(shape, &run.controller).await.unwrap();
        let after = run.world.host.present();
        for (at, guards) in run.luck.guards().into_iter().enumerate() {
            for guard in 0..guards {
                let place = format!("{shape:?} {operation:?}, commit {at}, guard {guard} of {guards}");
                let run = Run::new(shape, operation, &after).await;
                run.luck.strike(at, Bad::Met(guard));
                let made = operation.act(shape, &run.controller).await;
                assert!(run.luck.has_struck(), "{place}: nobody was met");
                let made = made.unwrap_or_else(|error| panic!("{place}: {:?}: {error}", error.kind()));
                check(&run.controller, &place).await;
                run.settle(Some(made), &place).await;
                tried += 1;
            }
        }
    }
    println!("{tried} commits that met somebody");
    assert!(tried > 100, "too few: {tried}");
}

/// Somebody else does so before each commit: the operation gives up, and can be repeated when that is over.
#[tokio::test(start_paused = true)]
async fn whoever_is_met_again_and_again_is_given_way_to() {
    let mut gave_up = 0;
    for (shape, operation) in all() {
        let (commits, after) = Run::measure(shape, operation).await;
        for at in 0..commits {
            let place = format!("{shape:?} {operation:?}, from commit {at} on");
            let run = Run::new(shape, operation, &after).await;
            run.luck.strike(at, Bad::Besieged);
            let made = operation.act(shape, &run.controller).await;
            if let Err(error) = &made {
                let kind = error.kind();
                let expected = matches!(kind, ErrorKind::Conflict | ErrorKind::Unavailable);
                assert!(expected, "{place}: {kind:?}: {error}");
                gave_up += 1;
            }
            assert!(run.luck.back() < at + 100, "{place}: there is no bound");
            run.settle(made.ok(), &place).await;
        }
    }
    println!("{gave_up} operations gave up");
    assert!(gave_up > 10, "too few: {gave_up}");
}

/// A crash at each commit of the operation, and bad luck with each commit of the recovery that follows.
#[tokio::test(start_paused = true)]
async fn recovery_learns_what_became_of_its_commits() {
    let mut tried = 0;
    for (shape, operation) in all() {
        let (commits, _) = Run::measure(shape, operation).await;
        for at in 0..commits * 2 {
            let recovery = recover(shape, operation, at, None).await;
            for again in 0..recovery {
                let bad = if tried % 2 == 0 { Bad::Applied } else { Bad::Late(1) };
                recover(shape, operation, at, Some((again, bad))).await;
                tried += 1;
            }
        }
    }
    println!("{tried} commits of recovery of which nobody heard");
    assert!(tried > 100, "too few: {tried}");
}

/// Crashes before or after a commit, recovers with bad luck, and answers how many commits the recovery had.
async fn recover(shape: Shape, operation: Operation, at: usize, bad: Option<(usize, Bad)>) -> usize {
    let place = format!("{shape:?} {operation:?}, a crash at commit step {at}, {bad:?} in recovery");
    let world = World::new(shape, &Memory { connects_all: false }).await;
    let controller = world.open().await.unwrap();
    operation.prepare(shape, &controller).await;
    world.faults.arm(Crash::End, &[Place::Commit], at);
    let ended = world.faults.until_end(operation.act(shape, &controller)).await;
    assert!(ended.is_none(), "{place}: no crash happened");
    world.restart().await;

    let (store, luck, _) = unlucky(&world);
    let (next, what) = bad.unwrap_or((usize::MAX, Bad::Fail));
    luck.strike(next, what);
    let controller = world.open_over(store).await;
    let controller = controller.unwrap_or_else(|error| panic!("{place}: {:?}: {error}", error.kind()));
    assert!(bad.is_none() || luck.has_struck(), "{place}: no bad luck");
    let report = controller.recovery();
    assert!(report.failed.is_empty(), "{place}: {:?}", report.failed);
    let commits = luck.back();
    check(&controller, &place).await;
    let again = operation.repeat(shape, &controller).await;
    again.unwrap_or_else(|error| panic!("{place}: the repeat: {:?}: {error}", error.kind()));
    operation::delete_everything(&controller).await;
    nothing_left(&world, &place).await;
    commits
}
