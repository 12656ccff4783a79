//! What the replica knows.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netkeep_drivers::Order;
use netkeep_model::{
    AddressRecord, Class, HostId, HostRef, NumberRecord, Owner, Pool, PoolRecord, Protocol, PublishedEntry,
    Scope, Space,
};
use netkeep_store::datastore::Record;
use netkeep_store::{Change, Entry, Key, Revision, Snapshot, Txn, WatchItem, Write};

use super::runs::Runs;
use super::tables::Turn;
use super::{FreeMap, Owned, Says, Tables};

/// The records of a store in memory: what the watch has delivered, with this process's own commits laid over it
/// until the watch has passed them.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Which of the two stores it is.
    scope: Scope,
    /// Where this host begins to give, so that hosts that share a store do not meet; `None` if nobody shares it.
    part: Option<u64>,
    /// The records.
    pub(crate) tables: Tables,
    /// What is of each run of a host.
    pub(crate) runs: Runs,
    /// What each owner holds and has published.
    owned: Owned,
    /// Which addresses and numbers are taken.
    free: BTreeMap<Range, FreeMap>,
    /// Ports that operations under way have chosen.
    pub(crate) reserved_ports: HashSet<(Protocol, IpAddr, u16)>,
    /// What own commits have written, with the revision, until the watch has shown it or has passed it.
    overlay: BTreeMap<Key, (Revision, Option<Entry>)>,
    /// Keys that the watch has shown in a state beyond what it is through.
    ahead: BTreeMap<Key, Revision>,
    /// All commits up to this one were delivered by the watch.
    through: Revision,
    /// The newest revision that is known of, by the watch or an own commit.
    latest: Revision,
    /// How often the watch has begun anew.
    resets: u64,
    /// How often a table entry was set or removed.
    published_changes: u64,
}

/// Something of which numbers are given: the addresses of a pool, as their bits, or the numbers of a class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Range {
    /// The addresses of a pool.
    Pool(Space, Pool),
    /// The numbers of a class.
    Class(Class),
}

