//! What records say of those to whom they belong.

use netkeep_model::{
    AddressRecord, AddressSpace, Alive, DriverRecord, Endpoint, EndpointNameRecord, ExternalId, Gone, Host,
    HostRef, Intent, Link, Mark, Network, NetworkNameRecord, NumberRecord, Owner, PoolRecord, PortBlock,
    PublishedEntry, Realized, Sandbox, StoreClient, SubPoolRecord, ThisHost, WayOut,
};
use netkeep_store::datastore::Record;

use super::Range;
use super::state::bits;

/// What one record says of those to whom it belongs.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Who holds it, or has published it; in order.
    pub(super) owners: Vec<Owner>,
    /// The runs of hosts that it belongs to.
    pub(super) runs: [Option<HostRef>; 2],
    /// The run that has it in between.
    pub(super) actor: Option<HostRef>,
}

impl Said {
    /// Of what has this owner, which is a run's if it is a client.
    fn owned(owner: &Owner) -> Self {
        Self { owners: vec![owner.clone()], runs: [owner.client_host(), None], actor: None }
    }

    /// Of what has these owners.
    fn shared<'a>(owners: impl Iterator<Item = &'a Owner>) -> Self {
        let mut owners: Vec<Owner> = owners.cloned().collect();
        owners.sort_unstable();
        owners.dedup();
        Self { owners, ..Self::default() }
    }
}

/// A record that may belong to somebody.
pub(super) trait Says: Record {
    /// What it says of that.
    fn said(&self) -> Said {
        Said::default()
    }

    /// Which number of which range the record with this id stands for.
    fn place(_: &Self::Id) -> Option<(Range, u128)> {
        None
    }
}

impl Says for Endpoint {
    fn said(&self) -> Said {
        let attached = self.attachment.as_ref().map(|attachment| attachment.host);
        Said { owners: Vec::new(), runs: [Some(self.owner), attached], actor: self.phase.actor() }
    }
}

impl Says for Network {
    fn said(&self) -> Said {
        Said { actor: self.phase.actor(), ..Said::default() }
    }
}

impl Says for AddressRecord {
    fn said(&self) -> Said {
        Said::owned(&self.owner)
    }

    fn place(id: &Self::Id) -> Option<(Range, u128)> {
        Some((Range::Pool(id.space.clone(), id.master), bits(id.ip)))
    }
}

impl Says for NumberRecord {
    fn said(&self) -> Said {
        Said::owned(&self.owner)
    }

    fn place(id: &Self::Id) -> Option<(Range, u128)> {
        Some((Range::Class(id.class.clone()), u128::from(id.n)))
    }
}

impl Says for PoolRecord {
    fn said(&self) -> Said {
        let said = self.owner.as_ref().map(Said::owned).unwrap_or_default();
        Said { actor: self.phase.actor(), ..said }
    }
}

impl Says for SubPoolRecord {
    fn said(&self) -> Said {
        Said { actor: self.phase.actor(), ..Said::owned(&self.owner) }
    }
}

impl Says for Link {
    fn said(&self) -> Said {
        Said::shared(self.owners().iter())
    }
}

impl Says for PortBlock {
    fn said(&self) -> Said {
        Said::shared(self.claims().iter().map(|claim| &claim.owner))
    }
}

impl Says for PublishedEntry {
    fn said(&self) -> Said {
        Said { runs: [Some(self.by), None], ..Said::shared(std::iter::once(&self.owner)) }
    }
}

macro_rules! belongs_to_nobody {
    ($($record:ty),*) => { $(impl Says for $record {})* };
}

belongs_to_nobody!(
    NetworkNameRecord,
    EndpointNameRecord,
    AddressSpace,
    Sandbox,
    WayOut,
    Intent,
    Realized,
    ThisHost,
    StoreClient,
    Host,
    Alive,
    Gone,
    DriverRecord,
    ExternalId,
    Mark
);
