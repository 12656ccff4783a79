//! Each driver has its own keys, and writes only while its host may.

use std::sync::{Arc, Mutex};

use netkeep_drivers::{DriverContext, DriverRegistry, DriverStore, Fence, NoHook, NoPlugins, Result};
use netkeep_model::{DriverKind, IpamKind};
use netkeep_store::datastore::{Datastore, Global, GlobalStore, Local, LocalStore};
use netkeep_store::{
    Guard, Key, Kind, LeasedDirectories, MemoryStore, Prefix, Revision, Store, StoreExt, Txn, WatchFrom,
};
use serde_json::json;

use crate::support::{GatedStore, Toy, ToyIpam, options};

/// A registry over one local store, and what its drivers got.
struct House {
    registry: DriverRegistry,
    base: Arc<dyn Store>,
}

impl House {
    fn new(base: Arc<dyn Store>) -> Self {
        let local = LocalStore::new(base.clone(), None);
        Self { registry: DriverRegistry::new(&local, None, Arc::new(NoPlugins), Arc::new(NoHook)), base }
    }

    fn memory() -> Self {
        Self::new(Arc::new(MemoryStore::open(LeasedDirectories::default())))
    }

    /// Registers a toy and hands over its local store.
    async fn network(&self, kind: &str) -> DriverStore<Local> {
        let kind = DriverKind::new(kind).unwrap();
        let got = Mutex::new(None);
        let build = async |context: DriverContext| {
            *got.lock().unwrap() = Some(context.local.clone());
            Ok(Toy::driver(&kind, false, context))
        };
        self.registry.registrar().network(kind.clone(), build).await.unwrap();
        got.into_inner().unwrap().unwrap()
    }

    async fn ipam(&self, kind: &str) -> DriverStore<Local> {
        let kind = IpamKind::new(kind).unwrap();
        let got = Mutex::new(None);
        let build = async |context: DriverContext| {
            *got.lock().unwrap() = Some(context.local.clone());
            Ok(ToyIpam::driver(&kind, false))
        };
        self.registry.registrar().ipam(kind.clone(), build).await.unwrap();
        got.into_inner().unwrap().unwrap()
    }

    fn fence(&self) -> &Fence {
        self.registry.local_fence()
    }

