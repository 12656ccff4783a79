//! What a commit does.

use netkeep_store::{Revision, Txn};

use crate::Harness;
use crate::given::{commit, delete, get, key, keys_below, list, present, put};

/// The greatest transaction, in keys and in directories.
fn texts() -> Vec<String> {
    (0..48).map(|index| format!("d{:02}/{index}", index % 12)).collect()
}

/// C-TXN-1: Forty-eight keys in twelve directories are put together, replaced together, deleted together.
pub async fn many_keys_at_once(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let texts = texts();
    let created = commit(
        &store,
        &texts.iter().fold(Txn::new(), |txn, text| txn.absent(key(text)).put(key(text), text.clone())),
    )
    .await;
    for text in &texts {
        let entry = present(&other, text).await;
        assert_eq!((entry.revision, &entry.value[..]), (created, text.as_bytes()));
    }
    let half = texts.len() / 2;
    let mixed = texts.iter().enumerate().fold(Txn::new(), |txn, (index, text)| {
        let txn = txn.unchanged(key(text), created);
        if index < half { txn.put(key(text), "changed") } else { txn.delete(key(text)) }
    });
    let changed = commit(&store, &mixed).await;
    for (index, text) in texts.iter().enumerate() {
        let found = get(&other, text).await.map(|entry| (entry.revision, entry.value));
        let expected = (index < half).then(|| (changed, "changed".into()));
        assert_eq!(found, expected, "{text}");
    }
    commit(&store, &texts.iter().fold(Txn::new(), |txn, text| txn.delete(key(text)))).await;
    assert!(list(&other, "").await.entries.is_empty());
}

/// C-TXN-8: A put makes an entry or replaces it, whatever was there, and touches no other.
pub async fn a_put_makes_or_replaces(h: &dyn Harness) {
    let store = h.connect().await;
    let beside = commit(&store, &put("d/beside", "beside")).await;
    for value in ["", "short", "a longer value than the one before", "short", ""] {
        let revision = commit(&store, &put("d/k", value)).await;
        let entry = present(&store, "d/k").await;
        assert_eq!((entry.revision, &entry.value[..]), (revision, value.as_bytes()));
    }
    commit(&store, &delete("d/k")).await;
    let again = commit(&store, &put("d/k", "again")).await;
    assert_eq!(present(&store, "d/k").await.revision, again);
    assert_eq!(present(&store, "d/beside").await.revision, beside);
}

/// C-TXN-9: Deleting a key that holds nothing is no error and hinders no other write of the transaction.
pub async fn deleting_an_absent_key_is_no_error(h: &dyn Harness) {
    let store = h.connect().await;
    commit(&store, &delete("d/absent")).await;
    commit(&store, &delete("no/such/directory/k")).await;
    commit(&store, &delete("d/absent").put(key("d/k"), "").delete(key("e/absent"))).await;
    assert_eq!(keys_below(&store, "").await, ["d/k"]);
    commit(&store, &Txn::new().absent(key("d/absent")).delete(key("d/absent"))).await;
    commit(&store, &delete("d/k")).await;
    commit(&store, &delete("d/k")).await;
    assert!(list(&store, "").await.entries.is_empty());
}

/// C-TXN-9: Deleting a key takes neither the keys below it nor those that begin with its name.
pub async fn a_delete_takes_one_key(h: &dyn Harness) {
    let store = h.connect().await;
    for text in ["a", "a/b", "a/b/c", "a/bc", "ab", "a%2Fb"] {
        commit(&store, &put(text, "")).await;
    }
    commit(&store, &delete("a/b")).await;
    assert_eq!(keys_below(&store, "").await, ["a", "a%2Fb", "a/b/c", "a/bc", "ab"]);
    commit(&store, &delete("a")).await;
    assert_eq!(keys_below(&store, "").await, ["a%2Fb", "a/b/c", "a/bc", "ab"]);
}

/// C-TXN-10: Writing the value that is there already is a change: the revision moves and the old one no longer
/// guards.
pub async fn the_same_value_again_is_a_change(h: &dyn Harness) {
    let store = h.connect().await;
    for value in ["", "same"] {
        let first = commit(&store, &put("d/k", value)).await;
        let second = commit(&store, &put("d/k", value)).await;
        assert!(second > first);
        assert_eq!(present(&store, "d/k").await.revision, second, "an equal value did not move the revision");
        let late = Txn::new().unchanged(key("d/k"), first).put(key("d/k"), value);
        crate::expect::conflict(store.commit(&late).await, late.guards());
        let third = commit(&store, &Txn::new().unchanged(key("d/k"), second).put(key("d/k"), value)).await;
        assert_eq!(present(&store, "d/k").await.revision, third);
    }
}

/// C-TXN-7: A transaction of guards alone checks them and changes nothing.
pub async fn guards_alone_change_nothing(h: &dyn Harness) {
    let store = h.connect().await;
    let revision = commit(&store, &put("d/k", "value")).await;
    let holds = Txn::new().unchanged(key("d/k"), revision).absent(key("d/absent")).absent(key("e/absent"));
    for _ in 0..3 {
        let at = commit(&store, &holds).await;
        assert!(at >= revision, "guards were checked before a commit that was acknowledged");
    }
    let entry = present(&store, "d/k").await;
    assert_eq!((entry.revision, &entry.value[..]), (revision, &b"value"[..]));
    assert_eq!(keys_below(&store, "").await, ["d/k"]);
    for fails in [Txn::new().absent(key("d/k")), Txn::new().unchanged(key("d/absent"), revision)] {
        crate::expect::conflict(store.commit(&fails).await, fails.guards());
    }
    commit(&store, &holds).await;
}

/// C-TXN-12: What was acknowledged is there after a restart, and what was deleted is not.
pub async fn commits_survive_a_restart(h: &dyn Harness) {
    let store = h.connect().await;
    let texts = texts();
    let mut revisions: Vec<Revision> = Vec::new();
    for text in &texts {
        revisions.push(commit(&store, &put(text, text.clone())).await);
    }
    commit(&store, &delete(&texts[0]).delete(key(&texts[47]))).await;
    revisions[1] = commit(&store, &put(&texts[1], texts[1].clone())).await;
    h.restart().await;
    let store = h.connect().await;
    for (index, text) in texts.iter().enumerate() {
        let found = get(&store, text).await.map(|entry| (entry.revision, entry.value));
        let expected = (index != 0 && index != 47).then(|| (revisions[index], text.clone().into()));
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(list(&store, "").await.entries.len(), 46);
    commit(&store, &Txn::new().unchanged(key(&texts[1]), revisions[1]).absent(key(&texts[0]))).await;
}

/// C-TXN-13: The order in which guards and writes were added has no bearing, on success or on failure.
pub async fn the_order_within_a_transaction_has_no_bearing(h: &dyn Harness) {
    let store = h.connect().await;
    let mut last = commit(&store, &put("d/a", "").put(key("d/b"), "").put(key("d/c"), "")).await;
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let texts = order.map(|index| ["d/a", "d/b", "d/c"][index]);
        let guards_first = texts.iter().fold(Txn::new(), |txn, text| txn.unchanged(key(text), last));
        let txn = texts.iter().rev().fold(guards_first, |txn, text| txn.put(key(text), *text));
        last = commit(&store, &txn).await;
        for text in texts {
            assert_eq!(present(&store, text).await.revision, last);
        }
        let late =
            texts.iter().fold(Txn::new(), |txn, text| txn.put(key(text), "late")).absent(key(texts[0]));
        crate::expect::conflict(store.commit(&late).await, late.guards());
        assert_eq!(present(&store, "d/a").await.revision, last);
    }
}
