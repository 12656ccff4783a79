//! Stored records: what is read is written and read the same, and nothing that is not known is lost.

use netkeep_model::{
    AddressRecord, AddressSpace, Alive, DriverRecord, Endpoint, EndpointNameRecord, ExternalId, Gone, Host,
    Intent, Link, Mark, Network, NetworkId, NetworkNameRecord, NumberRecord, PoolRecord, PortBlock,
    PublishedEntry, RECORD_KINDS, Realized, RecordKind, Sandbox, StoreClient, SubPoolRecord, ThisHost,
    WayOut,
};
use netkeep_store::datastore::{Envelope, Global, Home, LivesIn, Local, Record, Transaction, Versioned};
use netkeep_store::{Entry, Key, Kind, Revision, Write};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::objects;

/// What no version of any record knows.
const FUTURE: &str = "from_the_future";

/// The form of a golden file: a key, a stored value, and the fields of another record of the same kind.
#[derive(Deserialize)]
struct Sample<'a> {
    key: String,
    #[serde(borrow)]
    stored: &'a RawValue,
    #[serde(default)]
    minimal: Value,
}

/// One kind of record, with its type forgotten.
struct Checked {
    kind: &'static str,
    id: fn(&Key),
    sample: fn(&Key, &Sample<'_>),
}

/// Reads something of the form of a golden file, and anything as a stored value and as the fields of a record.
///
/// # Panics
///
/// If a record that can be read is not written as itself, if what was written cannot be read or means something
/// else, or if a field that is not known is lost.
pub fn record(data: &[u8]) {
    if let Ok(fields) = serde_json::from_slice::<Value>(data) {
        RECORD_KINDS.iter().for_each(|kind| recoded(kind, &fields));
    }
    if let Ok(envelope) = Envelope::parse(data) {
        let again = serde_json::to_vec(&envelope).expect("it was JSON");
        assert_eq!(Envelope::parse(&again).ok(), Some(envelope));
    }
    let Ok(sample) = serde_json::from_slice::<Sample<'_>>(data) else { return };
    let Ok(key) = Key::parse(&sample.key) else { return };
    let Ok(envelope) = Envelope::parse(sample.stored.get().as_bytes()) else { return };
    RECORD_KINDS.iter().for_each(|kind| recoded(kind, &envelope.record));
    for checked in every_kind().iter().filter(|checked| checked.kind == envelope.kind) {
        (checked.sample)(&key, &sample);
    }
}

/// Panics if a key does not lead to an id and back.
pub(crate) fn ids(key: &Key) {
    every_kind().iter().for_each(|checked| (checked.id)(key));
}

/// Panics if this network can be created in a form that cannot be read.
pub(crate) fn created(network: &Network) {
    let id: NetworkId = "00112233445566778899018bcfe56800".parse().expect("it is an id");
    create::<Network, Local>(&id, network);
}

fn every_kind() -> &'static [Checked] {
    const fn checked<T: Record<Home: LivesIn<S>>, S: Home>() -> Checked {
        Checked { kind: T::KIND, id: id::<T>, sample: sample::<T, S> }
    }
    &const {
        [
            checked::<Network, Local>(),
            checked::<NetworkNameRecord, Local>(),
            checked::<Endpoint, Local>(),
            checked::<EndpointNameRecord, Local>(),
            checked::<AddressSpace, Local>(),
            checked::<PoolRecord, Local>(),
            checked::<SubPoolRecord, Local>(),
            checked::<AddressRecord, Local>(),
            checked::<NumberRecord, Local>(),
            checked::<PortBlock, Local>(),
            checked::<Link, Local>(),
            checked::<Sandbox, Local>(),
            checked::<WayOut, Local>(),
            checked::<Intent, Local>(),
            checked::<Realized, Local>(),
            checked::<ThisHost, Local>(),
            checked::<StoreClient, Local>(),
            checked::<Mark, Local>(),
            checked::<Host, Global>(),
            checked::<Alive, Global>(),
            checked::<Gone, Global>(),
            checked::<PublishedEntry, Global>(),
            checked::<DriverRecord, Local>(),
            checked::<ExternalId, Local>(),
        ]
    }
}

fn recoded(kind: &RecordKind, fields: &Value) {
    if let Ok(once) = kind.recode(fields) {
        assert_eq!(kind.recode(&once).ok().as_ref(), Some(&once), "{} is written in two ways", kind.kind);
    }
}

