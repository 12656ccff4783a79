//! Pairs of operations that the old systems could not have at the same time, very many times at a barrier.
//!
//! 1,000 rounds of each, or 10,000 with `NETKEEP_LONG=1`.

use std::sync::Arc;

use netkeep_controller::{Controller, ControllerConfig, ErrorKind, Result};
use netkeep_drivers::registry::DriverConfigs;
use netkeep_store::datastore::LocalStore;
use netkeep_store::layers::Operation;
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};
use netkeep_store_conformance::fault::{Fault, Faults, Faulty, Step};
use serde_json::json;
use tokio::sync::Barrier;

fn rounds() -> usize {
    if std::env::var_os("NETKEEP_LONG").is_some() { 10_000 } else { 1_000 }
}

async fn open(store: Arc<dyn Store>) -> Controller {
    let local = Arc::new(LocalStore::new(store, None));
    let config = ControllerConfig::builtin(local, &DriverConfigs::default()).await.unwrap();
    Controller::open(config).await.unwrap()
}

fn server() -> MemoryServer {
    MemoryServer::new(LeasedDirectories::default())
}

async fn create_network(controller: &Controller, name: &str, pool: &str) -> Result<()> {
    let spec = json!({"name": name, "driver": "manual", "ipam": {"pools": [{"pool": pool}]}});
    controller.create_network(serde_json::from_value(spec).unwrap()).await.map(|_| ())
}

async fn create_endpoint(controller: &Controller) -> Result<()> {
    let spec = json!({"name": "web", "ipv4": "10.1.0.7"});
    controller.create_endpoint("blue", serde_json::from_value(spec).unwrap()).await.map(|_| ())
}

/// Begins both at one barrier.
async fn race<A, B>(
    one: impl Future<Output = Result<A>> + Send + 'static,
    other: impl Future<Output = Result<B>> + Send + 'static,
) -> (Result<A>, Result<B>)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(2));
    let first = Arc::clone(&barrier);
    let one = tokio::spawn(async move {
        first.wait().await;
        one.await
    });
    let other = tokio::spawn(async move {
        barrier.wait().await;
        other.await
    });
    (one.await.unwrap(), other.await.unwrap())
}

