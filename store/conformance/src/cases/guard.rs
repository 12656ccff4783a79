//! When a guard holds, and what a failed one does.

use netkeep_store::{Guard, Revision, Txn};

use crate::Harness;
use crate::expect::conflict;
use crate::given::{commit, delete, get, grant, key, leased_key, list, long_ttl, present, put};

/// C-TXN-3: An absent guard holds if the key holds nothing, be it never put or deleted, and fails else.
pub async fn an_absent_guard_holds_for_nothing(h: &dyn Harness) {
    let store = h.connect().await;
    let txn = Txn::new().absent(key("d/k")).put(key("d/witness"), "");
    commit(&store, &txn).await;
    for _ in 0..3 {
        commit(&store, &put("d/k", "")).await;
        conflict(store.commit(&txn).await, txn.guards());
        commit(&store, &put("d/k", "changed")).await;
        conflict(store.commit(&txn).await, txn.guards());
        commit(&store, &delete("d/k")).await;
        commit(&store, &txn).await;
    }
    commit(&store, &put("d/k/below", "").put(key("d/kk"), "")).await;
    commit(&store, &txn).await;
}

/// C-TXN-4: An unchanged guard holds at the revision of the key's last commit and at no other.
pub async fn an_unchanged_guard_holds_at_one_revision(h: &dyn Harness) {
    let store = h.connect().await;
    let first = commit(&store, &put("d/k", "1")).await;
    let beside = commit(&store, &put("d/beside", "")).await;
    let second = commit(&store, &put("d/k", "2")).await;
    let later = commit(&store, &put("d/beside", "")).await;
    let far = Revision::new(later.get() + 1_000_000);
    for wrong in [Revision::ZERO, Revision::new(1), first, beside, later, later.next(), far] {
        if wrong == second {
            continue;
        }
        let txn = Txn::new().unchanged(key("d/k"), wrong).put(key("d/witness"), "");
        conflict(store.commit(&txn).await, txn.guards());
    }
    assert_eq!(get(&store, "d/witness").await, None);
    for _ in 0..2 {
        commit(&store, &Txn::new().unchanged(key("d/k"), second).put(key("d/witness"), "")).await;
    }
}

/// C-TXN-4: An unchanged guard fails for a key that holds nothing, at any revision.
pub async fn an_unchanged_guard_fails_for_nothing(h: &dyn Harness) {
    let store = h.connect().await;
    let put_at = commit(&store, &put("d/k", "")).await;
    let deleted_at = commit(&store, &delete("d/k")).await;
    for (text, revision) in [
        ("d/k", put_at),
        ("d/k", deleted_at),
        ("d/k", Revision::ZERO),
        ("d/never", put_at),
        ("d/never", Revision::ZERO),
        ("no/directory/k", Revision::ZERO),
    ] {
        let txn = Txn::new().unchanged(key(text), revision).put(key("d/witness"), "");
        conflict(store.commit(&txn).await, txn.guards());
    }
    assert_eq!(get(&store, "d/witness").await, None);
}

/// C-TXN-4: A key that was deleted and made again, with the same value and as many writes, is changed.
pub async fn a_key_made_again_is_changed(h: &dyn Harness) {
    let store = h.connect().await;
    let mut olds = Vec::new();
    for _ in 0..4 {
        let first = commit(&store, &Txn::new().absent(key("d/k")).put(key("d/k"), "same")).await;
        let second = commit(&store, &put("d/k", "same")).await;
        for old in &olds {
            let txn = Txn::new().unchanged(key("d/k"), *old).put(key("d/witness"), "");
            conflict(store.commit(&txn).await, txn.guards());
        }
        commit(&store, &Txn::new().unchanged(key("d/k"), second)).await;
        olds.extend([first, second]);
        commit(&store, &Txn::new().unchanged(key("d/k"), second).delete(key("d/k"))).await;
    }
    let lease = grant(&store, long_ttl(&store)).await;
    let leased = Txn::new().absent(leased_key("k")).put_leased(leased_key("k"), "", &lease.id);
    let first = commit(&store, &leased).await;
    commit(&store, &Txn::new().delete(leased_key("k"))).await;
    let second = commit(&store, &leased).await;
    let old = Txn::new().unchanged(leased_key("k"), first).put(key("d/witness"), "");
    conflict(store.commit(&old).await, old.guards());
    assert_eq!(get(&store, "d/witness").await, None);
    commit(&store, &Txn::new().unchanged(leased_key("k"), second).put(key("d/witness"), "")).await;
}

/// C-TXN-5, C-TXN-1: A commit whose guard fails, wherever it stands, writes nothing and moves no revision.
pub async fn a_conflict_writes_nothing(h: &dyn Harness) {
    let store = h.connect().await;
    let texts: Vec<String> = (0..30).map(|index| format!("d{}/{index}", index % 5)).collect();
    let there =
        commit(&store, &texts.iter().step_by(2).fold(Txn::new(), |txn, text| txn.put(key(text), "old")))
            .await;
    let before = list(&store, "").await.entries;
    for failing in [0, 1, 14, 15, 28, 29] {
        let txn = texts.iter().enumerate().fold(Txn::new(), |txn, (index, text)| {
            let txn = match (index % 2 == 0, index == failing) {
                (true, false) => txn.unchanged(key(text), there),
                (false, false) => txn.absent(key(text)),
                (true, true) => txn.absent(key(text)),
                (false, true) => txn.unchanged(key(text), there),
            };
            if index % 3 == 0 { txn.delete(key(text)) } else { txn.put(key(text), "new") }
        });
        let failed = txn.guards()[failing].clone();
        conflict(store.commit(&txn).await, &[failed]);
        assert_eq!(list(&store, "").await.entries, before, "a commit that conflicted has written");
    }
}