fn id<T: Record>(key: &Key) {
    if let Some(id) = T::id(key) {
        assert_eq!(T::key(&id).ok().as_ref(), Some(key), "{id:?} does not lead back");
    }
}

fn sample<T: Record<Home: LivesIn<S>>, S: Home>(key: &Key, sample: &Sample<'_>) {
    let Ok(read) = read::<T>(key, sample.stored.get().as_bytes()) else { return };
    let Some(written) = replace::<T, S>(&read, &read.record) else { return };
    let again =
        self::read::<T>(key, &written).unwrap_or_else(|error| panic!("written, not readable: {error}"));
    assert_eq!(again.record, read.record);
    assert_eq!(replace::<T, S>(&again, &again.record), Some(written), "it is written in two ways");

    let stored: Value = serde_json::from_str(sample.stored.get()).expect("it was read as a record");
    planted::<T, S>(key, &stored);
    if let Ok(next) = T::deserialize(&sample.minimal) {
        create::<T, S>(&read.id, &next);
        let Some(written) = replace::<T, S>(&read, &next) else { return };
        let again = self::read::<T>(key, &written).unwrap_or_else(|error| panic!("replaced: {error}"));
        assert_eq!(again.record, next, "what is not known changes what is");
    }
}

/// Plants a field in each object of the record that this host knows; one that does not disturb must stay.
fn planted<T: Record<Home: LivesIn<S>>, S: Home>(key: &Key, stored: &Value) {
    let kind = RecordKind::of_name(T::KIND).expect("it is in the list");
    let known = kind.recode(&stored["record"]).expect("it was read");
    for object in objects(&known) {
        let mut newer = known.clone();
        let fields = newer.pointer_mut(&object).and_then(Value::as_object_mut);
        fields.expect("it was found there").insert(FUTURE.to_owned(), serde_json::json!([1, {"a": null}]));
        let mut envelope = stored.clone();
        envelope["record"] = newer;
        let Ok(read) = read::<T>(key, envelope.to_string().as_bytes()) else { continue };
        let Some(written) = replace::<T, S>(&read, &read.record) else { continue };
        let written: Value = serde_json::from_slice(&written).expect("JSON was written");
        let place = format!("/record{object}/{FUTURE}");
        assert_eq!(written.pointer(&place), envelope.pointer(&place), "{place} of a {} is lost", T::KIND);
    }
}

/// The value that replaces what was read; none if this host must not replace it.
fn replace<T: Record<Home: LivesIn<S>>, S: Home>(read: &Versioned<T>, next: &T) -> Option<Vec<u8>> {
    let mut transaction = Transaction::<S>::new();
    match transaction.replace(read, next) {
        Ok(()) => Some(value(transaction)),
        Err(error) => {
            assert_eq!(error.kind(), Kind::Invalid, "{error}");
            None
        }
    }
}

fn create<T: Record<Home: LivesIn<S>>, S: Home>(id: &T::Id, record: &T) {
    let mut transaction = Transaction::<S>::new();
    if let Err(error) = transaction.create(id, record) {
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        return;
    }
    let key = T::key(id).expect("a record was created there");
    let again = read::<T>(&key, &value(transaction)).unwrap_or_else(|error| panic!("created: {error}"));
    assert_eq!(&again.record, record);
    let listed = serde_json::to_vec(&[[record]]).expect("it was written");
    assert!(serde_json::from_slice::<Value>(&listed).is_ok(), "an answer that lists it cannot be read");
}

fn value<S: Home>(transaction: Transaction<S>) -> Vec<u8> {
    match transaction.into_txn().writes() {
        [Write::Put { value, .. }] => value.to_vec(),
        writes => panic!("one record is written, not {writes:?}"),
    }
}

fn read<T: Record>(key: &Key, value: &[u8]) -> netkeep_store::Result<Versioned<T>> {
    let revision = Revision::new(1);
    Versioned::read(&Entry { key: key.clone(), value: value.to_vec().into(), revision, lease: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_checked() {
        let checked: Vec<_> = every_kind().iter().map(|checked| checked.kind).collect();
        let kinds: Vec<_> = RECORD_KINDS.iter().map(|kind| kind.kind).collect();
        assert_eq!(checked, kinds);
    }
}
