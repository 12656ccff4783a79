//! Exclusive things.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Pool, Protocol, is_default};
use crate::{Class, LinkName, Space};

/// A claim on something that only one owner can have, or several if all of them share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Claim {
    /// A number of a class, such as a VNI.
    Number {
        /// The class.
        class: Class,
        /// The number.
        n: u64,
    },
    /// An interface of the host, by name.
    Link {
        /// The interface.
        name: LinkName,
        /// True if several owners may hold it together, such as the parent of macvlan networks.
        #[serde(default, skip_serializing_if = "is_default")]
        shared: bool,
    },
    /// A pool, or a sub-pool of it.
    Pool {
        /// The address space.
        space: Space,
        /// The pool, or the master of the sub-pool.
        pool: Pool,
        /// The sub-pool.
        #[serde(default, skip_serializing_if = "is_default")]
        sub: Option<Pool>,
    },
    /// Ports of the host.
    Ports {
        /// The protocol.
        protocol: Protocol,
        /// The address of the host; the unspecified address stands for all of its family.
        ip: IpAddr,
        /// The first.
        from: u16,
        /// The last.
        to: u16,
    },
    /// An address.
    Address {
        /// The address space.
        space: Space,
        /// The pool, always the master.
        pool: Pool,
        /// The address.
        ip: IpAddr,
    },
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { class, n } => write!(f, "{class} {n}"),
            Self::Link { name, shared: false } => write!(f, "link {name}"),
            Self::Link { name, shared: true } => write!(f, "link {name} (shared)"),
            Self::Pool { space, pool, sub: None } => write!(f, "pool {pool} in {space}"),
            Self::Pool { space, pool, sub: Some(sub) } => write!(f, "sub-pool {sub} of {pool} in {space}"),
            Self::Ports { protocol, ip, from, to } if from == to => {
                write!(f, "port {from}/{protocol} on {ip}")
            }
            Self::Ports { protocol, ip, from, to } => write!(f, "ports {from}-{to}/{protocol} on {ip}"),
            Self::Address { space, pool, ip } => write!(f, "address {ip} of {pool} in {space}"),
        }
    }
}