/// C-TXN-6: With many guards of which one fails, the conflict names that one.
pub async fn a_conflict_names_the_guard_that_failed(h: &dyn Harness) {
    let store = h.connect().await;
    let texts: Vec<String> = (0..24).map(|index| format!("d{}/{index}", index % 6)).collect();
    let there =
        commit(&store, &texts.iter().take(12).fold(Txn::new(), |txn, text| txn.put(key(text), ""))).await;
    let holding: Vec<Guard> = texts
        .iter()
        .enumerate()
        .map(
            |(index, text)| {
                if index < 12 { Guard::Unchanged(key(text), there) } else { Guard::Absent(key(text)) }
            },
        )
        .collect();
    for failing in 0..texts.len() {
        let wrong = match &holding[failing] {
            Guard::Unchanged(key, _) if failing % 2 == 0 => Guard::Absent(key.clone()),
            Guard::Unchanged(key, revision) => {
                Guard::Unchanged(key.clone(), Revision::new(revision.get() - 1))
            }
            Guard::Absent(key) => Guard::Unchanged(key.clone(), there),
        };
        let mut guards = holding.clone();
        guards[failing] = wrong.clone();
        let txn = guards.into_iter().fold(Txn::new().put(key("d/witness"), ""), Txn::guard);
        let error = conflict(store.commit(&txn).await, std::slice::from_ref(&wrong));
        assert!(error.to_string().contains(wrong.key().as_str()), "the text does not name the key: {error}");
    }
    assert_eq!(get(&store, "d/witness").await, None);
    commit(&store, &holding.into_iter().fold(Txn::new(), Txn::guard)).await;
}

/// C-TXN-6: With several guards that fail, the conflict names one of them, and not one that holds.
pub async fn of_several_failed_guards_one_is_named(h: &dyn Harness) {
    let store = h.connect().await;
    let there = commit(&store, &put("d/a", "").put(key("d/b"), "").put(key("d/c"), "")).await;
    let holds = [Guard::Unchanged(key("d/b"), there), Guard::Absent(key("d/x"))];
    let fail = [Guard::Absent(key("d/a")), Guard::Unchanged(key("d/y"), there), Guard::Absent(key("d/c"))];
    for turn in 0..5 {
        let mut guards = [holds.as_slice(), fail.as_slice()].concat();
        guards.rotate_left(turn);
        let txn = guards.into_iter().fold(Txn::new().delete(key("d/b")), Txn::guard);
        conflict(store.commit(&txn).await, &fail);
    }
    present(&store, "d/b").await;
}

/// C-TXN-2: A guard and a write of one key in one transaction: the guard sees the key as it was before.
pub async fn a_guard_sees_the_state_before_its_own_writes(h: &dyn Harness) {
    let store = h.connect().await;
    let create = Txn::new().absent(key("d/k")).put(key("d/k"), "made");
    let first = commit(&store, &create).await;
    conflict(store.commit(&create).await, create.guards());
    assert_eq!(present(&store, "d/k").await.revision, first);

    let replace = Txn::new().unchanged(key("d/k"), first).put(key("d/k"), "replaced");
    let second = commit(&store, &replace).await;
    conflict(store.commit(&replace).await, replace.guards());
    let entry = present(&store, "d/k").await;
    assert_eq!((entry.revision, &entry.value[..]), (second, &b"replaced"[..]));

    let late = Txn::new().unchanged(key("d/k"), first).delete(key("d/k"));
    conflict(store.commit(&late).await, late.guards());
    let absent = Txn::new().absent(key("d/k")).delete(key("d/k"));
    conflict(store.commit(&absent).await, absent.guards());
    assert_eq!(present(&store, "d/k").await.revision, second);

    let remove = Txn::new().unchanged(key("d/k"), second).delete(key("d/k"));
    commit(&store, &remove).await;
    assert_eq!(get(&store, "d/k").await, None);
    conflict(store.commit(&remove).await, remove.guards());
    commit(&store, &absent).await;
    commit(&store, &create).await;
}

/// C-TXN-2: A guard of one key protects the write of another.
pub async fn a_guard_protects_other_keys(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let parent = commit(&store, &put("parents/p", "open")).await;
    let child =
        |name: &str| Txn::new().unchanged(key("parents/p"), parent).put(key(&format!("children/{name}")), "");
    commit(&store, &child("a")).await;
    commit(&other, &child("b")).await;
    assert_eq!(
        present(&store, "parents/p").await.revision,
        parent,
        "a guard has moved the key that it looks at"
    );
    commit(&other, &Txn::new().unchanged(key("parents/p"), parent).put(key("parents/p"), "closed")).await;
    conflict(store.commit(&child("c")).await, child("c").guards());
    assert_eq!(list(&store, "children").await.entries.len(), 2);
}
