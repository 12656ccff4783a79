//! Each kind has one driver, whoever registers when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_drivers::{
    DriverConfigs, DriverContext, DriverRegistry, Error, ErrorKind, IpamDriver, NetworkDriver, NoPlugins,
    RegistryHook, Result, register_builtin,
};
use netkeep_model::{DriverKind, IpamKind, Options};
use netkeep_store::datastore::LocalStore;
use netkeep_store::{LeasedDirectories, MemoryStore};
use serde_json::json;
use tokio::sync::{Barrier, oneshot, watch};

use crate::support::{Toy, ToyIpam, options, registry, toy_kind};

/// An init function that registers a toy of this kind.
async fn toy(context: DriverContext) -> Result<()> {
    let build = async |context| Ok(Toy::driver(&toy_kind(), true, context));
    context.registrar.network(toy_kind(), build).await
}

async fn add_toy(registry: &DriverRegistry) -> Result<()> {
    registry.add_driver(toy_kind(), toy, Options::new()).await
}

fn kind(text: &str) -> DriverKind {
    DriverKind::new(text).unwrap()
}

/// Whether two handles are of one driver.
fn same(one: &Arc<dyn NetworkDriver>, other: &Arc<dyn NetworkDriver>) -> bool {
    Arc::ptr_eq(one, other)
}

#[tokio::test]
async fn the_built_in_drivers_are_there() {
    let registry = registry();
    register_builtin(&registry, &DriverConfigs::default()).await.unwrap();
    assert_eq!(registry.kinds(), ["host", "manual", "null"].map(kind));
    let ipams: Vec<String> = registry.ipam_kinds().iter().map(ToString::to_string).collect();
    assert_eq!(ipams, ["default", "null"]);
    assert!(registry.networks().iter().all(|driver| driver.info().built_in));
    let info = registry.ipam(&IpamKind::new("default").unwrap()).unwrap().info().clone();
    assert_eq!((info.local_space.as_str(), info.global_space.as_str()), ("LocalDefault", "GlobalDefault"));
    let again = register_builtin(&registry, &DriverConfigs::default()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Forbidden);
    assert!(again.to_string().contains("\"null\" is built in and never replaced"), "{again}");
}

#[tokio::test]
async fn a_configuration_reaches_its_driver_and_a_wrong_one_names_it() {
    let with = |kind: &str, config| DriverConfigs {
        network: [(DriverKind::new(kind).unwrap(), options(config))].into(),
        ..DriverConfigs::default()
    };
    let error =
        register_builtin(&registry(), &with("manual", json!({"port-range": "9-1"}))).await.unwrap_err();
    assert!(error.to_string().starts_with("network driver \"manual\": option \"port-range\""), "{error}");
    let error = register_builtin(&registry(), &with("host", json!({"removeable": true}))).await.unwrap_err();
    assert!(error.to_string().contains("removeable") && error.to_string().contains("removable"), "{error}");
    register_builtin(&registry(), &with("elsewhere", json!({"any": 1}))).await.unwrap();
}

#[tokio::test]
async fn an_unknown_kind_is_answered_with_the_known_ones() {
    let empty = registry();
    let error = empty.network(&kind("bridge")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().ends_with("no network driver \"bridge\"; those that are registered: none"));
    let registry = registry();
    register_builtin(&registry, &DriverConfigs::default()).await.unwrap();
    let error = registry.resolve_network(&kind("bridge")).await.unwrap_err();
    assert!(error.to_string().ends_with("host, manual, null"), "{error}");
    let error = registry.resolve_ipam(&IpamKind::new("dhcp").unwrap()).await.unwrap_err();
    assert!(error.to_string().ends_with("default, null"), "{error}");
}

#[test]
fn a_blank_kind_cannot_be_said() {
    for blank in ["", " ", "\t", "a b"] {
        assert!(DriverKind::new(blank).is_err() && IpamKind::new(blank).is_err(), "{blank:?}");
    }
}

#[tokio::test]
async fn a_duplicate_is_refused_and_the_first_one_stays() {
    let registry = registry();
    add_toy(&registry).await.unwrap();
    let first = registry.network(&toy_kind()).unwrap();
    let error = add_toy(&registry).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.to_string().contains("\"vendor/toy:latest\" is built in"), "{error}");
    assert!(same(&first, &registry.network(&toy_kind()).unwrap()));
}

