//! Keys of records: strict, and in the order of what they name.

use std::net::IpAddr;

use ipnet::IpNet;
use netkeep_model::{
    AddressKey, AddressRecord, DriverRecord, DriverRecordKey, Endpoint, EndpointId, EndpointKey,
    EndpointNameKey, EndpointNameRecord, ExternalId, ExternalKey, ExternalKind, Id, Network, NetworkId,
    NetworkNameRecord, NumberKey, NumberRecord, Object, Pool, PortBlock, PortBlockKey, PortRange, Protocol,
    PublishedEntry, PublishedEntryKey, Realized, RealizedKey, SandboxId, Space, SubPoolKey, SubPoolRecord,
    Timestamp,
};
use netkeep_store::datastore::{Record, RecordId};
use netkeep_store::{Key, Segment};
use proptest::prelude::*;

fn id<T: From<Id> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    (0..1_u64 << 48, any::<[u8; 10]>())
        .prop_map(|(millis, random)| Id::new(Timestamp::from_unix_millis(millis), random).into())
}

fn object() -> impl Strategy<Value = Object> {
    (id(), id(), id(), 0..3).prop_map(
        |(network, endpoint, sandbox, kind): (NetworkId, EndpointId, SandboxId, i32)| match kind {
            0 => Object::Network(network),
            1 => Object::Endpoint(network, endpoint),
            _ => Object::Join(network, endpoint, sandbox),
        },
    )
}

fn pool() -> impl Strategy<Value = Pool> {
    (any::<IpAddr>(), 0..=128_u8).prop_map(|(ip, length)| {
        let most = if ip.is_ipv4() { 32 } else { 128 };
        Pool::around(IpNet::new(ip, length.min(most)).unwrap())
    })
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)]
}

/// A name that any of the types for names takes.
fn name() -> impl Strategy<Value = String> {
    "[a-z%/.é網😀]{1,6}".prop_filter("a dot path is no name", |name| name != "." && name != "..")
}

fn round_trip<T: Record>(id: &T::Id) -> Key {
    let key = T::key(id).unwrap();
    assert_eq!(T::id(&key).as_ref(), Some(id), "{key}");
    key
}

proptest! {
    #[test]
    fn keys_of_networks_endpoints_and_names_round_trip(
        network in id::<NetworkId>(), endpoint in id::<EndpointId>(), text in name()
    ) {
        round_trip::<Network>(&network);
        round_trip::<Endpoint>(&EndpointKey { network, endpoint });
        round_trip::<NetworkNameRecord>(&text.parse().unwrap());
        round_trip::<EndpointNameRecord>(&EndpointNameKey { network, name: text.parse().unwrap() });
        round_trip::<PublishedEntry>(
            &PublishedEntryKey { network, table: text.parse().unwrap(), key: text.parse().unwrap() },
        );
    }

    #[test]
    fn keys_of_what_hangs_on_objects_round_trip(on in object(), host in id(), text in name(), n in any::<u64>()) {
        round_trip::<Realized>(&RealizedKey(on));
        let driver = "vendor/net:latest".parse().unwrap();
        round_trip::<DriverRecord>(&DriverRecordKey { driver, on, name: Segment::escape(&text) });
        for kind in ExternalKind::ALL {
            round_trip::<ExternalId>(&ExternalKey { host, kind, foreign: text.parse().unwrap() });
        }
        round_trip::<NumberRecord>(&NumberKey { class: text.parse().unwrap(), n });
        let json = serde_json::to_string(&on).unwrap();
        prop_assert_eq!(serde_json::from_str::<Object>(&json).unwrap(), on);
    }

    #[test]
    fn address_keys_round_trip_and_sort_as_addresses_do(
        master in pool(), sub in pool(), a in any::<IpAddr>(), b in any::<IpAddr>()
    ) {
        let space = Space::new("a/b").unwrap();
        round_trip::<SubPoolRecord>(&SubPoolKey { space: space.clone(), master, sub });
        let key = |ip| round_trip::<AddressRecord>(&AddressKey { space: space.clone(), master, ip });
        prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
    }

    #[test]
    fn number_keys_sort_as_numbers_do(a in any::<u64>(), b in any::<u64>()) {
        let key = |n| round_trip::<NumberRecord>(&NumberKey { class: "vni".parse().unwrap(), n });
        prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
    }

    #[test]
    fn port_blocks_split_a_range_without_gap_or_overlap(
        protocol in protocol(), a in 1..=u16::MAX, b in 1..=u16::MAX
    ) {
        let range = PortRange::new(a.min(b), a.max(b)).unwrap();
        let parts: Vec<_> = PortBlockKey::split(protocol, range).collect();
        prop_assert_eq!(parts.first().unwrap().1.first(), range.first());
        prop_assert_eq!(parts.last().unwrap().1.last(), range.last());
        for pair in parts.windows(2) {
            prop_assert_eq!(u32::from(pair[0].1.last()) + 1, u32::from(pair[1].1.first()));
        }
        for (key, part) in parts {
            prop_assert!(key.ports().covers(part));
            prop_assert_eq!(PortBlockKey::of(protocol, part.first()), key);
            prop_assert_eq!(PortBlockKey::of(protocol, part.last()), key);
            prop_assert_eq!(u16::from(key.block), part.first() / 256);
            round_trip::<PortBlock>(&key);
        }
    }

    #[test]
    fn no_other_segments_are_a_realized_object(on in object(), cut in 0..6_usize) {
        let right = RealizedKey(on).segments();
        let (kind, ids) = (right[0].as_str(), right[1].as_str());
        let wrong = match cut {
            0 => vec![kind.to_owned()],
            1 => vec![kind.to_owned(), ids.to_owned(), ids.to_owned()],
            2 => vec![kind.to_owned(), ids[1..].to_owned()],
            3 => vec![kind.to_owned(), format!("{ids}-")],
            4 => vec![kind.to_owned(), ids.replace('-', "").to_uppercase() + "X"],
            _ => vec![if kind == "join" { "network" } else { "join" }.to_owned(), ids.to_owned()],
        };
        let wrong: Vec<Segment> = wrong.iter().map(|text| Segment::escape(text)).collect();
        prop_assert_eq!(RealizedKey::from_segments(&wrong), None);
    }
}

