//! What a store on servers must do when it is not what it was, and a client when it is not alone.
//!
//! Each function is a trial on real servers, with clients of its own, and panics on the first breach. Nothing is
//! timed: whatever must happen by itself has minutes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{Accepted, ClientId, ClientState, KnownStore, OneShot, Server, accept};
use netkeep_store::{
    Applied, Error, Kind, Prefix, Result, Revision, Store, Txn, Watch, WatchFrom, WatchItem,
};
use tokio::time::{Instant, sleep, timeout};

use crate::given::{commit, get, put};

/// How long servers and clients may take to find back to each other.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often those commit who have nothing to do with what happens.
const ROUNDS: usize = 10;

/// A store on servers to which things happen that no client has done.
#[async_trait]
pub trait Estranged: Send + Sync {
    /// A client that keeps this, without layers; it should make itself known often
    /// ([`RemoteConfig::refresh`](netkeep_store::remote::RemoteConfig::refresh)).
    fn open(&self, state: Arc<dyn ClientState>) -> Arc<dyn Store>;

    /// The servers, for who accepts the store.
    fn server(&self) -> Arc<dyn Server>;

    /// Keeps what the servers hold. Clients may lose their connections.
    ///
    /// Cancellation: never cancelled by a trial.
    async fn save(&self);

    /// Gives the servers what was [saved](Estranged::save). Clients may lose their connections.
    ///
    /// Cancellation: never cancelled by a trial.
    async fn restore(&self);

    /// Takes everything from the servers. Clients may lose their connections.
    ///
    /// Cancellation: never cancelled by a trial.
    async fn wipe(&self);

    /// How many keys the store has, those that it keeps for itself included.
    ///
    /// Cancellation: never cancelled by a trial.
    async fn left(&self) -> usize;
}

/// The state of a client that outlives the client, as that of a daemon does.
#[derive(Debug)]
pub struct Kept {
    client: ClientId,
    known: Mutex<Option<KnownStore>>,
}

impl Kept {
    /// A client that has never run.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { client: ClientId::random(), known: Mutex::default() })
    }

    /// What a copy of a daemon's folder has.
    pub fn copied(&self) -> Arc<Self> {
        Arc::new(Self { client: self.client, known: Mutex::new(self.latest()) })
    }

    fn latest(&self) -> Option<KnownStore> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl ClientState for Kept {
    fn client(&self) -> ClientId {
        self.client
    }

    fn is_kept(&self) -> bool {
        true
    }

    async fn known(&self) -> Result<Option<KnownStore>> {
        Ok(self.latest())
    }

    async fn remember(&self, known: &KnownStore) -> Result<()> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(())
    }
}

/// A store that was restored from an older state: nobody writes into it, be it running or started anew, until it was
/// accepted; then all go on.
///
/// Cancellation: what the trial has written stays.
///
/// # Panics
///
/// If that is not so.
pub async fn restored(servers: &dyn Estranged) {
    let (state, other) = (Kept::new(), Kept::new());
    let (ours, others) = (servers.open(state.clone()), servers.open(other.clone()));
    commit(&ours, &put("estranged/a", "old")).await;
    commit(&others, &put("estranged/b", "")).await;
    servers.save().await;
    settled(&ours, &put("estranged/a", "lost")).await.expect("the servers were only saved");
    let mut watch = watch(&ours).await;
    servers.restore().await;

    let told = replaced(&ours).await;
    // It is marked, so that a client that has lost nothing stops too.
    replaced(&others).await;
    assert_eq!(end(&mut watch).await.kind(), Kind::Replaced);
    assert_eq!(ours.status().await.expect_err("it says so").kind(), Kind::Replaced);
    let newcomer = servers.open(Arc::new(OneShot::new()));
    replaced(&newcomer).await;
    let again = servers.open(state.copied());
    replaced(&again).await;
    println!("restored: {told}");

    let accepted = accept(&*servers.server(), None).await.expect("a store that was restored can be accepted");
    assert!(matches!(accepted, Accepted::Again(_)), "{accepted:?}");
    again.close().await.expect("a store that is refused can be closed");
    taken(&others).await;
    let found = get(&others, "estranged/a").await.expect("it was saved");
    assert_eq!(found.value, "old", "somebody has written into a store that was restored");
    let status = others.status().await.expect("it was accepted");
    assert_eq!(status.identity, *accepted.identity());
    close([ours, others, newcomer]).await;
}

/// A store that was wiped stays empty until it was accepted; then it is the one that it was, in a further epoch.
///
/// Cancellation: what the trial has written stays.
///
/// # Panics
///
/// If that is not so.
pub async fn wiped(servers: &dyn Estranged) {
    let state = Kept::new();
    let store = servers.open(state.clone());
    commit(&store, &put("estranged/a", "1")).await;
    let identity = store.status().await.expect("the servers are there").identity;
    servers.wipe().await;
    let told = replaced(&store).await;
    assert!(told.contains("the store is empty"), "it is not said what has happened: {told}");
    assert!(told.contains(&identity.id.to_string()), "the store is not named: {told}");
    let again = servers.open(state.copied());
    replaced(&again).await;
    again.close().await.expect("a store that is refused can be closed");
    assert_eq!(servers.left().await, 0, "something was written into a store that was wiped");
    println!("wiped: {told}");

    let accepted = accept(&*servers.server(), Some(&identity)).await.expect("it can be accepted");
    assert!(matches!(accepted, Accepted::Anew(_)), "{accepted:?}");
    assert_eq!((accepted.identity().id, accepted.identity().epoch), (identity.id, identity.epoch + 1));
    taken(&store).await;
    assert!(get(&store, "estranged/a").await.is_none());
    close([store]).await;
}