#[tokio::test]
async fn only_the_same_plugin_replaces_a_driver_and_the_old_one_drains() {
    let registry = registry();
    let plugin = registry.registrar().of_plugin("vendor/toy:latest");
    let build = async |context| Ok(Toy::driver(&toy_kind(), false, context));
    plugin.network(toy_kind(), build).await.unwrap();
    let old = registry.network(&toy_kind()).unwrap();

    for other in [registry.registrar(), registry.registrar().of_plugin("another")] {
        let error = other.network(toy_kind(), build).await.unwrap_err();
        assert!(error.to_string().contains("only the plugin that registered it"), "{error}");
    }
    assert!(same(&old, &registry.network(&toy_kind()).unwrap()));

    plugin.network(toy_kind(), build).await.unwrap();
    assert!(!same(&old, &registry.network(&toy_kind()).unwrap()));
    // Whoever still works with the old one keeps it; nobody else does.
    assert_eq!(Arc::strong_count(&old), 1);
    assert_eq!(registry.kinds().len(), 1);
}

#[tokio::test]
async fn a_plugin_never_takes_the_place_of_a_built_in_driver_nor_says_that_it_is_one() {
    let registry = registry();
    register_builtin(&registry, &DriverConfigs::default()).await.unwrap();
    let plugin = registry.registrar().of_plugin("null");
    let built = AtomicUsize::new(0);
    let build = async |context| {
        built.fetch_add(1, Ordering::SeqCst);
        Ok(Toy::driver(&kind("null"), false, context))
    };
    assert_eq!(plugin.network(kind("null"), build).await.unwrap_err().kind(), ErrorKind::Forbidden);
    let ipam = IpamKind::new("default").unwrap();
    let error = plugin.ipam(ipam.clone(), async |_| Ok(ToyIpam::driver(&ipam, false))).await.unwrap_err();
    assert_eq!(error.to_string(), "IPAM driver \"default\" is built in and never replaced");
    assert_eq!(built.load(Ordering::SeqCst), 0, "it is not even built");

    let liar = async |context| Ok(Toy::driver(&toy_kind(), true, context));
    let error = plugin.network(toy_kind(), liar).await.unwrap_err();
    assert!(error.to_string().contains("of plugin null says that it is built in"), "{error}");
    assert!(registry.network(&toy_kind()).is_err());
}

#[tokio::test]
async fn an_init_function_that_does_not_register_its_driver_is_an_error() {
    let registry = registry();
    let error = registry.add_driver(toy_kind(), async |_| Ok(()), Options::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().ends_with("it registered nothing"), "{error}");
    let error = registry.add_driver(kind("other"), toy, Options::new()).await.unwrap_err();
    assert!(error.to_string().ends_with("it registered network vendor/toy:latest"), "{error}");
    let ipam = IpamKind::new("other").unwrap();
    let error = registry.add_ipam(ipam, async |_| Ok(()), Options::new()).await.unwrap_err();
    assert!(error.to_string().contains("IPAM driver \"other\""), "{error}");
}

#[tokio::test]
async fn a_driver_that_says_it_is_of_another_kind_is_not_published() {
    let registry = registry();
    let build = async |context| Ok(Toy::driver(&kind("another"), false, context));
    let error = registry.registrar().network(toy_kind(), build).await.unwrap_err();
    assert!(error.to_string().contains("says that it is \"another\""), "{error}");
    assert!(registry.kinds().is_empty());
}

#[tokio::test]
async fn a_failed_or_cancelled_build_gives_the_kind_back() {
    let registry = registry();
    let fails = async |_| Err(Error::invalid("no"));
    assert_eq!(registry.registrar().network(toy_kind(), fails).await.unwrap_err().to_string(), "no");

    let registrar = registry.registrar();
    let (begun, has_begun) = oneshot::channel();
    let hangs = tokio::spawn(async move {
        let build = async move |_| {
            begun.send(()).unwrap();
            std::future::pending().await
        };
        registrar.network(toy_kind(), build).await
    });
    has_begun.await.unwrap();
    let error = add_toy(&registry).await.unwrap_err();
    assert!(error.to_string().contains("is being registered by another"), "{error}");
    assert!(registry.network(&toy_kind()).is_err(), "what is being built cannot be found");
    assert!(registry.networks().is_empty() && registry.kinds().is_empty());
    hangs.abort();
    assert!(hangs.await.unwrap_err().is_cancelled());
    add_toy(&registry).await.unwrap();
}

