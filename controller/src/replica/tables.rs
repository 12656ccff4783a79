//! The records of a store, by type and id.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use netkeep_model::{
    AddressKey, AddressRecord, AddressSpace, Alive, DriverKind, DriverRecord, DriverRecordKey, Endpoint,
    EndpointId, EndpointKey, EndpointNameRecord, ExternalId, Gone, Host, HostRef, Id, Intent, Link, Mark,
    Network, NetworkId, NetworkNameRecord, NumberRecord, Object, ObjectKind, Pool, PoolKey, PoolRecord,
    PortBlock, PublishedEntry, Realized, RealizedKey, Sandbox, Space, StoreClient, SubPoolKey, SubPoolRecord,
    ThisHost, ThisHostKey, Timestamp,
};
use netkeep_store::datastore::{Record, Unreadable, Versioned};
use netkeep_store::{Entry, Key, Segment};

macro_rules! tables {
    ($($field:ident: $record:ty,)*) => {
        /// The records of a store, by type and id.
        #[derive(Debug, Default)]
        pub(crate) struct Tables {
            $(pub(crate) $field: BTreeMap<<$record as Record>::Id, Versioned<$record>>,)*
            /// What cannot be read: quarantined, reported, and in nobody's way.
            pub(crate) unreadable: BTreeMap<Key, Unreadable>,
            /// How many records each driver has.
            of_drivers: BTreeMap<DriverKind, usize>,
        }

        impl Tables {
            /// Puts what stands under `key`, or takes it out.
            pub(super) fn set(&mut self, key: &Key, entry: Option<&Entry>) {
                let driver = DriverRecord::id(key);
                let had = driver.as_ref().is_some_and(|id| self.driver_records.contains_key(id));
                self.put(key, entry);
                if let Some(id) = driver {
                    self.count(&id, had);
                }
            }

            fn put(&mut self, key: &Key, entry: Option<&Entry>) {
                self.unreadable.remove(key);
                $(
                    if let Some(id) = <$record>::id(key) {
                        match entry.map(Unreadable::unless_read::<$record>) {
                            Some(Ok(read)) => {
                                self.$field.insert(id, read);
                            }
                            Some(Err(unreadable)) => {
                                self.$field.remove(&id);
                                self.unreadable.insert(key.clone(), unreadable);
                            }
                            None => {
                                self.$field.remove(&id);
                            }
                        }
                        return;
                    }
                )*
                if let Some(entry) = entry.filter(|entry| !is_drivers_own(&entry.key)) {
                    let unreadable = Unreadable {
                        key: key.clone(),
                        revision: entry.revision,
                        reason: "no record has such a key".to_owned(),
                    };
                    self.unreadable.insert(key.clone(), unreadable);
                }
            }

            /// The records in their stored form, without those that go with a lease.
            pub(crate) fn entries(&self) -> Vec<Entry> {
                let mut entries = Vec::new();
                $(
                    if <$record>::KIND != Alive::KIND {
                        entries.extend(self.$field.values().filter_map(stored));
                    }
                )*
                entries
            }

            /// How many records there are of each kind.
            pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
                BTreeMap::from([$((<$record>::KIND, self.$field.len()),)*])
            }
        }
    };
}

tables! {
    networks: Network,
    network_names: NetworkNameRecord,
    endpoints: Endpoint,
    endpoint_names: EndpointNameRecord,
    spaces: AddressSpace,
    pools: PoolRecord,
    sub_pools: SubPoolRecord,
    addresses: AddressRecord,
    numbers: NumberRecord,
    port_blocks: PortBlock,
    links: Link,
    sandboxes: Sandbox,
    intents: Intent,
    realized: Realized,
    this_host: ThisHost,
    clients: StoreClient,
    hosts: Host,
    alive: Alive,
    gone: Gone,
    published: PublishedEntry,
    driver_records: DriverRecord,
    external_ids: ExternalId,
    marks: Mark,
}

impl Tables {
    /// True if this run of a host is over, by the record of the host: a later one has begun, or it was evicted.
    /// Nothing is known of a host without a record.
    pub(crate) fn is_over(&self, run: HostRef) -> bool {
        let host = self.hosts.get(&run.host).map(|read| &read.record);
        host.is_some_and(|host| host.incarnation > run.incarnation || host.has_evicted(run.incarnation))
    }

    /// True if this run was evicted.
    pub(crate) fn is_evicted(&self, run: HostRef) -> bool {
        self.hosts.get(&run.host).is_some_and(|read| read.record.has_evicted(run.incarnation))
    }

    /// True if there is a record of this network, even one that cannot be read.
    pub(crate) fn has_network(&self, network: NetworkId) -> bool {
        self.networks.contains_key(&network) || self.is_unreadable::<Network>(&network)
    }

    /// True if there is a record of this endpoint, even one that cannot be read.
    pub(crate) fn has_endpoint(&self, network: NetworkId, endpoint: EndpointId) -> bool {
        let id = EndpointKey { network, endpoint };
        self.endpoints.contains_key(&id) || self.is_unreadable::<Endpoint>(&id)
    }

    /// True if there is a record of this pool, even one that cannot be read.
    pub(crate) fn has_pool(&self, id: &PoolKey) -> bool {
        self.pools.contains_key(id) || self.is_unreadable::<PoolRecord>(id)
    }

    /// True if there is a record of this space, even one that cannot be read.
    pub(crate) fn has_space(&self, space: &Space) -> bool {
        self.spaces.contains_key(space) || self.is_unreadable::<AddressSpace>(space)
    }

