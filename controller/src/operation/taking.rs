//! What an operation takes.

use netkeep_model::{AddressRole, Claim, IpamKind, Labels, Options, Owner, Pool};

/// A claim with its owner, and what its record says besides.
#[derive(Clone, Debug)]
pub(crate) struct Taking {
    /// What is taken.
    pub(crate) claim: Claim,
    /// For whom.
    pub(crate) owner: Owner,
    /// What an address is for.
    pub(crate) role: AddressRole,
    /// The sub-pool through which an address was asked for.
    pub(crate) sub: Option<Pool>,
    /// What the IPAM driver was told of a pool.
    pub(crate) options: Options,
    /// What the IPAM driver said of a pool or an address.
    pub(crate) metadata: Labels,
    /// The IPAM driver whose space a pool is in.
    pub(crate) ipam: Option<IpamKind>,
}

impl Taking {
    /// A claim of which nothing else is to be said.
    pub(crate) fn new(claim: Claim, owner: Owner) -> Self {
        Self {
            claim,
            owner,
            role: AddressRole::Plain,
            sub: None,
            options: Options::new(),
            metadata: Labels::new(),
            ipam: None,
        }
    }
}
