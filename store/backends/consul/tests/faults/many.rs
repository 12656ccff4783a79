//! Many keys under many watchers: what a wake costs, and what is left to writers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use netkeep_store::{Key, Prefix, Store, Txn, WatchFrom};
use netkeep_store_conformance::Mirror;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::servers::Root;

const WATCHERS: usize = 8;
const DIRECTORIES: usize = 1_000;
/// How long a watch may take until its next item when it has much to read.
const PATIENCE: Duration = Duration::from_secs(180);

/// Stands before a server and counts what comes from it.
struct Counting {
    endpoint: String,
    bytes: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Counting {
    async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let bytes = Arc::new(AtomicU64::new(0));
        let (server, counted) = (server.to_owned(), Arc::clone(&bytes));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 << 10];
                    while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                        counted.fetch_add(n as u64, Ordering::Relaxed);
                        if to_client.write_all(&buffer[..n]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { endpoint, bytes, accepting }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn key(index: usize) -> Key {
    Key::parse(&format!("endpoints/{}/{index}", index % DIRECTORIES)).unwrap()
}

async fn fill(store: &Arc<dyn Store>, keys: usize) {
    // Twelve directories at a time, and four keys of each.
    for first in (0..DIRECTORIES).step_by(12) {
        let directories = first..(first + 12).min(DIRECTORIES);
        for rows in (0..keys / DIRECTORIES).collect::<Vec<_>>().chunks(4) {
            let txn = directories
                .clone()
                .flat_map(|directory| rows.iter().map(move |row| row * DIRECTORIES + directory))
                .fold(Txn::new(), |txn, index| txn.put(key(index), vec![b'v'; 300]));
            store.commit(&txn).await.unwrap();
        }
    }
}

/// Commits of four tasks for a while, per second.
async fn rate(store: &Arc<dyn Store>, keys: usize, lasting: Duration) -> f64 {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut made = 0_u32;
                while begun.elapsed() < lasting {
                    let index = rand::random_range(0..keys / 4) * 4 + task;
                    store.commit(&Txn::new().put(key(index), vec![b'w'; 300])).await.unwrap();
                    made += 1;
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += task.await.unwrap();
    }
    f64::from(made) / begun.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn many_keys_under_many_watchers() {
    let long = std::env::var_os("NETKEEP_LONG").is_some();
    let (keys, lasting) = if long { (40_000, 20) } else { (8_000, 4) };
    let lasting = Duration::from_secs(lasting);
    let root = Root::shared().await;
    let writer = root.connect_patiently();
    fill(&writer, keys).await;
    let alone = rate(&writer, keys, lasting).await;

    let counting = Counting::before(root.endpoint()).await;
    let watched = root.behind(&counting.endpoint);
    let quiet = Arc::new(AtomicBool::new(false));
    let mut watchers = Vec::new();
    for number in 0..WATCHERS {
        let store = watched.connect_patiently();
        let quiet = Arc::clone(&quiet);
        // One after another, as hosts do that are not all started at once.
        let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
        let mut mirror = Mirror::new(&Prefix::root());
        mirror.apply(watch.next().await.unwrap());
        watchers.push(tokio::spawn(async move {
            let mut wakes = 0_u64;
            while !quiet.load(Ordering::SeqCst) {
                if let Ok(item) = timeout(Duration::from_millis(100), watch.next()).await {
                    mirror.apply(item.unwrap());
                    wakes += 1;
                }
            }
            // Nobody writes any more but the watchers, each a key of its own, at the end.
            let mine = Key::parse(&format!("last/{number}")).unwrap();
            let mine = store.commit(&Txn::new().put(mine, "")).await.unwrap();
            while mirror.through() < mine {
                let item = timeout(PATIENCE, watch.next()).await.expect("a watch that rests goes on");
                mirror.apply(item.unwrap());
            }
            for entry in store.list(&Prefix::parse("endpoints").unwrap()).await.unwrap().entries {
                assert_eq!(mirror.entry(&entry.key), Some(&entry), "a watcher differs from the store");
            }
            store.close().await.unwrap();
            wakes
        }));
    }
    // At five commits a second.
    let before = counting.bytes.load(Ordering::Relaxed);
    let mut times = Vec::new();
    for round in 0..usize::try_from(lasting.as_secs()).unwrap() * 5 {
        let begun = Instant::now();
        writer.commit(&Txn::new().put(key(round * 7 % keys), vec![b'x'; 300])).await.unwrap();
        times.push(begun.elapsed());
        sleep(Duration::from_millis(200).saturating_sub(begun.elapsed())).await;
    }
    let slow_bytes = counting.bytes.load(Ordering::Relaxed) - before;
    times.sort_unstable();
    let per_wake = slow_bytes as f64 / (times.len() * WATCHERS) as f64;

    let beside = rate(&writer, keys, lasting).await;
    quiet.store(true, Ordering::SeqCst);
    let mut wakes = 0;
    for watcher in watchers {
        wakes += watcher.await.unwrap();
    }
    println!(
        "{keys} keys, {WATCHERS} watchers: {per_wake:.0} bytes for each commit and watcher at 5 commits/s, commits p50 {:?}; at full rate \
         {beside:.0} commits/s, {alone:.0} without watchers ({:.2}); {wakes} items",
        times[times.len() / 2],
        beside / alone
    );
    assert!(per_wake <= 500_000.0, "a commit takes {per_wake} bytes of each watcher");
    writer.close().await.unwrap();
    root.remove().await;
}