    /// Writes the record of the host, as the owner of the registry does.
    async fn write_host(&self) -> Revision {
        self.base.commit(&Txn::new().put(host(), "host")).await.unwrap()
    }
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn host() -> Key {
    key("meta/host")
}

fn guard(revision: Revision) -> Vec<Guard> {
    vec![Guard::Unchanged(host(), revision)]
}

async fn keys(store: &dyn Store) -> Vec<String> {
    let snapshot = store.list(&Prefix::root()).await.unwrap();
    snapshot.entries.iter().map(|entry| entry.key.to_string()).collect()
}

#[tokio::test]
async fn a_driver_sees_its_own_keys_and_no_others() {
    let house = House::memory();
    house.fence().set(Vec::new()).unwrap();
    let (one, other, ipam) =
        (house.network("null").await, house.network("vendor/net:1").await, house.ipam("null").await);
    house.write_host().await;
    one.store().create(key("a/b"), "1").await.unwrap();
    other.store().create(key("a/b"), "2").await.unwrap();
    ipam.store().create(key("a/b"), "3").await.unwrap();

    for (store, value) in [(&one, "1"), (&other, "2"), (&ipam, "3")] {
        assert_eq!(keys(&**store.store()).await, ["a/b"]);
        assert_eq!(store.store().get(&key("a/b")).await.unwrap().unwrap().value, value);
        for outside in ["meta/host", "driver-data/null/a/b", "ipam-data/null/a/b"] {
            assert_eq!(store.store().get(&key(outside)).await.unwrap(), None, "{outside}");
        }
        let mut watch = store.store().watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
        let item = watch.next().await.unwrap();
        let netkeep_store::WatchItem::Reset(snapshot) = item else { panic!("it begins with a reset") };
        assert_eq!(snapshot.entries.len(), 1);
    }
    assert_eq!(
        keys(&*house.base).await,
        ["driver-data/null/a/b", "driver-data/vendor%2Fnet:1/a/b", "ipam-data/null/a/b", "meta/host"]
    );
    assert_eq!(other.prefix().as_str(), "driver-data/vendor%2Fnet:1");
    one.store().commit(&Txn::new().delete(key("a/b"))).await.unwrap();
    assert_eq!(keys(&**other.store()).await, ["a/b"]);
}

#[tokio::test]
async fn a_driver_that_is_registered_again_finds_what_it_kept() {
    let house = House::memory();
    house.fence().set(Vec::new()).unwrap();
    let first = house.network("toy").await;
    first.store().create(key("a"), "1").await.unwrap();
    let again = House::new(house.base.clone()).network("toy").await;
    assert_eq!(keys(&**again.store()).await, ["a"]);
}

#[tokio::test]
async fn both_scopes_are_handed_out_where_there_are_both() {
    async fn init(context: DriverContext) -> Result<()> {
        assert_eq!(context.config, options(json!({"colour": "blue"})));
        let global: &DriverStore<Global> = context.global.as_ref().expect("there is a global store");
        global.store().create(key("g"), "").await?;
        context.local.store().create(key("l"), "").await?;
        let kind = DriverKind::new("toy")?;
        let build = async |context: DriverContext| {
            assert_eq!(context.config, options(json!({"colour": "blue"})));
            Ok(Toy::driver(&DriverKind::new("toy")?, false, context))
        };
        context.registrar.network(kind, build).await
    }
    let store = || Arc::new(MemoryStore::open(LeasedDirectories::default()));
    let (local, global) = (store(), store());
    let registry = DriverRegistry::new(
        &LocalStore::new(local.clone(), None),
        Some(&GlobalStore::new(global.clone())),
        Arc::new(NoPlugins),
        Arc::new(NoHook),
    );
    registry.local_fence().set(Vec::new()).unwrap();
    registry.global_fence().set(Vec::new()).unwrap();
    let config = options(json!({"colour": "blue"}));
    registry.add_driver(DriverKind::new("toy").unwrap(), init, config).await.unwrap();
    assert_eq!(keys(&*local).await, ["driver-data/toy/l"]);
    assert_eq!(keys(&*global).await, ["driver-data/toy/g"]);
}

#[tokio::test]
async fn a_driver_cannot_close_the_store_beneath() {
    let house = House::memory();
    house.fence().set(Vec::new()).unwrap();
    let store = house.network("toy").await;
    store.store().close().await.unwrap();
    store.store().create(key("a"), "1").await.unwrap();
    house.write_host().await;
}

#[tokio::test]
async fn nothing_is_written_before_the_fence_is_set_nor_after_it_is_cleared() {
    let house = House::memory();
    let store = house.network("toy").await;
    let refused = |error: netkeep_store::Error| {
        assert_eq!(error.kind(), Kind::Unavailable, "{error}");
        assert!(error.to_string().contains("may not write for a driver now"), "{error}");
    };
    refused(store.store().create(key("a"), "1").await.unwrap_err());
    assert_eq!(store.store().get(&key("a")).await.unwrap(), None);
    house.fence().set(Vec::new()).unwrap();
    store.store().create(key("a"), "1").await.unwrap();
    house.fence().clear();
    refused(store.store().create(key("b"), "1").await.unwrap_err());
    assert_eq!(keys(&**store.store()).await, ["a"]);
}

#[tokio::test]
async fn a_run_that_is_over_writes_nothing_more() {
    let house = House::memory();
    let store = house.network("toy").await;
    let first = house.write_host().await;
    house.fence().set(guard(first)).unwrap();
    store.store().create(key("a"), "1").await.unwrap();

    // Another run takes over.
    let second = house.write_host().await;
    for _ in 0..2 {
        let error = store.store().create(key("b"), "1").await.unwrap_err();
        assert_eq!((error.kind(), error.applied()), (Kind::Denied, netkeep_store::Applied::No));
        assert!(error.message().contains("meta/host has been changed by another"), "{error}");
        assert_eq!(error.failed_guard(), None, "it is no conflict that could be decided again");
    }
    assert_eq!(keys(&**store.store()).await, ["a"]);

    house.fence().set(guard(second)).unwrap();
    store.store().create(key("b"), "1").await.unwrap();
}

#[tokio::test]
async fn a_conflict_of_the_drivers_own_names_its_own_key() {
    let house = House::memory();
    house.fence().set(guard(house.write_host().await)).unwrap();
    let store = house.network("toy").await;
    store.store().create(key("a"), "1").await.unwrap();
    let error = store.store().create(key("a"), "2").await.unwrap_err();
    assert_eq!(error.failed_guard(), Some(&Guard::Absent(key("a"))));
    assert!(!error.to_string().contains("driver-data"), "{error}");
}

#[tokio::test]
async fn a_fence_has_two_guards_of_different_keys_at_most_and_transactions_leave_room_for_them() {
    let house = House::memory();
    let store = house.network("toy").await;
    let revision = house.write_host().await;
    let two = vec![Guard::Unchanged(host(), revision), Guard::Absent(key("meta/stopped"))];
    let three: Vec<Guard> = two.iter().cloned().chain([Guard::Absent(key("x"))]).collect();
    assert_eq!(house.fence().set(three).unwrap_err().kind(), Kind::Invalid);
    let twice = vec![Guard::Unchanged(host(), revision), Guard::Absent(host())];
    assert_eq!(house.fence().set(twice).unwrap_err().kind(), Kind::Invalid);
    house.fence().set(two).unwrap();

    let limits = store.store().info().limits;
    assert_eq!((limits.txn_keys, limits.txn_directories), (46, 10));
    let txn = |directories: usize| {
        (0..46).fold(Txn::new(), |txn, n| txn.put(key(&format!("{}/{n}", n % directories)), "x"))
    };
    store.store().commit(&txn(10)).await.unwrap();
    assert_eq!(store.store().commit(&txn(11)).await.unwrap_err().kind(), Kind::TooLarge);
    let more = txn(1).absent(key("0/more"));
    assert_eq!(store.store().commit(&more).await.unwrap_err().kind(), Kind::TooLarge);
}

#[tokio::test]
async fn a_commit_that_meets_a_rewritten_host_record_takes_the_new_guards() {
    let base = GatedStore::new();
    let open = base.open.clone();
    let house = House::new(base.clone());
    let first = open.commit(&Txn::new().put(host(), "1")).await.unwrap();
    house.fence().set(guard(first)).unwrap();
    let store = house.network("toy").await;
    let create = tokio::spawn(async move { store.store().create(key("a"), "1").await });
    base.arrived(1).await;

    // The commit is on its way with the old guard when the owner rewrites the record.
    let change = house.fence().change();
    let second = open.commit(&Txn::new().put(host(), "2")).await.unwrap();
    base.pass(1);
    tokio::task::yield_now().await;
    assert!(!create.is_finished(), "it waits for the end of the change");
    house.fence().set(guard(second)).unwrap();
    drop(change);
    base.pass(1);
    create.await.unwrap().unwrap();
    base.arrived(2).await;
    assert_eq!(keys(&*open).await, ["driver-data/toy/a", "meta/host"]);
}

#[tokio::test]
async fn a_commit_of_the_run_before_is_not_sent_again_by_the_next() {
    let base = GatedStore::new();
    let open = base.open.clone();
    let house = House::new(base.clone());
    let first = open.commit(&Txn::new().put(host(), "1")).await.unwrap();
    house.fence().begin(guard(first)).unwrap();
    let store = house.network("toy").await;
    let create = tokio::spawn(async move { store.store().create(key("a"), "1").await });
    base.arrived(1).await;

    // While it is on its way the run is ended by somebody else, and this process begins the next one.
    let second = open.commit(&Txn::new().put(host(), "2")).await.unwrap();
    house.fence().begin(guard(second)).unwrap();
    base.pass(1);
    let error = create.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Denied, netkeep_store::Applied::No));
    assert_eq!(keys(&*open).await, ["meta/host"]);
}

#[tokio::test]
async fn a_change_that_comes_to_nothing_leaves_the_fence_as_it_was() {
    let house = House::memory();
    house.fence().set(guard(house.write_host().await)).unwrap();
    let store = house.network("toy").await;
    let change = house.fence().change();
    let create = tokio::spawn(async move { store.store().create(key("a"), "1").await });
    tokio::task::yield_now().await;
    assert!(!create.is_finished());
    drop(change);
    create.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_drops_a_commit_does_not_stop_it() {
    let base = GatedStore::new();
    let house = House::new(base.clone());
    house.fence().set(Vec::new()).unwrap();
    let store = house.network("toy").await;
    let create = tokio::spawn(async move { store.store().create(key("a"), "1").await });
    base.arrived(1).await;
    create.abort();
    assert!(create.await.unwrap_err().is_cancelled());
    let mut watch = base.open.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    base.pass(1);
    let item = tokio::time::timeout(std::time::Duration::from_secs(20), watch.next()).await;
    assert!(item.expect("the commit goes on").is_ok());
    assert_eq!(keys(&*base.open).await, ["driver-data/toy/a"]);
}
