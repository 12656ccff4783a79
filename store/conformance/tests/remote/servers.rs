//! Servers in memory, with the faults of real ones on demand.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use netkeep_store::remote::{Attempt, Facts, Outcome, Room, Server, Upstream};
use netkeep_store::{
    Change, Entry, Error, Feed, Guard, Key, Kind, LeaseId, LeasedDirectories, Limits, Prefix, Result,
    Revision, Snapshot, StoreInfo, Watch, WatchFrom, WatchItem, Write,
};
use netkeep_store_conformance::LEASED;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

type Entries = BTreeMap<(bool, Key), Entry>;

/// What the servers hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    entries: Entries,
    revision: u64,
}

impl Data {
    /// The same without what the store keeps for itself.
    pub(crate) fn without_own(mut self) -> Self {
        self.entries.retain(|(own, _), _| !own);
        self
    }
}

#[derive(Debug)]
struct State {
    data: Data,
    leases: HashMap<LeaseId, (Instant, Duration)>,
    leases_granted: u64,
    /// How many of the next attempts that change something lose their answer.
    lost_answers: usize,
    /// Of so many attempts one loses its answer; of 0 none does.
    lose_each: usize,
    /// How many attempts were executed.
    attempts: usize,
    /// True while attempts arrive and wait, to be executed later.
    frozen: Vec<Attempt>,
    freeze: bool,
    away: bool,
    feed: Arc<Feed>,
}

/// Servers of one store.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    state: Arc<Mutex<State>>,
    cuts: watch::Sender<u64>,
}

impl Servers {
    pub(crate) fn new() -> Self {
        let feed = Arc::new(Feed::new(Revision::ZERO));
        let state = State {
            data: Data::default(),
            leases: HashMap::new(),
            leases_granted: 0,
            lost_answers: 0,
            lose_each: 0,
            attempts: 0,
            frozen: Vec::new(),
            freeze: false,
            away: false,
            feed,
        };
        Self { state: Arc::new(Mutex::new(state)), cuts: watch::Sender::new(0) }
    }

    pub(crate) fn server(&self) -> Arc<dyn Server> {
        let leased = LeasedDirectories::new([Prefix::parse(LEASED).unwrap()]);
        let limits = Limits { lease_slack: Duration::from_millis(500), ..Limits::PORTABLE };
        let info = StoreInfo { name: "model", endpoints: vec!["model".to_owned()], limits, leased };
        Arc::new(One { servers: self.clone(), info })
    }

    /// The next attempts are executed, and their answers lost.
    pub(crate) fn lose_answers(&self, count: usize) {
        self.lock().lost_answers = count;
    }

