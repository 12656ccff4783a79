//! Exclusive things that are sought.

use std::net::IpAddr;

use netkeep_model::{Class, Pool, Protocol, Space};

/// A [`Claim`](netkeep_model::Claim) of which only the bounds are given: any that is free will do.
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
