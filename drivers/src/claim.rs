//! Exclusive things.

use std::net::IpAddr;

use netkeep_model::{Class, LinkName, Pool, Protocol, Space};

/// An exclusive thing, held by the object that is being planned.
///
/// Only the controller takes and frees it: as a record that names its owner, in the same commit as the object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// A number, such as a VNI.
    Number {
        /// Which kind of number.
        class: Class,
        /// The number.
        n: u64,
    },
    /// A network interface of this host, such as a bridge.
    Link {
        /// Its name.
        name: LinkName,
        /// True if several objects may hold it together, such as the parent of macvlan networks.
        shared: bool,
    },
    /// A pool of addresses.
    Pool {
        /// Where.
        space: Space,
        /// The whole pool.
        pool: Pool,
        /// The part of it that is asked for; `None` for all of it.
        sub: Option<Pool>,
    },
    /// Ports of this host.
    Ports {
        /// Of which protocol.
        protocol: Protocol,
        /// On which address of the host; the unspecified address stands for all of its family.
        ip: IpAddr,
        /// The first.
        from: u16,
        /// The last.
        to: u16,
    },
    /// An address.
    Address {
        /// Where.
        space: Space,
        /// The pool, never a sub-pool.
        pool: Pool,
        /// The address.
        ip: IpAddr,
    },
}

/// A claim of which only the bounds are given: any that is free will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A number from `from` to `to`.
    Number {
        /// Which kind of number.
        class: Class,
        /// The lowest.
        from: u64,
        /// The highest.
        to: u64,
    },
    /// `count` ports in a row, from `from` to `to`.
    Ports {
        /// Of which protocol.
        protocol: Protocol,
        /// On which address of the host.
        ip: IpAddr,
        /// How many.
        count: u16,
        /// The lowest.
        from: u16,
        /// The highest.
        to: u16,
    },
    /// An address from `from` to `to`.
    Address {
        /// Where.
        space: Space,
        /// The pool, never a sub-pool.
        pool: Pool,
        /// The lowest.
        from: IpAddr,
        /// The highest.
        to: IpAddr,
        /// Which of the free ones.
        order: Order,
    },
}

/// Which of the free addresses is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The next one after the last that was given, and from the first again at the end: an address that was
    /// released rests as long as possible.
    #[default]
    Next,
    /// The lowest.
    Lowest,
}
