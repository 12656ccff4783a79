//! Bounds and rules: what is at the bound passes, what is over it is refused and writes nothing.

use std::sync::Arc;

use netkeep_store::{Key, Kind, LeaseId, Limits, Revision, Store, Txn};

use crate::expect::{names, refused};
use crate::given::{commit, grant, key, leased_key, list, long_ttl, prefix, put};
use crate::{Harness, LEASED};

/// Expects that a transaction is refused with an error that says `named`, and has written nothing.
async fn refuses(store: &Arc<dyn Store>, txn: &Txn, kind: Kind, named: &str) {
    let before = list(store, "").await.entries;
    names(store.commit(txn).await, kind, named);
    assert!(list(store, "").await.entries == before, "a refused transaction has written");
}

/// C-LIM-1: The bounds are those of every store, save those of leases; a layer that lengthens keys takes its part
/// from keys and bytes alone.
pub async fn the_bounds_are_portable(h: &dyn Harness) {
    let store = h.connect().await;
    let (limits, portable) = (store.info().limits, Limits::PORTABLE);
    assert_eq!(limits.txn_keys, portable.txn_keys);
    assert_eq!(limits.txn_directories, portable.txn_directories);
    assert_eq!(limits.value_bytes, portable.value_bytes);
    assert!(limits.key_bytes <= portable.key_bytes && limits.key_bytes >= portable.key_bytes / 2);
    assert!(limits.txn_bytes <= portable.txn_bytes && limits.txn_bytes > portable.value_bytes);
    assert!(limits.lease_min < limits.lease_max && limits.lease_min >= portable.lease_min);
    assert!(limits.lease_max <= portable.lease_max, "{:?}", limits.lease_max);
    assert!(store.info().leased.contains(&prefix(LEASED)), "the leased directory is not declared");
    assert_eq!(store.info().leased.iter().count(), 1);
    for length in limits.key_bytes + 1..=portable.key_bytes {
        let long = key(&"k".repeat(length));
        refused(store.commit(&Txn::new().put(long, "")).await, Kind::Invalid);
    }
}

/// C-LIM-2: A transaction holds 48 keys; a key that is both guarded and written counts once.
pub async fn the_number_of_keys_is_bounded(h: &dyn Harness) {
    let store = h.connect().await;
    let bound = store.info().limits.txn_keys;
    let keys = |n: usize| (0..n).map(|index| key(&format!("d/{index}")));
    let guards = |n: usize| keys(n).fold(Txn::new(), Txn::absent);
    let puts = |txn: Txn, n: usize| keys(n).fold(txn, |txn, key| txn.put(key, ""));
    commit(&store, &guards(bound)).await;
    refuses(&store, &guards(bound + 1), Kind::TooLarge, &bound.to_string()).await;
    refuses(&store, &puts(Txn::new(), bound + 1), Kind::TooLarge, &bound.to_string()).await;
    refuses(&store, &puts(Txn::new(), 20 * bound), Kind::TooLarge, &bound.to_string()).await;
    let one_more = puts(guards(bound), bound).absent(key("e/k"));
    refuses(&store, &one_more, Kind::TooLarge, &bound.to_string()).await;
    let at = commit(&store, &puts(guards(bound), bound)).await;
    let both = keys(bound).fold(Txn::new(), |txn, key| txn.unchanged(key.clone(), at).delete(key));
    commit(&store, &both).await;
    assert!(list(&store, "").await.entries.is_empty());
}

/// C-LIM-3: A leased put counts as two keys, and its deletion as one.
pub async fn a_leased_put_counts_twice(h: &dyn Harness) {
    let store = h.connect().await;
    let bound = store.info().limits.txn_keys;
    let lease = grant(&store, long_ttl(&store)).await;
    let key = |index: usize| leased_key(&index.to_string());
    let create = |n: usize| {
        (0..n).fold(Txn::new(), |txn, index| txn.absent(key(index)).put_leased(key(index), "", &lease.id))
    };
    refuses(&store, &create(bound / 2 + 1), Kind::TooLarge, &bound.to_string()).await;
    refuses(&store, &create(bound / 2).absent(key(bound)), Kind::TooLarge, &bound.to_string()).await;
    commit(&store, &create(bound / 2)).await;
    assert_eq!(list(&store, LEASED).await.entries.len(), bound / 2);
    commit(&store, &(0..bound).fold(Txn::new(), |txn, index| txn.delete(key(index)))).await;
    assert!(list(&store, "").await.entries.is_empty());
}

