//! Addresses as parts of keys.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netkeep_store::Segment;

/// The segment that stands for this address: the family, then the bits in fixed-width hex, so that segments
/// sort as addresses do: `4-0a000005`, `6-20010db8000000000000000000000001`.
pub fn address_segment(ip: IpAddr) -> Segment {
    Segment::escape(&written(ip))
}

/// The address that this segment stands for; `None` for every text that [`address_segment`] does not give.
pub fn address_from_segment(segment: &Segment) -> Option<IpAddr> {
    read(segment.as_str())
}

pub(super) fn written(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("4-{:08x}", ip.to_bits()),
        IpAddr::V6(ip) => format!("6-{:032x}", ip.to_bits()),
    }
}

pub(super) fn read(text: &str) -> Option<IpAddr> {
    let ip = match text.split_once('-')? {
        ("4", hex) => IpAddr::V4(Ipv4Addr::from_bits(u32::from_str_radix(hex, 16).ok()?)),
        ("6", hex) => IpAddr::V6(Ipv6Addr::from_bits(u128::from_str_radix(hex, 16).ok()?)),
        _ => return None,
    };
    // Other spellings of the same number, with a sign, in upper case or of another width, are no segments.
    (written(ip) == text).then_some(ip)
}
