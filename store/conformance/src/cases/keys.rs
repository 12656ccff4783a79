//! What names an entry, and what it can hold.

use std::sync::Arc;

use netkeep_store::{Key, Segment, Store, Txn};

use crate::Harness;
use crate::given::{commit, delete, get, key, keys_below, list, present, put, read};

/// Puts, reads, lists and deletes one key.
async fn round_trip(store: &Arc<dyn Store>, key: &Key) {
    let value = format!("the value of {key}");
    let revision = commit(store, &Txn::new().absent(key.clone()).put(key.clone(), value.clone())).await;
    let entry = read(store, key).await.unwrap_or_else(|| panic!("{key} is absent, though it was put"));
    assert_eq!(entry.value, value);
    assert_eq!(entry.revision, revision);
    let listed = list(store, "").await;
    assert!(listed.entries.contains(&entry), "{key} is not listed");
    let listed = store.list(&key.directory()).await.expect("list the directory of the key");
    assert!(listed.entries.contains(&entry), "{key} is not listed in its directory");
    commit(store, &Txn::new().unchanged(key.clone(), revision).delete(key.clone())).await;
    assert_eq!(read(store, key).await, None);
}

/// C-KEY-1: Keys of one byte, of the longest length, of many short segments and of one long one are all kept.
pub async fn keys_of_every_length(h: &dyn Harness) {
    let store = h.connect().await;
    let longest = store.info().limits.key_bytes;
    let deep = "d/".repeat((longest - 1) / 2) + &"d".repeat(2 - longest % 2);
    assert_eq!(deep.len(), longest);
    let wide = format!("w/{}", "w".repeat(longest - 2));
    for text in ["a", "a/b", "a/b/c/d/e/f/g/h", &deep, &wide, &"k".repeat(longest), &"k".repeat(longest - 1)]
    {
        round_trip(&store, &key(text)).await;
    }
}

/// C-KEY-2: Any text becomes a segment and comes back from a list as it was.
pub async fn any_text_is_a_segment(h: &dyn Harness) {
    let store = h.connect().await;
    let mut texts: Vec<String> = [
        "",
        ".",
        "..",
        "...",
        "/",
        "//",
        "vendor/net:latest",
        "10.0.0.0/8",
        "fd00::/64",
        "%",
        "%2F",
        "a%",
        " ",
        " a ",
        "a b",
        "\0",
        "\n",
        "\u{7f}",
        "~",
        "\u{10ffff}",
        "\u{e000}",
        "\u{fffe}",
        "Straße",
        "网络",
        "сеть",
        "شبكة",
        "नेटवर्क",
        "🦀",
        "e\u{301}",
        "\u{e9}",
        "[x]",
        "{y}",
        "a?b#c",
        "a*b",
        "\"quoted\"",
        "back\\slash",
        "'",
        "zookeeper",
        "null",
        "-",
        "_",
        "+",
        "=",
    ]
    .map(str::to_owned)
    .into();
    texts.extend((0..=127_u8).map(|byte| format!("c{}", char::from(byte))));
    let segments: Vec<Segment> = texts.iter().map(|text| Segment::escape(text)).collect();
    let root = Segment::escape("any/text");
    for chunk in segments.chunks(40) {
        let txn = chunk.iter().fold(Txn::new(), |txn, segment| {
            let key = Key::of([&root, segment]).expect("two short segments make a key");
            txn.absent(key.clone()).put(key, segment.text())
        });
        commit(&store, &txn).await;
    }
    let listed = list(&store, root.as_str()).await;
    let mut found: Vec<String> = Vec::new();
    for entry in listed.entries {
        let text = entry.key.segments().next_back().expect("a key has a last segment").text();
        assert_eq!(entry.value, text, "the value of another text lies under {}", entry.key);
        assert_eq!(read(&store, &entry.key).await, Some(entry));
        found.push(text);
    }
    texts.sort();
    found.sort();
    assert_eq!(found, texts);
}

