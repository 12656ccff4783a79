//! A start in every state of the global store: networks of this host are served at once, those of global scope as
//! far as anything is known of them, and nothing is changed there until the store is followed.

use std::path::Path;
use std::time::{Duration, Instant};

use netkeep_controller::ErrorKind::{NotFound, Unavailable};
use netkeep_controller::{Controller, ControllerConfig, EndpointInfo, GlobalState, SnapshotFile};
use netkeep_model::BootId;
use netkeep_store::Kind;
use netkeep_store::layers::Operation;
use netkeep_store_conformance::fault::{Fault, Step};
use serde_json::json;

use crate::support::{
    Host, Shared, Site, clean, endpoint, eventually, network, opened, pool_request, refused, refused_naming,
    stands,
};

/// How the store is when the host starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Up,
    Down,
    Hanging,
    WrongPassword,
    Wiped,
    RestoredOlder,
    Foreign,
}

impl Store {
    const ALL: [Self; 7] = [
        Self::Up,
        Self::Down,
        Self::Hanging,
        Self::WrongPassword,
        Self::Wiped,
        Self::RestoredOlder,
        Self::Foreign,
    ];

    /// What a client of the store is told; `None` if it is told nothing at all, or everything.
    fn answer(self) -> Option<Kind> {
        match self {
            Self::Up | Self::Hanging => None,
            Self::Down => Some(Kind::Unavailable),
            Self::WrongPassword => Some(Kind::Denied),
            // What the engine of the stores on servers says of all three.
            Self::Wiped | Self::RestoredOlder | Self::Foreign => Some(Kind::Replaced),
        }
    }

    fn befall(self, host: &Host) {
        if let Some(kind) = self.answer() {
            for number in 0..100_000 {
                host.faults.set(Step::of(Operation::Get, number), Fault::FailBefore(kind));
            }
        } else if self == Self::Hanging {
            host.faults.freeze();
        }
    }
}

async fn begin(host: &Host, file: &Path, boot: &str) -> Controller {
    let snapshot = Some(SnapshotFile::new(file).with_pause(Duration::from_millis(1)));
    let boot = Some(BootId::new(boot).unwrap());
    Controller::open(ControllerConfig { snapshot, boot, ..host.config().await }).await.unwrap()
}

