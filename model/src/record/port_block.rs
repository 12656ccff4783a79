//! Claims on ports of this host.

use std::fmt;
use std::net::IpAddr;

use netkeep_store::datastore::{Local, Record};
use serde::{Deserialize, Serialize};

use super::PortBlockKey;
use crate::value::addresses_collide;
use crate::{Owner, PortRange};

/// The claims on 256 ports of one protocol, at `ports/<protocol>/<port ÷ 256>`.
///
/// No two claims collide. Claims are kept in the order of ports, then addresses, so that equal sets have equal
/// stored forms. A block without claims is deleted, not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct PortBlock {
    claims: Vec<PortClaim>,
}

impl Record for PortBlock {
    type Home = Local;
    type Id = PortBlockKey;
    const KIND: &'static str = "port-block";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "ports";
}

#[derive(Deserialize)]
struct Stored {
    claims: Vec<PortClaim>,
}

/// A claim on ports of one address of this host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortClaim {
    /// The ports; all in one block.
    pub ports: PortRange,
    /// The address of the host; `0.0.0.0` and `::` stand for all addresses of their family.
    pub ip: IpAddr,
    /// Who holds them.
    pub owner: Owner,
}

impl PortClaim {
    /// Whether both cannot be held at once, whoever holds them: they have a port in common, and their addresses
    /// are equal or of one family and one of them unspecified. An IPv4 address written as IPv6 counts as IPv4.
    pub fn collides_with(&self, other: &Self) -> bool {
        self.ports.overlaps(other.ports) && addresses_collide(self.ip, other.ip)
    }
}

impl PortBlock {
    /// A block without claims.
    pub const fn new() -> Self {
        Self { claims: Vec::new() }
    }

    /// Whether there are no claims, so that the record should go.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// The claims, by port and address.
    pub fn claims(&self) -> &[PortClaim] {
        &self.claims
    }

    /// The first claim that collides with this one.
    pub fn conflict(&self, claim: &PortClaim) -> Option<&PortClaim> {
        self.claims.iter().find(|held| held.collides_with(claim))
    }

    /// Adds a claim. Claiming again what one holds is a collision too: two bindings of one endpoint cannot share
    /// a port.
    ///
    /// # Errors
    ///
    /// The claim that it collides with; then nothing has changed.
    pub fn claim(&mut self, claim: PortClaim) -> Result<(), PortClaim> {
        if let Some(held) = self.conflict(&claim) {
            return Err(held.clone());
        }
        let at = self.claims.partition_point(|held| *held < claim);
        self.claims.insert(at, claim);
        Ok(())
    }

    /// Takes out one claim, which must be equal in all parts; false if it is not there.
    pub fn release(&mut self, claim: &PortClaim) -> bool {
        let before = self.claims.len();
        self.claims.retain(|held| held != claim);
        self.claims.len() < before
    }

    /// Takes out all claims of this owner and returns them.
    pub fn release_all(&mut self, owner: &Owner) -> Vec<PortClaim> {
        let (released, kept) =
            std::mem::take(&mut self.claims).into_iter().partition(|held| held.owner == *owner);
        self.claims = kept;
        released
    }

    /// The lowest `count` ports in a row, within these bounds, that can be claimed on this address; `None` if
    /// there are none, or if `count` is 0.
    pub fn free(&self, ip: IpAddr, within: PortRange, count: u16) -> Option<PortRange> {
        let mut first = within.first();
        // Claims are in the order of their first ports, so each of them moves the start at most once.
        for held in self.claims.iter().filter(|held| addresses_collide(held.ip, ip)) {
            let wanted = run(first, count)?;
            if wanted.last() < held.ports.first() {
                break;
            }
            if held.ports.last() >= first {
                first = held.ports.last().checked_add(1)?;
            }
        }
        run(first, count).filter(|found| within.covers(*found))
    }
}

impl TryFrom<Stored> for PortBlock {
    type Error = CollidingClaims;

    fn try_from(stored: Stored) -> Result<Self, CollidingClaims> {
        let mut block = Self::new();
        for claim in stored.claims {
            let ports = claim.ports;
            block.claim(claim).map_err(|held| CollidingClaims(held.ports, ports))?;
        }
        Ok(block)
    }
}

/// Two stored claims that cannot both be held.
struct CollidingClaims(PortRange, PortRange);

impl fmt::Display for CollidingClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claims on ports {} and {} collide", self.0, self.1)
    }
}

fn run(first: u16, count: u16) -> Option<PortRange> {
    PortRange::new(first, first.checked_add(count.checked_sub(1)?)?).ok()
}
