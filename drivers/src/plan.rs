//! What a driver decides.

use netkeep_model::{Claim, Object, Scope};
use netkeep_store::Segment;

/// What a driver has decided, as a value: the controller puts it into the transaction of the operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<T> {
    /// The answer.
    pub answer: Answer<T>,
    /// Records of the driver to be written, or removed, with the object.
    pub records: Vec<PlannedRecord>,
    /// Exclusive things to be taken for the object.
    pub claims: Vec<Claim>,
    /// True if this host has something to do for it: then `ensure_*` is called after the commit.
    pub ensure: bool,
}

/// When the answer of a driver is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// Now.
    Now(T),
    /// From the call of `ensure_*`: a second commit keeps it. Only for [`Mode::Called`](crate::Mode::Called).
    FromCall,
}

/// A record of a driver's own that hangs on an object and goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRecord {
    /// The store that it lives in.
    pub scope: Scope,
    /// What it hangs on.
    pub on: Object,
    /// What it is called there.
    pub name: Segment,
    /// What it holds; `None` to remove it.
    pub value: Option<serde_json::Value>,
}

impl<T> Plan<T> {
    /// A plan that only answers.
    pub fn answer(answer: T) -> Self {
        Self { answer: Answer::Now(answer), records: Vec::new(), claims: Vec::new(), ensure: false }
    }

    /// A plan whose answer comes from the call.
    pub fn from_call() -> Self {
        Self { answer: Answer::FromCall, records: Vec::new(), claims: Vec::new(), ensure: true }
    }
}
