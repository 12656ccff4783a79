//! Leases over the ends of handles and of the store.

use std::collections::BTreeSet;

use netkeep_store::{Kind, Txn};
use tokio::time::Instant;

use crate::expect::refused;
use crate::given::{commit, grant, keys_below, leased_key, long_ttl, read, short_ttl};
use crate::wait::until;
use crate::{Harness, LEASED};

/// C-LEASE-8: No two leases have one name, over handles, revocations and a restart.
pub async fn the_name_of_a_lease_is_never_given_again(h: &dyn Harness) {
    let mut names = BTreeSet::new();
    for _ in 0..2 {
        let stores = [h.connect().await, h.connect().await];
        for round in 0..8 {
            let store = &stores[round % 2];
            let lease = grant(store, long_ttl(store)).await;
            if round % 3 == 0 {
                store.revoke(&lease.id).await.expect("revoke");
            }
            assert!(names.insert(lease.id.clone()), "the name {} was given twice", lease.id);
        }
        h.restart().await;
    }
}

/// C-LEASE-10: After a restart an entry goes within ttl and slack, and nobody can renew its lease.
pub async fn leases_end_after_a_restart(h: &dyn Harness) {
    let store = h.connect().await;
    let (ttl, slack) = (short_ttl(&store), store.info().limits.lease_slack);
    let lease = grant(&store, ttl).await;
    commit(&store, &Txn::new().put_leased(leased_key("a"), "", &lease.id)).await;
    h.restart().await;
    let other = h.connect().await;
    let restarted = Instant::now();
    refused(other.keep_alive(&lease.id).await, Kind::LeaseLost);
    refused(other.revoke(&lease.id).await, Kind::LeaseLost);
    until("the end of a lease after a restart", ttl + slack + crate::wait::PATIENCE, || async {
        let asked = Instant::now();
        let gone = read(&other, &leased_key("a")).await.is_none();
        assert!(
            gone || asked < restarted + ttl + slack,
            "an entry outlived a restart by more than {:?}",
            ttl + slack
        );
        gone
    })
    .await;
    let lease = grant(&other, long_ttl(&other)).await;
    commit(&other, &Txn::new().absent(leased_key("a")).put_leased(leased_key("a"), "again", &lease.id)).await;
}

/// C-LEASE-11: The leases of a handle that is closed end within ttl and slack; those of others live on.
pub async fn closing_a_handle_lets_its_leases_end(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let (ttl, slack) = (short_ttl(&store), store.info().limits.lease_slack);
    let kept = grant(&other, long_ttl(&other)).await;
    commit(&other, &Txn::new().put_leased(leased_key("kept"), "", &kept.id)).await;
    let lease = grant(&store, ttl).await;
    commit(&store, &Txn::new().put_leased(leased_key("a"), "", &lease.id)).await;
    store.close().await.expect("close");
    let closed = Instant::now();
    until("the end of a lease of a closed handle", ttl + slack + crate::wait::PATIENCE, || async {
        let asked = Instant::now();
        let gone = read(&other, &leased_key("a")).await.is_none();
        assert!(
            gone || asked < closed + ttl + slack,
            "an entry outlived its handle by more than {:?}",
            ttl + slack
        );
        gone
    })
    .await;
    assert_eq!(keys_below(&other, LEASED).await, ["leased/kept"]);
    other.keep_alive(&kept.id).await.expect("the lease of another handle lives");
}

/// C-LEASE-12: A put with the lease that the entry has replaces its value and leaves it with the lease.
pub async fn a_put_with_the_same_lease_keeps_it(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    let put = |value: &'static str| Txn::new().put_leased(leased_key("a"), value, &lease.id);
    let first = commit(&store, &put("first")).await;
    let second = commit(&store, &put("second").unchanged(leased_key("a"), first)).await;
    let entry = read(&store, &leased_key("a")).await.expect("the entry is there");
    assert_eq!((entry.revision, &entry.value[..]), (second, &b"second"[..]));
    assert_eq!(entry.lease.as_ref(), Some(&lease.id));
    store.revoke(&lease.id).await.expect("revoke");
    assert_eq!(read(&store, &leased_key("a")).await, None, "a second put let the entry slip from its lease");
}

/// C-LEASE-12: A put with another lease than the entry has is refused, by the same handle and by another, guarded
/// and not; the entry stays with its lease.
pub async fn the_lease_of_an_entry_never_changes(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let first = grant(&store, long_ttl(&store)).await;
    let at = commit(&store, &Txn::new().put_leased(leased_key("a"), "first", &first.id)).await;
    for taker in [&store, &other] {
        let second = grant(taker, long_ttl(taker)).await;
        let put = Txn::new().put_leased(leased_key("a"), "second", &second.id).put_leased(
            leased_key("b"),
            "",
            &second.id,
        );
        refused(taker.commit(&put).await, Kind::Invalid);
        refused(taker.commit(&put.unchanged(leased_key("a"), at)).await, Kind::Invalid);
        let create = Txn::new().absent(leased_key("a")).put_leased(leased_key("a"), "second", &second.id);
        crate::expect::conflict(taker.commit(&create).await, create.guards());
        assert_eq!(keys_below(&other, LEASED).await, ["leased/a"]);
    }
    let entry = read(&other, &leased_key("a")).await.expect("the entry is there");
    assert_eq!((entry.revision, entry.lease), (at, Some(first.id.clone())));
    store.revoke(&first.id).await.expect("revoke");
    assert_eq!(read(&other, &leased_key("a")).await, None);
}
