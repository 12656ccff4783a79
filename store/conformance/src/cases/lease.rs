//! Entries that go with a lease.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::{Kind, Lease, LeaseId, Store, Txn, WatchFrom};
use tokio::time::{Instant, sleep};

use crate::expect::refused;
use crate::given::{
    commit, grant, key, keys_below, leased_key, list, long_ttl, prefix, put, read, short_ttl,
};
use crate::wait::{PATIENCE, until};
use crate::{Harness, LEASED, Mirror};

/// Waits for the end of an entry whose lease is known to have lived for `ttl` from some time between the two
/// instants on, and is not renewed.
async fn ends_in_time(reader: &Arc<dyn Store>, name: &str, ttl: Duration, between: (Instant, Instant)) {
    let slack = reader.info().limits.lease_slack;
    let bound = between.1.elapsed() + PATIENCE + ttl + slack;
    until("the end of a lease", bound, || async {
        let asked = Instant::now();
        match read(reader, &leased_key(name)).await {
            Some(_) => {
                assert!(
                    asked < between.1 + ttl + slack,
                    "{name} outlived its lease of {ttl:?} by more than {slack:?}"
                );
                false
            }
            None => {
                assert!(between.0.elapsed() >= ttl, "{name} went before its lease of {ttl:?} was over");
                true
            }
        }
    })
    .await;
}

/// Grants a lease and puts an entry with it; the instants lie before and after the grant.
async fn hold(store: &Arc<dyn Store>, name: &str, ttl: Duration) -> (Lease, (Instant, Instant)) {
    let before = Instant::now();
    let lease = grant(store, ttl).await;
    let after = Instant::now();
    commit(
        store,
        &Txn::new().absent(leased_key(name)).put_leased(leased_key(name), name.to_owned(), &lease.id),
    )
    .await;
    (lease, (before, after))
}

/// C-LEASE-1, C-LEASE-2, C-LEASE-9: Without renewal an entry lives for its ttl, and goes at most the slack later; a
/// watch tells of its end, by a later revision.
pub async fn an_entry_lives_for_its_ttl(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let ttl = short_ttl(&store);
    let (_, granted) = hold(&store, "a", ttl).await;
    let root = prefix(LEASED);
    let mut mirror = Mirror::new(&root);
    let mut watch = other.watch(&root, WatchFrom::Snapshot).await.expect("watch");
    mirror.apply(crate::wait::item(&mut watch).await);
    let put_at = mirror.seen(&leased_key("a")).expect("the entry outlives the making of a watch");
    ends_in_time(&other, "a", ttl, granted).await;
    while mirror.entry(&leased_key("a")).is_some() {
        mirror.apply(crate::wait::item(&mut watch).await);
    }
    let next = commit(&store, &put("d/k", "")).await;
    assert!(next > put_at);
    assert!(list(&other, LEASED).await.entries.is_empty());
}

/// C-LEASE-3: Each renewal gives the whole ttl again.
pub async fn renewing_prolongs(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let ttl = store.info().limits.lease_min.max(Duration::from_secs(1));
    // A busy machine may not let us renew in time; then nothing was learnt, and we begin again.
    for attempt in 0..20 {
        let name = format!("a{attempt}");
        if let Some(renewed) = renewed_over_its_ttl(&store, &other, &name, ttl).await {
            return ends_in_time(&other, &name, ttl, renewed).await;
        }
    }
    panic!("this machine is too busy to renew a lease of {ttl:?} every sixth of it");
}

/// Grants a lease and renews it for longer than its ttl; the instants lie before and after the last renewal. Nothing
/// if we came too late.
async fn renewed_over_its_ttl(
    store: &Arc<dyn Store>,
    reader: &Arc<dyn Store>,
    name: &str,
    ttl: Duration,
) -> Option<(Instant, Instant)> {
    let (lease, mut renewed) = hold(store, name, ttl).await;
    let began = Instant::now();
    while began.elapsed() < ttl * 5 / 2 {
        sleep(ttl / 6).await;
        let before = Instant::now();
        if let Err(error) = store.keep_alive(&lease.id).await {
            assert!(renewed.0.elapsed() >= ttl, "the lease was lost before its time: {error:?}");
            return None;
        }
        renewed = (before, Instant::now());
        if read(reader, &leased_key(name)).await.is_none() {
            assert!(renewed.0.elapsed() >= ttl, "the entry went, though its lease was renewed");
            return None;
        }
    }
    Some(renewed)
}

