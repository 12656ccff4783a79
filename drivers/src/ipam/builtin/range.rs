//! Which addresses of a pool can be given.

use std::net::IpAddr;

use netkeep_model::Pool;

/// A run of addresses, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: IpAddr,
    pub(super) last: IpAddr,
}

/// The addresses that can be given at all: all but the first, which stands for the network, and, in IPv4, the
/// last, which reaches everyone in it.
pub(super) fn usable(pool: Pool) -> Option<Range> {
    let (from, to) = usable_offsets(pool)?;
    range(pool, from, to)
}

/// The addresses among which a free one is chosen.
pub(super) fn choosable(pool: Pool, sub: Option<Pool>) -> Option<Range> {
    let part = sub.unwrap_or(pool);
    let (from, to) = usable_offsets(pool)?;
    let start = pool.offset(part.first())?;
    let mut end = pool.offset(part.last())?;
    if pool.is_ipv6() {
        end = end.min(start | u128::from(u64::MAX));
    }
    let (from, to) = (from.max(start), to.min(end));
    if from <= to { range(pool, from, to) } else { None }
}

fn usable_offsets(pool: Pool) -> Option<(u128, u128)> {
    let reserved_at_the_end = u128::from(!pool.is_ipv6());
    let last = pool.last_offset().checked_sub(reserved_at_the_end)?;
    (last >= 1).then_some((1, last))
}

fn range(pool: Pool, from: u128, to: u128) -> Option<Range> {
    Some(Range { first: pool.nth(from)?, last: pool.nth(to)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(text: &str) -> Pool {
        text.parse().unwrap()
    }

    fn shown(range: Option<Range>) -> String {
        range.map_or("none".to_owned(), |range| format!("{}-{}", range.first, range.last))
    }

    #[test]
    fn network_and_broadcast_are_reserved() {
        for (text, expected) in [
            ("10.0.0.0/24", "10.0.0.1-10.0.0.254"),
            ("10.0.0.0/30", "10.0.0.1-10.0.0.2"),
            ("10.0.0.0/31", "none"),
            ("10.0.0.0/32", "none"),
            ("fd00::/126", "fd00::1-fd00::3"),
            ("fd00::/127", "fd00::1-fd00::1"),
            ("fd00::/128", "none"),
            ("0.0.0.0/0", "0.0.0.1-255.255.255.254"),
        ] {
            assert_eq!(shown(usable(pool(text))), expected, "{text}");
        }
    }

    #[test]
    fn a_sub_pool_is_used_whole_but_for_what_its_pool_reserves() {
        for (text, sub, expected) in [
            ("172.28.0.0/16", "172.28.5.0/24", "172.28.5.0-172.28.5.255"),
            ("172.28.0.0/16", "172.28.0.0/24", "172.28.0.1-172.28.0.255"),
            ("172.28.0.0/16", "172.28.255.0/24", "172.28.255.0-172.28.255.254"),
            ("172.28.0.0/16", "172.28.0.0/16", "172.28.0.1-172.28.255.254"),
            ("172.28.0.0/16", "172.28.0.0/32", "none"),
            ("172.28.0.0/16", "172.28.3.4/32", "172.28.3.4-172.28.3.4"),
        ] {
            assert_eq!(shown(choosable(pool(text), Some(pool(sub)))), expected, "{sub} of {text}");
        }
    }

    #[test]
    fn only_the_low_64_bits_of_ipv6_are_chosen_from() {
        assert_eq!(shown(choosable(pool("fd00::/64"), None)), "fd00::1-fd00::ffff:ffff:ffff:ffff");
        assert_eq!(shown(choosable(pool("fd00::/8"), None)), "fd00::1-fd00::ffff:ffff:ffff:ffff");
        assert_eq!(shown(choosable(pool("::/0"), None)), "::1-::ffff:ffff:ffff:ffff");
        let sub = choosable(pool("fd00::/48"), Some(pool("fd00:0:0:10::/60")));
        assert_eq!(shown(sub), "fd00:0:0:10::-fd00::10:ffff:ffff:ffff:ffff");
        let long = choosable(pool("fd00::/64"), Some(pool("fd00::8000/113")));
        assert_eq!(shown(long), "fd00::8000-fd00::ffff");
    }
}
