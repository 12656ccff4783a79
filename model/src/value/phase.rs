//! Whether an object is whole.

use serde::{Deserialize, Serialize};

use super::HostRef;
use crate::OperationId;

/// Whether an object is whole, or between two commits of an operation.
///
/// The actor of an in-between phase finishes it; once that actor is dead, anyone may finish or undo it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Phase {
    /// Whole.
    #[default]
    Ready,
    /// Not yet whole.
    Creating {
        /// Who creates it.
        by: HostRef,
        /// In which operation.
        operation: OperationId,
    },
    /// No longer to be used.
    Deleting {
        /// Who deletes it.
        by: HostRef,
        /// In which operation.
        operation: OperationId,
    },
}

impl Phase {
    /// Whether the object is whole.
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// Whether the object is on its way out.
    pub const fn is_deleting(&self) -> bool {
        matches!(self, Self::Deleting { .. })
    }

    /// Who acts, in an in-between phase.
    pub const fn actor(&self) -> Option<HostRef> {
        match self {
            Self::Ready => None,
            Self::Creating { by, .. } | Self::Deleting { by, .. } => Some(*by),
        }
    }

    /// In which operation, in an in-between phase.
    pub const fn operation(&self) -> Option<OperationId> {
        match self {
            Self::Ready => None,
            Self::Creating { operation, .. } | Self::Deleting { operation, .. } => Some(*operation),
        }
    }
}