/// A host that knew network `blue` with endpoint `web` of the shared store, and crashed.
async fn crashed(shared: &Shared, file: &Path) -> Site {
    let host = shared.host();
    let controller = begin(&host, file, "first").await;
    opened(&controller).await;
    controller.create_network(network(json!({"name": "red", "driver": "manual"}))).await.unwrap();
    controller.create_endpoint("red", endpoint(json!({"name": "db"}))).await.unwrap();
    let blue = json!({"name": "blue", "driver": "manual", "scope": "global"});
    controller.create_network(network(blue)).await.unwrap();
    controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    eventually("what is known is kept", || {
        std::fs::read_to_string(file).ok().filter(|text| text.contains("endpoints/"))
    })
    .await;
    drop(controller);
    host.site
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_of_the_store_after_a_restart_and_after_a_reboot() {
    for store in Store::ALL {
        for boot in ["first", "second"] {
            let place = format!("{store:?}, boot {boot}");
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("last-known");
            let shared = Shared::new();
            let site = crashed(&shared, &file).await;
            let host = shared.host_over(site);
            store.befall(&host);

            let began = Instant::now();
            let controller = begin(&host, &file, boot).await;
            controller.create_endpoint("red", endpoint(json!({"name": "more"}))).await.unwrap();
            assert_eq!(controller.endpoints("red").unwrap().len(), 2, "{place}");
            controller.delete_endpoint("red", "more").await.unwrap();
            println!("{place}: networks of this host were served after {:?}", began.elapsed());

            let (state, readable) = match store {
                Store::Up => (GlobalState::InSync, true),
                Store::Down | Store::Hanging => (GlobalState::Waiting, true),
                Store::WrongPassword => (GlobalState::Refused, true),
                Store::Wiped | Store::RestoredOlder | Store::Foreign => (GlobalState::Refused, false),
            };
            stands(&controller, state).await;
            let status = controller.status().global.unwrap();
            assert_eq!(status.stale.is_some(), readable && store != Store::Up, "{place}: {status:?}");
            if readable {
                let blue = controller.network("blue").unwrap();
                assert_eq!(blue.stale.is_some(), store != Store::Up, "{place}");
                let web = controller.endpoint("blue", "web").unwrap();
                assert_eq!(web.stale.is_some(), store != Store::Up, "{place}");
                let listed = controller.endpoints("blue").unwrap();
                // All but how old it is: that goes on from one answer to the next.
                let kept = |info: &EndpointInfo| (info.id, info.revision, info.endpoint.clone());
                assert_eq!(listed.iter().map(kept).collect::<Vec<_>>(), [kept(&web)], "{place}");
                let pools = controller.pools();
                assert!(
                    pools.iter().all(|pool| pool.stale.is_none()
                        != (pool.space.as_str() == "GlobalDefault" && store != Store::Up)),
                    "{place}: {pools:?}"
                );
                assert_eq!(controller.networks().len(), 2, "{place}");
                assert_eq!(status.records["network"], 1, "{place}: {status:?}");
            } else {
                refused_naming(controller.network("blue"), Unavailable, &["blue", "global"]);
                assert_eq!(controller.networks().len(), 1, "{place}");
            }
            if store == Store::Up {
                refused(controller.network("gone"), NotFound);
                clean(&controller).await;
                continue;
            }
            // What is not known is not said to be absent, and nothing is changed.
            refused_naming(controller.network("gone"), Unavailable, &["gone", "global"]);
            refused(controller.delete_network("blue").await, Unavailable);
            refused(controller.create_endpoint("blue", endpoint(json!({"name": "x"}))).await, Unavailable);
            let wanted = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
            refused(controller.request_pool(pool_request(wanted)).await, Unavailable);
            controller.close().await;
        }
    }
}

#[tokio::test]
async fn pain_38_a_store_that_comes_late_is_served_without_a_restart_and_marks_nothing_stale() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last-known");
    let shared = Shared::new();
    let host = shared.host_over(crashed(&shared, &file).await);
    host.faults.freeze();
    let controller = begin(&host, &file, "first").await;
    assert!(controller.network("blue").unwrap().stale.is_some());
    host.faults.thaw();
    opened(&controller).await;
    assert!(controller.network("blue").unwrap().stale.is_none());
    assert!(controller.status().global.unwrap().stale.is_none());
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    // A stop keeps what was known at its time.
    controller.close().await;
    assert!(!std::fs::read_to_string(&file).unwrap().contains("endpoints/"));
}

#[tokio::test]
async fn what_cannot_be_read_or_is_of_another_store_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last-known");
    let shared = Shared::new();
    let site = crashed(&shared, &file).await;
    let whole = std::fs::read(&file).unwrap();
    // The run that has crashed may write its file once more.
    let file = folder.path().join("another");
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let host = shared.host_over(site);
    host.faults.freeze();
    let controller = begin(&host, &file, "first").await;
    refused_naming(controller.network("blue"), Unavailable, &["blue"]);
    drop(controller);

    std::fs::write(&file, &whole).unwrap();
    let client = json!({"client": "0123456789abcdef0123456789abcdef", "known":
        {"identity": {"id": "0123456789abcdef0123456789abcdef", "schema": 1, "epoch": 1}, "newest": 1}});
    host.site.put("meta/client", "store-client", client).await;
    let host = shared.host_over(host.site);
    host.faults.freeze();
    let controller = begin(&host, &file, "first").await;
    refused_naming(controller.network("blue"), Unavailable, &["blue"]);
    assert!(controller.status().quarantine.is_empty(), "{:?}", controller.status().quarantine);
}

#[tokio::test(start_paused = true)]
async fn pain_41_a_store_that_is_down_is_asked_seldom() {
    let shared = Shared::new();
    let host = shared.host();
    Store::Down.befall(&host);
    let controller = host.begin().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = host.faults.made(Operation::Get);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let asked = host.faults.made(Operation::Get) - before;
    println!("a store that is down was asked {asked} times in 600 s");
    assert!((60..=1_500).contains(&asked), "{asked}");
    drop(controller);
}
