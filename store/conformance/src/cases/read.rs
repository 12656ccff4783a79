//! What a get and a list show.

use netkeep_store::Txn;

use crate::Harness;
use crate::given::{
    commit, delete, get, grant, key, keys_below, leased_key, list, long_ttl, present, put, read,
};

/// C-READ-1: A get shows key, value, revision and lease as the last commit wrote them, over every connection.
pub async fn a_get_shows_the_last_commit(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    for value in ["first", "second", "first"] {
        let revision = commit(&store, &put("d/k", value)).await;
        for reader in [&store, &other] {
            let entry = present(reader, "d/k").await;
            assert_eq!(entry.value, value);
            assert_eq!(entry.revision, revision);
            assert_eq!(entry.lease, None);
        }
    }
    let lease = grant(&store, long_ttl(&store)).await;
    let revision = commit(&store, &Txn::new().put_leased(leased_key("k"), "kept", &lease.id)).await;
    for reader in [&store, &other] {
        let entry = read(reader, &leased_key("k")).await.expect("the leased entry is there");
        assert_eq!(entry.value, "kept");
        assert_eq!(entry.revision, revision);
        assert_eq!(entry.lease.as_ref(), Some(&lease.id));
    }
}

/// C-READ-2: A key that was never put, or that was deleted, holds nothing, and that is no error.
pub async fn absence_is_a_value(h: &dyn Harness) {
    let store = h.connect().await;
    assert_eq!(get(&store, "never").await, None);
    assert_eq!(get(&store, "never/below/it").await, None);
    assert!(list(&store, "").await.entries.is_empty(), "a fresh store holds entries");
    assert!(list(&store, "never/below").await.entries.is_empty());
    commit(&store, &put("d/k", "")).await;
    assert_eq!(get(&store, "d").await, None, "a directory is no entry");
    assert_eq!(get(&store, "d/k/below").await, None);
    commit(&store, &delete("d/k")).await;
    assert_eq!(get(&store, "d/k").await, None);
    assert!(list(&store, "d").await.entries.is_empty());
}

/// C-READ-4: A list holds just what lies below its prefix; a prefix ends between segments.
pub async fn a_list_holds_what_is_below_its_prefix(h: &dyn Harness) {
    let store = h.connect().await;
    let texts = [
        "a",
        "a/b",
        "a/b%20",
        "a/b%2Fc",
        "a/b-",
        "a/b-/c",
        "a/b.",
        "a/b/",
        "a/b/%",
        "a/b/c",
        "a/b/c/d",
        "a/b/c/d/e",
        "a/b/~",
        "a/b0",
        "a/b0/c",
        "a/bc",
        "a/bc/d",
        "a/c",
        "b/a/b/c",
        "aa/b/c",
    ];
    let texts: Vec<&str> = texts.into_iter().filter(|text| !text.ends_with('/')).collect();
    for text in &texts {
        commit(&store, &put(text, *text)).await;
    }
    for below in
        ["", "a", "a/b", "a/b/c", "a/b/c/d", "a/b%2Fc", "a/b-", "a/bc", "aa", "b", "b/a", "c", "a/b/c/d/e/f"]
    {
        let mut expected: Vec<&str> = texts
            .iter()
            .copied()
            .filter(|text| below.is_empty() || text.starts_with(&format!("{below}/")))
            .collect();
        expected.sort_unstable();
        assert_eq!(keys_below(&store, below).await, expected, "below {below:?}");
    }
    for entry in list(&store, "").await.entries {
        assert_eq!(entry.value, entry.key.as_str(), "{} was listed with another's value", entry.key);
        assert_eq!(read(&store, &entry.key).await, Some(entry));
    }
}

/// C-READ-4: A list of leased entries, and of the whole store with leased and other entries, is complete.
pub async fn a_list_holds_leased_entries_too(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    let txn = Txn::new()
        .put_leased(leased_key("b"), "", &lease.id)
        .put_leased(leased_key("a"), "", &lease.id)
        .put(key("k"), "")
        .put(key("z/k"), "")
        .put(key("leased"), "the key beside the directory is not leased");
    commit(&store, &txn).await;
    assert_eq!(keys_below(&store, "").await, ["k", "leased", "leased/a", "leased/b", "z/k"]);
    assert_eq!(keys_below(&store, "leased").await, ["leased/a", "leased/b"]);
    let listed = list(&store, "leased").await;
    assert!(listed.entries.iter().all(|entry| entry.lease.as_ref() == Some(&lease.id)));
}

/// C-READ-5: The entries of a list stand in the order of the bytes of their keys.
pub async fn a_list_is_in_the_order_of_bytes(h: &dyn Harness) {
    let store = h.connect().await;
    let mut texts = [
        "b", "B", "a", "a/b", "a.b", "a-b", "a0", "a/0", "a/10", "a/2", "Z/z", "z/Z", "\u{e9}", "e", "z",
        "\u{430}", "%", "%25", "~", "_", "a/b/c", "a/b.c", "00/1", "0/01",
    ];
    for text in texts {
        commit(&store, &put(text, "")).await;
    }
    texts.sort_unstable();
    assert_eq!(keys_below(&store, "").await, texts);
    let mut below: Vec<&str> = texts.into_iter().filter(|text| text.starts_with("a/")).collect();
    below.sort_unstable();
    assert_eq!(keys_below(&store, "a").await, below);
}

/// C-READ-4: A list of 6 MiB is complete: more than the usual bound of one message.
pub async fn a_list_of_large_values_is_complete(h: &dyn Harness) {
    let store = h.connect().await;
    let size = store.info().limits.value_bytes;
    for index in 0..24_u8 {
        commit(&store, &put(&format!("large/{index:02}"), vec![index; size])).await;
    }
    let listed = list(&store, "large").await;
    assert_eq!(listed.entries.len(), 24);
    for (index, entry) in (0_u8..).zip(&listed.entries) {
        assert_eq!(entry.key.as_str(), format!("large/{index:02}"));
        assert!(
            entry.value.len() == size && entry.value.iter().all(|byte| *byte == index),
            "{} is torn",
            entry.key
        );
    }
}

/// C-READ-4, C-READ-5: A list of 2,400 keys is complete and in order, in one directory and over many.
pub async fn a_list_of_many_keys_is_complete(h: &dyn Harness) {
    let store = h.connect().await;
    let mut expected = Vec::new();
    for batch in 0..50 {
        let mut txn = Txn::new();
        for index in 0..48 {
            let text = if index % 2 == 0 {
                format!("many/one/{:04}", batch * 48 + index)
            } else {
                format!("many/{:03}/{index}", batch * 8 + index % 8)
            };
            txn = txn.put(key(&text), "");
            expected.push(text);
        }
        commit(&store, &txn).await;
    }
    expected.sort();
    assert_eq!(keys_below(&store, "many").await, expected);
    let one: Vec<&String> = expected.iter().filter(|text| text.starts_with("many/one/")).collect();
    assert_eq!(keys_below(&store, "many/one").await.iter().collect::<Vec<_>>(), one);
}
