//! What an error says.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::{Error, Guard, Kind, LeaseId, Store, Txn, WatchFrom, WatchItem};

use crate::expect::{conflict, refused};
use crate::given::{commit, grant, key, keys_below, leased_key, long_ttl, prefix, present, put};
use crate::wait::item;
use crate::{Harness, LEASED};

/// One refusal of each sort that a healthy store gives, with the method that gave it.
async fn refusals(store: &Arc<dyn Store>) -> Vec<(&'static str, Kind, Error)> {
    commit(store, &put("d/k", "")).await;
    let lost = LeaseId::new("no such lease");
    let too_large = put("d/large", vec![0; store.info().limits.value_bytes + 1]);
    let late = Txn::new().put_leased(leased_key("k"), "", &lost);
    vec![
        (
            "commit",
            Kind::Conflict,
            store.commit(&Txn::new().absent(key("d/k"))).await.expect_err("a conflict"),
        ),
        ("commit", Kind::Invalid, store.commit(&Txn::new()).await.expect_err("a broken rule")),
        ("commit", Kind::TooLarge, store.commit(&too_large).await.expect_err("a passed bound")),
        ("commit", Kind::LeaseLost, store.commit(&late).await.expect_err("a lost lease")),
        ("keep_alive", Kind::LeaseLost, store.keep_alive(&lost).await.expect_err("a lost lease")),
        ("revoke", Kind::LeaseLost, store.revoke(&lost).await.expect_err("a lost lease")),
        ("grant", Kind::Invalid, store.grant(Duration::ZERO).await.expect_err("a ttl out of bounds")),
    ]
}

/// C-ERR-1, C-ERR-3: A refusal has the kind that says what to do, says that nothing was applied, and is not retried.
pub async fn a_refusal_says_what_to_do(h: &dyn Harness) {
    let store = h.connect().await;
    for (operation, kind, error) in refusals(&store).await {
        let error = refused::<()>(Err(error), kind);
        assert!(!error.is_retryable(), "{operation}: {error:?} would be retried");
    }
}

/// C-ERR-2: An error is one line that names the store and the operation.
pub async fn an_error_names_store_and_operation(h: &dyn Harness) {
    let store = h.connect().await;
    let mut errors = refusals(&store).await;
    store.close().await.expect("close");
    errors.push(("get", Kind::Closed, store.get(&key("d/k")).await.expect_err("a closed handle")));
    errors.push(("list", Kind::Closed, store.list(&prefix("d")).await.expect_err("a closed handle")));
    errors.push(("status", Kind::Closed, store.status().await.expect_err("a closed handle")));
    for (operation, _, error) in errors {
        let text = error.to_string();
        assert!(text.contains(store.info().name), "the store is not named: {text}");
        assert!(text.contains(operation), "{operation} is not named: {text}");
        assert!(!text.contains('\n') && !error.message().is_empty(), "this is not one line: {text:?}");
    }
}

/// C-LAYER-1: Keys of entries, changes and errors, failed guards and directories are those that the caller gave.
pub async fn answers_are_in_the_callers_terms(h: &dyn Harness) {
    let store = h.connect().await;
    let mut watch = store.watch(&prefix(""), WatchFrom::Snapshot).await.expect("watch");
    item(&mut watch).await;
    let lease = grant(&store, long_ttl(&store)).await;
    let at = commit(&store, &put("d/k", "").put_leased(leased_key("k"), "", &lease.id)).await;
    assert_eq!(present(&store, "d/k").await.key, key("d/k"));
    assert_eq!(keys_below(&store, "").await, ["d/k", "leased/k"]);
    let mut told = Vec::new();
    while told.len() < 2 {
        match item(&mut watch).await {
            WatchItem::Reset(snapshot) => {
                told = snapshot.entries.into_iter().map(|entry| entry.key).collect();
            }
            WatchItem::Changes(batch) => told.extend(batch.changes.iter().map(|change| change.key().clone())),
        }
    }
    told.sort();
    assert_eq!(told, [key("d/k"), leased_key("k")]);

    let leased: Vec<&str> = store.info().leased.iter().map(|directory| directory.as_str()).collect();
    assert_eq!(leased, [LEASED]);
    for guard in [Guard::Absent(key("d/k")), Guard::Unchanged(key("d/none"), at)] {
        let error =
            conflict(store.commit(&Txn::new().guard(guard.clone())).await, std::slice::from_ref(&guard));
        names_just(&error, guard.key().as_str());
    }
    let twice = Txn::new().delete(key("d/k")).delete(key("d/k"));
    names_just(&refused(store.commit(&twice).await, Kind::Invalid), "d/k");
    names_just(&refused(store.commit(&put("leased/x", "")).await, Kind::Invalid), "leased/x");
    let other = grant(&store, long_ttl(&store)).await;
    let changed = Txn::new().put_leased(leased_key("k"), "", &other.id);
    names_just(&refused(store.commit(&changed).await, Kind::Invalid), "leased/k");
}

/// Expects that the text names the key as the caller wrote it, not as a part of a longer name.
fn names_just(error: &Error, key: &str) {
    let words = |c: char| c.is_whitespace() || "\"'`();,".contains(c);
    let text = error.to_string();
    assert!(
        text.split(words).any(|word| word.trim_end_matches([':', '.']) == key),
        "{key} is not named: {text}"
    );
}