/// Nothing is left but what stays for ever.
async fn assert_empty(store: &dyn Store, round: usize) {
    let left = store.list(&Prefix::root()).await.unwrap().entries;
    let left: Vec<_> = left.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(left, ["meta/host", "spaces/LocalDefault"], "round {round}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_network_against_creating_an_endpoint_in_it() {
    let server = server();
    let controller = open(Arc::new(server.connect())).await;
    let (mut deleted, mut created) = (0, 0);
    for round in 0..rounds() {
        create_network(&controller, "blue", "10.1.0.0/24").await.unwrap();
        let (one, other) = (controller.clone(), controller.clone());
        let (delete, create) =
            race(
                async move { one.delete_network("blue").await },
                async move { create_endpoint(&other).await },
            )
            .await;
        match (delete, create) {
            (Ok(()), Err(error)) => {
                assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InUse), "{error}");
                deleted += 1;
            }
            (Err(error), Ok(())) => {
                assert_eq!(error.kind(), ErrorKind::InUse, "round {round}: {error}");
                controller.delete_endpoint("blue", "web").await.unwrap();
                controller.delete_network("blue").await.unwrap();
                created += 1;
            }
            other => panic!("round {round}: one of the two succeeds: {other:?}"),
        }
        assert_empty(&server.connect(), round).await;
    }
    println!("{deleted} networks went, {created} stayed with their endpoint");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releasing_an_address_against_deleting_its_endpoint() {
    let server = server();
    let controller = open(Arc::new(server.connect())).await;
    create_network(&controller, "blue", "10.1.0.0/24").await.unwrap();
    for round in 0..rounds() {
        create_endpoint(&controller).await.unwrap();
        let (one, other) = (controller.clone(), controller.clone());
        let release = async move {
            let (space, pool, ip) = ("LocalDefault", "10.1.0.0/24", "10.1.0.7");
            one.release_address(space.parse().unwrap(), pool.parse().unwrap(), ip.parse().unwrap()).await
        };
        let (release, delete) =
            race(release, async move { other.delete_endpoint("blue", "web").await }).await;
        delete.unwrap_or_else(|error| panic!("round {round}: {error}"));
        let error = release.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InUse | ErrorKind::NotFound), "round {round}: {error}");
        assert_eq!(controller.addresses(None, None).len(), 1, "the gateway alone");
    }
    assert!(controller.check().await.unwrap().is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pools_that_overlap() {
    let server = server();
    let controller = open(Arc::new(server.connect())).await;
    for round in 0..rounds() {
        let (one, other) = (controller.clone(), controller.clone());
        let answers = race(async move { create_network(&one, "blue", "10.1.0.0/16").await }, async move {
            create_network(&other, "red", "10.1.7.0/24").await
        })
        .await;
        let winner = match answers {
            (Ok(()), Err(error)) => ("blue", error),
            (Err(error), Ok(())) => ("red", error),
            other => panic!("round {round}: one of the two succeeds: {other:?}"),
        };
        assert_eq!(winner.1.kind(), ErrorKind::InUse, "round {round}: {}", winner.1);
        controller.delete_network(winner.0).await.unwrap();
        assert_empty(&server.connect(), round).await;
    }
}

/// The first commit of a deletion is made, and the second one is on its way when the process is taken for dead.
/// The next run finds that a client holds an address of the pool, and undoes the deletion; only then the late
/// commit arrives, and must be refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_was_undone_against_its_late_second_commit() {
    for round in 0..rounds() / 10 {
        let server = server();
        let faults = Arc::new(Faults::new());
        let late = open(Arc::new(Faulty::new(Arc::new(server.connect()), Arc::clone(&faults)))).await;
        create_network(&late, "blue", "10.1.0.0/24").await.unwrap();
        let commits = faults.made(Operation::Commit);
        faults.set(Step::of(Operation::Commit, commits + 1), Fault::Freeze);
        let deleting = tokio::spawn(async move { late.delete_network("blue").await });
        while !faults.is_frozen() {
            tokio::task::yield_now().await;
        }

        // The second commit is on its way. Another client gets an address before the next run looks.
        let address = netkeep_store::Key::parse("addresses/LocalDefault/4-0a010000-24/4-0a010009").unwrap();
        let record = json!({"kind": "address", "version": 1, "record": {"owner": {
            "is": "client", "host": "0123456789abcdef0123018bcfe56800", "incarnation": 1, "since": 1,
            "request": "0123456789abcdef0123018bcfe56800"}}});
        let txn = netkeep_store::Txn::new().absent(address.clone()).put(address, record.to_string());
        server.connect().commit(&txn).await.unwrap();
        let next = open(Arc::new(server.connect())).await;
        assert_eq!(next.recovery().undone.len(), 1, "round {round}: {:?}", next.recovery());

        faults.thaw();
        let error = deleting.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Closed | ErrorKind::Conflict), "round {round}: {error}");
        assert!(next.network("blue").unwrap().network.phase.is_ready(), "round {round}");
        assert!(next.check().await.unwrap().is_clean(), "round {round}");
        next.release_address(
            "LocalDefault".parse().unwrap(),
            "10.1.0.0/24".parse().unwrap(),
            "10.1.0.9".parse().unwrap(),
        )
        .await
        .unwrap();
        next.delete_network("blue").await.unwrap();
        assert_empty(&server.connect(), round).await;
    }
}

/// The caller of a change goes away at any point: the change is made wholly, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_stops_nothing_halfway() {
    let server = server();
    let controller = open(Arc::new(server.connect())).await;
    for round in 0..rounds() / 10 {
        let calling = controller.clone();
        let mut call = Box::pin(async move { create_network(&calling, "blue", "10.1.0.0/24").await });
        for _ in 0..round % 4 {
            let polled = futures_util::poll!(&mut call);
            if polled.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        // What was begun ends; nothing that was not begun does.
        let gone = controller.clone();
        let begun = round % 4 > 0;
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        while begun && gone.network("blue").is_err() {
            assert!(tokio::time::Instant::now() < deadline, "round {round}: the network never came");
            tokio::task::yield_now().await;
        }
        assert_eq!(controller.network("blue").is_ok(), begun, "round {round}");
        assert!(controller.check().await.unwrap().is_clean(), "round {round}");
        if begun {
            controller.delete_network("blue").await.unwrap();
        }
    }
}
