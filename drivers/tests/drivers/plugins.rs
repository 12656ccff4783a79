//! Kinds that nobody has registered are sought among the plugins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use netkeep_drivers::{
    DriverRegistry, Error, ErrorKind, NoHook, PluginGetter, PluginRole, Registrar, Result,
};
use netkeep_model::{DriverKind, IpamKind};
use netkeep_store::datastore::LocalStore;
use netkeep_store::{LeasedDirectories, MemoryStore};
use tokio::sync::Barrier;

use crate::support::{Toy, ToyIpam};

/// Has plugins of certain names.
#[derive(Debug, Default)]
struct Shelf {
    activated: AtomicUsize,
}

#[async_trait]
impl PluginGetter for Shelf {
    async fn activate(&self, name: &str, role: PluginRole, registrar: &Registrar) -> Result<bool> {
        self.activated.fetch_add(1, Ordering::SeqCst);
        match name {
            "good" if role == PluginRole::Network => {
                // Lets others come in while it works.
                tokio::task::yield_now().await;
                let kind = DriverKind::new(name)?;
                let build = async |context| Ok(Toy::driver(&kind, false, context));
                registrar.network(kind.clone(), build).await?;
                Ok(true)
            }
            "good" => {
                let kind = IpamKind::new(name)?;
                registrar.ipam(kind.clone(), async |_| Ok(ToyIpam::driver(&kind, false))).await?;
                Ok(true)
            }
            "silent" => Ok(true),
            "sick" => Err(Error::new(ErrorKind::Unavailable, "plugin sick does not answer")),
            _ => Ok(false),
        }
    }
}

fn registry() -> (Arc<Shelf>, DriverRegistry) {
    let shelf = Arc::new(Shelf::default());
    let store = LocalStore::new(Arc::new(MemoryStore::open(LeasedDirectories::default())), None);
    let registry = DriverRegistry::new(&store, None, shelf.clone(), Arc::new(NoHook));
    (shelf, registry)
}

fn kind(text: &str) -> DriverKind {
    DriverKind::new(text).unwrap()
}

#[tokio::test]
async fn a_plugin_is_activated_when_its_kind_is_first_asked_for_and_not_again() {
    let (shelf, registry) = registry();
    assert!(registry.network(&kind("good")).is_err(), "a plain look-up activates nothing");
    let driver = registry.resolve_network(&kind("good")).await.unwrap();
    assert_eq!(driver.info().kind, kind("good"));
    assert!(Arc::ptr_eq(&driver, &registry.resolve_network(&kind("good")).await.unwrap()));
    assert!(Arc::ptr_eq(&driver, &registry.network(&kind("good")).unwrap()));
    assert_eq!(shelf.activated.load(Ordering::SeqCst), 1);

    let ipam = registry.resolve_ipam(&IpamKind::new("good").unwrap()).await.unwrap();
    assert_eq!(ipam.info().kind.as_str(), "good");
    assert_eq!(shelf.activated.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_activate_it_once() {
    const MANY: usize = 16;
    let (shelf, registry) = registry();
    let barrier = Arc::new(Barrier::new(MANY));
    let tasks: Vec<_> = (0..MANY)
        .map(|_| {
            let (registry, barrier) = (registry.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                registry.resolve_network(&kind("good")).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(shelf.activated.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_goes_wrong_with_a_plugin_is_told_apart() {
    let (_, registry) = registry();
    let absent = registry.resolve_network(&kind("absent")).await.unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::NotFound);
    let silent = registry.resolve_network(&kind("silent")).await.unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::Unavailable);
    assert!(silent.to_string().contains("did not register a network driver"), "{silent}");
    let sick = registry.resolve_ipam(&IpamKind::new("sick").unwrap()).await.unwrap_err();
    assert_eq!(sick.to_string(), "plugin sick does not answer");
}

#[tokio::test]
async fn a_plugin_that_comes_back_replaces_its_own_driver() {
    let (shelf, registry) = registry();
    let old = registry.resolve_network(&kind("good")).await.unwrap();
    let registrar = registry.registrar().of_plugin("good");
    assert!(shelf.activate("good", PluginRole::Network, &registrar).await.unwrap());
    let new = registry.resolve_network(&kind("good")).await.unwrap();
    assert!(!Arc::ptr_eq(&old, &new));
}
