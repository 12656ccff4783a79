//! A process that is killed loses nothing that it acknowledged, leaves nothing half done, and its file opens soon.
//!
//! 20 kills of a process that fills a small file; with `NETKEEP_LONG=1` 200, of one that works on 50 MB.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep_store::{Key, LeasedDirectories, Prefix, Revision, Store, Txn};
use netkeep_store_redb::{RedbConfig, RedbStore};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Tells a copy of this program which file to write, and what to call its keys.
const WRITE: &str = "NETKEEP_REDB_WRITE";
const TEST: &str = "nothing_that_was_acknowledged_is_lost";
const SEED: u64 = 0x6b69_6c6c;
const TASKS: u64 = 8;
/// How many pairs of keys each task keeps; it deletes those before.
const KEPT: u64 = 3;

/// How much is done.
struct Work {
    rounds: u64,
    /// Transactions of 40 entries, each of the size of a record, that are there before.
    filled: u64,
    /// How many commits are acknowledged at most before a kill.
    commits: usize,
    /// Every entry is looked at in each of so many rounds, else those that were written.
    all_every: u64,
}

fn work() -> Work {
    if std::env::var("NETKEEP_LONG").is_ok_and(|value| value == "1") {
        Work { rounds: 200, filled: 900, commits: 600, all_every: 10 }
    } else {
        Work { rounds: 20, filled: 40, commits: 300, all_every: 1 }
    }
}

