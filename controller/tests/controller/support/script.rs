//! What the driver under test is told to do.

use std::sync::Arc;

use netkeep_drivers::{EndpointAnswer, PlanView, PlannedRecord};
use netkeep_model::{Claim, Object};

use super::Gate;

/// What a plan adds to an object.
pub(crate) type Adds = Box<dyn Fn(&dyn PlanView, Object) -> (Vec<Claim>, Vec<PlannedRecord>) + Send>;

/// What one call of `ensure_*` does.
#[derive(Debug)]
pub(crate) enum Ensure {
    /// Notes, makes, and answers this of an endpoint.
    Make(EndpointAnswer),
    /// Notes, and refuses.
    Refuse,
    /// Notes, and finds this held by a stranger.
    Taken(Claim),
    /// Notes, makes, and does not know it.
    Lose,
    /// Notes, waits for the gate, and makes.
    Wait(Arc<Gate>),
    /// Notes, waits for the gate, and refuses.
    WaitAndRefuse(Arc<Gate>),
    /// Notes, makes, and waits for the gate before it says so.
    MakeAndWait(Arc<Gate>),
}

/// What one call of `remove` does.
#[derive(Debug)]
pub(crate) enum Remove {
    /// Fails; later it may succeed.
    Retry,
    /// Fails, which does not matter.
    Ignore,
    /// Waits for the gate, and removes.
    Wait(Arc<Gate>),
}
