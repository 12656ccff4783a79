//! Very many replicas lose their server at once, and it comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use netkeep_controller::KeptClient;
use netkeep_model::leased_directories;
use netkeep_store::datastore::LocalStore;
use netkeep_store::{
    Change, Key, LeasedDirectories, MemoryServer, OpenOptions, Prefix, Store, StoreUrl, Txn, Watch,
    WatchFrom, WatchItem,
};
use netkeep_testcontainers::{Cluster, Family, Meter, Options};
use tokio::task::JoinSet;

use crate::hosts::{PATIENCE, eventually};
use crate::many;

/// How many requests a second a server may meet that comes back.
const MOST: usize = 400;
/// How long all of them may take to be in sync again: a wide bound, since other programs use this machine too.
const IN_SYNC: Duration = Duration::from_secs(120);
/// What is in the store: as many directories as networks, each with so many entries.
const NETWORKS: usize = 10;
const ENDPOINTS: usize = 10;

/// A copy of the store that follows it.
struct Replica {
    store: Arc<dyn Store>,
    known: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>,
}

impl Replica {
    /// One that is in sync, of a client that keeps its name.
    async fn follow(url: &StoreUrl) -> Self {
        let local = MemoryServer::new(LeasedDirectories::default()).connect();
        let client = KeptClient::open(Arc::new(LocalStore::new(Arc::new(local), None))).await.unwrap();
        let options = OpenOptions::new(leased_directories()).with_client_state(client);
        let store = netkeep::compose::backends().unwrap().open(url, &options).await.unwrap().store;
        let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
        let known = Arc::<Mutex<BTreeMap<_, _>>>::default();
        take_in(&known, watch.next().await.unwrap());
        tokio::spawn(go_on(Arc::clone(&known), watch));
        Self { store, known }
    }

    fn knows(&self, expected: &BTreeMap<Key, Vec<u8>>) -> bool {
        *self.known.lock().unwrap() == *expected
    }
}

async fn go_on(known: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>, mut watch: Watch) {
    while let Ok(item) = watch.next().await {
        take_in(&known, item);
    }
}

fn take_in(known: &Mutex<BTreeMap<Key, Vec<u8>>>, item: WatchItem) {
    let mut known = known.lock().unwrap();
    match item {
        WatchItem::Reset(snapshot) => {
            *known = snapshot.entries.into_iter().map(|entry| (entry.key, entry.value.to_vec())).collect();
        }
        WatchItem::Changes(batch) => {
            for change in batch.changes {
                match change {
                    Change::Put(entry) => known.insert(entry.key, entry.value.to_vec()),
                    Change::Delete { key, .. } => known.remove(&key),
                };
            }
        }
    }
}

/// Servers that so many clients at one address may call.
fn servers(family: Family) -> Options {
    let extra_config = match family {
        Family::Etcd => "",
        Family::Consul => "limits { http_max_conns_per_client = 4000 }\n",
        Family::ZooKeeper => "maxClientCnxns=0\n",
    };
    Options { extra_config: extra_config.to_owned(), ..Options::single() }
}

/// What is in the store, and what is written there.
struct World {
    expected: BTreeMap<Key, Vec<u8>>,
    store: Arc<dyn Store>,
}

impl World {
    async fn new(url: &StoreUrl) -> Self {
        let options = OpenOptions::new(leased_directories());
        let store = netkeep::compose::backends().unwrap().open(url, &options).await.unwrap().store;
        let mut world = Self { expected: BTreeMap::new(), store };
        for network in 0..NETWORKS {
            for endpoint in 0..ENDPOINTS {
                assert!(world.put(&format!("endpoints/{network}/{endpoint}"), "there").await);
            }
        }
        world
    }

    /// True if it was written.
    async fn put(&mut self, key: &str, value: &'static str) -> bool {
        let key = Key::parse(key).unwrap();
        let done = self.store.commit(&Txn::new().put(key.clone(), value)).await.is_ok();
        if done {
            self.expected.insert(key, value.as_bytes().to_vec());
        }
        done
    }
}

async fn come_back(family: Family) {
    let (count, outage) = (many(40, 200), Duration::from_secs(many(5, 30) as u64));
    let servers = Cluster::start(family, servers(family)).await.unwrap();
    let direct = format!("{family}://{}/herd", servers.endpoints()[0]).parse().unwrap();
    let mut world = World::new(&direct).await;
    let meter = Meter::before(family, &servers.endpoints()[0]).await.unwrap();
    let url: StoreUrl = format!("{family}://{}/herd", meter.endpoint()).parse().unwrap();
    let mut replicas = Vec::new();
    while replicas.len() < count {
        // Few at a time: how they begin is not what is looked at.
        let mut followers = JoinSet::new();
        for _ in 0..10 {
            let url = url.clone();
            followers.spawn(async move { Replica::follow(&url).await });
        }
        replicas.extend(followers.join_all().await);
    }
    let all_know = |expected: &BTreeMap<Key, Vec<u8>>| {
        replicas.iter().filter(|replica| replica.knows(expected)).count() == replicas.len()
    };
    assert!(all_know(&world.expected));
    let begun = Instant::now();
    let quiet = Duration::from_secs(many(1, 10) as u64);
    tokio::time::sleep(quiet).await;
    println!(
        "{family}: {count} replicas at rest: {} requests a second",
        meter.asked(begun) as u64 / quiet.as_secs()
    );

    servers.kill(0).await.unwrap();
    let away = Instant::now();
    tokio::time::sleep(outage).await;
    let during = meter.most(away, Duration::from_secs(1));
    servers.start_node(0).await.unwrap();
    let begun = Instant::now();
    // Somebody writes as soon as anybody can: who does not hear of it is not in sync.
    while !world.put("endpoints/0/new", "new").await {
        assert!(begun.elapsed() < PATIENCE, "nothing can be written");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let served = Instant::now();
    eventually("all replicas hear of it", || all_know(&world.expected).then_some(())).await;
    let took = served.elapsed();
    tokio::time::sleep(Duration::from_secs(many(0, 10) as u64)).await;
    let most = meter.most(begun, Duration::from_secs(1));
    println!(
        "{family}: {count} replicas without a server for {outage:?} (at most {during} requests in a second reached it): \
         after its return at most {most} requests in any second, {} until the end; all in sync {took:.1?} after the \
         first write",
        meter.asked(begun)
    );
    assert!(most <= MOST, "{most} requests in a second");
    assert!(took < IN_SYNC, "in sync only after {took:?}");
    for replica in replicas {
        replica.store.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: cargo xtask test"]
async fn pain_68_replicas_do_not_come_back_all_at_once() {
    come_back(Family::in_turn("NETKEEP_HERD").unwrap()).await;
}
