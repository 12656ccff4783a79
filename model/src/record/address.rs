//! Addresses that are given.

use std::net::IpAddr;

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{Labels, Owner, Phase, Pool, PoolRef, Space, address_from_segment, address_segment};

/// One address that is given, at `addresses/<space>/<master>/<address>`: that it exists means that it is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRecord {
    /// Who holds it.
    pub owner: Owner,
    /// What for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: AddressRole,
    /// The sub-pool through which it was asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sub: Option<Pool>,
    /// Whether the IPAM driver is done with it; in between only where that driver must be called.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: Phase,
    /// What the IPAM driver said of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metadata: Labels,
}

impl Record for AddressRecord {
    type Home = Either;
    type Id = AddressKey;
    const KIND: &'static str = "address";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "addresses";
}

/// What an address is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum AddressRole {
    /// An interface, a service, or whatever a client wants it for.
    #[default]
    Plain,
    /// The gateway of a network.
    Gateway,
    /// An auxiliary address of a network.
    Auxiliary {
        /// What the network calls it.
        name: String,
    },
}

/// The place of an [`AddressRecord`]: always below the master pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressKey {
    /// The address space.
    pub space: Space,
    /// The pool.
    pub master: Pool,
    /// The address.
    pub ip: IpAddr,
}

impl AddressRecord {
    /// An address that is held for no special role, by an IPAM driver that need not be called.
    pub fn new(owner: Owner) -> Self {
        Self { owner, role: AddressRole::Plain, sub: None, phase: Phase::Ready, metadata: Labels::new() }
    }
}

impl PoolRef {
    /// The place of an address of this pool.
    pub fn address_key(&self, ip: IpAddr) -> AddressKey {
        AddressKey { space: self.space.clone(), master: self.master, ip }
    }
}

impl RecordId for AddressKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.space.segment(), self.master.segment(), address_segment(self.ip)]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [space, master, ip] = segments else { return None };
        Some(Self {
            space: Space::from_segment(space)?,
            master: Pool::from_segment(master)?,
            ip: address_from_segment(ip)?,
        })
    }
}
