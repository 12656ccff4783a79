//! Records over a store: versions, transactions, quarantine, update and watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use netkeep_store::datastore::{
    Datastore, Either, Local, LocalDatastore, LocalStore, Record, RecordChange, RecordId, RecordItem,
    Records, Transaction, Versioned,
};
use netkeep_store::{Guard, Kind, LeasedDirectories, MemoryServer, Segment, StoreExt, Txn, WatchFrom};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fruit {
    colour: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stone: Option<Stone>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stone {
    size: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FruitName(String);

impl RecordId for FruitName {
    fn segments(&self) -> Vec<Segment> {
        vec![Segment::escape(&self.0)]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        match segments {
            [name] => Some(Self(name.text())),
            _ => None,
        }
    }
}

impl Record for Fruit {
    type Home = Either;
    type Id = FruitName;
    const KIND: &'static str = "fruit";
    const VERSION: u32 = 2;
    const ROOT: &'static str = "fruits";
}

/// What a driver keeps, say: JSON of any shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Crate(Value);

impl Record for Crate {
    type Home = Either;
    type Id = FruitName;
    const KIND: &'static str = "crate";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "crates";
}

fn name(text: &str) -> FruitName {
    FruitName(text.to_owned())
}

fn red() -> Fruit {
    Fruit { colour: "red".to_owned(), stone: None }
}

fn datastore() -> LocalStore {
    let server = MemoryServer::new(LeasedDirectories::default());
    LocalStore::new(Arc::new(server.connect()), None)
}

async fn put(store: &LocalStore, id: &str, stored: Value) {
    let key = Fruit::key(&name(id)).unwrap();
    store.store().commit(&Txn::new().put(key, stored.to_string())).await.unwrap();
}

async fn stored(store: &LocalStore, id: &str) -> Value {
    let entry = store.store().get(&Fruit::key(&name(id)).unwrap()).await.unwrap().unwrap();
    serde_json::from_slice(&entry.value).unwrap()
}

async fn read(store: &LocalStore, id: &str) -> Versioned<Fruit> {
    store.read::<Fruit>(&name(id)).await.unwrap().unwrap()
}

async fn commit(
    store: &LocalStore,
    write: impl FnOnce(&mut Transaction<Local>),
) -> netkeep_store::Result<()> {
    let mut transaction = Transaction::new();
    write(&mut transaction);
    store.commit(transaction).await.map(|_| ())
}

#[tokio::test]
async fn a_record_is_json_in_a_versioned_envelope() {
    let store = datastore();
    commit(&store, |tx| tx.create(&name("cherry/sour"), &red()).unwrap()).await.unwrap();
    assert_eq!(
        stored(&store, "cherry/sour").await,
        json!({"kind": "fruit", "version": 2, "record": {"colour": "red"}})
    );
    let found = read(&store, "cherry/sour").await;
    assert_eq!((found.id, found.record), (name("cherry/sour"), red()));
}

#[tokio::test]
async fn a_record_is_read_however_its_json_is_written() {
    let store = datastore();
    let stoned = Fruit { stone: Some(Stone { size: 1 }), ..red() };
    commit(&store, |tx| tx.create(&name("own"), &stoned).unwrap()).await.unwrap();
    for (id, text) in [
        (
            "spaced",
            r#"{ "kind": "fruit", "version": 2, "record": { "colour": "red", "stone": { "size": 1 } } }"#,
        ),
        ("turned", r#"{"record":{"stone":{"size":1},"colour":"red"},"version":2,"kind":"fruit"}"#),
        ("escaped", r#"{"kind":"fr\u0075it","version":2,"record":{"colour":"r\u0065d","stone":{"size":1}}}"#),
        ("older", r#"{"kind":"fruit","version":1,"record":{"colour":"red","stone":{"size":1}}}"#),
        (
            "followed",
            "{\"kind\":\"fruit\",\"version\":2,\"record\":{\"colour\":\"red\",\"stone\":{\"size\":1}}}\n",
        ),
    ] {
        let key = Fruit::key(&name(id)).unwrap();
        store.store().commit(&Txn::new().put(key, text)).await.unwrap();
        let found = read(&store, id).await;
        assert_eq!(found.record, stoned, "{id}");
        commit(&store, |tx| tx.replace(&found, &stoned).unwrap()).await.unwrap();
        assert_eq!(stored(&store, id).await, stored(&store, "own").await, "{id}");
    }
}

#[tokio::test]
async fn fields_that_are_not_known_survive_a_change() {
    let store = datastore();
    let newer = json!({"kind": "fruit", "version": 1, "record":
        {"colour": "red", "stone": {"size": 1, "hard": true}, "taste": {"sour": 5}}});
    put(&store, "cherry", newer).await;
    let found = read(&store, "cherry").await;
    let next = Fruit { colour: "black".to_owned(), ..found.record.clone() };
    commit(&store, |tx| tx.replace(&found, &next).unwrap()).await.unwrap();
    assert_eq!(
        stored(&store, "cherry").await["record"],
        json!({"colour": "black", "stone": {"size": 1, "hard": true}, "taste": {"sour": 5}})
    );

    let found = read(&store, "cherry").await;
    commit(&store, |tx| tx.replace(&found, &red()).unwrap()).await.unwrap();
    assert_eq!(
        stored(&store, "cherry").await["record"],
        json!({"colour": "red", "taste": {"sour": 5}}),
        "what was inside a field that is gone goes with it"
    );
}

#[tokio::test]
async fn what_is_nested_too_deeply_to_be_read_again_is_not_written() {
    let store = datastore();
    let nested = |levels: u32| Crate((0..levels).fold(Value::Null, |inside, _| json!([inside])));
    for levels in [0, 1, 100, 101, 127, 128, 1000] {
        let (id, record) = (name(&levels.to_string()), nested(levels));
        let mut transaction = Transaction::<Local>::new();
        let created = transaction.create(&id, &record);
        if levels <= 100 {
            created.unwrap();
            store.commit(transaction).await.unwrap();
            assert_eq!(store.read::<Crate>(&id).await.unwrap().unwrap().record, record);
        } else {
            let error = created.unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(error.to_string().contains("crate") && error.to_string().contains("100"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_newer_form_is_read_and_never_written() {
    let store = datastore();
    put(&store, "cherry", json!({"kind": "fruit", "version": 3, "record": {"colour": "red"}})).await;
    let found = read(&store, "cherry").await;
    let mut transaction = Transaction::<Local>::new();
    for refused in [transaction.replace(&found, &red()), transaction.delete(&found)] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(
            error.to_string().contains("version 3") && error.to_string().contains("version 2"),
            "{error}"
        );
    }
    transaction.unchanged(&found).unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_set_apart_and_fails_nobody() {
    let store = datastore();
    commit(&store, |tx| tx.create(&name("good"), &red()).unwrap()).await.unwrap();
    for (id, bad) in [
        ("kind", json!({"kind": "stone", "version": 2, "record": {"colour": "red"}})),
        ("field", json!({"kind": "fruit", "version": 2, "record": {}})),
        ("newer", json!({"kind": "fruit", "version": 9, "record": {}})),
        ("envelope", json!([])),
    ] {
        put(&store, id, bad).await;
    }
    let listing = store.list::<Fruit>().await.unwrap();
    assert_eq!(listing.records.len(), 1);
    let reasons: Vec<_> = listing.unreadable.iter().map(|found| found.reason.as_str()).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("it has version 9, this host knows 2")));
    let error = store.read::<Fruit>(&name("field")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.to_string().contains("fruits/field"), "{error}");

    let unreadable = listing.unreadable[0].clone();
    commit(&store, |tx| tx.delete_raw(&unreadable.key, unreadable.revision).unwrap()).await.unwrap();
    assert_eq!(store.list::<Fruit>().await.unwrap().unreadable.len(), 3);
}

#[tokio::test]
async fn a_record_is_changed_only_as_it_was_read() {
    let store = datastore();
    commit(&store, |tx| tx.create(&name("cherry"), &red()).unwrap()).await.unwrap();
    let found = read(&store, "cherry").await;
    commit(&store, |tx| tx.replace(&found, &red()).unwrap()).await.unwrap();
    for refused in [
        commit(&store, |tx| tx.replace(&found, &red()).unwrap()).await,
        commit(&store, |tx| tx.delete(&found).unwrap()).await,
        commit(&store, |tx| tx.unchanged(&found).unwrap()).await,
        commit(&store, |tx| tx.create(&found.id, &red()).unwrap()).await,
        commit(&store, |tx| tx.absent::<Fruit>(&found.id).unwrap()).await,
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert_eq!(error.failed_guard().map(Guard::key), Some(&Fruit::key(&found.id).unwrap()));
    }
}

#[tokio::test]
async fn a_transaction_refuses_to_contradict_itself() {
    let store = datastore();
    commit(&store, |tx| tx.create(&name("cherry"), &red()).unwrap()).await.unwrap();
    let found = read(&store, "cherry").await;
    let mut transaction = Transaction::<Local>::new();
    transaction.unchanged(&found).unwrap();
    transaction.unchanged(&found).unwrap();
    assert_eq!(transaction.keys(), 1);
    assert_eq!(transaction.absent::<Fruit>(&found.id).unwrap_err().kind(), Kind::Invalid);
    transaction.delete(&found).unwrap();
    assert_eq!(transaction.replace(&found, &red()).unwrap_err().kind(), Kind::Invalid);

    let mut other = Transaction::<Local>::new();
    other.create(&name("plum"), &red()).unwrap();
    transaction.merge(other.clone()).unwrap();
    assert_eq!(transaction.merge(other).unwrap_err().kind(), Kind::Invalid);
}

#[tokio::test]
async fn update_decides_again_up_to_its_bound() {
    let store = datastore();
    let id = name("cherry");
    let made = store.update::<Fruit>(&id, 1, |before| {
        assert_eq!(before, None);
        Ok(Some(red()))
    });
    let made = made.await.unwrap().unwrap();
    assert_eq!(read(&store, "cherry").await, made);
    let left = store.update::<Fruit>(&name("cherry"), 1, |_| Ok(None)).await.unwrap().unwrap();
    assert_eq!(left, made);

    let calls = AtomicU32::new(0);
    let key = Fruit::key(&name("cherry")).unwrap();
    let raw = json!({"kind": "fruit", "version": 2, "record": {"colour": "red"}}).to_string();
    let error = store
        .update::<Fruit>(&name("cherry"), 3, |_| {
            calls.fetch_add(1, Ordering::SeqCst);
            // Someone else is always faster.
            let txn = Txn::new().put(key.clone(), raw.clone());
            let write = store.store().commit(&txn);
            futures_util::FutureExt::now_or_never(write).expect("the memory store does not wait")?;
            Ok(Some(red()))
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("attempts: 3"), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_watch_tells_of_records() {
    let store = datastore();
    commit(&store, |tx| tx.create(&name("cherry"), &red()).unwrap()).await.unwrap();
    let mut watch = Records::watch::<Fruit>(&store, WatchFrom::Snapshot).await.unwrap();
    let RecordItem::Reset(listing) = watch.next().await.unwrap() else { panic!("a reset comes first") };
    assert_eq!(listing.records, [read(&store, "cherry").await]);

    put(&store, "bad", json!(1)).await;
    let found = listing.records[0].clone();
    commit(&store, |tx| tx.delete(&found).unwrap()).await.unwrap();
    store.store().create(netkeep_store::Key::parse("fruits/a/b").unwrap(), "x").await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let RecordItem::Changes { changes, .. } = watch.next().await.unwrap() else {
            panic!("a second reset")
        };
        seen.extend(changes);
    }
    assert!(matches!(&seen[0], RecordChange::Unreadable(found) if found.key.as_str() == "fruits/bad"));
    assert!(matches!(&seen[1], RecordChange::Deleted(id, _) if *id == name("cherry")));
    assert!(matches!(&seen[2], RecordChange::Unreadable(found) if found.key.as_str() == "fruits/a/b"));
}

#[tokio::test]
async fn a_store_without_a_file_says_so() {
    let error = datastore().compact().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("memory"), "{error}");
}
