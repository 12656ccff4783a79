//! What is no store of ours is refused, says why, and stays as it is to the byte.

use std::fs;
use std::path::{Path, PathBuf};

use netkeep_store::{Error, Key, Kind, LeasedDirectories, Store, StoreExt};
use netkeep_store_redb::{RedbConfig, RedbStore};
use redb::{Database, TableDefinition};
use tempfile::TempDir;

const META: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta");

fn config(path: &Path) -> RedbConfig {
    RedbConfig::new(path, LeasedDirectories::default())
}

/// A folder with a store in it that was closed.
async fn store() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s.redb");
    let store = RedbStore::open(config(&path)).await.unwrap();
    for index in 0..50 {
        store.create(Key::parse(&format!("k/{index}")).unwrap(), vec![3; 2000]).await.unwrap();
    }
    store.close().await.unwrap();
    (folder, path)
}

/// A folder with a store in it that was copied while it was open, so that opening it repairs it.
async fn unclean_store() -> (TempDir, PathBuf) {
    let (folder, path) = store().await;
    let mut open = config(&path);
    open.quick_repair_after = None;
    let store = RedbStore::open(open).await.unwrap();
    store.create(Key::parse("late").unwrap(), "").await.unwrap();
    let copy = folder.path().join("copy.redb");
    fs::copy(&path, &copy).unwrap();
    store.close().await.unwrap();
    (folder, copy)
}

async fn refused(path: &Path, kind: Kind, named: &str) -> Error {
    let before = fs::read(path).unwrap();
    let error = RedbStore::open(config(path)).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert!(text.contains(named), "{text:?} does not name {named:?}");
    assert!(text.contains(path.to_str().unwrap()), "{text:?} does not name the file");
    assert!(fs::read(path).unwrap() == before, "the file was changed");
    error
}

fn write_meta(path: &Path, name: &str, value: &[u8]) {
    let database = Database::open(path).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(name, value).unwrap();
    txn.commit().unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_redb_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s.redb");
    for content in [&b"redb"[..], b"{\"a\": 1}\n", b"SQLite format 3\0", &[0; 8192]] {
        fs::write(&path, content).unwrap();
        refused(&path, Kind::Corrupt, "no redb file").await;
    }
    fs::write(&path, b"").unwrap();
    refused(&path, Kind::Corrupt, "is empty").await;
}

#[tokio::test]
async fn what_is_no_file_at_all() {
    let folder = TempDir::new().unwrap();
    let error = RedbStore::open(config(folder.path())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid, "{error}");
    assert!(error.to_string().contains("is no file"), "{error}");

    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    let error = RedbStore::open(config(&link)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid, "{error}");
    assert!(link.symlink_metadata().unwrap().is_symlink(), "the link was replaced");
}

#[tokio::test]
async fn a_redb_file_of_another_program() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s.redb");
    drop(Database::create(&path).unwrap());
    refused(&path, Kind::Corrupt, "no store").await;

    let table: TableDefinition<'static, u64, u64> = TableDefinition::new("meta");
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(table).unwrap();
    txn.commit().unwrap();
    drop(database);
    refused(&path, Kind::Corrupt, "no store").await;
}

#[tokio::test]
async fn another_format() {
    for (format, named) in [("2", "format 2, newer"), ("99", "known: 1"), ("0", "format 0, older")] {
        let (_folder, path) = store().await;
        write_meta(&path, "format", format.as_bytes());
        refused(&path, Kind::Invalid, named).await;
    }
    let (_folder, path) = store().await;
    write_meta(&path, "format", b"one");
    refused(&path, Kind::Corrupt, "no number").await;
}

#[tokio::test]
async fn another_format_that_a_crash_left() {
    let (_folder, path) = unclean_store().await;
    // The copy is mended by redb here, changed, and made unclean again.
    write_meta(&path, "format", b"2");
    let mut bytes = fs::read(&path).unwrap();
    // The flag in the header by which redb knows that a file was not closed, and the one of a two-phase commit.
    bytes[9] = bytes[9] & !4 | 2;
    fs::write(&path, bytes).unwrap();
    refused(&path, Kind::Invalid, "format 2, newer").await;
}

#[tokio::test]
async fn a_store_without_its_facts() {
    for name in ["identity", "revision", "granted"] {
        let (_folder, path) = store().await;
        write_meta(&path, name, b"?");
        refused(&path, Kind::Corrupt, "damaged store").await;
    }
}

#[tokio::test]
async fn a_truncated_store() {
    for unclean in [false, true] {
        let (_folder, path) = if unclean { unclean_store().await } else { store().await };
        let whole = fs::read(&path).unwrap();
        for keep in [100, 4096, 10_000, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..keep]).unwrap();
            let before = fs::read(&path).unwrap();
            let error = RedbStore::open(config(&path)).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Corrupt, "cut to {keep} bytes, unclean {unclean}: {error}");
            assert!(fs::read(&path).unwrap() == before, "the file cut to {keep} bytes was changed");
        }
    }
}

#[tokio::test]
async fn a_header_with_a_wrong_byte() {
    let (_folder, path) = store().await;
    let whole = fs::read(&path).unwrap();
    // Magic, page size, pages of a region, and both commit slots at once.
    let cases: [&[usize]; 4] = [&[0], &[12], &[20], &[64 + 8, 192 + 8]];
    for at in cases {
        let mut bytes = whole.clone();
        for at in at {
            bytes[*at] ^= 0x55;
        }
        fs::write(&path, &bytes).unwrap();
        refused(&path, Kind::Corrupt, "file").await;
    }
    // And whole again, it is a store.
    fs::write(&path, &whole).unwrap();
    let store = RedbStore::open(config(&path)).await.unwrap();
    assert!(store.get(&Key::parse("k/49").unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn verification_finds_a_damaged_page() {
    let (_folder, path) = store().await;
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(500).position(|window| window == [3; 500]).unwrap();
    bytes[at + 200] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let mut config = config(&path);
    config.verify = true;
    let error = RedbStore::open(config).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt, "{error}");
    assert!(fs::read(&path).unwrap() == bytes, "the file was changed");
}

#[tokio::test]
async fn a_new_file_is_ours_alone_and_leaves_no_draft() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a/b/s.redb");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(folder.path().join("a/b/s.redb.new"), "left by a crash").unwrap();
    let store = RedbStore::open(config(&path)).await.unwrap();
    let mode =
        |name: &str| fs::metadata(folder.path().join("a/b").join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("s.redb"), 0o600);
    assert_eq!(mode("s.redb.lock"), 0o600);
    assert_eq!(mode("s.redb.reserve"), 0o600);
    assert!(!folder.path().join("a/b/s.redb.new").exists());
    store.close().await.unwrap();
}
