//! Moving a store: whole, resumed where it was interrupted, refused where it would harm.

use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netkeep_store::layers::Operation;
use netkeep_store::transfer::{
    Content, CopyOptions, Difference, NoProgress, Progress, Stage, copy, diff, import, read, write,
};
use netkeep_store::{Key, Kind, LeasedDirectories, MemoryStore, Prefix, Store, Txn};
use netkeep_store_conformance::fault::{Fault, Faults, Faulty, Step};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).unwrap()
}

fn options() -> CopyOptions {
    CopyOptions { excluded: vec![prefix("hosts"), prefix("meta/store")], ..CopyOptions::default() }
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::open(LeasedDirectories::new([prefix("alive")])))
}

/// Networks in one directory, endpoints in many, large values, bytes that are no text, and what is not to be copied.
async fn full() -> Arc<dyn Store> {
    let store = memory();
    for network in 0..60 {
        let mut txn = Txn::new().put(key(&format!("networks/{network:03}")), format!("network {network}"));
        for endpoint in 0..9 {
            let at = key(&format!("endpoints/{network:03}/{endpoint}"));
            txn = txn.put(at, vec![255, network, endpoint]);
        }
        store.commit(&txn).await.unwrap();
    }
    for large in 0..4 {
        let txn = Txn::new().put(key(&format!("large/{large}")), vec![large; 256 * 1024]);
        store.commit(&txn).await.unwrap();
    }
    let lease = store.grant(Duration::from_secs(600)).await.unwrap();
    let own = Txn::new().put(key("hosts/a"), "").put(key("meta/store"), "").put(key("meta/schema"), "1");
    store.commit(&own.put_leased(key("alive/a"), "", &lease.id)).await.unwrap();
    store
}

const KEYS: usize = 60 * 10 + 4 + 1;

async fn content(store: &Arc<dyn Store>) -> Content {
    Content::of(&**store, &options().excluded, 3).await.unwrap()
}

async fn same(from: &Arc<dyn Store>, to: &Arc<dyn Store>) {
    let difference = diff(&**from, &**to, &options().excluded, &NoProgress).await.unwrap();
    assert_eq!(difference, Difference::default());
    assert_eq!(content(to).await.len(), KEYS);
    assert!(to.get(&key("meta/transfer")).await.unwrap().is_none(), "the target is still marked");
    for stays in ["hosts/a", "alive/a", "meta/store"] {
        assert!(to.get(&key(stays)).await.unwrap().is_none(), "{stays} was copied");
    }
}

#[tokio::test]
async fn a_copy_is_whole_and_leaves_the_source_alone() {
    let (from, to) = (full().await, memory());
    let before = from.list(&Prefix::root()).await.unwrap();
    let copied = copy(&*from, &*to, &options(), &NoProgress).await.unwrap();
    assert_eq!((copied.keys, copied.written, copied.rounds), (KEYS, KEYS, 1));
    same(&from, &to).await;
    assert_eq!(from.list(&Prefix::root()).await.unwrap(), before);
}

#[tokio::test]
async fn an_interrupted_copy_goes_on_where_it_was() {
    let (from, to) = (full().await, memory());
    for nth in [0, 3, 9] {
        let faults = Arc::new(Faults::new());
        let broken: Arc<dyn Store> = Arc::new(Faulty::new(Arc::clone(&to), Arc::clone(&faults)));
        faults.set(Step::of(Operation::Commit, nth), Fault::FailAfter);
        let error = copy(&*from, &*broken, &options(), &NoProgress).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
        assert!(to.get(&key("meta/transfer")).await.unwrap().is_some(), "an unfinished target is not marked");
    }
    let copied = copy(&*from, &*to, &options(), &NoProgress).await.unwrap();
    assert!(copied.written < KEYS, "what was there already was written again");
    same(&from, &to).await;
}

#[tokio::test]
async fn a_source_that_changes_meanwhile_is_read_again() {
    /// Changes the source whenever a stage is verified, a few times.
    struct Meddler {
        source: Arc<dyn Store>,
        left: Mutex<usize>,
    }
    impl Progress for Meddler {
        fn began(&self, stage: Stage, _: usize) {
            let mut left = self.left.lock().unwrap();
            if stage != Stage::Verifying || *left == 0 {
                return;
            }
            *left -= 1;
            let txn = Txn::new().put(key("networks/000"), left.to_string()).delete(key("large/0"));
            let committed = futures_util::FutureExt::now_or_never(self.source.commit(&txn));
            committed.expect("memory answers at once").unwrap();
        }

        fn passed(&self, _: usize) {}
    }
    let (from, to) = (full().await, memory());
    let meddler = Meddler { source: Arc::clone(&from), left: Mutex::new(2) };
    let copied = copy(&*from, &*to, &options(), &meddler).await.unwrap();
    assert_eq!((copied.keys, copied.rounds), (KEYS - 1, 3));
    assert_eq!(content(&from).await, content(&to).await);

    let to = memory();
    let meddler = Meddler { source: Arc::clone(&from), left: Mutex::new(100) };
    let error = copy(&*from, &*to, &options(), &meddler).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("keeps changing"), "{error}");
}

#[tokio::test]
async fn what_would_harm_is_refused() {
    let (from, to) = (full().await, full().await);
    let error = copy(&*from, &*to, &options(), &NoProgress).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("not empty"), "{error}");
    let error = copy(&*from, &*from, &options(), &NoProgress).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);

    let to = memory();
    let faults = Arc::new(Faults::new());
    let broken: Arc<dyn Store> = Arc::new(Faulty::new(Arc::clone(&to), Arc::clone(&faults)));
    faults.set(Step::of(Operation::Commit, 2), Fault::FailBefore(Kind::Unavailable));
    copy(&*from, &*broken, &options(), &NoProgress).await.unwrap_err();
    let other = full().await;
    let error = copy(&*other, &*to, &options(), &NoProgress).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("part of a transfer from"), "{error}");
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_and_no_other_is_taken() {
    let (from, to) = (full().await, memory());
    let identity = from.status().await.unwrap().identity;
    let mut file = Vec::new();
    write(&content(&from).await, &identity, &mut file).unwrap();
    let (found, store) = read(&mut Cursor::new(&file)).unwrap();
    assert_eq!(store, identity);
    let imported = import(&found, "a file", &*to, &options().excluded, &NoProgress).await.unwrap();
    assert_eq!(imported.keys, KEYS);
    same(&from, &to).await;

    let text = |file: &[u8]| file.to_vec();
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    let newer = String::from_utf8(first.to_vec()).unwrap().replace("_export\":1", "_export\":2");
    let mut flipped = text(&file);
    let place = file.len() / 2;
    flipped[place] = if flipped[place] == b'A' { b'B' } else { b'A' };
    for (wrong, says) in [
        (Vec::new(), "empty"),
        (newer.into_bytes(), "format 2"),
        (lines[..lines.len() - 1].concat(), "a part is missing"),
        ([first, lines[1], last].concat(), "entries"),
        ([first, lines[2], lines[1], last].concat(), "out of order"),
        ([&file[..], &b"{}\n"[..]].concat(), "follows the end"),
        ([first, &b"{\"key\":\"a\"}\n"[..]].concat(), "either text or base64"),
        ([first, &b"{\"key\":\"a\",\"text\":\"\",\"new\":1}\n"[..]].concat(), "line 2"),
        (flipped, ""),
    ] {
        let error = read(&mut Cursor::new(&wrong)).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains(says), "{says}: {error}");
    }
}
