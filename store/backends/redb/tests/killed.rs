//! A process that is killed loses nothing that it acknowledged.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use netkeep_store::{Key, LeasedDirectories, Prefix, Revision, Store, Txn};
use netkeep_store_redb::{RedbConfig, RedbStore};

/// Tells a copy of this program which file to write, and what to call its keys.
const WRITE: &str = "NETKEEP_REDB_WRITE";
const ROUNDS: u64 = 12;
const TASKS: u64 = 8;

async fn open(path: &Path) -> RedbStore {
    let mut config = RedbConfig::new(path, LeasedDirectories::default());
    config.quick_repair_after = Some(std::time::Duration::from_millis(1));
    RedbStore::open(config).await.unwrap()
}

/// Writes for ever, from several tasks, and says what was acknowledged.
async fn write(path: &Path, round: &str) {
    let store = Arc::new(open(path).await);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, round) = (Arc::clone(&store), round.to_owned());
            tokio::spawn(async move {
                for index in 0..u64::MAX {
                    // Two keys in two places, so that half a commit would show; and a key that all tasks write.
                    let name = format!("{round}/{task}/{index}");
                    let key = |root: &str| Key::parse(&format!("{root}/{name}")).unwrap();
                    let size = usize::try_from(index % 7 * 300).unwrap();
                    let txn = Txn::new()
                        .absent(key("a"))
                        .put(key("a"), vec![b'x'; size])
                        .put(key("b"), name.clone())
                        .put(Key::parse("last").unwrap(), name.clone());
                    let revision = store.commit(&txn).await.unwrap();
                    // One write per line, so that lines do not mix.
                    println!("acknowledged {name} {revision}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        // Killed already if the test went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Kills a writer once it has acknowledged `enough`, and returns what it had acknowledged by then.
fn killed_writer(path: &Path, round: u64, enough: usize) -> BTreeMap<String, Revision> {
    let mut writer = Writer(
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nothing_that_was_acknowledged_is_lost", "--nocapture"])
            .env(WRITE, format!("{round}:{}", path.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut acknowledged = BTreeMap::new();
    let mut out = BufReader::new(writer.0.stdout.take().unwrap());
    loop {
        let mut line = String::new();
        // The last line may be cut off, or be no text.
        if !out.read_line(&mut line).is_ok_and(|_| line.ends_with('\n')) {
            break;
        }
        let Some((_, said)) = line.split_once("acknowledged ") else { continue };
        let Some((name, revision)) = said.split_once(' ') else { continue };
        let Ok(revision) = revision.trim_end().parse() else { continue };
        acknowledged.insert(name.to_owned(), Revision::new(revision));
        if acknowledged.len() == enough {
            // Reading goes on to the end of what it said before it died.
            writer.0.kill().unwrap();
        }
    }
    writer.0.wait().unwrap();
    assert!(acknowledged.len() >= enough, "the writer ended after {}", acknowledged.len());
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost() {
    if let Ok(told) = std::env::var(WRITE) {
        let (round, path) = told.split_once(':').unwrap();
        return write(Path::new(path), round).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let mut all = BTreeMap::new();
    let mut last = Revision::ZERO;
    let mut identity = None;
    for round in 0..ROUNDS {
        // From the first commits, while the file grows, to some way on.
        let enough = usize::try_from(1 + round * round * 5).unwrap();
        let acknowledged = killed_writer(&path, round, enough);
        last = last.max(*acknowledged.values().max().unwrap());
        all.extend(acknowledged);

        let store = open(&path).await;
        let status = store.status().await.unwrap();
        assert!(status.revision >= last, "round {round}: the revision went back to {}", status.revision);
        assert_eq!(identity.get_or_insert(status.identity.clone()), &status.identity, "round {round}");
        let list = async |prefix: &str| -> BTreeMap<String, Revision> {
            let snapshot = store.list(&Prefix::parse(prefix).unwrap()).await.unwrap();
            let name = |key: &Key| key.as_str()[2..].to_owned();
            snapshot.entries.iter().map(|entry| (name(&entry.key), entry.revision)).collect()
        };
        let (a, b) = (list("a").await, list("b").await);
        assert_eq!(a, b, "round {round}: half a commit");
        for (name, revision) in &all {
            assert_eq!(a.get(name), Some(revision), "round {round}: {name} was lost");
        }
        last = status.revision;
        store.close().await.unwrap();
    }
}
