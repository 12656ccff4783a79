//! One process has the file; another one is told at once who.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use netkeep_store::{Key, Kind, LeasedDirectories, Store, StoreExt};
use netkeep_store_redb::{RedbConfig, RedbStore};

/// Tells a copy of this program which file to hold.
const HOLD: &str = "NETKEEP_REDB_HOLD";

fn config(path: &Path) -> RedbConfig {
    RedbConfig::new(path, LeasedDirectories::default())
}

/// Another process that has the file until it is told to let go, or dies.
struct Holder {
    child: Child,
    /// Kept open, so that it can go on writing.
    _out: BufReader<ChildStdout>,
}

impl Holder {
    fn start(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "pain_15_another_process_is_named_at_once", "--nocapture"])
            .env(HOLD, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let holds = out.by_ref().lines().map_while(Result::ok).any(|line| line.contains("holding"));
        let holder = Self { child, _out: out };
        assert!(holds, "the other process could not open the file");
        holder
    }

    fn let_go(mut self) {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Ended already if the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn hold(path: &Path) {
    let store = RedbStore::open(config(path)).await.unwrap();
    println!("holding");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn pain_15_another_process_is_named_at_once() {
    if let Some(path) = std::env::var_os(HOLD) {
        return hold(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let holder = Holder::start(&path);

    let begun = Instant::now();
    let error = RedbStore::open(config(&path)).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    assert!(error.to_string().contains(&format!("process {}", holder.child.id())), "{error}");

    holder.let_go();
    let store = RedbStore::open(config(&path)).await.unwrap();
    store.create(Key::parse("a").unwrap(), "").await.unwrap();
    store.close().await.unwrap();

    // A process that dies leaves its lock file, and no lock.
    Holder::start(&path).kill();
    let store = RedbStore::open(config(&path)).await.unwrap();
    assert!(store.get(&Key::parse("a").unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_second_opening_in_this_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let store = RedbStore::open(config(&path)).await.unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for name in [&path, &link] {
        let error = RedbStore::open(config(name)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        assert!(error.to_string().contains("already open in this process"), "{error}");
    }
    // A second name that is no link: only redb's own lock sees that it is one file.
    let other = folder.path().join("other");
    std::fs::hard_link(&path, &other).unwrap();
    let error = RedbStore::open(config(&other)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");

    let handle = store.connect();
    store.close().await.unwrap();
    assert_eq!(RedbStore::open(config(&path)).await.unwrap_err().kind(), Kind::Invalid, "one handle is open");
    handle.create(Key::parse("a").unwrap(), "").await.unwrap();
    // Dropping the last handle closes the file in the background; an opening waits for that.
    drop(handle);
    let store = RedbStore::open(config(&path)).await.unwrap();
    assert!(store.get(&Key::parse("a").unwrap()).await.unwrap().is_some());
}