    /// Waits until all answers were lost that were to be.
    pub(crate) async fn lost_all(&self) {
        for _ in 0..2_000 {
            if self.lock().lost_answers == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("nobody asked");
    }

    /// From now on one attempt of so many is executed, and its answer lost; with 0 none.
    pub(crate) fn lose_each(&self, count: usize) {
        self.lock().lose_each = count;
    }

    /// Attempts are taken in, but not executed; their answers are lost.
    pub(crate) fn freeze(&self) {
        self.lock().freeze = true;
    }

    /// Executes what was taken in while frozen, in order. Says how many of them did something.
    pub(crate) fn thaw(&self) -> usize {
        let frozen = self.keep_frozen();
        self.execute(&frozen)
    }

    /// Waits until so many attempts were taken in.
    pub(crate) async fn frozen(&self, count: usize) {
        for _ in 0..2_000 {
            if self.lock().frozen.len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{count} attempts never arrived");
    }

    /// Thaws, and keeps what was taken in on its way still.
    pub(crate) fn keep_frozen(&self) -> Vec<Attempt> {
        let mut state = self.lock();
        state.freeze = false;
        std::mem::take(&mut state.frozen)
    }

    /// Executes what was kept on its way. Says how many of them did something.
    pub(crate) fn execute(&self, attempts: &[Attempt]) -> usize {
        let mut state = self.lock();
        attempts.iter().filter(|attempt| matches!(state.execute(attempt), Ok(Outcome::Committed(_)))).count()
    }

    /// Nobody can be reached, and watches are cut.
    pub(crate) fn go_away(&self, away: bool) {
        self.lock().away = away;
        self.cut();
    }

    /// How many watches the servers have.
    pub(crate) fn watches(&self) -> usize {
        self.cuts.receiver_count()
    }

    /// Cuts every watch.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(crate) fn data(&self) -> Data {
        self.lock().data.clone()
    }

    /// Puts older data, or other, in the place of what is there, as a restored backup does.
    pub(crate) fn restore(&self, data: Data) {
        let mut state = self.lock();
        state.feed.reset(Revision::new(data.revision));
        state.data = data;
        drop(state);
        self.cut();
    }

    /// How many keys the store keeps for itself.
    pub(crate) fn own_keys(&self) -> Vec<String> {
        let state = self.lock();
        state.data.entries.keys().filter(|(own, _)| *own).map(|(_, key)| key.to_string()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.end_leases();
        state
    }
}

impl State {
    fn end_leases(&mut self) {
        let now = Instant::now();
        let over: Vec<_> =
            self.leases.iter().filter(|(_, (end, _))| *end <= now).map(|(id, _)| id.clone()).collect();
        for id in over {
            self.end_lease(&id);
        }
    }

    fn end_lease(&mut self, id: &LeaseId) {
        self.leases.remove(id);
        let gone = self.data.entries.iter().filter(|(_, entry)| entry.lease.as_ref() == Some(id));
        let gone: Vec<_> = gone.map(|(at, _)| at.clone()).collect();
        if gone.is_empty() {
            return;
        }
        self.data.revision += 1;
        let revision = Revision::new(self.data.revision);
        let changes: Vec<_> = gone
            .into_iter()
            .map(|at| {
                self.data.entries.remove(&at);
                Change::Delete { key: at.1, revision }
            })
            .collect();
        self.feed.publish([(revision, changes)]);
    }

    fn execute(&mut self, attempt: &Attempt) -> Result<Outcome> {
        for (room, guard) in attempt.guards() {
            let found = self.data.entries.get(&(room == Room::Own, guard.key().clone()));
            if !guard.holds(found.map(|entry| entry.revision)) {
                return Ok(Outcome::Refused(room, Guard::clone(guard)));
            }
        }
        if let Some(lease) = attempt.lease() {
            if !self.leases.contains_key(lease) {
                return Err(Error::new(Kind::LeaseLost, format!("lease {lease} has ended")));
            }
            for write in attempt.entries.writes() {
                let Write::Put { key, lease: Some(_), .. } = write else { continue };
                let present = self.data.entries.get(&(false, key.clone()));
                if present.is_some_and(|entry| entry.lease.as_ref() != Some(lease)) {
                    return Err(Error::invalid(format!("key {key} is held with another lease")));
                }
            }
        }
        self.data.revision += 1;
        let revision = Revision::new(self.data.revision);
        let mut changes = Vec::new();
        let own = attempt.own.writes().iter().map(|write| (true, write));
        for (own, write) in own.chain(attempt.entries.writes().iter().map(|write| (false, write))) {
            let at = (own, write.key().clone());
            let change = match write {
                Write::Put { key, value, lease } => {
                    let value = Bytes::clone(value);
                    let entry = Entry { key: key.clone(), value, revision, lease: lease.clone() };
                    self.data.entries.insert(at, entry.clone());
                    Some(Change::Put(entry))
                }
                Write::Delete(key) => {
                    let gone = self.data.entries.remove(&at);
                    gone.map(|_| Change::Delete { key: key.clone(), revision })
                }
            };
            changes.extend(change.filter(|_| !own));
        }
        self.feed.publish([(revision, changes)]);
        Ok(Outcome::Committed(revision))
    }

    fn list(&self, own: bool, prefix: &Prefix) -> Snapshot {
        let inside = |(at, _): &(&(bool, Key), &Entry)| at.0 == own && prefix.contains(&at.1);
        let entries = self.data.entries.iter().filter(inside).map(|(_, entry)| entry.clone()).collect();
        Snapshot { entries, revision: Revision::new(self.data.revision) }
    }
}

#[derive(Debug)]
struct One {
    servers: Servers,
    info: StoreInfo,
}

fn away() -> Error {
    Error::new(Kind::Unavailable, "nobody answers")
}

impl One {
    /// The state, once the server has had time to answer.
    async fn reached(&self) -> Result<MutexGuard<'_, State>> {
        tokio::task::yield_now().await;
        let state = self.servers.lock();
        if state.away { Err(away()) } else { Ok(state) }
    }
}

#[async_trait]
impl Server for One {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn tells_every_commit(&self) -> bool {
        true
    }

