//! The records of a store, by type and id.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use netkeep_model::{
    AddressKey, AddressRecord, AddressSpace, Alive, DriverKind, DriverRecord, DriverRecordKey, Endpoint,
    EndpointId, EndpointKey, EndpointNameRecord, ExternalId, Gone, Host, HostRef, Id, Intent, Link, Mark,
    Network, NetworkId, NetworkNameRecord, NumberRecord, Object, ObjectKind, Pool, PoolKey, PoolRecord,
    PortBlock, PublishedEntry, Realized, RealizedKey, Sandbox, Space, StoreClient, SubPoolKey, SubPoolRecord,
    ThisHost, ThisHostKey, Timestamp, WayOut,
};
use netkeep_store::datastore::{Record, Unreadable, Versioned};
use netkeep_store::{Entry, Key, Segment};

use super::{Names, Range, Said, Says, Table};

macro_rules! tables {
    ($($field:ident: $table:ident<$record:ty>,)*) => {
        /// The records of a store, by type and id.
        #[derive(Debug, Default)]
        pub(crate) struct Tables {
            $(pub(crate) $field: $table<$record>,)*
            /// What cannot be read: quarantined, reported, and in nobody's way.
            pub(crate) unreadable: BTreeMap<Key, Unreadable>,
            /// How many records each driver has.
            of_drivers: BTreeMap<DriverKind, usize>,
        }

        impl Tables {
            /// Puts what stands under `key`, or takes it out.
            pub(super) fn set(&mut self, key: &Key, entry: Option<&Entry>) -> Turn {
                let before = self.driver_records.len();
                let turn = self.put(key, entry);
                let now = self.driver_records.len();
                if let Some(id) = (now != before).then(|| DriverRecord::id(key)).flatten() {
                    self.count(id.driver, now > before);
                }
                turn
            }

            fn put(&mut self, key: &Key, entry: Option<&Entry>) -> Turn {
                self.unreadable.remove(key);
                $(
                    if let Some(id) = <$record>::id(key) {
                        let read = match entry.map(|entry| Unreadable::unless_read_as::<$record>(id.clone(), entry)) {
                            Some(Err(unreadable)) => {
                                self.unreadable.insert(key.clone(), unreadable);
                                None
                            }
                            read => read.and_then(Result::ok),
                        };
                        let after = read.as_ref().map(|read| read.record.said()).unwrap_or_default();
                        let before = match read {
                            Some(read) => self.$field.insert(read),
                            None => self.$field.remove(&id),
                        };
                        let before = before.map(|read| read.record.said()).unwrap_or_default();
                        return Turn { place: <$record>::place(&id), before, after };
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
                Turn::default()
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

/// How a key has changed.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The number that it stands for.
    pub(super) place: Option<(Range, u128)>,
    /// What the record under it has said.
    pub(super) before: Said,
    /// What the one that stands there now says.
    pub(super) after: Said,
}

tables! {
    networks: Table<Network>,
    network_names: Names<NetworkNameRecord>,
    endpoints: Table<Endpoint>,
    endpoint_names: Names<EndpointNameRecord>,
    spaces: Table<AddressSpace>,
    pools: Table<PoolRecord>,
    sub_pools: Table<SubPoolRecord>,
    addresses: Table<AddressRecord>,
    numbers: Table<NumberRecord>,
    port_blocks: Table<PortBlock>,
    links: Table<Link>,
    sandboxes: Table<Sandbox>,
    ways_out: Table<WayOut>,
    intents: Table<Intent>,
    realized: Table<Realized>,
    this_host: Table<ThisHost>,
    clients: Table<StoreClient>,
    hosts: Table<Host>,
    alive: Table<Alive>,
    gone: Table<Gone>,
    published: Table<PublishedEntry>,
    driver_records: Table<DriverRecord>,
    external_ids: Table<ExternalId>,
    marks: Table<Mark>,
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
        self.endpoints.from(first).take_while(move |read| read.id.network == network)
    }

    /// A driver's records on an object.
    pub(crate) fn driver_records_on<'a>(
        &'a self,
        driver: &'a DriverKind,
        on: &'a Object,
    ) -> impl Iterator<Item = &'a Versioned<DriverRecord>> {
        let first = DriverRecordKey { driver: driver.clone(), on: *on, name: Segment::escape("") };
        self.driver_records.from(first).take_while(move |read| read.id.driver == *driver && read.id.on == *on)
    }

    /// True if this was noted in an earlier boot of this host: what its kernel held of it is gone.
    pub(crate) fn is_of_earlier_boot(&self, noted: &Realized) -> bool {
        self.this_host.get(&ThisHostKey).is_some_and(|host| host.record.boot != noted.boot)
    }

    /// What is noted of the attachments of an endpoint.
    pub(crate) fn noted_joins(&self, of: EndpointKey) -> impl Iterator<Item = &Versioned<Realized>> {
        let first = RealizedKey(Object::Join(of.network, of.endpoint, first_id().into()));
        self.realized.from(first).take_while(move |read| {
            let on = read.id.0;
            on.kind() == ObjectKind::Join && on.network() == of.network && on.endpoint() == Some(of.endpoint)
        })
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

    fn count(&mut self, driver: DriverKind, more: bool) {
        let count = self.of_drivers.entry(driver.clone()).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.of_drivers.remove(&driver);
        }
    }

    /// The pools of a space.
    pub(crate) fn pools_of<'a>(
        &'a self,
        space: &'a Space,
    ) -> impl Iterator<Item = &'a Versioned<PoolRecord>> {
        let first = PoolKey { space: space.clone(), pool: first_pool() };
        self.pools.from(first).take_while(move |read| read.id.space == *space)
    }

    /// The sub-pools of a pool.
    pub(crate) fn sub_pools_of<'a>(
        &'a self,
        space: &'a Space,
        master: Pool,
    ) -> impl Iterator<Item = &'a Versioned<SubPoolRecord>> {
        let first = SubPoolKey { space: space.clone(), master, sub: first_pool() };
        self.sub_pools.from(first).take_while(move |read| read.id.space == *space && read.id.master == master)
    }

    /// The pool of a space that this address is in.
    pub(crate) fn pool_around(&self, space: &Space, ip: IpAddr) -> Option<Pool> {
        // Pools of one space do not overlap, so only the last one that begins at or before it can have it.
        let last = PoolKey { space: space.clone(), pool: Pool::around(IpNet::from(ip)) };
        let found = self.pools.up_to(&last).map(|read| &read.id).filter(|id| id.space == *space);
        let found = found.map(|id| id.pool).filter(|pool| pool.contains(ip));
        found.or_else(|| self.unreadable_pools(space).find(|pool| pool.contains(ip)))
    }

    /// The addresses of a pool that are given.
    pub(crate) fn addresses_of<'a>(
        &'a self,
        space: &'a Space,
        master: Pool,
    ) -> impl Iterator<Item = &'a Versioned<AddressRecord>> {
        let first = AddressKey { space: space.clone(), master, ip: Ipv4Addr::UNSPECIFIED.into() };
        self.addresses.from(first).take_while(move |read| read.id.space == *space && read.id.master == master)
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
