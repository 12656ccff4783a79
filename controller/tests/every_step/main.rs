//! A crash at every step of every operation, with every driver; answers of the store that are lost, at every commit; and
//! a crash at every step of a repair. An ordinary run tries a choice of them, and says which.

mod bad_luck;
mod crash;
mod lost;
mod repair;

use std::sync::Arc;

use crash::choice::is_long;
use crash::ground::Memory;
use crash::shape::Shape;
use crash::{Effort, crash_everywhere};

/// What an ordinary run has time for.
const ORDINARY: Effort = Effort { first: 1, second: 4, elsewhere: 2, third: 16 };
/// What a long one does.
const LONG: Effort = Effort { first: 1, second: 1, elsewhere: 1, third: 1 };

/// What an ordinary run has time for where networks are of this host, which is connected to a store for all the same.
const CONNECTED: Effort = Effort { first: 4, second: 8, ..ORDINARY };

/// Crashes everywhere; fails if there were fewer steps than this.
async fn crash(shape: Shape, least: usize) {
    let ground = Arc::new(Memory { connects_all: false });
    let tally = crash_everywhere(shape, ground, if is_long() { LONG } else { ORDINARY }).await;
    assert!(tally.steps >= least && tally.second >= least / 2, "too few steps were found: {tally:?}");
    assert!(!shape.is_shared() || tally.elsewhere >= least / 4 && tally.third >= 20, "{tally:?}");
}

#[tokio::test]
async fn manual() {
    crash(Shape::Manual, 50).await;
}

#[tokio::test]
async fn manual_of_global_scope() {
    crash(Shape::Shared, 90).await;
}

#[tokio::test]
async fn bridge() {
    crash(Shape::Bridge, 90).await;
}

#[tokio::test]
async fn shared_bridge() {
    crash(Shape::SharedBridge, 90).await;
}

#[tokio::test]
async fn macvlan() {
    crash(Shape::Macvlan, 60).await;
}

#[tokio::test]
async fn remote() {
    crash(Shape::Remote, 60).await;
}

#[tokio::test]
async fn overlay() {
    crash(Shape::Overlay, 100).await;
}

#[tokio::test]
async fn networks_of_a_host_that_is_connected() {
    let ground = Arc::new(Memory { connects_all: true });
    let effort = if is_long() { LONG } else { CONNECTED };
    for shape in Shape::ALL.into_iter().filter(|shape| !shape.is_shared()) {
        let tally = crash_everywhere(shape, Arc::<Memory>::clone(&ground), effort).await;
        assert!(tally.steps >= 50 && tally.first >= 10 && tally.second >= 10, "{shape:?}: {tally:?}");
    }
}
