//! How a host stands to the global store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep_model::Incarnation;
use serde::{Deserialize, Serialize};

use super::Stale;
use crate::controller::Inner;
use crate::hosts::{HostState, SignOfLife, SignStatus};
use crate::{Error, ErrorKind, RecoveryReport};

/// How a host stands to the global store.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) since: Instant,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// It could not be had yet.
    Waiting(Option<Arc<str>>),
    /// Networks in it are served.
    Open(Arc<Served>),
    /// It could be had, and cannot any more; what was known last is served for reading.
    Away(Arc<Served>, Arc<str>),
    /// It is not used. Whether what was known last of it may be read: not if it is another.
    Refused(Arc<str>, bool),
}

/// What serves networks of global scope.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) inner: Arc<Inner>,
    pub(super) recovery: RecoveryReport,
    pub(super) sign: SignOfLife,
}

/// How the global store is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlobalStatus {
    /// The backend.
    pub store: String,
    /// Where it is.
    pub endpoints: Vec<String>,
    /// Whether networks of global scope are served.
    pub state: GlobalState,
    /// For how long that has been so.
    pub since: Duration,
    /// How old what is known of it is; `None` while it is followed, or if nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
    /// Why they are not, if they are not.
    pub reason: Option<String>,
    /// The incarnation of this host there; `None` while it is not in sync.
    pub incarnation: Option<Incarnation>,
    /// The newest commit that is known of.
    pub revision: u64,
    /// How many records there are of each kind.
    pub records: BTreeMap<String, usize>,
    /// The records that cannot be read: key and reason.
    pub quarantine: BTreeMap<String, String>,
    /// How many hosts share it, by state.
    #[serde(default)]
    pub hosts: BTreeMap<HostState, usize>,
    /// The sign of life of this host; `None` while it is not in sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<SignStatus>,
    /// What was done about what an earlier run of this host has left in between there.
    pub recovery: Option<RecoveryReport>,
}

/// Whether networks of global scope are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlobalState {
    /// Not yet: the store could not be had since the start. It is tried again and again.
    Waiting,
    /// They are: the replica follows the store.
    InSync,
    /// For reading, from what was known last: the store could be had, and cannot any more. It is tried again and
    /// again.
    Away,
    /// No: the store must not be used, by the reason that stands beside.
    Refused,
}

impl Standing {
    pub(super) fn new(what: What) -> Self {
        Self { since: Instant::now(), what }
    }

    /// Whether what was known last may be read while nothing is served.
    pub(super) fn may_be_stale(&self) -> bool {
        matches!(self.what, What::Waiting(_) | What::Refused(_, true))
    }

    /// What serves networks of global scope, for reading alone or for changes too.
    pub(super) fn served(&self, changes: bool) -> Result<Arc<Inner>, Error> {
        match &self.what {
            What::Open(served) => Ok(Arc::clone(&served.inner)),
            What::Away(served, _) if !changes => Ok(Arc::clone(&served.inner)),
            What::Waiting(None) => Err(away("it was not reached yet")),
            What::Away(_, why) | What::Waiting(Some(why)) | What::Refused(why, _) => Err(away(why)),
        }
    }

    /// The same for people: the state, why, and what is known.
    pub(super) fn shown(&self) -> (GlobalState, Option<String>, Option<Arc<Served>>) {
        match &self.what {
            What::Waiting(why) => (GlobalState::Waiting, why.as_deref().map(str::to_owned), None),
            What::Open(served) => (GlobalState::InSync, None, Some(Arc::clone(served))),
            What::Away(served, why) => (GlobalState::Away, Some(why.to_string()), Some(Arc::clone(served))),
            What::Refused(why, _) => (GlobalState::Refused, Some(why.to_string()), None),
        }
    }
}

fn away(why: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("networks of global scope cannot be had now: the global store: {why}"),
    )
}
