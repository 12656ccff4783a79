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

impl Claim {
    /// True if two owners cannot have both: claims on the same thing, unless it is shared, and on ports of which one is
    /// the same, on addresses that collide.
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Ports { protocol, ip, from, to },
                Self::Ports { protocol: other_protocol, ip: other_ip, from: other_from, to: other_to },
            ) => {
                protocol == other_protocol
                    && addresses_collide(*ip, *other_ip)
                    && from <= other_to
                    && other_from <= to
            }
            (Self::Link { name, shared }, Self::Link { name: other_name, shared: other_shared }) => {
                name == other_name && !(*shared && *other_shared)
            }
            _ => self == other,
        }
    }
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

/// True if the same port of both addresses of the host cannot be had: they are equal, or of one family and one of them
/// is unspecified. An IPv4 address written as IPv6 counts as IPv4.
pub(crate) fn addresses_collide(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one == other || (one.is_ipv4() == other.is_ipv4() && (one.is_unspecified() || other.is_unspecified()))
}
