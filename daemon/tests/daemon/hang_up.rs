//! Clients that hang up in the middle of a change: the change is made wholly or not at all, and the same request
//! again is answered by what it made.

use std::sync::Arc;
use std::time::Duration;

use netkeep::compose::{Composition, Layered};
use netkeep::server::{App, Stop, serve};
use netkeep_controller::{Controller, ControllerConfig};
use netkeep_drivers::registry::DriverConfigs;
use netkeep_store::datastore::LocalStore;
use netkeep_store::layers::{LayerConfig, Operation, stack};
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};
use netkeep_store_conformance::fault::{Fault, Faults, Faulty, Step};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, yield_now};

use crate::harness::PATIENCE;

/// One of each change, in an order in which all can be made.
const CHANGES: [(&str, &str, &str); 8] = [
    (
        "POST",
        "/v1/networks",
        r#"{"name": "blue", "driver": "manual", "request": "0123456789abcdef0123018bcfe56800",
            "ipv6": true, "ipam": {"pools": [{"pool": "10.1.0.0/24"}, {"pool": "fd00::/64"}]}}"#,
    ),
    (
        "POST",
        "/v1/networks/blue/endpoints",
        r#"{"name": "web", "request": "1123456789abcdef0123018bcfe56800",
            "bindings": [{"protocol": "tcp", "port": 80}]}"#,
    ),
    ("POST", "/v1/ipam/pools", r#"{"request": "2123456789abcdef0123018bcfe56800", "pool": "10.2.0.0/24"}"#),
    (
        "POST",
        "/v1/ipam/addresses",
        r#"{"request": "3123456789abcdef0123018bcfe56800", "space": "LocalDefault", "pool": "10.2.0.0/24"}"#,
    ),
    ("DELETE", "/v1/ipam/addresses?space=LocalDefault&pool=10.2.0.0%2F24&address=10.2.0.1", ""),
    ("DELETE", "/v1/ipam/pools?space=LocalDefault&pool=10.2.0.0%2F24", ""),
    ("DELETE", "/v1/networks/blue/endpoints/web", ""),
    ("DELETE", "/v1/networks/blue", ""),
];

/// A daemon without its process.
struct Service {
    folder: tempfile::TempDir,
    server: MemoryServer,
    faults: Arc<Faults>,
    composition: Composition,
}

/// A service that listens.
struct Listening<'a> {
    service: &'a Service,
    stop: Stop,
    served: JoinHandle<std::io::Result<bool>>,
}

impl Service {
    async fn new() -> Self {
        let server = MemoryServer::new(LeasedDirectories::default());
        let faults = Arc::new(Faults::new());
        let faulty = Faulty::new(Arc::new(server.connect()), Arc::clone(&faults));
        let (store, metrics) = stack(Arc::new(faulty), &LayerConfig::default());
        let local = Arc::new(LocalStore::new(Arc::clone(&store), None));
        let config = ControllerConfig::builtin(local, &DriverConfigs::default()).await.unwrap();
        let controller = Controller::open(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let local = Layered { store, metrics };
        Self { folder, server, faults, composition: Composition { controller, local, global: None } }
    }

    fn listen(&self) -> Listening<'_> {
        let path = self.folder.path().join("netkeep.sock");
        // It is there if it was listened at before.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let stop = Stop::default();
        let served = tokio::spawn(serve(listener, App::new(&self.composition), stop.clone(), PATIENCE));
        Listening { service: self, stop, served }
    }

    /// The keys of everything in the store.
    async fn keys(&self) -> Vec<String> {
        let snapshot = self.server.connect().list(&Prefix::root()).await.unwrap();
        snapshot.entries.iter().map(|entry| entry.key.to_string()).collect()
    }

    /// Nothing is under way, so nothing may be in between.
    async fn check(&self, place: &str) {
        let report = self.composition.controller.check().await.unwrap();
        assert!(report.is_clean(), "{place}: {:#?}", report.violations);
    }

    /// Makes a change whose client stays, twice: the second one changes nothing.
    async fn make(&self, change: usize, place: &str) {
        let (method, _, _) = CHANGES[change];
        let listening = self.listen();
        let (status, body) = listening.exchange(change).await;
        let expected: &[u16] = if method == "POST" { &[201] } else { &[204, 404] };
        assert!(expected.contains(&status), "{place}: {status}: {body}");
        let keys = self.keys().await;
        let (again, same) = listening.exchange(change).await;
        match method {
            "POST" => assert_eq!((again, same), (status, body), "{place}: again"),
            _ => assert_eq!(again, 404, "{place}: again: {same}"),
        }
        assert_eq!(self.keys().await, keys, "{place}: again");
        listening.end(place).await;
        self.check(place).await;
    }
}

