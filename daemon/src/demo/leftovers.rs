//! How much there is of everything, compared with how much there must be.

use std::collections::BTreeMap;

use netkeep_model::{
    AddressRecord, DriverRecord, Endpoint, EndpointNameRecord, Intent, Link, Network, NetworkNameRecord,
    NumberRecord, PoolRecord, Realized, SubPoolRecord,
};
use netkeep_store::datastore::Record;

use super::share::Share;
use crate::api::Records;

/// What can be left over, as people call it, and the kind of its record.
const KINDS: [(&str, &str); 11] = [
    ("networks", Network::KIND),
    ("network names", NetworkNameRecord::KIND),
    ("endpoints", Endpoint::KIND),
    ("endpoint names", EndpointNameRecord::KIND),
    ("pools", PoolRecord::KIND),
    ("addresses", AddressRecord::KIND),
    ("numbers", NumberRecord::KIND),
    ("links", Link::KIND),
    ("driver records", DriverRecord::KIND),
    ("intents", Intent::KIND),
    ("realized notes", Realized::KIND),
];
const PORTS: &str = "ports";

/// How much there is of each kind that can be left over.
pub(super) fn counted(records: &Records) -> BTreeMap<&'static str, u64> {
    let count = |kind: &str| records.records.get(kind).copied().unwrap_or_default() as u64;
    let mut counted: BTreeMap<_, _> = KINDS.iter().map(|(name, kind)| (*name, count(kind))).collect();
    counted.insert("sub-pools", count(SubPoolRecord::KIND));
    counted.insert(PORTS, records.ports as u64);
    counted
}

/// How much there must be of each kind when nothing is under way: each network and endpoint has a name, a number and a
/// record of its driver, and each endpoint a port.
pub(super) fn due(shares: &[Share]) -> BTreeMap<&'static str, u64> {
    let networks: u64 = shares.iter().map(|share| share.networks.len() as u64).sum();
    let endpoints: u64 = shares.iter().map(|share| share.endpoints.len() as u64).sum();
    BTreeMap::from([
        ("networks", networks),
        ("network names", networks),
        ("endpoints", endpoints),
        ("endpoint names", endpoints),
        ("numbers", networks + endpoints),
        ("driver records", networks + endpoints),
        (PORTS, endpoints),
        ("intents", 0),
    ])
}
