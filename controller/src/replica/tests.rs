//! The replica beside the store that it follows: whatever the watch delivers, and however late, what this process
//! has committed shows.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_drivers::Order;
use netkeep_model::{AddressKey, AddressRecord, HostId, Id, NetworkId, Owner, Pool, Scope, Space, Timestamp};
use netkeep_store::datastore::{Local, Record, Transaction};
use netkeep_store::{Batch, Change, Entry, Key, Revision, Snapshot, Txn, WatchItem, Write};
use proptest::prelude::*;

use super::{Range, State};

/// A store whose every state is remembered.
struct History {
    states: Vec<BTreeMap<Key, Entry>>,
    changes: Vec<Vec<Change>>,
}

impl History {
    fn new() -> Self {
        Self { states: vec![BTreeMap::new()], changes: vec![Vec::new()] }
    }

    fn now(&self) -> &BTreeMap<Key, Entry> {
        &self.states[self.latest()]
    }

    fn latest(&self) -> usize {
        self.states.len() - 1
    }

    fn commit(&mut self, txn: &Txn) -> Revision {
        let revision = revision(self.states.len());
        let mut state = self.now().clone();
        let mut changes = Vec::new();
        for write in txn.writes() {
            match write {
                Write::Put { key, value, .. } => {
                    let entry = Entry { key: key.clone(), value: value.clone(), revision, lease: None };
                    state.insert(key.clone(), entry.clone());
                    changes.push(Change::Put(entry));
                }
                Write::Delete(key) => {
                    state.remove(key);
                    changes.push(Change::Delete { key: key.clone(), revision });
                }
            }
        }
        self.states.push(state);
        self.changes.push(changes);
        revision
    }

    /// All changes after one commit up to another one, those of a key merged into the last: what was made and deleted
    /// between the two does not show, unless it had been shown ahead.
    fn merged(&self, after: usize, shown: usize, to: usize) -> WatchItem {
        let (before, ahead, now) = (&self.states[after], &self.states[shown], &self.states[to]);
        let put = now.iter().filter(|(key, entry)| before.get(*key) != Some(*entry));
        let known: BTreeSet<_> = before.keys().chain(ahead.keys()).collect();
        let gone = known.into_iter().filter(|key| !now.contains_key(*key));
        let revision = revision(to);
        let gone = gone.map(|key| Change::Delete { key: key.clone(), revision });
        let changes = put.map(|(_, entry)| Change::Put(entry.clone())).chain(gone).collect();
        WatchItem::Changes(Batch { changes, through: revision })
    }

    /// The same, of which the item says only that it is through an earlier commit.
    fn ahead(&self, after: usize, through: usize, to: usize) -> WatchItem {
        let WatchItem::Changes(batch) = self.merged(after, after, to) else { unreachable!() };
        WatchItem::Changes(Batch { through: revision(through), ..batch })
    }

    /// All changes after one commit up to another one.
    fn batch(&self, after: usize, to: usize) -> WatchItem {
        let changes = self.changes[after + 1..=to].iter().flatten().cloned().collect();
        WatchItem::Changes(Batch { changes, through: revision(to) })
    }

    fn reset(&self, at: usize) -> WatchItem {
        let entries = self.states[at].values().cloned().collect();
        WatchItem::Reset(Snapshot { entries, revision: revision(at) })
    }
}

fn revision(n: usize) -> Revision {
    Revision::new(n as u64)
}

fn pool() -> Pool {
    "10.0.0.0/28".parse().unwrap()
}

fn range() -> Range {
    Range::Pool("s".parse().unwrap(), pool())
}

fn owner(n: u8) -> Owner {
    Owner::Network { network: NetworkId::from(Id::new(Timestamp::from_unix_millis(0), [n; 10])) }
}

