//! Hosts in this process, on one store on real servers.

use std::time::{Duration, Instant};

use netkeep::compose::Composition;
use netkeep::config::{Config, Environment, Flags};
use netkeep_controller::Controller;
use netkeep_model::Scope;
use netkeep_store::StoreUrl;
use netkeep_testcontainers::Cluster;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A place in the store on these servers that nobody else uses.
pub(crate) fn fresh_url(servers: &Cluster) -> StoreUrl {
    let (family, endpoints) = (servers.family(), servers.endpoints().join(","));
    format!("{family}://{endpoints}/many-{:08x}", rand::random::<u32>()).parse().unwrap()
}

/// A host with a store of its own in memory, which serves networks of this store.
pub(crate) async fn host(global: &StoreUrl) -> Composition {
    let local = Some("memory://".parse().unwrap());
    let flags = Flags { local, global: Some(global.clone()), ..Flags::default() };
    let config = Config::load(&flags, &Environment::default()).unwrap();
    let host = Composition::open(&config).await.unwrap();
    let opened = tokio::time::timeout(PATIENCE, host.controller.global_opened());
    opened.await.expect("the store is reached");
    host
}

/// Several hosts.
pub(crate) async fn hosts(global: &StoreUrl, count: usize) -> Vec<Composition> {
    let mut hosts = Vec::new();
    for _ in 0..count {
        hosts.push(host(global).await);
    }
    hosts
}

/// Has every host hear of what was done until now.
pub(crate) async fn all_hear(hosts: &[Composition]) {
    for host in hosts {
        host.controller.as_new_as_now(Scope::Global, PATIENCE).await.unwrap();
    }
}

/// Fails unless the check of this host finds nothing in either store.
pub(crate) async fn clean(controller: &Controller) {
    let report = controller.check().await.unwrap();
    assert!(report.is_clean(), "{report:#?}");
}

/// Waits until `done` answers something.
pub(crate) async fn eventually<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = done() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{what}: not within {PATIENCE:?}");
}