    /// The pools of a space of which the record, or that of a part, cannot be read.
    pub(crate) fn unreadable_pools<'a>(&'a self, space: &'a Space) -> impl Iterator<Item = Pool> + 'a {
        self.unreadable.keys().filter_map(|key| {
            let whole = PoolRecord::id(key).map(|id| (id.space, id.pool));
            let part = || SubPoolRecord::id(key).map(|id| (id.space, id.master));
            let (of, pool) = whole.or_else(part)?;
            (of == *space).then_some(pool)
        })
    }

    /// True if the record of a part of this pool cannot be read.
    pub(crate) fn has_unreadable_part(&self, id: &PoolKey) -> bool {
        let mut parts = self.unreadable.keys().filter_map(SubPoolRecord::id);
        parts.any(|part| part.space == id.space && part.master == id.pool)
    }

    /// True if the record with this id cannot be read.
    pub(crate) fn is_unreadable<T: Record>(&self, id: &T::Id) -> bool {
        !self.unreadable.is_empty() && T::key(id).is_ok_and(|key| self.unreadable.contains_key(&key))
    }

    /// The endpoints of a network.
    pub(crate) fn endpoints_of(&self, network: NetworkId) -> impl Iterator<Item = &Versioned<Endpoint>> {
        let first = EndpointKey { network, endpoint: first_id().into() };
        self.endpoints
            .range(first..)
            .take_while(move |(id, _)| id.network == network)
            .map(|(_, endpoint)| endpoint)
    }

    /// A driver's records on an object.
    pub(crate) fn driver_records_on<'a>(
        &'a self,
        driver: &'a DriverKind,
        on: &'a Object,
    ) -> impl Iterator<Item = &'a Versioned<DriverRecord>> {
        let first = DriverRecordKey { driver: driver.clone(), on: *on, name: Segment::escape("") };
        self.driver_records
            .range(first..)
            .take_while(move |(id, _)| id.driver == *driver && id.on == *on)
            .map(|(_, record)| record)
    }

    /// True if this was noted in an earlier boot of this host: what its kernel held of it is gone.
    pub(crate) fn is_of_earlier_boot(&self, noted: &Realized) -> bool {
        self.this_host.get(&ThisHostKey).is_some_and(|host| host.record.boot != noted.boot)
    }

    /// What is noted of the attachments of an endpoint.
    pub(crate) fn noted_joins(&self, of: EndpointKey) -> impl Iterator<Item = &Versioned<Realized>> {
        let first = RealizedKey(Object::Join(of.network, of.endpoint, first_id().into()));
        self.realized
            .range(first..)
            .take_while(move |(id, _)| {
                id.0.kind() == ObjectKind::Join
                    && id.0.network() == of.network
                    && id.0.endpoint() == Some(of.endpoint)
            })
            .map(|(_, realized)| realized)
    }

    /// The entries that are published on a network.
    pub(crate) fn published_of(
        &self,
        network: NetworkId,
    ) -> impl Iterator<Item = &Versioned<PublishedEntry>> {
        self.published
            .values()
            .skip_while(move |read| read.id.network < network)
            .take_while(move |read| read.id.network == network)
    }

    /// The drivers that have records on anything.
    pub(crate) fn drivers_with_records(&self) -> impl Iterator<Item = &DriverKind> {
        self.of_drivers.keys()
    }

    fn count(&mut self, id: &DriverRecordKey, had: bool) {
        let has = self.driver_records.contains_key(id);
        if has == had {
            return;
        }
        let count = self.of_drivers.entry(id.driver.clone()).or_default();
        *count = if has { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.of_drivers.remove(&id.driver);
        }
    }

    /// The pools of a space.
    pub(crate) fn pools_of<'a>(
        &'a self,
        space: &'a Space,
    ) -> impl Iterator<Item = &'a Versioned<PoolRecord>> {
        let first = PoolKey { space: space.clone(), pool: first_pool() };
        self.pools.range(first..).take_while(move |(id, _)| id.space == *space).map(|(_, pool)| pool)
    }

    /// The sub-pools of a pool.
    pub(crate) fn sub_pools_of<'a>(
        &'a self,
        space: &'a Space,
        master: Pool,
    ) -> impl Iterator<Item = &'a Versioned<SubPoolRecord>> {
        let first = SubPoolKey { space: space.clone(), master, sub: first_pool() };
        self.sub_pools
            .range(first..)
            .take_while(move |(id, _)| id.space == *space && id.master == master)
            .map(|(_, sub)| sub)
    }

    /// The addresses of a pool that are given.
    pub(crate) fn addresses_of<'a>(
        &'a self,
        space: &'a Space,
        master: Pool,
    ) -> impl Iterator<Item = &'a Versioned<AddressRecord>> {
        let first = AddressKey { space: space.clone(), master, ip: Ipv4Addr::UNSPECIFIED.into() };
        self.addresses
            .range(first..)
            .take_while(move |(id, _)| id.space == *space && id.master == master)
            .map(|(_, address)| address)
    }
}

/// A record in its stored form; nothing of one that cannot be written.
fn stored<T: Record>(read: &Versioned<T>) -> Option<Entry> {
    let (key, value) = (T::key(&read.id).ok()?, read.stored().ok()?);
    Some(Entry { key, value, revision: read.revision(), lease: None })
}

/// What orders before every other id.
fn first_id() -> Id {
    Id::new(Timestamp::from_unix_millis(0), [0; 10])
}

/// What orders before every other pool.
fn first_pool() -> Pool {
    Pool::around(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0))
}

/// Drivers keep data of their own, which only they can read, below two roots.
fn is_drivers_own(key: &Key) -> bool {
    ["driver-data/", "ipam-data/"].iter().any(|root| key.as_str().starts_with(root))
}
