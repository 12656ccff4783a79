//! All kinds of records, in one list.

use netkeep_store::Key;
use netkeep_store::datastore::{Either, Global, Local, Record};
use serde_json::Value;

use super::{
    AddressRecord, AddressSpace, Alive, DriverRecord, Endpoint, EndpointNameRecord, ExternalId, Gone, Host,
    Intent, Link, Mark, Network, NetworkNameRecord, NumberRecord, PoolRecord, PortBlock, PublishedEntry,
    Realized, Sandbox, StoreClient, SubPoolRecord, ThisHost, WayOut,
};

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

/// Every kind of record.
pub static RECORD_KINDS: &[RecordKind] = &[
    kind::<Network>(),
    kind::<NetworkNameRecord>(),
    kind::<Endpoint>(),
    kind::<EndpointNameRecord>(),
    kind::<AddressSpace>(),
    kind::<PoolRecord>(),
    kind::<SubPoolRecord>(),
    kind::<AddressRecord>(),
    kind::<NumberRecord>(),
    kind::<PortBlock>(),
    kind::<Link>(),
    kind::<Sandbox>(),
    kind::<WayOut>(),
    kind::<Intent>(),
    kind::<Realized>(),
    kind::<ThisHost>(),
    kind::<StoreClient>(),
    kind::<Mark>(),
    kind::<Host>(),
    kind::<Alive>(),
    kind::<Gone>(),
    kind::<PublishedEntry>(),
    kind::<DriverRecord>(),
    kind::<ExternalId>(),
];

/// A home as a value.
trait Placed {
    const PLACE: Place;
}

impl Placed for Local {
    const PLACE: Place = Place::Local;
}

impl Placed for Global {
    const PLACE: Place = Place::Global;
}

impl Placed for Either {
    const PLACE: Place = Place::Either;
}

const fn kind<T: Record<Home: Placed>>() -> RecordKind {
    RecordKind {
        kind: T::KIND,
        version: T::VERSION,
        root: T::ROOT,
        place: T::Home::PLACE,
        holds: holds::<T>,
        recode: recode::<T>,
    }
}

fn holds<T: Record>(key: &Key) -> bool {
    T::id(key).is_some()
}

fn recode<T: Record>(record: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(record)?)
}