/// A client that is led to another store than the one it knows leaves that store alone.
///
/// Cancellation: what the trial has written stays.
///
/// # Panics
///
/// If that is not so.
pub async fn foreign(here: &dyn Estranged, elsewhere: &dyn Estranged) {
    let state = Kept::new();
    let ours = here.open(state.clone());
    commit(&ours, &put("estranged/a", "ours")).await;
    close([ours]).await;
    let theirs = elsewhere.open(Kept::new());
    let written = commit(&theirs, &put("estranged/a", "theirs")).await;
    let before = elsewhere.left().await;

    let astray = elsewhere.open(state.copied());
    let error =
        settled(&astray, &put("estranged/a", "astray")).await.expect_err("it is not the store it knew");
    assert_eq!((error.kind(), error.applied()), (Kind::Replaced, Applied::No), "{error:?}");
    assert!(error.to_string().contains("name the store that was meant"), "what to do is not said: {error}");
    println!("foreign: {error}");
    assert_eq!(
        elsewhere.left().await,
        before,
        "a client has left something in a store that it does not know"
    );
    let found = get(&theirs, "estranged/a").await.expect("it was put");
    assert_eq!((found.revision, &*found.value), (written, &b"theirs"[..]));
    commit(&theirs, &put("estranged/a", "theirs again")).await;
    close([astray, theirs]).await;
}

/// Of two processes with one client id the one that sees the other stops for good, and nobody else does.
///
/// Cancellation: what the trial has written stays.
///
/// # Panics
///
/// If that is not so.
pub async fn copied(servers: &dyn Estranged) {
    let state = Kept::new();
    let (earlier, bystander) = (servers.open(state.clone()), servers.open(Kept::new()));
    commit(&earlier, &put("estranged/a", "earlier")).await;
    commit(&bystander, &put("estranged/b", "0")).await;
    let mut watch = watch(&earlier).await;
    let later = servers.open(state.copied());
    let written = commit(&later, &put("estranged/a", "later")).await;

    let error = settled(&earlier, &put("estranged/a", "earlier again")).await.expect_err("it is not alone");
    assert_eq!((error.kind(), error.applied()), (Kind::Closed, Applied::No), "{error:?}");
    assert!(error.to_string().contains("a data folder of its own"), "what to do is not said: {error}");
    println!("copied: {error}");
    assert_eq!(end(&mut watch).await.kind(), Kind::Closed);
    let found = get(&later, "estranged/a").await.expect("it was put");
    assert_eq!((found.revision, &*found.value), (written, &b"later"[..]));
    for round in 0..ROUNDS {
        commit(&bystander, &put("estranged/b", round.to_string())).await;
        commit(&later, &put("estranged/a", round.to_string())).await;
        let stopped = earlier.commit(&put("estranged/a", "earlier again")).await;
        assert_eq!(stopped.expect_err("it has stopped for good").kind(), Kind::Closed);
    }
    close([earlier, bystander, later]).await;
}

/// The answer once the servers can be had.
async fn settled(store: &Arc<dyn Store>, txn: &Txn) -> Result<Revision> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match store.commit(txn).await {
            Err(error) if error.kind() == Kind::Unavailable => {
                assert!(Instant::now() < deadline, "the servers are not back within {PATIENCE:?}: {error:?}");
            }
            settled => return settled,
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Nothing is written, and it is said what to do. Answers what was said.
async fn replaced(store: &Arc<dyn Store>) -> String {
    let error = settled(store, &put("estranged/a", "mine")).await.expect_err("the store is not what it was");
    assert_eq!((error.kind(), error.applied()), (Kind::Replaced, Applied::No), "{error:?}");
    let told = error.to_string();
    assert!(told.contains("netkeep store accept"), "what to do is not said: {told}");
    told
}

/// Waits until the store is used again.
async fn taken(store: &Arc<dyn Store>) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = store.commit(&put("estranged/b", "again")).await {
        assert!(Instant::now() < deadline, "a store that was accepted is not used: {error:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn watch(store: &Arc<dyn Store>) -> Watch {
    let watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await;
    let mut watch = watch.expect("the store can be watched");
    let first = watch.next().await.expect("it has a first item");
    assert!(matches!(first, WatchItem::Reset(_)), "{first:?}");
    watch
}

/// What the watch ends with.
async fn end(watch: &mut Watch) -> Error {
    let ended = timeout(PATIENCE, async {
        loop {
            if let Err(error) = watch.next().await {
                return error;
            }
        }
    });
    ended.await.expect("the watch of a store that is refused ends")
}

async fn close<const N: usize>(stores: [Arc<dyn Store>; N]) {
    for store in stores {
        store.close().await.expect("the store can be closed");
    }
}