impl Listening<'_> {
    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.service.folder.path().join("netkeep.sock")).await.unwrap()
    }

    /// Sends a request and waits for its answer.
    async fn exchange(&self, change: usize) -> (u16, String) {
        let mut stream = self.connect().await;
        stream.write_all(&request(change)).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer));
        read.await.expect("an answer comes").unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Takes no more requests, and waits for what is under way: connections and changes.
    async fn end(self, place: &str) {
        self.stop.asked.cancel();
        let whole = tokio::time::timeout(PATIENCE, self.served).await.expect("it ends").unwrap().unwrap();
        assert!(whole, "{place}: a change did not end");
    }
}

fn request(change: usize) -> Vec<u8> {
    let (method, path, body) = CHANGES[change];
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: netkeep\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Lets everybody else go on.
async fn others() {
    for _ in 0..500 {
        yield_now().await;
    }
}

/// How many commits each change has.
async fn commits() -> Vec<usize> {
    let service = Service::new().await;
    let mut counts = Vec::new();
    for (change, (method, path, _)) in CHANGES.iter().enumerate() {
        let before = service.faults.made(Operation::Commit);
        let listening = service.listen();
        let (status, body) = listening.exchange(change).await;
        assert!((200..300).contains(&status), "{method} {path}: {status}: {body}");
        listening.end("without a fault").await;
        counts.push(service.faults.made(Operation::Commit) - before);
    }
    counts
}

#[tokio::test]
async fn while_a_commit_is_under_way_the_change_is_made_wholly() {
    let commits = commits().await;
    assert!(commits.iter().all(|count| *count > 0), "{commits:?}");
    let mut hung_up = 0;
    for number in 0..*commits.iter().max().unwrap() {
        let service = Service::new().await;
        for (change, count) in commits.iter().enumerate() {
            let place = format!("{} {}, commit {number}", CHANGES[change].0, CHANGES[change].1);
            if number < *count {
                let step = Step::of(Operation::Commit, service.faults.made(Operation::Commit) + number);
                service.faults.set(step, Fault::Freeze);
                let listening = service.listen();
                let mut stream = listening.connect().await;
                stream.write_all(&request(change)).await.unwrap();
                let begun = tokio::time::Instant::now();
                while !service.faults.is_frozen() {
                    assert!(begun.elapsed() < Duration::from_secs(20), "{place}: no commit came");
                    yield_now().await;
                }
                let before = service.keys().await;
                drop(stream);
                others().await;
                assert_eq!(service.keys().await, before, "{place}: the commit was on its way");
                service.faults.thaw();
                listening.end(&place).await;
                service.check(&place).await;
                let made = service.keys().await;
                service.make(change, &place).await;
                assert_eq!(service.keys().await, made, "{place}: it was not made wholly");
                hung_up += 1;
            } else {
                service.make(change, &place).await;
            }
        }
        assert_eq!(service.keys().await, ["meta/host", "spaces/LocalDefault"]);
    }
    println!("{hung_up} clients hung up during a commit");
    assert_eq!(hung_up, commits.iter().sum::<usize>());
}

/// The client hangs up after any part of its request, and after any while. `NETKEEP_SEED` makes it another run.
#[tokio::test]
async fn at_any_point_the_change_is_made_wholly_or_not_at_all() {
    const PASSES: usize = 25;
    let seed = std::env::var("NETKEEP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(4);
    println!("NETKEEP_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut wholly, mut not_at_all) = (0, 0);
    for pass in 0..PASSES {
        let service = Service::new().await;
        for (change, (method, path, _)) in CHANGES.iter().enumerate() {
            let place = format!("seed {seed}, pass {pass}, {method} {path}");
            let before = service.keys().await;
            let listening = service.listen();
            let bytes = request(change);
            let sent = match random.random_range(0..4) {
                0 => random.random_range(0..bytes.len()),
                _ => bytes.len(),
            };
            let mut stream = listening.connect().await;
            stream.write_all(&bytes[..sent]).await.unwrap();
            for _ in 0..random.random_range(0..60) {
                yield_now().await;
            }
            drop(stream);
            listening.end(&place).await;
            service.check(&place).await;
            let found = service.keys().await;
            service.make(change, &place).await;
            let after = service.keys().await;
            assert!(found == before || found == after, "{place}: {before:?}, {found:?}, {after:?}");
            assert!(sent == bytes.len() || found == before, "{place}: it was made of a part of the request");
            if found == after {
                wholly += 1;
            } else {
                not_at_all += 1;
            }
        }
        assert_eq!(service.keys().await, ["meta/host", "spaces/LocalDefault"], "pass {pass}");
    }
    println!("{wholly} changes were made wholly, {not_at_all} not at all");
    assert!(wholly > 0 && not_at_all > 0, "both have to be seen: {wholly}, {not_at_all}");
}