/// C-LIM-4: The keys of a transaction lie in at most twelve directories, guarded and written ones alike.
pub async fn the_number_of_directories_is_bounded(h: &dyn Harness) {
    let store = h.connect().await;
    let bound = store.info().limits.txn_directories;
    let spread = |n: usize| {
        (0..n * 2).fold(Txn::new(), |txn, index| {
            let key = key(&format!("d/{}/{index}", index % n));
            if index % 3 == 0 { txn.absent(key) } else { txn.put(key, "") }
        })
    };
    refuses(&store, &spread(bound + 1), Kind::TooLarge, &bound.to_string()).await;
    let root_counts = spread(bound).put(key("k"), "");
    refuses(&store, &root_counts, Kind::TooLarge, &bound.to_string()).await;
    commit(&store, &spread(bound)).await;
    commit(&store, &spread(bound - 1).put(key("k"), "").delete(key("d/0/0")).absent(key("k2"))).await;
}

/// C-LIM-5: Keys and values of a transaction have at most 320 KiB in all.
pub async fn the_bytes_of_a_transaction_are_bounded(h: &dyn Harness) {
    let store = h.connect().await;
    let limits = store.info().limits;
    let bound = limits.txn_bytes;
    let rest = bound - limits.value_bytes - "d/large".len() - "d/rest".len() - "d/guarded".len();
    let txn = |rest: usize| {
        put("d/large", vec![1; limits.value_bytes]).put(key("d/rest"), vec![2; rest]).absent(key("d/guarded"))
    };
    assert_eq!(txn(rest).bytes(), bound);
    refuses(&store, &txn(rest + 1), Kind::TooLarge, &bound.to_string()).await;
    commit(&store, &txn(rest)).await;
    let listed = list(&store, "d").await.entries;
    assert_eq!(listed.iter().map(|entry| entry.value.len()).sum::<usize>(), limits.value_bytes + rest);

    let n_keys = limits.txn_keys;
    let long = |index: usize| key(&format!("long/{index:02}{}", "k".repeat(limits.key_bytes - 7)));
    let each = (bound - n_keys * limits.key_bytes) / n_keys;
    let full = (0..n_keys).fold(Txn::new(), |txn, index| txn.put(long(index), vec![3; each]));
    commit(&store, &full).await;
    assert!(list(&store, "long").await.entries.iter().all(|entry| entry.value.len() == each));
}

/// C-LIM-6: A value has at most 256 KiB.
pub async fn the_bytes_of_a_value_are_bounded(h: &dyn Harness) {
    let store = h.connect().await;
    let bound = store.info().limits.value_bytes;
    let txn = |size: usize| put("d/k", vec![7; size]).put(key("d/beside"), "");
    refuses(&store, &txn(bound + 1), Kind::TooLarge, &bound.to_string()).await;
    refuses(&store, &txn(bound * 16), Kind::TooLarge, &bound.to_string()).await;
    commit(&store, &txn(bound)).await;
    let lease = grant(&store, long_ttl(&store)).await;
    let leased = |size: usize| Txn::new().put_leased(leased_key("k"), vec![7; size], &lease.id);
    refuses(&store, &leased(bound + 1), Kind::TooLarge, &bound.to_string()).await;
    commit(&store, &leased(bound)).await;
}

