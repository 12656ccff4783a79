//! Which store it is, and how it is.

use netkeep_store::Revision;

use crate::Harness;
use crate::given::{commit, delete, put};

/// C-ID-1, C-ID-2: A store has one identity, over connections, commits and restarts, and another store has another.
pub async fn identity_is_of_the_store(h: &dyn Harness) {
    let (store, other, stranger) = (h.connect().await, h.connect().await, h.other_store().await);
    let identity = store.status().await.expect("status").identity;
    assert_eq!(other.status().await.expect("status").identity, identity);
    let strangers = stranger.status().await.expect("status of the other store").identity;
    assert_ne!(strangers.id, identity.id, "two stores have one id");
    for _ in 0..2 {
        let store = h.connect().await;
        commit(&store, &put("d/k", "")).await;
        assert_eq!(store.status().await.expect("status").identity, identity);
        h.restart().await;
    }
    let store = h.connect().await;
    assert_eq!(store.status().await.expect("status").identity, identity, "a restart changed the identity");
    commit(&stranger, &put("d/stranger", "")).await;
    assert_eq!(crate::given::get(&store, "d/stranger").await, None, "two stores share entries");
}

/// C-ID-3: The revision of the status contains every acknowledged commit, over connections, and never goes back.
pub async fn the_status_contains_every_commit(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let mut last = Revision::ZERO;
    for round in 0..20 {
        let txn = if round % 3 == 2 { delete("d/k") } else { put("d/k", "") };
        let revision = commit(&store, &txn).await;
        for reader in [&store, &other] {
            let status = reader.status().await.expect("status").revision;
            assert!(status >= revision, "the status is at {status}, and {revision} was acknowledged");
            assert!(status >= last, "the status went back from {last} to {status}");
            last = status;
        }
    }
}

/// C-ID-4: A store says without being asked what it is called and where it is, without credentials, and when asked
/// which version it has.
pub async fn a_store_says_what_it_is(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let info = store.info();
    assert!(!info.name.is_empty());
    assert_eq!(
        (info.name, info.limits, &info.leased),
        (other.info().name, other.info().limits, &other.info().leased)
    );
    for endpoint in &info.endpoints {
        assert!(!endpoint.is_empty());
        let credentials = endpoint.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
        assert!(!credentials, "an endpoint shows credentials");
    }
    assert!(!store.status().await.expect("status").server_version.is_empty());
    assert!(!format!("{store:?}").is_empty());
}
