//! Every stored form that was ever released can be read, and is written again as it was.
//!
//! Each file of `golden/` is named after a kind and a version and holds a key, the whole stored form with every
//! field set, and the fields of the smallest record of that kind. A file is never changed after its release.

use std::collections::BTreeSet;
use std::path::PathBuf;

use netkeep_model::{
    AddressRecord, AddressSpace, Alive, Attachment, DnsServer, DriverRecord, Endpoint, EndpointNameRecord,
    ExternalId, ExtraHost, Gone, GrantedPool, Host, HostRef, Intent, InterfaceNames, InterfaceSpec,
    KnownStore, Mark, Network, NetworkIpam, NetworkNameRecord, NetworkPool, NumberRecord, PoolRecord,
    PoolRef, PortBinding, PortBlock, PublishedEntry, RECORD_KINDS, Realized, RecordKind, RequestedAddresses,
    RequestedPool, Route, Sandbox, SandboxEndpoint, Service, ServicePort, StoreClient, SubPoolRecord,
    ThisHost, Way, WayOut,
};
use netkeep_store::Key;
use netkeep_store::datastore::{Envelope, Record};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

mod field_names;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    key: String,
    stored: Envelope,
    minimal: Value,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(kind: &str, version: u32) -> Golden {
    let path = folder().join(format!("{kind}.v{version}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn each(check: impl Fn(&RecordKind, Golden)) {
    for kind in RECORD_KINDS {
        for version in 1..=kind.version {
            check(kind, golden(kind.kind, version));
        }
    }
}

#[test]
fn every_kind_and_version_has_a_file_and_every_file_a_kind() {
    let wanted: BTreeSet<String> = RECORD_KINDS
        .iter()
        .flat_map(|kind| (1..=kind.version).map(|version| format!("{}.v{version}.json", kind.kind)))
        .collect();
    let found: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn every_golden_record_is_read_and_written_as_it_was() {
    each(|kind, golden| {
        assert_eq!(golden.stored.kind, kind.kind);
        assert!(golden.stored.version <= kind.version);
        let again =
            kind.recode(&golden.stored.record).unwrap_or_else(|error| panic!("{}: {error}", kind.kind));
        assert_eq!(again, golden.stored.record, "{}", kind.kind);
    });
}

#[test]
fn the_smallest_record_of_each_kind_stays_as_small() {
    each(|kind, golden| {
        let again = kind.recode(&golden.minimal).unwrap_or_else(|error| panic!("{}: {error}", kind.kind));
        assert_eq!(again, golden.minimal, "{}", kind.kind);
    });
}

#[test]
fn without_any_of_its_fields_the_smallest_record_is_unreadable() {
    each(|kind, golden| {
        let fields = golden.minimal.as_object().unwrap();
        // The value of a driver's record may be null, which serde also takes from an absent field.
        for name in fields.keys().filter(|_| kind.kind != "driver-record") {
            let mut less = fields.clone();
            less.remove(name);
            assert!(kind.recode(&Value::Object(less)).is_err(), "{} without {name}", kind.kind);
        }
    });
}

#[test]
fn a_field_of_a_newer_version_does_not_hinder_reading() {
    each(|kind, golden| {
        let mut record = golden.stored.record.clone();
        record.as_object_mut().unwrap().insert("from_the_future".into(), true.into());
        assert_eq!(kind.recode(&record).unwrap(), golden.stored.record, "{}", kind.kind);
    });
}

#[test]
fn every_golden_key_is_of_its_kind_alone() {
    each(|kind, golden| {
        let key = Key::parse(&golden.key).unwrap();
        let holders: Vec<&str> =
            RECORD_KINDS.iter().filter(|other| other.holds(&key)).map(|other| other.kind).collect();
        assert_eq!(holders, [kind.kind], "{key}");
        assert_eq!(RecordKind::of_key(&key).unwrap().kind, kind.kind);
        assert_eq!(key.segments().next().unwrap().as_str(), kind.root);
    });
}

/// The golden record of `T` as a value, after its key went through the id of `T`.
fn read<T: Record>() -> (T, Value) {
    let golden = golden(T::KIND, T::VERSION);
    let key = Key::parse(&golden.key).unwrap();
    assert_eq!(T::key(&T::id(&key).unwrap()).unwrap(), key);
    (serde_json::from_value(golden.stored.record.clone()).unwrap(), golden.stored.record)
}

/// Asserts that the JSON at `place` in `record` has every field of `S`.
fn complete<S: DeserializeOwned>(record: &Value, place: &str) {
    let object = record.pointer(place).unwrap_or_else(|| panic!("{place} is there")).as_object().unwrap();
    let names = field_names::of::<S>();
    assert!(!names.is_empty(), "{} has fields", std::any::type_name::<S>());
    for name in names {
        assert!(object.contains_key(*name), "{} lacks {name}", std::any::type_name::<S>());
    }
}

fn complete_record<T: Record>() -> Value {
    let (record, json) = read::<T>();
    assert_eq!(serde_json::to_value(record).unwrap(), json);
    complete::<T>(&json, "");
    json
}

#[test]
fn in_networks_endpoints_and_sandboxes_every_field_is_set() {
    let network = complete_record::<Network>();
    complete::<NetworkIpam>(&network, "/ipam");
    complete::<NetworkPool>(&network, "/ipam/pools/0");
    complete::<RequestedPool>(&network, "/ipam/pools/0/requested");
    complete::<GrantedPool>(&network, "/ipam/pools/0/granted");
    complete::<PoolRef>(&network, "/ipam/pools/0/granted/pool");

    let endpoint = complete_record::<Endpoint>();
    complete::<HostRef>(&endpoint, "/owner");
    complete::<InterfaceSpec>(&endpoint, "/interfaces/0");
    complete::<InterfaceNames>(&endpoint, "/interfaces/0/names");
    complete::<RequestedAddresses>(&endpoint, "/requested");
    complete::<Route>(&endpoint, "/routes/0");
    complete::<PortBinding>(&endpoint, "/bindings/0");
    complete::<Service>(&endpoint, "/service");
    complete::<ServicePort>(&endpoint, "/service/ports/0");
    complete::<Attachment>(&endpoint, "/attachment");

    let sandbox = complete_record::<Sandbox>();
    complete::<ExtraHost>(&sandbox, "/extra_hosts/0");
    complete::<DnsServer>(&sandbox, "/dns/0");
    complete::<SandboxEndpoint>(&sandbox, "/endpoints/0");
}

#[test]
fn in_all_others_every_field_is_set_too() {
    complete_record::<NetworkNameRecord>();
    complete_record::<EndpointNameRecord>();
    complete_record::<AddressSpace>();
    complete_record::<PoolRecord>();
    complete_record::<SubPoolRecord>();
    complete_record::<AddressRecord>();
    complete_record::<NumberRecord>();
    complete_record::<netkeep_model::Link>();
    let way_out = complete_record::<WayOut>();
    complete::<Way>(&way_out, "/now");
    complete::<Way>(&way_out, "/before");
    complete_record::<Intent>();
    complete_record::<Realized>();
    let this_host = complete_record::<ThisHost>();
    complete::<KnownStore>(&this_host, "/global");
    let client = complete_record::<StoreClient>();
    complete::<netkeep_store::remote::KnownStore>(&client, "/known");
    complete_record::<Mark>();
    complete_record::<Host>();
    complete_record::<Alive>();
    complete_record::<Gone>();
    complete_record::<PublishedEntry>();
    complete_record::<DriverRecord>();
    complete_record::<ExternalId>();
    let (block, _) = read::<PortBlock>();
    assert_eq!(block.claims().len(), 3);
}
