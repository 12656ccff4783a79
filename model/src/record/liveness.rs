//! Who is up, and how far a watch is.

use netkeep_store::datastore::{Either, Global, Record};
use serde::{Deserialize, Serialize};

use crate::{HostId, HostRef, Incarnation, Timestamp};

/// That a host is up, at `alive/<host>`; it goes with the host's lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alive {
    /// The start of its daemon.
    pub incarnation: Incarnation,
    /// Since when, by its own clock.
    pub since: Timestamp,
}

impl Record for Alive {
    type Home = Global;
    type Id = HostId;
    const KIND: &'static str = "alive";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "alive";
}

/// That a host is not up, at `gone/<host>`: written by whoever notices first, deleted in the commit that makes
/// [`Alive`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// The start of its daemon that is missing.
    pub incarnation: Incarnation,
    /// Who noticed.
    pub noticed_by: HostRef,
    /// When that noticed it, for people: a grace runs on the evictor's own clock, from when it saw this record.
    pub since: Timestamp,
}

impl Record for Gone {
    type Home = Global;
    type Id = HostId;
    const KIND: &'static str = "gone";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "gone";
}

/// Written to learn how far a watch is, at `marks/<host>`: a watch that is through its revision is as new as the
/// commit that wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The start of the daemon that wrote it.
    pub incarnation: Incarnation,
    /// When.
    pub at: Timestamp,
}

impl Record for Mark {
    type Home = Either;
    type Id = HostId;
    const KIND: &'static str = "mark";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "marks";
}