impl State {
    /// Nothing, of the store for this scope.
    pub(crate) fn of(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// As [`State::of`], for this host: in a store that hosts share, it gives from a part of its own.
    pub(crate) fn for_host(scope: Scope, host: HostId) -> Self {
        Self { part: (scope == Scope::Global).then(|| part_of(host)), ..Self::of(scope) }
    }

    /// The scope of the networks in it.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    /// True if `run` is over, as `alive` sees it: in the store of a host every other run is, in the one that hosts
    /// share every other of the same host, and those of which the record of their host says so.
    pub(crate) fn is_over(&self, run: HostRef, alive: HostRef) -> bool {
        if run == alive {
            return false;
        }
        if self.scope == Scope::Local || run.host == alive.host {
            return true;
        }
        self.tables.is_over(run)
    }

    /// Takes an item of the watch.
    pub(crate) fn deliver(&mut self, item: &WatchItem) {
        match item {
            WatchItem::Reset(snapshot) => self.reset(snapshot),
            WatchItem::Changes(batch) => {
                for change in &batch.changes {
                    let (key, revision) = (change.key(), change.revision());
                    // What is newer is known already; this item is late.
                    let own = self.overlay.get(key).map(|(own, _)| *own);
                    if own > Some(revision) || self.ahead.get(key).is_some_and(|shown| *shown > revision) {
                        continue;
                    }
                    self.overlay.remove(key);
                    if revision > batch.through {
                        self.ahead.insert(key.clone(), revision);
                    }
                    match change {
                        // An own commit that the watch repeats.
                        Change::Put(_) if own == Some(revision) => {}
                        Change::Put(entry) => self.set(key, Some(entry)),
                        Change::Delete { .. } => self.set(key, None),
                    }
                }
            }
        }
        self.through = self.through.max(item.through());
        self.latest = self.latest.max(self.through);
        let through = self.through;
        self.ahead.retain(|_, shown| *shown > through);
        // Something of our own that the watch has passed without showing it was deleted before it could: a watch need
        // not tell of what is made and deleted between two items.
        for (key, _) in self.overlay.extract_if(.., |_, (own, _)| *own <= through).collect::<Vec<_>>() {
            self.set(&key, None);
        }
    }

    /// Lays an own commit over what is known.
    pub(crate) fn applied(&mut self, txn: &Txn, revision: Revision) {
        self.latest = self.latest.max(revision);
        if revision <= self.through {
            return;
        }
        for write in txn.writes() {
            let key = write.key();
            let own = self.overlay.get(key).is_some_and(|(own, _)| *own > revision);
            // The answer may come after the watch has shown it, and what became of it.
            if own || self.ahead.get(key).is_some_and(|shown| *shown >= revision) {
                continue;
            }
            let entry = match write {
                Write::Put { key, value, lease } => {
                    Some(Entry { key: key.clone(), value: value.clone(), revision, lease: lease.clone() })
                }
                Write::Delete(_) => None,
            };
            self.set(key, entry.as_ref());
            self.overlay.insert(key.clone(), (revision, entry));
        }
    }

    /// Whether everything is known that was committed together with a record of this revision: the watch is through
    /// it, or it is an own commit.
    pub(crate) fn is_whole(&self, revision: Revision) -> bool {
        revision <= self.through || self.overlay.values().any(|(own, _)| *own == revision)
    }

    /// The newest commit that is known of.
    pub(crate) fn latest(&self) -> Revision {
        self.latest
    }

    /// How often the watch has begun anew.
    pub(crate) fn resets(&self) -> u64 {
        self.resets
    }

    /// A number that grows whenever a table entry is set or removed.
    pub(crate) fn published_changes(&self) -> u64 {
        self.published_changes
    }

    /// The keys of everything that `owner` holds and has published.
    pub(crate) fn held_by(&self, owner: &Owner) -> impl Iterator<Item = &Key> {
        self.owned.of(owner)
    }

    /// Chooses a free number of `range` from `first` to `last`, and reserves it.
    pub(crate) fn reserve_free(
        &mut self,
        range: &Range,
        first: u128,
        last: u128,
        order: Order,
    ) -> Option<u128> {
        let map = self.free.entry(range.clone()).or_default();
        let goes_on = order == Order::Next;
        let is_here = map.last().is_some_and(|given| (first..=last).contains(&given));
        let found = match self.part.filter(|_| goes_on && !is_here) {
            Some(part) => map.find_in_part(first, last, part),
            None => map.find(first, last, order),
        }?;
        if goes_on || self.part.is_none() {
            map.set_last(found);
        }
        map.reserve(found).then_some(found)
    }

    /// Notes that another host has given what is under `key` at the same time: this one goes on elsewhere, so that the
    /// two do not give side by side from now on.
    pub(crate) fn met(&mut self, key: &Key) {
        let Some((part, (range, _))) = self.part.zip(place(key)) else { return };
        self.part = Some(part_of(part));
        if let Some(map) = self.free.get_mut(&range) {
            map.forget_last();
        }
    }

    /// Reserves a number of `range`; false if it is taken.
    pub(crate) fn reserve(&mut self, range: &Range, n: u128) -> bool {
        self.free.entry(range.clone()).or_default().reserve(n)
    }

    /// True if an operation under way holds `n`.
    pub(crate) fn is_reserved(&self, range: &Range, n: u128) -> bool {
        self.free.get(range).is_some_and(|map| map.reserved().any(|held| held == n))
    }

    /// Ends a reservation.
    pub(crate) fn unreserve(&mut self, range: &Range, n: u128) {
        if let Some(map) = self.free.get_mut(range) {
            map.unreserve(n);
        }
    }

    #[cfg(test)]
    pub(super) fn is_taken(&self, range: &Range, n: u128) -> bool {
        self.free.get(range).is_some_and(|map| map.find(n, n, Order::Lowest).is_none())
    }

    #[cfg(test)]
    pub(super) fn nothing_is_laid_over(&self) -> bool {
        self.overlay.is_empty()
    }

    fn reset(&mut self, snapshot: &Snapshot) {
        let mut new =
            Self { overlay: std::mem::take(&mut self.overlay), part: self.part, ..Self::of(self.scope) };
        new.overlay.retain(|_, (own, _)| *own > snapshot.revision);
        for entry in snapshot.entries.iter().filter(|entry| entry.revision > snapshot.revision) {
            new.ahead.insert(entry.key.clone(), entry.revision);
            if new.overlay.get(&entry.key).is_some_and(|(own, _)| *own <= entry.revision) {
                new.overlay.remove(&entry.key);
            }
        }
        new.reserved_ports = std::mem::take(&mut self.reserved_ports);
        new.latest = self.latest;
        new.resets = self.resets + 1;
        new.published_changes = self.published_changes + 1;
        let mut newest: BTreeMap<Range, (Revision, u128)> = BTreeMap::new();
        for entry in &snapshot.entries {
            new.set(&entry.key, Some(entry));
            if let Some((range, n)) = place(&entry.key) {
                let last = newest.entry(range).or_insert((entry.revision, n));
                if entry.revision > last.0 {
                    *last = (entry.revision, n);
                }
            }
        }
        for (range, (_, n)) in newest {
            // Where hosts share a store, the newest one may be another's.
            if self.part.is_none() {
                new.free.entry(range).or_default().set_last(n);
            }
        }
        for (range, map) in &self.free {
            if let (Some(_), Some(last)) = (self.part, map.last()) {
                new.free.entry(range.clone()).or_default().set_last(last);
            }
            for n in map.reserved() {
                new.free.entry(range.clone()).or_default().reserve_too(n);
            }
        }
        for (key, (_, entry)) in new.overlay.clone() {
            new.set(&key, entry.as_ref());
        }
        *self = new;
    }

    fn set(&mut self, key: &Key, entry: Option<&Entry>) {
        self.published_changes += u64::from(PublishedEntry::id(key).is_some());
        let Turn { place, before, after } = self.tables.set(key, entry);
        self.owned.set(key, &before.owners, &after.owners);
        self.runs.set(key, &before, &after);
        if let (Some(pool), None) = (PoolRecord::id(key), entry) {
            let range = Range::Pool(pool.space, pool.pool);
            if self.free.get(&range).is_some_and(FreeMap::is_empty) {
                self.free.remove(&range);
            }
        }
        if let Some((range, n)) = place {
            match entry {
                Some(_) => self.free.entry(range).or_default().record(n),
                None => {
                    if let Some(map) = self.free.get_mut(&range) {
                        map.unrecord(n);
                    }
                }
            }
        }
    }
}

/// A part of every range, as good as drawn.
fn part_of(whose: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    whose.hash(&mut hasher);
    hasher.finish()
}

/// Which number of which range a key stands for.
fn place(key: &Key) -> Option<(Range, u128)> {
    let address = AddressRecord::id(key).as_ref().and_then(AddressRecord::place);
    address.or_else(|| NumberRecord::id(key).as_ref().and_then(NumberRecord::place))
}

/// An address as a number.
pub(crate) fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// The address of `pool`'s family with these bits.
pub(crate) fn address(pool: Pool, bits: u128) -> IpAddr {
    match u32::try_from(bits) {
        Ok(bits) if !pool.is_ipv6() => Ipv4Addr::from_bits(bits).into(),
        _ => Ipv6Addr::from_bits(bits).into(),
    }
}
