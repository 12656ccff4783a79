//! Where claims on ports are kept.

use netkeep_store::Segment;
use netkeep_store::datastore::RecordId;

use crate::{PortRange, Protocol};

/// The place of a [`PortBlock`](super::PortBlock): 256 ports of a protocol, in the key in two hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortBlockKey {
    /// The protocol.
    pub protocol: Protocol,
    /// The port divided by 256.
    pub block: u8,
}

impl PortBlockKey {
    /// The block in which this port lies.
    pub const fn of(protocol: Protocol, port: u16) -> Self {
        Self { protocol, block: port.to_be_bytes()[0] }
    }

    /// The ports of the block: 256, or 255 in block 0, because there is no port 0.
    pub fn ports(self) -> PortRange {
        let first = u16::from_be_bytes([self.block, 0]).max(1);
        PortRange::new(first, u16::from_be_bytes([self.block, 255])).expect("1 is at most 255")
    }

    /// The blocks in which these ports lie, each with its part of them, in order.
    pub fn split(protocol: Protocol, ports: PortRange) -> impl Iterator<Item = (Self, PortRange)> {
        let blocks = Self::of(protocol, ports.first()).block..=Self::of(protocol, ports.last()).block;
        blocks.filter_map(move |block| {
            let key = Self { protocol, block };
            Some((key, key.ports().intersection(ports)?))
        })
    }
}

impl RecordId for PortBlockKey {
    fn segments(&self) -> Vec<Segment> {
        vec![Segment::escape(self.protocol.as_str()), Segment::escape(&format!("{:02x}", self.block))]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [protocol, block] = segments else { return None };
        let key = Self {
            protocol: protocol.as_str().parse().ok()?,
            block: u8::from_str_radix(block.as_str(), 16).ok()?,
        };
        (key.segments() == segments).then_some(key)
    }
}