/// C-LIM-7: A key is guarded at most once and written at most once.
pub async fn a_key_twice_is_refused(h: &dyn Harness) {
    let store = h.connect().await;
    let at = commit(&store, &put("d/there", "")).await;
    let (k, there) = (key("d/twice"), key("d/there"));
    for (txn, named) in [
        (Txn::new().put(k.clone(), "a").put(k.clone(), "b"), &k),
        (Txn::new().put(k.clone(), "a").put(k.clone(), "a"), &k),
        (Txn::new().put(k.clone(), "a").delete(k.clone()), &k),
        (Txn::new().delete(k.clone()).delete(k.clone()), &k),
        (Txn::new().absent(k.clone()).absent(k.clone()), &k),
        (Txn::new().unchanged(there.clone(), at).unchanged(there.clone(), at), &there),
        (Txn::new().absent(there.clone()).unchanged(there.clone(), at).put(k.clone(), ""), &there),
    ] {
        refuses(&store, &txn, Kind::Invalid, named.as_str()).await;
    }
}

/// C-LIM-8: A transaction without guards and writes is refused.
pub async fn an_empty_transaction_is_refused(h: &dyn Harness) {
    let store = h.connect().await;
    refused(store.commit(&Txn::new()).await, Kind::Invalid);
}

/// C-LIM-9: A transaction names at most one lease.
pub async fn two_leases_are_refused(h: &dyn Harness) {
    let store = h.connect().await;
    let leases = [grant(&store, long_ttl(&store)).await, grant(&store, long_ttl(&store)).await];
    let txn = Txn::new().put_leased(leased_key("a"), "", &leases[0].id);
    refuses(&store, &txn.clone().put_leased(leased_key("b"), "", &leases[1].id), Kind::Invalid, "two leases")
        .await;
    commit(&store, &txn.put_leased(leased_key("b"), "", &leases[0].id)).await;
}

/// C-LIM-10: In a leased directory every put has a lease, and outside it none has.
pub async fn leased_directories_hold_leased_keys_only(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    let leased_put = |text: &str| Txn::new().put_leased(key(text), "", &lease.id).put(key("d/beside"), "");
    for outside in ["k", "d/k", LEASED, "d/leased/k", "leased%2Fk", "leasedk/k"] {
        refuses(&store, &leased_put(outside), Kind::Invalid, outside).await;
        commit(&store, &put(outside, "").put(key("d/beside"), "")).await;
    }
    refuses(&store, &put("leased/k", "").put(key("d/beside"), ""), Kind::Invalid, "leased/k").await;
    commit(&store, &leased_put("leased/k")).await;
    refuses(&store, &put("leased/k", ""), Kind::Invalid, "leased/k").await;
    let unknown = Txn::new().put_leased(key("d/other"), "", &LeaseId::new("no such lease"));
    refuses(&store, &unknown, Kind::Invalid, "d/other").await;
}

/// C-LIM-11: No key lies below a leased key, leased or not, be there such a key or none.
pub async fn nothing_lies_below_a_leased_key(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    for _ in 0..2 {
        for below in ["leased/k/below", "leased/k/far/below", "leased/none/below"] {
            refuses(&store, &put(below, ""), Kind::Invalid, below).await;
            refuses(&store, &Txn::new().put_leased(key(below), "", &lease.id), Kind::Invalid, below).await;
        }
        commit(&store, &Txn::new().put_leased(leased_key("k"), "", &lease.id)).await;
    }
}

/// C-LIM-12: A broken rule is refused before the guards are looked at, and no lease and no key is the worse for it.
pub async fn rules_come_before_guards(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    let at = commit(&store, &put("d/k", "").put_leased(leased_key("k"), "", &lease.id)).await;
    let fails = || Txn::new().absent(key("d/k")).unchanged(key("d/none"), Revision::new(1));
    let key_of = |index: usize| -> Key { key(&format!("d/{index}")) };
    let many = (0..store.info().limits.txn_keys).fold(fails(), |txn, index| txn.put(key_of(index), ""));
    refuses(&store, &many, Kind::TooLarge, "").await;
    refuses(&store, &fails().delete(key("d/x")).delete(key("d/x")), Kind::Invalid, "d/x").await;
    refuses(&store, &fails().put(leased_key("x"), ""), Kind::Invalid, "leased/x").await;
    store.keep_alive(&lease.id).await.expect("the lease lives");
    commit(&store, &Txn::new().unchanged(key("d/k"), at).unchanged(leased_key("k"), at)).await;
}
