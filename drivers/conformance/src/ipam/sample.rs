//! What an IPAM driver offers.

use netkeep_drivers::Order;
use netkeep_model::Options;

/// What the suite may ask an IPAM driver for, and what the driver promises beyond the contract.
#[derive(Clone, Copy, Debug)]
pub struct IpamSample {
    /// What the names of the driver's own options begin with; empty if it has none and passes everything.
    pub namespaces: &'static [&'static str],
    /// The pools that it chooses in its local space when none is named.
    pub local: FreePools,
    /// As `local`, in its global space; the same where both are one.
    pub global: FreePools,
    /// Whether a pool, and a sub-pool of it, can be named; a driver that takes none has to refuse them.
    pub named: bool,
    /// Whether it gives addresses; a driver that gives none answers so each time.
    pub addresses: bool,
    /// Whether a pool that was given back rests until all others have been given.
    pub pools_rest: bool,
    /// Whether a gateway that is chosen is the lowest free address of the pool.
    pub lowest_gateway: bool,
    /// The options that settle which of the free addresses is taken, and which it is then.
    pub orders: fn() -> Vec<(Options, Order)>,
}

/// The pools that a driver chooses when none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreePools {
    /// One pool of IPv4, which anyone may have who asks.
    Shared,
    /// So many pools of each family, each of which one owner has.
    Exclusive {
        /// Of IPv4.
        ipv4: usize,
        /// Of IPv6.
        ipv6: usize,
    },
}

impl FreePools {
    /// How many pools of a family can be given before none is free; `None` if that never comes.
    pub fn count(self, ipv6: bool) -> Option<usize> {
        match self {
            Self::Shared if ipv6 => Some(0),
            Self::Shared => None,
            Self::Exclusive { ipv6: count, .. } if ipv6 => Some(count),
            Self::Exclusive { ipv4: count, .. } => Some(count),
        }
    }
}

impl Default for IpamSample {
    fn default() -> Self {
        Self {
            namespaces: &[],
            local: FreePools::Exclusive { ipv4: 0, ipv6: 0 },
            global: FreePools::Exclusive { ipv4: 0, ipv6: 0 },
            named: true,
            addresses: true,
            pools_rest: false,
            lowest_gateway: false,
            orders: Vec::new,
        }
    }
}
