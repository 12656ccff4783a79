//! What a task knows of each thing that it asked for.

use netkeep_controller::{EndpointInfo, EndpointSpec, NetworkInfo, NetworkSpec};
use netkeep_model::NetworkId;

/// How far a thing is, as its task knows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Standing<T> {
    /// It was asked for, and nothing was heard: it may be there.
    Asked,
    /// It was acknowledged with this answer: it must be there, just so.
    Held(T),
    /// It was acknowledged with this answer, then a join or a leave was asked for, and nothing was heard: it must be
    /// there, in its sandbox or not.
    Moving(T),
    /// It was acknowledged with this answer, then its deletion was asked for, and nothing was heard: it may be there.
    Leaving(T),
}

/// A network of a task's own.
#[derive(Clone, Debug)]
pub(super) struct NetworkEntry {
    pub(super) spec: NetworkSpec,
    pub(super) standing: Standing<NetworkInfo>,
    /// Which of the task's pools it has; `None` for one with a predefined pool.
    pub(super) slot: Option<u8>,
}

/// An endpoint that a task made.
#[derive(Clone, Debug)]
pub(super) struct EndpointEntry {
    pub(super) network: NetworkId,
    pub(super) spec: EndpointSpec,
    pub(super) standing: Standing<EndpointInfo>,
    /// The host in whose sandbox it is, or may be.
    pub(super) joined: Option<usize>,
}

impl<T> Standing<T> {
    /// Whether it must be there, whatever became of what was asked for last.
    pub(super) fn must_be(&self) -> bool {
        matches!(self, Self::Held(_) | Self::Moving(_))
    }

    /// The last answer about it.
    pub(super) fn answer(&self) -> Option<&T> {
        match self {
            Self::Asked => None,
            Self::Held(answer) | Self::Moving(answer) | Self::Leaving(answer) => Some(answer),
        }
    }

    /// Notes that its deletion is asked for.
    pub(super) fn leave(&mut self) {
        if let Self::Held(answer) = std::mem::replace(self, Self::Asked) {
            *self = Self::Leaving(answer);
        }
    }

    /// Notes that a join or a leave is asked for.
    pub(super) fn shift(&mut self) {
        if let Self::Held(answer) = std::mem::replace(self, Self::Asked) {
            *self = Self::Moving(answer);
        }
    }
}