/// C-KEY-3: Keys that look alike, or differ only by case, form or a trailing character, are different keys.
pub async fn keys_differ_by_any_byte(h: &dyn Harness) {
    let store = h.connect().await;
    let texts = [
        "d/a",
        "d/A",
        "d/aa",
        "d/a.",
        "d/a-",
        "d/a_",
        "d/a~",
        "d/%20a",
        "d/a%20",
        "D/a",
        "d/\u{e9}",
        "d/e\u{301}",
        "d/\u{ff41}",
        "d/\u{430}",
        "d/0",
        "d/00",
        "d/%",
        "d/%25",
    ];
    for text in texts {
        assert_eq!(get(&store, text).await, None, "{text} is taken for another key");
        commit(&store, &Txn::new().absent(key(text)).put(key(text), text)).await;
    }
    for text in texts {
        assert_eq!(present(&store, text).await.value, text);
    }
    commit(&store, &delete("d/a")).await;
    assert_eq!(get(&store, "d/a").await, None);
    for text in &texts[1..] {
        present(&store, text).await;
    }
}

/// C-KEY-4: A key and keys below it are entries of their own, made and deleted in any order.
pub async fn a_key_may_lie_below_another(h: &dyn Harness) {
    let store = h.connect().await;
    let texts = ["a", "a/b", "a/b/c", "a/b/c/d"];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        for index in order {
            commit(&store, &put(texts[index], texts[index])).await;
        }
        assert_eq!(keys_below(&store, "").await, texts);
        assert_eq!(keys_below(&store, "a/b").await, ["a/b/c", "a/b/c/d"]);
        let mut left: Vec<&str> = texts.into();
        for index in order {
            assert_eq!(present(&store, texts[index]).await.value, texts[index]);
            commit(&store, &delete(texts[index])).await;
            left.retain(|text| *text != texts[index]);
            assert_eq!(keys_below(&store, "").await, left);
        }
    }
    let all_at_once = texts.iter().fold(Txn::new(), |txn, text| txn.put(key(text), ""));
    commit(&store, &all_at_once).await;
    assert_eq!(keys_below(&store, "a").await, &texts[1..]);
}

/// C-KEY-5: A value holds any bytes.
pub async fn values_of_all_bytes(h: &dyn Harness) {
    let store = h.connect().await;
    let all: Vec<u8> = (0..=255).collect();
    commit(&store, &put("all", all.clone())).await;
    assert_eq!(present(&store, "all").await.value, all);
    for byte in [0, 1, b'\n', b'"', b'\\', 0x7f, 0x80, 0xc0, 0xff] {
        commit(&store, &put("one", vec![byte])).await;
        assert_eq!(present(&store, "one").await.value[..], [byte]);
    }
    for text in ["null", "{}", "\"\"", "\u{feff}", " padded ", "AAAA", "=="] {
        commit(&store, &put("text", text)).await;
        assert_eq!(present(&store, "text").await.value, text);
    }
}

/// C-KEY-5, C-READ-2: An entry whose value is empty exists.
pub async fn an_empty_value_is_not_absence(h: &dyn Harness) {
    let store = h.connect().await;
    let revision = commit(&store, &put("d/empty", "")).await;
    let entry = present(&store, "d/empty").await;
    assert!(entry.value.is_empty());
    assert_eq!(keys_below(&store, "d").await, ["d/empty"]);
    let guarded = Txn::new().unchanged(key("d/empty"), revision).put(key("d/full"), "full");
    commit(&store, &guarded).await;
    commit(&store, &put("d/full", "")).await;
    assert!(present(&store, "d/full").await.value.is_empty(), "a value was not emptied");
    assert_eq!(get(&store, "d/absent").await, None);
}

/// C-KEY-5: A value of the greatest size that the limits name comes back byte for byte.
pub async fn the_largest_value(h: &dyn Harness) {
    let store = h.connect().await;
    let size = store.info().limits.value_bytes;
    let value: Vec<u8> = (0..size).map(|index| u8::try_from(index * 31 % 251).unwrap_or(0)).collect();
    commit(&store, &put("d/large", value.clone())).await;
    assert!(present(&store, "d/large").await.value == value, "a value of {size} bytes came back otherwise");
    let listed = list(&store, "d").await;
    assert!(listed.entries[0].value == value, "a value of {size} bytes was listed otherwise");
    commit(&store, &put("d/large", value[1..].to_vec())).await;
    assert!(present(&store, "d/large").await.value == value[1..], "a large value was not replaced");
}