#[tokio::test]
async fn a_failed_replacement_leaves_the_old_driver() {
    let registry = registry();
    let plugin = registry.registrar().of_plugin("toy");
    plugin.network(toy_kind(), async |context| Ok(Toy::driver(&toy_kind(), false, context))).await.unwrap();
    let old = registry.network(&toy_kind()).unwrap();
    plugin.network(toy_kind(), async |_| Err(Error::invalid("no"))).await.unwrap_err();
    assert!(same(&old, &registry.network(&toy_kind()).unwrap()));
}

/// Hears of drivers while nobody can find them yet, and refuses as many as it is told.
#[derive(Debug)]
struct Listener {
    heard: Mutex<Vec<String>>,
    refuse: AtomicUsize,
    registry: Mutex<Option<DriverRegistry>>,
}

#[async_trait]
impl RegistryHook for Listener {
    async fn network(&self, driver: &Arc<dyn NetworkDriver>) -> Result<()> {
        let kind = driver.info().kind.clone();
        let registry = self.registry.lock().unwrap().clone().unwrap();
        assert!(registry.network(&kind).is_err(), "nobody finds it before the hook has passed it");
        self.heard.lock().unwrap().push(kind.to_string());
        let refused =
            self.refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refused.is_ok() { Err(Error::forbidden("not this one")) } else { Ok(()) }
    }

    async fn ipam(&self, driver: &Arc<dyn IpamDriver>) -> Result<()> {
        self.heard.lock().unwrap().push(format!("IPAM {}", driver.info().kind));
        Ok(())
    }
}

#[tokio::test]
async fn the_hook_hears_of_each_driver_before_it_is_published_and_may_refuse_it() {
    let hook = Arc::new(Listener {
        heard: Mutex::default(),
        refuse: AtomicUsize::new(1),
        registry: Mutex::default(),
    });
    let store = LocalStore::new(Arc::new(MemoryStore::open(LeasedDirectories::default())), None);
    let registry = DriverRegistry::new(&store, None, Arc::new(NoPlugins), hook.clone());
    *hook.registry.lock().unwrap() = Some(registry.clone());

    assert_eq!(add_toy(&registry).await.unwrap_err().to_string(), "not this one");
    assert!(registry.network(&toy_kind()).is_err());
    add_toy(&registry).await.unwrap();
    let ipam = IpamKind::new("x").unwrap();
    registry.registrar().ipam(ipam.clone(), async |_| Ok(ToyIpam::driver(&ipam, false))).await.unwrap();
    assert_eq!(*hook.heard.lock().unwrap(), ["vendor/toy:latest", "vendor/toy:latest", "IPAM x"]);
    *hook.registry.lock().unwrap() = None;
}

#[tokio::test]
async fn a_walk_is_a_snapshot() {
    let registry = registry();
    register_builtin(&registry, &DriverConfigs::default()).await.unwrap();
    let (networks, ipams) = (registry.networks(), registry.ipams());
    add_toy(&registry).await.unwrap();
    assert_eq!((networks.len(), ipams.len()), (3, 2));
    assert_eq!(registry.networks().len(), 4);
}

#[tokio::test]
async fn a_registrar_does_not_keep_the_registry() {
    let registry = registry();
    add_toy(&registry).await.unwrap();
    let registrar = registry.registrar();
    drop(registry);
    let build = async |context| Ok(Toy::driver(&toy_kind(), false, context));
    assert_eq!(registrar.network(toy_kind(), build).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

/// The winner's driver is built only once all others have lost, so that all of them meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_register_one_kind_at_once_one_wins() {
    const MANY: usize = 16;
    let registry = registry();
    let barrier = Arc::new(Barrier::new(MANY));
    let lost = watch::Sender::new(0);
    let tasks: Vec<_> = (0..MANY)
        .map(|_| {
            let (registry, barrier, lost) = (registry.clone(), barrier.clone(), lost.clone());
            tokio::spawn(async move {
                let mut others = lost.subscribe();
                let build = async |context| {
                    let all = others.wait_for(|count| *count == MANY - 1);
                    tokio::time::timeout(Duration::from_secs(20), all).await.expect("they lose").unwrap();
                    Ok(Toy::driver(&toy_kind(), true, context))
                };
                barrier.wait().await;
                let result = registry.registrar().network(toy_kind(), build).await;
                if result.is_err() {
                    lost.send_modify(|count| *count += 1);
                }
                result
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => won += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Forbidden),
        }
    }
    assert_eq!(won, 1);
    assert!(registry.network(&toy_kind()).is_ok());
}
