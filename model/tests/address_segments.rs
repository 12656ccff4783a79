//! Addresses and pools as segments: strict, and in the order of the addresses.

use std::net::IpAddr;

use ipnet::IpNet;
use netkeep_model::{Pool, address_from_segment, address_segment};
use netkeep_store::Segment;
use proptest::prelude::*;

fn any_net() -> impl Strategy<Value = IpNet> {
    // A few addresses close together, so that nets meet often, besides any.
    let near = (any::<bool>(), 0..16_u8).prop_map(|(v4, last)| {
        if v4 {
            IpAddr::from([10, 0, 0, last])
        } else {
            IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, last.into()])
        }
    });
    (prop_oneof![any::<IpAddr>(), near], 0..=8_u8, any::<bool>()).prop_map(|(ip, length, long)| {
        let most = if ip.is_ipv4() { 32 } else { 128 };
        IpNet::new(ip, if long { most - length } else { length }).unwrap()
    })
}

proptest! {
    #[test]
    fn address_segments_round_trip_and_sort_as_addresses_do(a in any::<IpAddr>(), b in any::<IpAddr>()) {
        prop_assert_eq!(address_from_segment(&address_segment(a)), Some(a));
        prop_assert_eq!(a.cmp(&b), address_segment(a).cmp(&address_segment(b)));
    }

    #[test]
    fn pool_segments_round_trip_and_sort_as_pools_do(a in any_net(), b in any_net()) {
        let (a, b) = (Pool::around(a), Pool::around(b));
        prop_assert_eq!(Pool::from_segment(&a.segment()), Some(a));
        prop_assert_eq!(a.cmp(&b), a.segment().cmp(&b.segment()));
        prop_assert_eq!(a.to_string().parse::<Pool>().unwrap(), a);
    }

    #[test]
    fn what_reads_as_a_segment_is_written_the_same(text in "[46]-[0-9a-fA+]{0,9}(-[0-9+]{1,3})?") {
        let segment = Segment::escape(&text);
        if let Some(ip) = address_from_segment(&segment) {
            prop_assert_eq!(address_segment(ip), segment.clone());
        }
        if let Some(pool) = Pool::from_segment(&segment) {
            prop_assert_eq!(pool.segment(), segment);
        }
    }

    #[test]
    fn host_bits_are_refused_with_the_right_form(net in any_net()) {
        match Pool::new(net) {
            Ok(pool) => prop_assert_eq!(pool.net(), net.trunc()),
            Err(error) => {
                prop_assert_ne!(net, net.trunc());
                let hint = format!("did you mean {}?", net.trunc());
                prop_assert!(error.to_string().contains(&hint));
            }
        }
    }

    #[test]
    fn the_nth_address_and_its_offset_agree(net in any_net(), offset in any::<u128>(), ip in any::<IpAddr>()) {
        let pool = Pool::around(net);
        let offset = match pool.last_offset() {
            u128::MAX => offset,
            last => offset % (last + 1),
        };
        let nth = pool.nth(offset).unwrap();
        prop_assert!(pool.contains(nth));
        prop_assert_eq!(pool.offset(nth), Some(offset));
        prop_assert_eq!(pool.offset(ip).is_some(), pool.contains(ip));
        prop_assert_eq!(pool.offset(pool.last()), Some(pool.last_offset()));
        if let Some(beyond) = pool.last_offset().checked_add(1) {
            prop_assert_eq!(pool.nth(beyond), None);
        }
    }

    #[test]
    fn pools_overlap_when_one_covers_the_other(a in any_net(), b in any_net()) {
        let (a, b) = (Pool::around(a), Pool::around(b));
        let meet = a.is_ipv6() == b.is_ipv6() && a.first() <= b.last() && b.first() <= a.last();
        prop_assert_eq!(a.overlaps(b), meet);
    }
}

#[test]
fn segments_are_as_documented() {
    assert_eq!(address_segment("10.0.0.5".parse().unwrap()).as_str(), "4-0a000005");
    assert_eq!(
        address_segment("2001:db8::1".parse().unwrap()).as_str(),
        "6-20010db8000000000000000000000001"
    );
    let pool = |text: &str| text.parse::<Pool>().unwrap().segment();
    assert_eq!(pool("10.0.0.0/8").as_str(), "4-0a000000-08");
    assert_eq!(pool("2001:db8::/64").as_str(), "6-20010db8000000000000000000000000-064");
}

#[test]
fn other_spellings_are_no_segments() {
    for text in
        ["4-a000005", "4-0A000005", "4-+a000005", "5-0a000005", "6-0a000005", "4-0a0000051", "4-", "4"]
    {
        assert_eq!(address_from_segment(&Segment::escape(text)), None, "{text}");
    }
    for text in ["4-0a000000-8", "4-0a000000-008", "4-0a000001-08", "4-0a000000-33", "4-0a000000"] {
        assert_eq!(Pool::from_segment(&Segment::escape(text)), None, "{text}");
    }
}

#[test]
fn a_wrong_pool_is_answered_with_the_right_one() {
    let error = "10.0.0.5/24".parse::<Pool>().unwrap_err().to_string();
    assert!(error.contains("10.0.0.5/24") && error.contains("did you mean 10.0.0.0/24?"), "{error}");
    assert!("10.0.0.0".parse::<Pool>().is_err() && "10.0.0.0/33".parse::<Pool>().is_err());
}
