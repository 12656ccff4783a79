//! Operations that span both stores.

use netkeep_store::datastore::{Local, Record};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{Claim, HostRef, Object, OperationId, Timestamp};

/// An operation of this host on a global network, at `intents/<operation>`: written to the local store, with the
/// local claims of the operation, before the global commit that decides it, and removed when it is done.
///
/// Whether it was decided is read from the object's global record, once that commit is settled; until then the
/// claims are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What is done.
    pub action: IntentAction,
    /// To what.
    pub object: Object,
    /// Which run of the daemon began it.
    pub by: HostRef,
    /// When.
    pub since: Timestamp,
    /// What was claimed on this host for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub claims: Vec<Claim>,
}

impl Record for Intent {
    type Home = Local;
    type Id = OperationId;
    const KIND: &'static str = "intent";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "intents";
}

/// What an intent is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntentAction {
    /// Making the object on this host: a network before its first use here, an endpoint, a join.
    Make,
    /// Taking the object off this host.
    Remove,
}
