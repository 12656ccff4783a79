//! How much there is of everything, compared with how much there must be.

use std::collections::BTreeMap;

use netkeep_model::{
    AddressRecord, DriverRecord, Endpoint, EndpointNameRecord, Intent, Link, Network, NetworkNameRecord,
    NumberRecord, PoolRecord, PublishedEntry, Realized, Sandbox, SubPoolRecord, WayOut,
};
use netkeep_store::datastore::Record;

use super::DemoOptions;
use super::share::Share;
use crate::api::Records;

/// What can be left over, as people call it, and the kind of its record.
const KINDS: [(&str, &str); 15] = [
    ("networks", Network::KIND),
    ("network names", NetworkNameRecord::KIND),
    ("endpoints", Endpoint::KIND),
    ("endpoint names", EndpointNameRecord::KIND),
    ("pools", PoolRecord::KIND),
    ("sub-pools", SubPoolRecord::KIND),
    ("addresses", AddressRecord::KIND),
    ("numbers", NumberRecord::KIND),
    ("links", Link::KIND),
    ("driver records", DriverRecord::KIND),
    ("sandboxes", Sandbox::KIND),
    ("table entries", PublishedEntry::KIND),
    ("ways out", WayOut::KIND),
    ("intents", Intent::KIND),
    ("realized notes", Realized::KIND),
];
const PORTS: &str = "ports";

/// How much there is of each kind that can be left over: in the stores of these hosts, and in the one that they share,
/// as the first of them sees it.
pub(super) fn counted(hosts: &[Records]) -> BTreeMap<&'static str, u64> {
    let shared = hosts.first().and_then(|records| records.global.as_ref());
    let stores = hosts.iter().map(|records| &records.records).chain(shared);
    let stores: Vec<_> = stores.collect();
    let count =
        |kind: &str| stores.iter().map(|store| store.get(kind).copied().unwrap_or_default() as u64).sum();
    let mut counted: BTreeMap<_, u64> = KINDS.iter().map(|(name, kind)| (*name, count(kind))).collect();
    counted.insert(PORTS, hosts.iter().map(|records| records.ports as u64).sum());
    counted
}

/// How much there must be of each kind when nothing is under way: each network and endpoint has a name, a number and a
/// record of its driver, each endpoint a port, and each task a sandbox on each host. Where hosts share a store, an
/// endpoint has its port, and a table entry, while it is in a sandbox.
pub(super) fn due(shares: &[Share], options: &DemoOptions) -> BTreeMap<&'static str, u64> {
    let joined: u64 = shares.iter().map(|share| share.joined() as u64).sum();
    let is_shared = options.global.is_some();
    let networks: u64 = shares.iter().map(|share| share.networks.len() as u64).sum();
    let endpoints: u64 = shares.iter().map(|share| share.endpoints.len() as u64).sum();
    BTreeMap::from([
        ("networks", networks),
        ("network names", networks),
        ("endpoints", endpoints),
        ("endpoint names", endpoints),
        ("numbers", networks + endpoints),
        ("driver records", networks + endpoints),
        (PORTS, if is_shared { joined } else { endpoints }),
        ("sandboxes", shares.len() as u64 * options.daemons() as u64),
        ("table entries", if is_shared { joined } else { 0 }),
        ("intents", 0),
    ])
}
