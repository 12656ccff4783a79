//! All kinds of records, in one list.

use netkeep_store::Key;
use netkeep_store::datastore::{Either, Global, Local, Record};
use serde_json::Value;

use super::{
    AddressKey, AddressRecord, AddressSpace, Alive, DriverRecord, DriverRecordKey, Endpoint, EndpointKey,
    EndpointNameKey, EndpointNameRecord, ExternalId, ExternalKey, Gone, Host, Intent, Link, Mark, Network,
    NetworkNameRecord, NumberKey, NumberRecord, PoolKey, PoolRecord, PortBlock, PortBlockKey, PublishedEntry,
    PublishedEntryKey, Realized, RealizedKey, Sandbox, SubPoolKey, SubPoolRecord, ThisHost, ThisHostKey,
};
use crate::{HostId, LinkName, NetworkId, NetworkName, OperationId, SandboxId, Space};

/// What is known of one kind of record without its type; what walks a whole store works with these.
#[derive(Clone, Copy, Debug)]
pub struct RecordKind {
    /// [`Record::KIND`].
    pub kind: &'static str,
    /// [`Record::VERSION`].
    pub version: u32,
    /// [`Record::ROOT`].
    pub root: &'static str,
    /// [`Record::Home`].
    pub place: Place,
    holds: fn(&Key) -> bool,
    recode: fn(&Value) -> serde_json::Result<Value>,
}

/// Which stores hold records of a kind: [`Record::Home`] as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The store of one host.
    Local,
    /// The store that all hosts share.
    Global,
    /// Whichever of the two the scope says.
    Either,
}

impl RecordKind {
    /// The kind of the record with this key; `None` if no record has such a key.
    pub fn of_key(key: &Key) -> Option<&'static Self> {
        RECORD_KINDS.iter().find(|kind| kind.holds(key))
    }

    /// The kind with this name.
    pub fn of_name(name: &str) -> Option<&'static Self> {
        RECORD_KINDS.iter().find(|kind| kind.kind == name)
    }

    /// Whether records of this kind may have this key.
    pub fn holds(&self, key: &Key) -> bool {
        (self.holds)(key)
    }

    /// Reads the fields of a record, without the envelope, and gives them back as this version writes them:
    /// without defaults, and without what it does not know.
    ///
    /// # Errors
    ///
    /// What serde says if they cannot be read.
    pub fn recode(&self, record: &Value) -> serde_json::Result<Value> {
        (self.recode)(record)
    }
}

fn holds<T: Record>(key: &Key) -> bool {
    T::id(key).is_some()
}

fn recode<T: Record>(record: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(record)?)
}

macro_rules! records {
    ($($record:ident, $id:ident, $home:ident, $kind:literal, $version:literal, $root:literal;)*) => {
        $(impl Record for $record {
            type Home = $home;
            type Id = $id;
            const KIND: &'static str = $kind;
            const VERSION: u32 = $version;
            const ROOT: &'static str = $root;
        })*

        /// Every kind of record.
        pub static RECORD_KINDS: &[RecordKind] = &[$(RecordKind {
            kind: $kind,
            version: $version,
            root: $root,
            place: Place::$home,
            holds: holds::<$record>,
            recode: recode::<$record>,
        }),*];
    };
}

records! {
    Network, NetworkId, Either, "network", 1, "networks";
    NetworkNameRecord, NetworkName, Either, "network-name", 1, "network-names";
    Endpoint, EndpointKey, Either, "endpoint", 1, "endpoints";
    EndpointNameRecord, EndpointNameKey, Either, "endpoint-name", 1, "endpoint-names";
    AddressSpace, Space, Either, "space", 1, "spaces";
    PoolRecord, PoolKey, Either, "pool", 1, "pools";
    SubPoolRecord, SubPoolKey, Either, "sub-pool", 1, "subpools";
    AddressRecord, AddressKey, Either, "address", 1, "addresses";
    NumberRecord, NumberKey, Either, "number", 1, "numbers";
    PortBlock, PortBlockKey, Local, "port-block", 1, "ports";
    Link, LinkName, Local, "link", 1, "links";
    Sandbox, SandboxId, Local, "sandbox", 1, "sandboxes";
    Intent, OperationId, Local, "intent", 1, "intents";
    Realized, RealizedKey, Local, "realized", 1, "realized";
    ThisHost, ThisHostKey, Local, "this-host", 1, "meta";
    Mark, HostId, Either, "mark", 1, "marks";
    Host, HostId, Global, "host", 1, "hosts";
    Alive, HostId, Global, "alive", 1, "alive";
    Gone, HostId, Global, "gone", 1, "gone";
    PublishedEntry, PublishedEntryKey, Global, "table-entry", 1, "tables";
    DriverRecord, DriverRecordKey, Either, "driver-record", 1, "drivers";
    ExternalId, ExternalKey, Either, "external-id", 1, "external";
}
