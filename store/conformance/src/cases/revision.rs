//! The clock of the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use netkeep_store::{Revision, Txn};

use crate::Harness;
use crate::given::{commit, delete, key, list, present, put};
use crate::together::together;

/// C-REV-1, C-REV-3: Each commit has a greater revision than every one before it, over two connections, be it
/// of puts, of deletes only, or of guards only.
pub async fn revisions_grow(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    let mut last = Revision::ZERO;
    for round in 0..40_usize {
        let text = format!("d{}/k", round % 3);
        let txns = [
            put(&text, "value"),
            put(&text, "value").put(key("other/k"), ""),
            Txn::new().absent(key("absent")),
            delete(&text),
            delete(&text),
            delete("other/k"),
        ];
        let revision = commit(&stores[round / 2 % 2], &txns[round % 6]).await;
        assert!(revision > last, "a commit got revision {revision}, and the one before it had {last}");
        last = revision;
    }
}

/// C-REV-2: Every key of a commit has the commit's revision, and no other key has.
pub async fn the_keys_of_a_commit_share_its_revision(h: &dyn Harness) {
    let store = h.connect().await;
    let mut all = Vec::new();
    for round in 0..6 {
        let texts: Vec<String> = (0..8).map(|index| format!("d{index}/{round}")).collect();
        let txn = texts.iter().fold(Txn::new(), |txn, text| txn.put(key(text), ""));
        let revision = commit(&store, &txn).await;
        all.extend(texts.into_iter().map(|text| (text, revision)));
    }
    all.sort();
    let listed: Vec<(String, Revision)> = list(&store, "")
        .await
        .entries
        .into_iter()
        .map(|entry| (entry.key.to_string(), entry.revision))
        .collect();
    assert_eq!(listed, all);
    for (text, revision) in all {
        assert_eq!(present(&store, &text).await.revision, revision);
    }
}

/// C-REV-4: Commits of many tasks at the same time have different revisions, also those that only delete.
pub async fn no_two_commits_share_a_revision(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    let revisions = together(16, |index| {
        let store = Arc::clone(&stores[index % 2]);
        async move {
            let mut revisions = Vec::new();
            for round in 0..6 {
                let text = format!("d/{index}");
                let txn = if round % 2 == 0 { put(&text, "") } else { delete(&text) };
                revisions.push(commit(&store, &txn).await);
            }
            assert!(revisions.is_sorted(), "the revisions of one task go back: {revisions:?}");
            revisions
        }
    })
    .await
    .concat();
    let different: BTreeSet<Revision> = revisions.iter().copied().collect();
    assert_eq!(different.len(), revisions.len(), "two commits share a revision");
}

/// C-REV-5: After a restart revisions go on from where they were, also if the last commit only deleted.
pub async fn revisions_go_on_after_a_restart(h: &dyn Harness) {
    let mut last = Revision::ZERO;
    for round in 0..3 {
        let store = h.connect().await;
        let kept = commit(&store, &put("d/kept", "")).await;
        assert!(kept > last, "a commit got revision {kept} after a restart, and {last} was given before it");
        for _ in 0..round * 3 {
            commit(&store, &put("d/k", "")).await;
        }
        last = commit(&store, &delete("d/k")).await;
        h.restart().await;
        let store = h.connect().await;
        assert_eq!(present(&store, "d/kept").await.revision, kept, "a restart changed an entry's revision");
        assert!(list(&store, "").await.revision >= last, "a list went back over a restart");
        assert!(
            store.status().await.expect("status").revision >= last,
            "the status went back over a restart"
        );
    }
}
