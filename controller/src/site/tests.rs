//! What goes into which store.

use netkeep_drivers::registry::{DriverRegistry, NoHook, NoPlugins};
use netkeep_drivers::{PlanView, Want};
use netkeep_model::{
    BootId, Claim, Class, Host, HostId, Incarnation, Mark, Network, NetworkId, NumberKey, NumberRecord,
    Object, Owner, Realized, RealizedKey, ThisHost, ThisHostKey, Timestamp, leased_directories,
};
use netkeep_store::datastore::{LocalStore, Record, Versioned};
use netkeep_store::{MemoryStore, Prefix};
use serde_json::json;

use super::*;
use crate::operation::{Draft, Taking, View};

/// A site over an empty store.
async fn site(scope: Scope) -> Site {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::open(leased_directories()));
    let local = LocalStore::new(Arc::clone(&store), None);
    let registry = DriverRegistry::new(&local, None, Arc::new(NoPlugins), Arc::new(NoHook));
    let drivers = registry.local_fence().clone();
    let (host, incarnation, boot) =
        (HostId::generate(), Incarnation::ZERO.next(), BootId::new("boot").unwrap());
    let replica = Replica::follow(&store, scope, host).await.unwrap();
    let here = json!({"host": host, "incarnation": incarnation, "boot": boot, "client": HostId::generate()});
    let there = json!({"incarnation": incarnation, "boot": boot, "started": Timestamp::now()});
    let fence = match scope {
        Scope::Local => {
            let record: ThisHost = serde_json::from_value(here).unwrap();
            let written = write(&store, &ThisHostKey, record).await;
            RunFence::new(Arc::clone(&store), drivers, &written)
        }
        Scope::Global => {
            let record: Host = serde_json::from_value(there).unwrap();
            let written = write(&store, &host, record).await;
            RunFence::new(Arc::clone(&store), drivers, &written)
        }
    };
    Site::new(store, scope, replica, fence.unwrap(), boot)
}

async fn write<T: Record>(store: &Arc<dyn Store>, id: &T::Id, record: T) -> Versioned<T>
where
    T::Home: netkeep_store::datastore::LivesIn<Any>,
{
    let mut tx = Transaction::<Any>::new();
    tx.create(id, &record).unwrap();
    let revision = store.commit(&tx.into_txn()).await.unwrap();
    Versioned::written(id.clone(), record, revision)
}

fn a_note() -> Transaction<Any> {
    let note = json!({"driver": "manual", "scope": "global", "boot": "boot", "incarnation": 1, "since": Timestamp::now(), "told": 1});
    let note: Realized = serde_json::from_value(note).unwrap();
    let mut tx = Transaction::new();
    tx.create(&RealizedKey(Object::Network(NetworkId::generate())), &note).unwrap();
    tx
}

fn a_host() -> Transaction<Any> {
    let host = json!({"incarnation": 1, "boot": "boot", "started": Timestamp::now()});
    let host: Host = serde_json::from_value(host).unwrap();
    let mut tx = Transaction::new();
    tx.create(&HostId::generate(), &host).unwrap();
    tx
}

fn a_mark() -> Transaction<Any> {
    let mark = Mark { incarnation: Incarnation::ZERO, at: Timestamp::now() };
    let mut tx = Transaction::new();
    tx.create(&HostId::generate(), &mark).unwrap();
    tx
}

#[tokio::test]
async fn what_is_of_one_store_does_not_get_into_the_other() {
    for (scope, wrong, right) in [(Scope::Global, a_note(), a_host()), (Scope::Local, a_host(), a_note())] {
        let site = site(scope).await;
        let before = site.store().list(&Prefix::root()).await.unwrap();
        let mut mixed = wrong.clone();
        mixed.merge(a_mark()).unwrap();
        for refused in [wrong, mixed] {
            let error = site.commit(refused).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert!(error.to_string().contains(&format!("no place in the {scope} store")), "{error}");
        }
        assert_eq!(site.store().list(&Prefix::root()).await.unwrap(), before);
        site.commit(right).await.unwrap();
        site.commit(a_mark()).await.unwrap();
    }
}

#[tokio::test]
async fn a_guard_alone_has_to_be_of_the_store_too() {
    let site = site(Scope::Global).await;
    let mut tx = a_mark();
    tx.absent::<ThisHost>(&ThisHostKey).unwrap();
    assert_eq!(site.commit(tx).await.unwrap_err().kind(), ErrorKind::Internal);
    let mut tx = a_mark();
    tx.absent::<Network>(&NetworkId::generate()).unwrap();
    site.commit(tx).await.unwrap();
}

#[tokio::test]
async fn only_earlier_runs_of_this_host_are_dead_where_others_are() {
    for scope in [Scope::Local, Scope::Global] {
        let site = site(scope).await;
        let earlier = HostRef { incarnation: Incarnation::ZERO, ..site.actor };
        let other = HostRef { host: HostId::generate(), ..site.actor };
        let state = site.replica.read();
        assert!(!site.is_dead(&state, site.actor) && site.is_dead(&state, earlier));
        assert_eq!(site.is_dead(&state, other), scope == Scope::Local);
    }
}

#[tokio::test]
async fn what_was_chosen_and_is_taken_by_another_meanwhile_is_chosen_again() {
    let site = site(Scope::Global).await;
    let class = Class::new("vni").unwrap();
    let draft = Draft::plain(&site.replica);
    let given =
        View::new(&draft, Scope::Global, None).free(&Want::Number { class: class.clone(), from: 1, to: 9 });
    let Some(Claim::Number { n, .. }) = given else { panic!("{given:?}") };
    let network = NetworkId::generate();
    write(
        site.store(),
        &NumberKey { class: class.clone(), n },
        NumberRecord { owner: Owner::Network { network } },
    )
    .await;
    site.as_new_as_now(HEARING).await.unwrap();
    let taking = |n| Taking::new(Claim::Number { class: class.clone(), n }, Owner::Network { network });
    assert_eq!(draft.take(taking(n)).unwrap_err().kind(), ErrorKind::Conflict);
    // What is asked for by name is another's.
    let named = Draft::plain(&site.replica);
    assert_eq!(named.take(taking(n)).unwrap_err().kind(), ErrorKind::InUse);
}