    async fn get(&self, room: Room, key: &Key) -> Result<Option<Entry>> {
        let state = self.reached().await?;
        if state.freeze {
            return Err(away());
        }
        Ok(state.data.entries.get(&(room == Room::Own, key.clone())).cloned())
    }

    async fn list(&self, room: Room, prefix: &Prefix) -> Result<Snapshot> {
        Ok(self.reached().await?.list(room == Room::Own, prefix))
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<Outcome> {
        let mut state = self.reached().await?;
        if state.freeze {
            state.frozen.push(attempt.clone());
            return Err(away().with_unknown_outcome());
        }
        let outcome = state.execute(attempt);
        state.attempts += 1;
        if state.lose_each > 0 && state.attempts.is_multiple_of(state.lose_each) {
            return Err(away().with_unknown_outcome());
        }
        if state.lost_answers > 0 {
            state.lost_answers -= 1;
            return Err(away().with_unknown_outcome());
        }
        outcome
    }

    async fn follow(&self, prefix: &Prefix, after: Option<Revision>) -> Result<Box<dyn Upstream>> {
        drop(self.reached().await?);
        let mut upstream = Cuttable {
            servers: self.servers.clone(),
            prefix: prefix.clone(),
            told: after,
            watch: None,
            cuts: self.servers.cuts.subscribe(),
        };
        upstream.reconnect(after.is_some()).await?;
        Ok(Box::new(upstream))
    }

    async fn grant(&self, ttl: Duration) -> Result<LeaseId> {
        let mut state = self.reached().await?;
        state.leases_granted += 1;
        let id = LeaseId::new(format!("lease-{}", state.leases_granted));
        state.leases.insert(id.clone(), (Instant::now() + ttl, ttl));
        let servers = self.servers.clone();
        let ends = id.clone();
        tokio::spawn(async move {
            loop {
                let end = servers.lock().leases.get(&ends).map(|(end, _)| *end);
                let Some(end) = end else { return };
                tokio::time::sleep_until(end).await;
            }
        });
        Ok(id)
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        match self.reached().await?.leases.get_mut(id) {
            Some((end, ttl)) => *end = Instant::now() + *ttl,
            None => return Err(Error::new(Kind::LeaseLost, format!("lease {id} has ended"))),
        }
        Ok(())
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        let mut state = self.reached().await?;
        if !state.leases.contains_key(id) {
            return Err(Error::new(Kind::LeaseLost, format!("lease {id} has ended")));
        }
        state.end_lease(id);
        Ok(())
    }

    async fn facts(&self) -> Result<Facts> {
        let revision = Revision::new(self.reached().await?.data.revision);
        Ok(Facts { revision, leader: None, server_version: "1".to_owned() })
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// A watch that can be cut.
struct Cuttable {
    servers: Servers,
    prefix: Prefix,
    told: Option<Revision>,
    watch: Option<Watch>,
    cuts: watch::Receiver<u64>,
}

#[async_trait]
impl Upstream for Cuttable {
    async fn next(&mut self) -> Result<WatchItem> {
        let Some(watch) = &mut self.watch else { return Err(away()) };
        let item = tokio::select! {
            biased;
            _ = self.cuts.changed() => {
                self.watch = None;
                return Err(away());
            }
            item = watch.next() => item?,
        };
        self.told = Some(item.through());
        Ok(item)
    }

    async fn reconnect(&mut self, resume: bool) -> Result<()> {
        let from = self.told.filter(|_| resume).map_or(WatchFrom::Snapshot, WatchFrom::After);
        let servers = self.servers.clone();
        let feed = {
            let state = self.servers.lock();
            if state.away {
                return Err(away());
            }
            self.cuts.mark_unchanged();
            Arc::clone(&state.feed)
        };
        let snapshot = move |prefix: &Prefix| Ok(servers.lock().list(false, prefix));
        self.watch = Some(feed.watch(&self.prefix, from, CancellationToken::new(), snapshot));
        Ok(())
    }
}
