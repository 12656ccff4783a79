//! A store that was restored from an older state, wiped behind our back, or is another's, is not written; and of two
//! processes with one client id one stops.

mod given;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use etcd_client::GetOptions;
use given::{Part, key, prefix};
use netkeep_store::remote::{ClientState, RemoteConfig, RemoteStore, Server};
use netkeep_store::{Applied, Error, Kind, Result, Revision, Store, Txn, WatchFrom};
use netkeep_store_conformance::estranged::{self, Estranged};
use netkeep_testcontainers::{Etcd, Options};
use tempfile::TempDir;

/// A client of the part.
fn client(part: &Part) -> Arc<RemoteStore> {
    Arc::new(RemoteStore::open(part.server(), RemoteConfig::default()))
}

/// The answer once the servers can be had again.
async fn settled(store: &Arc<RemoteStore>, txn: &Txn) -> Result<Revision> {
    let settled = async {
        loop {
            match store.commit(txn).await {
                Err(error) if error.kind() == Kind::Unavailable => {}
                settled => return settled,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), settled).await.expect("the servers come back")
}

fn assert_replaced(error: &Error) {
    assert_eq!((error.kind(), error.applied()), (Kind::Replaced, Applied::No), "{error:?}");
    assert!(error.to_string().contains("netkeep store accept"), "what to do is not said: {error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn pain_51_an_older_state_is_recognised_and_nobody_writes_into_it() {
    let etcd = Etcd::start(Options::single()).await.expect("an etcd can be started");
    let part = Part::of(&etcd);
    let (ours, other) = (client(&part), client(&part));
    let first = ours.commit(&Txn::new().put(key("a"), "old")).await.unwrap();
    other.commit(&Txn::new().put(key("other"), "")).await.unwrap();

    let saved = TempDir::new().unwrap();
    etcd.stop(0).await.unwrap();
    etcd.copy_data(0, saved.path()).await.unwrap();
    etcd.restart(0).await.unwrap();
    let lost = settled(&ours, &Txn::new().put(key("a"), "new")).await.unwrap();
    let mut watch = ours.watch(&prefix(""), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    etcd.kill(0).await.unwrap();
    etcd.replace_data(0, saved.path()).await.unwrap();
    etcd.restart(0).await.unwrap();

    // Written past what was lost: the revision of the store tells nothing any more, and a key stands again at its old
    // revision with another value.
    let mut raw = part.raw().await;
    for n in 0..20 {
        raw.put("/elsewhere", n.to_string(), None).await.unwrap();
    }
    let now = raw.get("/elsewhere", None).await.unwrap().header().unwrap().revision();
    assert!(u64::try_from(now).unwrap() > lost.get() && lost > first);

    assert_replaced(&settled(&ours, &Txn::new().put(key("a"), "mine")).await.unwrap_err());
    // It is marked, so that a client that has lost nothing stops too.
    assert_replaced(&settled(&other, &Txn::new().put(key("other"), "mine")).await.unwrap_err());
    let ended = tokio::time::timeout(Duration::from_secs(180), async {
        loop {
            if let Err(error) = watch.next().await {
                return error;
            }
        }
    });
    assert_eq!(ended.await.expect("the watch ends").kind(), Kind::Replaced);
    let stored = raw.get(format!("/{}/entries/a", part.root), None).await.unwrap();
    assert_eq!(stored.kvs()[0].value(), b"old");
}

/// Servers to which things happen that no client has done.
struct Fate<'a> {
    etcd: &'a Etcd,
    part: Part,
    saved: TempDir,
}

impl<'a> Fate<'a> {
    fn of(etcd: &'a Etcd) -> Self {
        Self { etcd, part: Part::of(etcd), saved: TempDir::new().unwrap() }
    }
}

#[async_trait]
impl Estranged for Fate<'_> {
    fn open(&self, client_state: Arc<dyn ClientState>) -> Arc<dyn Store> {
        let config =
            RemoteConfig { client_state, refresh: Duration::from_millis(500), ..RemoteConfig::default() };
        Arc::new(RemoteStore::open(self.part.server(), config))
    }

    fn server(&self) -> Arc<dyn Server> {
        self.part.server()
    }

    async fn save(&self) {
        self.etcd.stop(0).await.unwrap();
        self.etcd.copy_data(0, self.saved.path().join("data")).await.unwrap();
        self.etcd.restart(0).await.unwrap();
    }

    async fn restore(&self) {
        self.etcd.kill(0).await.unwrap();
        self.etcd.replace_data(0, self.saved.path().join("data")).await.unwrap();
        self.etcd.restart(0).await.unwrap();
    }

    async fn wipe(&self) {
        self.etcd.kill(0).await.unwrap();
        self.etcd.wipe(0).await.unwrap();
        self.etcd.restart(0).await.unwrap();
    }

    async fn left(&self) -> usize {
        let below = Some(GetOptions::new().with_prefix().with_keys_only());
        let found = self.part.raw().await.get(format!("/{}/", self.part.root), below).await.unwrap();
        found.kvs().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_restored_store_is_used_again_when_it_was_accepted() {
    let etcd = Etcd::start(Options::single()).await.expect("an etcd can be started");
    estranged::restored(&Fate::of(&etcd)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn pain_26_a_wiped_store_is_recognised_and_stays_empty() {
    let etcd = Etcd::start(Options::single()).await.expect("an etcd can be started");
    estranged::wiped(&Fate::of(&etcd)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_foreign_store_is_left_alone() {
    let etcd = Etcd::shared().await.expect("an etcd can be started");
    let (here, elsewhere) = (Fate::of(etcd), Fate::of(etcd));
    estranged::foreign(&here, &elsewhere).await;
    here.part.clean().await;
    elsewhere.part.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_copied_client_stops_and_nobody_else() {
    let fate = Fate::of(Etcd::shared().await.expect("an etcd can be started"));
    estranged::copied(&fate).await;
    fate.part.clean().await;
}