/// C-LEASE-4, C-LEASE-9: Revoking removes every entry of the lease at once, and a watch tells of it.
pub async fn revoking_removes_at_once(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let (lease, _) = hold(&store, "a", long_ttl(&store)).await;
    let more =
        Txn::new().put_leased(leased_key("b"), "", &lease.id).put_leased(leased_key("c"), "", &lease.id);
    let put_at = commit(&store, &more.put(key("d/k"), "")).await;
    let root = prefix(LEASED);
    let mut mirror = Mirror::new(&root);
    let mut watch = other.watch(&root, WatchFrom::Snapshot).await.expect("watch");
    mirror.follow(&mut watch, put_at).await;
    store.revoke(&lease.id).await.expect("revoke");
    assert!(list(&other, LEASED).await.entries.is_empty(), "an entry outlived the revocation of its lease");
    assert_eq!(read(&store, &leased_key("a")).await, None);
    while ["a", "b", "c"].iter().any(|name| mirror.entry(&leased_key(name)).is_some()) {
        mirror.apply(crate::wait::item(&mut watch).await);
    }
    assert_eq!(keys_below(&store, "").await, ["d/k"], "an unleased entry of the same commit went too");
}

/// C-LEASE-4: The end of a lease takes its own entries, and neither those of another nor one that was deleted and
/// made again with another.
pub async fn a_lease_takes_only_its_own(h: &dyn Harness) {
    let store = h.connect().await;
    let (first, _) = hold(&store, "a", long_ttl(&store)).await;
    let (second, _) = hold(&store, "b", long_ttl(&store)).await;
    let again = Txn::new().put_leased(leased_key("moved"), "", &first.id);
    commit(&store, &again).await;
    commit(&store, &Txn::new().delete(leased_key("moved"))).await;
    commit(&store, &Txn::new().put_leased(leased_key("moved"), "", &second.id)).await;
    store.revoke(&first.id).await.expect("revoke the first");
    assert_eq!(keys_below(&store, LEASED).await, ["leased/b", "leased/moved"]);
    store.keep_alive(&second.id).await.expect("the other lease lives");
    store.revoke(&second.id).await.expect("revoke the second");
    assert!(keys_below(&store, LEASED).await.is_empty());
}

/// C-LEASE-5: A lease that was revoked or ran out is lost for renewal, put and revocation, and stays so.
pub async fn an_ended_lease_is_lost(h: &dyn Harness) {
    let store = h.connect().await;
    let revoked = grant(&store, long_ttl(&store)).await;
    store.revoke(&revoked.id).await.expect("revoke");
    let (ended, granted) = hold(&store, "a", short_ttl(&store)).await;
    ends_in_time(&store, "a", ended.ttl, granted).await;
    for id in [&revoked.id, &ended.id, &LeaseId::new("no such lease"), &LeaseId::new("")] {
        for _ in 0..2 {
            refused(store.keep_alive(id).await, Kind::LeaseLost);
            let txn = Txn::new().put_leased(leased_key("late"), "", id).put(key("d/k"), "");
            refused(store.commit(&txn).await, Kind::LeaseLost);
            refused(store.revoke(id).await, Kind::LeaseLost);
        }
    }
    assert!(list(&store, "").await.entries.is_empty(), "a commit with a lost lease has written");
}

/// C-LEASE-6: To any handle but the one that granted it a lease is lost, and it is none the worse for the attempt.
pub async fn only_its_handle_has_a_lease(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let (lease, _) = hold(&store, "a", long_ttl(&store)).await;
    refused(other.keep_alive(&lease.id).await, Kind::LeaseLost);
    refused(other.revoke(&lease.id).await, Kind::LeaseLost);
    let txn = Txn::new().put_leased(leased_key("b"), "", &lease.id);
    refused(other.commit(&txn).await, Kind::LeaseLost);
    assert_eq!(keys_below(&other, LEASED).await, ["leased/a"]);
    store.keep_alive(&lease.id).await.expect("the lease lives");
    commit(&store, &txn).await;
    assert_eq!(keys_below(&other, LEASED).await, ["leased/a", "leased/b"]);
    let entry = read(&other, &leased_key("b")).await.expect("the entry is there");
    commit(&other, &Txn::new().unchanged(entry.key.clone(), entry.revision).delete(entry.key)).await;
    assert_eq!(keys_below(&store, LEASED).await, ["leased/a"], "anybody may delete a leased entry");
}

/// C-LEASE-7: The shortest and the longest ttl are granted as asked; what is beyond them is refused by name.
pub async fn a_ttl_out_of_bounds_is_refused(h: &dyn Harness) {
    let store = h.connect().await;
    let limits = &store.info().limits;
    for ttl in [limits.lease_min, limits.lease_max, (limits.lease_min + limits.lease_max) / 2] {
        let lease = grant(&store, ttl).await;
        assert_eq!(lease.ttl, ttl);
    }
    for ttl in [
        Duration::ZERO,
        limits.lease_min - Duration::from_millis(1),
        limits.lease_max + Duration::from_secs(1),
        Duration::MAX,
    ] {
        let bound = if ttl < limits.lease_min { limits.lease_min } else { limits.lease_max };
        crate::expect::names(store.grant(ttl).await, Kind::Invalid, &format!("{bound:?}"));
    }
}