#[test]
fn other_spellings_of_a_key_are_no_keys() {
    for text in [
        "networks/0123",
        "networks",
        "numbers/vni/10",
        "numbers/vni/000000000000100G",
        "numbers/vni/+000000000001001",
        "ports/tcp/1F",
        "ports/tcp/001",
        "ports/icmp/00",
        "meta/store",
        "meta/host/x",
        "external/018bcfe56800dddddddddddddddddddd/thing/x",
        "unknown/x",
    ] {
        let key = Key::parse(text).unwrap();
        assert!(netkeep_model::RecordKind::of_key(&key).is_none(), "{text}");
    }
}

#[test]
fn the_longest_names_leave_room_for_the_namespace_of_a_store() {
    const NAMESPACE: usize = 40;
    let network = NetworkId::generate();
    let endpoint = EndpointId::generate();
    // Characters beyond the basic plane take three bytes of a key for each of their own.
    let wide = |bytes: usize| "😀".repeat(bytes / 4);
    let master: Pool = "2001:db8::/64".parse().unwrap();
    let kind = "a/".repeat(64) + "a";
    let keys = [
        NetworkNameRecord::key(&wide(128).parse().unwrap()),
        EndpointNameRecord::key(&EndpointNameKey { network, name: wide(128).parse().unwrap() }),
        AddressRecord::key(&AddressKey { space: wide(64).parse().unwrap(), master, ip: master.first() }),
        PublishedEntry::key(&PublishedEntryKey {
            network,
            table: wide(32).parse().unwrap(),
            key: wide(96).parse().unwrap(),
        }),
        ExternalId::key(&ExternalKey {
            host: Id::generate().into(),
            kind: ExternalKind::Endpoint,
            foreign: wide(128).parse().unwrap(),
        }),
        DriverRecord::key(&DriverRecordKey {
            driver: kind[..127].parse().unwrap(),
            on: Object::Join(network, endpoint, SandboxId::generate()),
            name: Segment::escape(&"n".repeat(100)),
        }),
    ];
    for key in keys {
        let key = key.unwrap();
        assert!(key.as_str().len() + NAMESPACE <= 512, "{} bytes: {key}", key.as_str().len());
    }
}