#[test]
fn what_the_watch_repeats_of_an_own_commit_is_not_taken_again() {
    let entry = |value: &str| Entry {
        key: Key::parse("tables/1/2/3").unwrap(),
        value: value.to_owned().into(),
        revision: revision(1),
        lease: None,
    };
    let told =
        |value| WatchItem::Changes(Batch { changes: vec![Change::Put(entry(value))], through: revision(1) });
    let mut state = State::of(Scope::Local);
    state.applied(&Txn::new().put(entry("").key, "own"), revision(1));
    assert!(state.tables.unreadable.contains_key(&entry("").key));
    state.tables.unreadable.clear();
    state.deliver(&told("own"));
    assert!(state.tables.unreadable.is_empty() && state.nothing_is_laid_over());
    state.deliver(&told("told"));
    assert!(!state.tables.unreadable.is_empty(), "it is taken again without an own commit");
}

/// Takes address `n` for one of three owners, or gives it back.
fn change(n: u8, taken_by: Option<u8>) -> Txn {
    let id = AddressKey { space: "s".parse().unwrap(), master: pool(), ip: [10, 0, 0, n].into() };
    match taken_by {
        Some(by) => {
            let mut tx = Transaction::<Local>::new();
            tx.create(&id, &AddressRecord::new(owner(by))).unwrap();
            tx.into_txn()
        }
        None => Txn::new().delete(AddressRecord::key(&id).unwrap()),
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A commit of this process.
    Commit(u8, Option<u8>),
    /// Two commits whose answers arrive in the wrong order.
    Swapped([(u8, Option<u8>); 2]),
    /// A commit that the watch delivers before its answer arrives.
    Late(u8, Option<u8>),
    /// A commit whose answer arrives after the watch has shown it, and another host's next one, ahead of an item.
    Ahead([(u8, Option<u8>); 2]),
    /// A commit of another host, which shows once the watch delivers it.
    Other(u8, Option<u8>),
    /// The watch delivers so much of what is left.
    Deliver(usize),
    /// The same, merged.
    Merge(usize),
    /// The watch begins anew, so much of what is left later than before.
    Reset(usize),
    /// An operation chooses an address, to let it go again later.
    Reserve,
    /// An operation that has chosen one ends.
    Release,
}

fn step() -> impl Strategy<Value = Step> {
    let change = || (1_u8..15, proptest::option::of(0_u8..3));
    prop_oneof![
        4 => change().prop_map(|(n, by)| Step::Commit(n, by)),
        1 => (change(), change()).prop_map(|(one, other)| Step::Swapped([one, other])),
        1 => change().prop_map(|(n, by)| Step::Late(n, by)),
        1 => (change(), change()).prop_map(|(own, other)| Step::Ahead([own, other])),
        2 => change().prop_map(|(n, by)| Step::Other(n, by)),
        2 => (0_usize..4).prop_map(Step::Deliver),
        2 => (0_usize..4).prop_map(Step::Merge),
        1 => (0_usize..4).prop_map(Step::Reset),
        1 => Just(Step::Reserve),
        1 => Just(Step::Release),
    ]
}

fn bits(n: u8) -> u128 {
    u128::from(u32::from_be_bytes([10, 0, 0, n]))
}

/// The replica shows what the store holds, by key, by owner, and in what is free.
fn agrees(state: &State, history: &History, reserved: &[u128]) {
    let shown: BTreeMap<_, _> = state
        .tables
        .addresses
        .values()
        .map(|read| (AddressRecord::key(&read.id).unwrap(), (read.revision(), read.record.owner.clone())))
        .collect();
    let mut fresh = State::default();
    fresh.deliver(&history.reset(history.latest()));
    let held: BTreeMap<_, _> = history
        .now()
        .iter()
        .map(|(key, entry)| {
            let read = fresh.tables.addresses.get(&AddressRecord::id(key).unwrap()).unwrap();
            (key.clone(), (entry.revision, read.record.owner.clone()))
        })
        .collect();
    assert_eq!(shown, held);
    for by in 0..3 {
        let keys = |state: &State| state.held_by(&owner(by)).cloned().collect::<Vec<_>>();
        assert_eq!(keys(state), keys(&fresh), "of owner {by}");
    }
    for n in 1..15 {
        let id = AddressKey { space: "s".parse().unwrap(), master: pool(), ip: [10, 0, 0, n].into() };
        let taken = fresh.tables.addresses.contains_key(&id) || reserved.contains(&bits(n));
        assert_eq!(state.is_taken(&range(), bits(n)), taken, "address {n}");
    }
}

proptest! {
    #[test]
    fn own_commits_show_whatever_the_watch_delivers(steps in proptest::collection::vec(step(), 1..60)) {
        let mut history = History::new();
        let mut state = State::default();
        state.deliver(&history.reset(0));
        let (mut delivered, mut shown, mut behind) = (0, 0, false);
        let mut reserved = Vec::new();
        for step in steps {
            match step {
                Step::Commit(n, by) => {
                    let txn = change(n, by);
                    let revision = history.commit(&txn);
                    state.applied(&txn, revision);
                }
                Step::Swapped(both) => {
                    let both = both.map(|(n, by)| change(n, by));
                    let revisions = both.each_ref().map(|txn| history.commit(txn));
                    state.applied(&both[1], revisions[1]);
                    state.applied(&both[0], revisions[0]);
                }
                Step::Late(n, by) => {
                    let txn = change(n, by);
                    let revision = history.commit(&txn);
                    state.deliver(&history.batch(delivered, history.latest()));
                    delivered = history.latest();
                    state.applied(&txn, revision);
                }
                Step::Ahead(both) => {
                    state.deliver(&history.merged(delivered, shown, history.latest()));
                    delivered = history.latest();
                    let [own, other] = both.map(|(n, by)| change(n, by));
                    let revision = history.commit(&own);
                    history.commit(&other);
                    state.deliver(&history.ahead(delivered, delivered, history.latest()));
                    state.applied(&own, revision);
                    shown = history.latest();
                    // What another host has deleted at once shows until the watch has passed it.
                    behind = true;
                }
                Step::Other(n, by) => {
                    // Only when it has shown is the replica asked to agree: it is delivered at once, or later.
                    history.commit(&change(n, by));
                    state.deliver(&history.merged(delivered, shown, history.latest()));
                    delivered = history.latest();
                }
                Step::Merge(more) => {
                    let to = (delivered + more).min(history.latest());
                    state.deliver(&history.merged(delivered, shown, to));
                    delivered = to;
                }
                Step::Deliver(more) => {
                    let to = (delivered + more).min(history.latest());
                    state.deliver(&history.batch(delivered, to));
                    delivered = to;
                }
                Step::Reset(more) => {
                    // No key goes back behind what was shown of it.
                    delivered = (delivered + more).max(shown).min(history.latest());
                    state.deliver(&history.reset(delivered));
                }
                Step::Reserve => {
                    let (from, to) = (u32::from_be_bytes([10, 0, 0, 1]), u32::from_be_bytes([10, 0, 0, 14]));
                    reserved.extend(state.reserve_free(&range(), from.into(), to.into(), Order::Next));
                }
                Step::Release => {
                    if let Some(n) = reserved.pop() {
                        state.unreserve(&range(), n);
                    }
                }
            }
            behind &= delivered < history.latest();
            if !behind {
                agrees(&state, &history, &reserved);
            }
        }
        state.deliver(&history.merged(delivered, shown, history.latest()));
        agrees(&state, &history, &reserved);
        prop_assert!(state.nothing_is_laid_over());
    }
}

#[test]
fn what_another_host_has_deleted_before_the_watch_could_show_it_is_gone() {
    let (made, deleted) = (change(1, Some(0)), change(1, None));
    let mut history = History::new();
    let mut state = State::default();
    state.deliver(&history.reset(0));
    let revision = history.commit(&made);
    state.applied(&made, revision);
    assert!(state.is_taken(&range(), bits(1)));
    history.commit(&deleted);
    state.deliver(&history.merged(0, 0, 2));
    assert!(!state.is_taken(&range(), bits(1)));
    agrees(&state, &history, &[]);
}

#[test]
fn an_answer_that_comes_after_the_watch_revives_nothing() {
    let (made, deleted) = (change(1, Some(0)), change(1, None));
    let mut history = History::new();
    let mut state = State::default();
    state.deliver(&history.reset(0));
    history.commit(&change(1, Some(2)));
    state.deliver(&history.merged(0, 0, 1));
    history.commit(&deleted);
    let revision = history.commit(&made);
    history.commit(&deleted);
    state.deliver(&history.ahead(1, 1, 4));
    state.applied(&made, revision);
    assert!(!state.is_taken(&range(), bits(1)));
    state.deliver(&history.merged(4, 4, 4));
    agrees(&state, &history, &[]);
}

#[test]
fn a_commit_is_known_as_a_whole_once_the_watch_is_through_it_or_if_it_is_ones_own() {
    let mut history = History::new();
    let mut state = State::default();
    state.deliver(&history.reset(0));
    history.commit(&change(1, Some(0)));
    state.deliver(&history.ahead(0, 0, 1));
    assert!(!state.is_whole(revision(1)));
    let own = change(2, Some(0));
    let revision_of_own = history.commit(&own);
    state.applied(&own, revision_of_own);
    assert!(state.is_whole(revision_of_own) && !state.is_whole(revision(1)));
    state.deliver(&history.merged(0, 0, 1));
    assert!(state.is_whole(revision(1)));
}

#[test]
fn hosts_that_share_a_store_begin_in_parts_of_their_own_and_find_every_address() {
    let range = Range::Pool("GlobalDefault".parse().unwrap(), "10.0.0.0/24".parse().unwrap());
    let (first, last) = (1, 254);
    let give = |state: &mut State| state.reserve_free(&range, first, last, Order::Next);
    let mut firsts = BTreeSet::new();
    for _ in 0..32 {
        let mut state = State::for_host(Scope::Global, HostId::generate());
        let mut given = BTreeSet::new();
        firsts.insert(give(&mut state).inspect(|n| assert!(given.insert(*n))).unwrap());
        // What a watch begins anew with does not move it.
        let snapshot = Snapshot { entries: Vec::new(), revision: Revision::ZERO };
        state.deliver(&WatchItem::Reset(snapshot));
        let before = *given.first().unwrap();
        let next = if before == last { first } else { before + 1 };
        assert_eq!(give(&mut state).inspect(|n| assert!(given.insert(*n))), Some(next));
        while let Some(n) = give(&mut state) {
            assert!(given.insert(n) && (first..=last).contains(&n), "{n}");
        }
        assert_eq!(given.len(), 254);
    }
    assert!(firsts.len() > 8, "{firsts:?}");
    let mut alone = State::for_host(Scope::Local, HostId::generate());
    assert_eq!(give(&mut alone), Some(1));
}

/// Eight hosts give at the same time, always the same one first: who is told of another each time would give up.
#[test]
fn hosts_that_have_met_go_on_apart() {
    let (space, pool): (Space, Pool) = ("GlobalDefault".parse().unwrap(), "10.0.0.0/22".parse().unwrap());
    let range = Range::Pool(space.clone(), pool);
    let key = |n: u128| {
        let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(n).unwrap()).into();
        AddressRecord::key(&AddressKey { space: space.clone(), master: pool, ip }).unwrap()
    };
    let id = |n: usize| format!("{n:032x}").parse().unwrap();
    let mut hosts: Vec<_> = (1..=8).map(|n| State::for_host(Scope::Global, id(n))).collect();
    let (mut given, mut met, mut worst) = (BTreeSet::new(), [0; 8], 0);
    while given.len() < 1_022 {
        let mut now = BTreeSet::new();
        for (host, met) in hosts.iter_mut().zip(&mut met) {
            let Some(n) = host.reserve_free(&range, 1, 1_022, Order::Next) else { continue };
            if now.insert(n) {
                *met = 0;
            } else {
                *met += 1;
                worst = worst.max(*met);
                host.met(&key(n));
            }
        }
        for n in now {
            assert!(given.insert(n), "{n} is given twice");
            for host in &mut hosts {
                host.reserve(&range, n);
            }
        }
    }
    assert!(worst < 10, "one host has met others {worst} times, one after the other");
}
