//! Address pools.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use netkeep_store::Segment;
use serde::{Deserialize, Serialize};

use super::address;
use crate::{Error, Result};

/// A run of addresses with a common prefix, as in `10.0.0.0/24`; the bits after the prefix are zero.
///
/// Pools order by family, address and prefix length, and so do their segments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pool(IpNet);

impl Pool {
    /// Takes a network address.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`], which shows the right form, if `net` has host bits.
    pub fn new(net: IpNet) -> Result<Self> {
        let right = net.trunc();
        if net == right {
            Ok(Self(net))
        } else {
            let expected = format!("it has host bits set; did you mean {right}?");
            Err(Error::invalid("pool", net.to_string(), expected))
        }
    }

    /// The pool of this prefix length that contains this address: the host bits are dropped.
    pub fn around(net: impl Into<IpNet>) -> Self {
        Self(net.into().trunc())
    }

    /// The network address and the prefix length.
    pub const fn net(self) -> IpNet {
        self.0
    }

    /// The first address.
    pub fn first(self) -> IpAddr {
        self.0.addr()
    }

    /// The last address; in IPv4 the broadcast address.
    pub fn last(self) -> IpAddr {
        self.0.broadcast()
    }

    /// How many leading bits all addresses share.
    pub fn prefix_len(self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether the addresses are IPv6.
    pub const fn is_ipv6(self) -> bool {
        matches!(self.0, IpNet::V6(_))
    }

    /// Whether this address is in the pool.
    pub fn contains(self, ip: IpAddr) -> bool {
        self.0.contains(&ip)
    }

    /// Whether all addresses of `other` are in this pool; a pool covers itself.
    pub fn covers(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the two have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The distance of the last address from the first: one less than the number of addresses.
    pub fn last_offset(self) -> u128 {
        let host_bits = u32::from(self.0.max_prefix_len() - self.0.prefix_len());
        match 1_u128.checked_shl(host_bits) {
            Some(count) => count - 1,
            None => u128::MAX,
        }
    }

    /// The address so far from the first; `None` if it is not in the pool.
    pub fn nth(self, offset: u128) -> Option<IpAddr> {
        if offset > self.last_offset() {
            return None;
        }
        Some(match self.first() {
            IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() + u32::try_from(offset).ok()?).into(),
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() + offset).into(),
        })
    }

    /// How far this address is from the first; `None` if it is not in the pool.
    pub fn offset(self, ip: IpAddr) -> Option<u128> {
        if !self.contains(ip) {
            return None;
        }
        match (self.first(), ip) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => Some(u128::from(ip.to_bits() - first.to_bits())),
            (IpAddr::V6(first), IpAddr::V6(ip)) => Some(ip.to_bits() - first.to_bits()),
            _ => None,
        }
    }

    /// This address with the prefix length of the pool, as an interface wants it; `None` if it is not in the
    /// pool.
    pub fn with_prefix(self, ip: IpAddr) -> Option<IpNet> {
        if self.contains(ip) { IpNet::new(ip, self.prefix_len()).ok() } else { None }
    }

    /// The segment of a key that stands for this pool: that of its first address, then the prefix length in
    /// decimal and fixed width: `4-0a000000-24`, `6-20010db8000000000000000000000000-064`.
    pub fn segment(self) -> Segment {
        Segment::escape(&self.written())
    }

    /// The pool that this segment of a key stands for; `None` if it stands for none.
    pub fn from_segment(segment: &Segment) -> Option<Self> {
        let (first, length) = segment.as_str().rsplit_once('-')?;
        let pool = Self::new(IpNet::new(address::read(first)?, length.parse().ok()?).ok()?).ok()?;
        (pool.written() == segment.as_str()).then_some(pool)
    }

    fn written(self) -> String {
        let digits = if self.is_ipv6() { 3 } else { 2 };
        format!("{}-{:0digits$}", address::written(self.first()), self.prefix_len())
    }
}

impl FromStr for Pool {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.parse() {
            Ok(net) => Self::new(net),
            Err(_) => Err(Error::invalid(
                "pool",
                text,
                "a pool is an address and a prefix length, as in \"10.0.0.0/24\" or \"fd00::/64\"",
            )),
        }
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl TryFrom<IpNet> for Pool {
    type Error = Error;

    fn try_from(net: IpNet) -> Result<Self> {
        Self::new(net)
    }
}

impl TryFrom<String> for Pool {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Pool> for String {
    fn from(pool: Pool) -> Self {
        pool.to_string()
    }
}

impl From<Pool> for IpNet {
    fn from(pool: Pool) -> Self {
        pool.0
    }
}