async fn open(path: &Path, quick_repair_after: Duration) -> RedbStore {
    let mut config = RedbConfig::new(path, LeasedDirectories::default());
    config.quick_repair_after = Some(quick_repair_after);
    RedbStore::open(config).await.unwrap()
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

async fn fill(store: &Arc<RedbStore>, transactions: u64) {
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for number in (task..transactions).step_by(16) {
                    let entries = (0..40).map(|entry| key(&format!("filled/{:08x}", number * 40 + entry)));
                    let txn = entries.fold(Txn::new(), |txn, key| txn.put(key, vec![b'f'; 400]));
                    store.commit(&txn).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Writes for ever, from several tasks, and says what was acknowledged.
async fn write(path: &Path, round: u64) {
    // In every other round the file is prepared for a crash in each short pause too.
    let idle = if round.is_multiple_of(2) { 1 } else { 200 };
    let store = Arc::new(open(path, Duration::from_millis(idle)).await);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for index in 0..u64::MAX {
                    // Keys in two places, so that half a commit would show; and a key that all tasks write.
                    let name = |index: u64| format!("{round}/{task}/{index:08}");
                    let pair = |index| ["a", "b"].map(|root| key(&format!("{root}/{}", name(index))));
                    let size = usize::try_from(index % 7 * 300).unwrap();
                    let [a, b] = pair(index);
                    let mut txn = Txn::new()
                        .absent(a.clone())
                        .put(a, vec![b'x'; size])
                        .put(b, vec![b'y'; size])
                        .put(key("last"), name(index));
                    if index >= KEPT {
                        txn = pair(index - KEPT).into_iter().fold(txn, Txn::delete);
                    }
                    let revision = store.commit(&txn).await.unwrap();
                    // One write per line, so that lines do not mix.
                    println!("acknowledged {task} {index} {revision}");
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

/// The last commit of each task that was acknowledged.
type Acknowledged = BTreeMap<u64, (u64, Revision)>;

/// Kills a writer once it has acknowledged `enough`, and returns what it had acknowledged by then.
fn killed_writer(path: &Path, round: u64, enough: usize) -> (usize, Acknowledged) {
    let mut writer = Writer(
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env(WRITE, format!("{round}:{}", path.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let (mut count, mut acknowledged) = (0, Acknowledged::new());
    let mut out = BufReader::new(writer.0.stdout.take().unwrap());
    loop {
        let mut line = String::new();
        // The last line may be cut off, or be no text.
        if !out.read_line(&mut line).is_ok_and(|_| line.ends_with('\n')) {
            break;
        }
        let Some((_, said)) = line.split_once("acknowledged ") else { continue };
        let numbers: Vec<u64> = said.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let [task, index, revision] = numbers[..] else { panic!("it said {said:?}") };
        let before = acknowledged.insert(task, (index, Revision::new(revision)));
        assert!(
            before.is_none_or(|(before, _)| before + 1 == index),
            "task {task} said {index} after {before:?}"
        );
        count += 1;
        if count == enough {
            // Reading goes on to the end of what it said before it died.
            writer.0.kill().unwrap();
        }
    }
    writer.0.wait().unwrap();
    assert!(count >= enough, "the writer ended after {count}");
    (count, acknowledged)
}

/// Every entry: when it was written, and how many bytes it has.
type Entries = BTreeMap<String, (Revision, usize)>;

async fn entries(store: &RedbStore, prefix: &Prefix) -> Entries {
    let snapshot = store.list(prefix).await.unwrap();
    let entry =
        |entry: &netkeep_store::Entry| (entry.key.as_str().to_owned(), (entry.revision, entry.value.len()));
    snapshot.entries.iter().map(entry).collect()
}

/// Compares what a round has written with what it said. Each task may have made one commit that it could not
/// tell of any more.
fn judge_round(found: &Entries, round: u64, acknowledged: &Acknowledged) {
    for task in 0..TASKS {
        let of = |root: &str| -> BTreeMap<u64, (Revision, usize)> {
            let prefix = format!("{root}/{round}/{task}/");
            let range = found.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
            range.map(|(key, entry)| (key[prefix.len()..].parse().unwrap(), *entry)).collect()
        };
        let (a, b) = (of("a"), of("b"));
        assert_eq!(a, b, "round {round}, task {task}: half a commit");
        let last = a.last_key_value().map(|(index, (revision, _))| (*index, *revision));
        let told = acknowledged.get(&task).copied();
        let possible = last == told
            || match (last, told) {
                (Some((last, at)), Some((index, revision))) => last == index + 1 && at > revision,
                (Some((last, _)), None) => last == 0,
                (None, _) => false,
            };
        assert!(possible, "round {round}, task {task}: it told of {told:?}, and {last:?} is there");
        if let Some((last, _)) = last {
            let kept: Vec<_> = (last.saturating_sub(KEPT - 1)..=last).collect();
            assert!(a.keys().copied().eq(kept), "round {round}, task {task}: {:?} are there", a.keys());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost() {
    if let Ok(told) = std::env::var(WRITE) {
        let (round, path) = told.split_once(':').unwrap();
        return write(Path::new(path), round.parse().unwrap()).await;
    }
    let Work { rounds, filled, commits, all_every } = work();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let store = Arc::new(open(&path, Duration::from_millis(200)).await);
    fill(&store, filled).await;
    let mut before = entries(&store, &Prefix::root()).await;
    let mut status = store.status().await.unwrap();
    store.close().await.unwrap();

    let mut random = SmallRng::seed_from_u64(SEED);
    let (mut total, mut openings) = (0, Vec::new());
    for round in 0..rounds {
        let (count, acknowledged) = killed_writer(&path, round, random.random_range(1..=commits));
        total += count;

        let begun = Instant::now();
        let store = open(&path, Duration::from_millis(200)).await;
        openings.push(begun.elapsed());
        let now = store.status().await.unwrap();
        assert_eq!(now.identity, status.identity, "round {round}");
        let newest = acknowledged.values().map(|(_, revision)| *revision).max().unwrap();
        assert!(now.revision >= newest, "round {round}: the revision went back to {}", now.revision);
        status = now;

        let all = round.is_multiple_of(all_every) || round + 1 == rounds;
        let mut found = Entries::new();
        let roots = if all { vec![""] } else { vec!["a", "b"] };
        for root in roots {
            let prefix = if root.is_empty() { Prefix::root() } else { Prefix::parse(root).unwrap() };
            found.extend(entries(&store, &prefix).await);
        }
        store.close().await.unwrap();
        judge_round(&found, round, &acknowledged);
        assert!(found.values().all(|(revision, _)| *revision <= status.revision), "round {round}");
        // What it did not touch is as it was.
        let untouched = |key: &str| key != "last" && !key[2..].starts_with(&format!("{round}/"));
        let kept =
            |(key, _): &(&String, &(Revision, usize))| untouched(key) && (all || !key.starts_with("filled/"));
        assert!(
            before.iter().filter(kept).eq(found.iter().filter(kept)),
            "round {round}: earlier entries changed"
        );
        before.retain(|key, _| !all && key.starts_with("filled/"));
        before.extend(found);
    }
    openings.sort();
    let length = path.metadata().unwrap().len();
    println!(
        "{rounds} kills of a process under load, {total} commits acknowledged, 0 lost, 0 half done; file of {} MB; \
         opened after it in {:.1?} (median), {:.1?} (longest), {} of {rounds} times in under 100 ms",
        length / 1_000_000,
        openings[openings.len() / 2],
        openings[openings.len() - 1],
        openings.partition_point(|took| *took < Duration::from_millis(100)),
    );
}
