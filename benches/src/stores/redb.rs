//! Our file beside bare redb.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::redb::{Database, ReadOnlyTable, ReadableDatabase, TableDefinition};
use anyhow::{Context, Result, ensure};
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::{Key, LeasedDirectories, Prefix, Store};
use netkeep_store_redb::{RedbConfig, RedbStore};

use super::rival::{COMMITS, ENTRIES, LISTS, VALUE, committed, entry, list};
use super::watched::Watched;
use super::work::{TASKS, listings};
use super::{Ours, Rival};
use crate::measure::{Contest, Pace, Racer, Slice, slice};
use crate::report::{Bar, Figure, Line, Report, Row, counted};

const TABLE: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("entries");
/// How many reads one call does, which are too short to look at the clock for each.
const READS: u32 = 64;

/// The file of one host.
pub(crate) async fn redb(pace: Pace) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let store = open(&folder.path().join("ours.redb")).await?;
    let ours = Arc::new(Ours::prepare(Arc::clone(&store)).await?);
    let bare = Arc::new(Bare::make(&folder.path().join("bare.redb"))?);
    let mut report = Report::default();
    gets(&mut report, &store, &bare, pace).await?;
    lists(&mut report, &store, &bare, pace).await?;
    contended_and_watched(&mut report, &ours, pace).await?;
    let mut points = [Vec::new(), Vec::new()];
    for tasks in TASKS {
        for keys in COMMITS {
            let (ours, bare) = (Arc::clone(&ours), Arc::clone(&bare));
            let again = Arc::clone(&bare);
            let racers = [
                Racer::new("ours", move |time| commits(Arc::clone(&ours), tasks, keys, time)),
                Racer::new("bare", move |time| bare_commits(Arc::clone(&bare), tasks, keys, time)),
                Racer::new("bare again", move |time| bare_commits(Arc::clone(&again), tasks, keys, time)),
            ];
            let contest = Contest::run(pace, &racers).await?;
            let name = format!(
                "redb: commit of {}, {}, by one commit per fsync",
                counted(keys, "key"),
                counted(tasks, "task")
            );
            let control = contest.ratio(2, 1, |slice| slice.rate);
            report.add(Row::rate(name, &contest, 0, 1).controlled(control));
            if keys == 4 {
                for (racer, points) in points.iter_mut().enumerate() {
                    points.push((tasks as f64, contest.of(racer, |slice| slice.rate)));
                }
            }
        }
    }
    let [first, second] = points;
    let lines = vec![
        Line { name: "Netkeep".to_owned(), dashed: false, points: first },
        Line { name: "redb, one commit per fsync".to_owned(), dashed: true, points: second },
    ];
    let title = "redb: commits of 4 keys per second";
    report.figures.push(("throughput-redb.svg", Figure { title, across: "tasks", up: "/s", lines }));
    store.close().await?;
    Ok(report)
}

async fn gets(report: &mut Report, store: &Arc<dyn Store>, bare: &Arc<Bare>, pace: Pace) -> Result<()> {
    for tasks in TASKS {
        let (store, fresh, again, held) =
            (Arc::clone(store), Arc::clone(bare), Arc::clone(bare), Arc::clone(bare));
        let racers = [
            Racer::new("ours", move |time| {
                let store = Arc::clone(&store);
                slice(tasks, time, READS, move |task, call| {
                    let store = Arc::clone(&store);
                    async move {
                        for at in reads(task, call) {
                            let found = store.get(&Key::parse(&entry(at))?).await?;
                            ensure!(
                                found.is_some_and(|entry| entry.value.len() == VALUE.len()),
                                "nothing is there"
                            );
                        }
                        Ok(())
                    }
                })
            }),
            Racer::new("bare", move |time| fresh_gets(Arc::clone(&fresh), tasks, time)),
            Racer::new("bare again", move |time| fresh_gets(Arc::clone(&again), tasks, time)),
            Racer::new("bare, held", move |time| held_gets(Arc::clone(&held), tasks, time)),
        ];
        let contest = Contest::run(pace, &racers).await?;
        let control = contest.ratio(2, 1, |slice| slice.rate);
        let name = format!("redb: get through all layers, {}, by bare redb", counted(tasks, "task"));
        report
            .add(Row::rate(name, &contest, 0, 1).controlled(control).with_bar(Bar::AtLeastOrProcessor(0.75)));
        let name = format!(
            "redb: get through all layers, {}, by one read transaction kept open",
            counted(tasks, "task")
        );
        report.add(Row::rate(name, &contest, 0, 3));
    }
    Ok(())
}

async fn lists(report: &mut Report, store: &Arc<dyn Store>, bare: &Arc<Bare>, pace: Pace) -> Result<()> {
    for (count, tasks, pace) in listings(pace) {
        let (store, first, again) = (Arc::clone(store), Arc::clone(bare), Arc::clone(bare));
        let racers = [
            Racer::new("ours", move |time| {
                let store = Arc::clone(&store);
                slice(tasks, time, 1, move |_, _| {
                    let store = Arc::clone(&store);
                    async move {
                        let found = store.list(&Prefix::parse(&list(count))?).await?;
                        ensure!(found.entries.len() == count, "a list has {} entries", found.entries.len());
                        Ok(())
                    }
                })
            }),
            Racer::new("bare", move |time| bare_lists(Arc::clone(&first), count, tasks, time)),
            Racer::new("bare again", move |time| bare_lists(Arc::clone(&again), count, tasks, time)),
        ];
        let contest = Contest::run(pace, &racers).await?;
        let control = contest.ratio(2, 1, |slice| slice.rate);
        let name = format!("redb: list of {count}, {}", counted(tasks, "task"));
        report.add(Row::rate(name, &contest, 0, 1).controlled(control));
    }
    Ok(())
}

/// What bare redb has nothing like.
async fn contended_and_watched(report: &mut Report, ours: &Arc<Ours>, pace: Pace) -> Result<()> {
    let watched = Arc::new(Watched::begin(Arc::clone(ours) as Arc<dyn Rival>).await?);
    for tasks in TASKS {
        let ours = Arc::clone(ours);
        let contended = Racer::new("contended", move |time| {
            let ours = Arc::clone(&ours);
            slice(tasks, time, 1, move |lane, _| {
                let ours = Arc::clone(&ours);
                async move { ours.replace_contended(lane).await }
            })
        });
        let contest = Contest::run(pace.shorter(), &[contended, watched.racer("watched", tasks)]).await?;
        let name = format!("redb: get and replace one key for all, {}", counted(tasks, "task"));
        report.add(Row::value(name, contest.of(0, |slice| slice.rate), "/s"));
        let name = format!("redb: from commit to its watch, {}", counted(tasks, "task"));
        report.add(Row::value(name, contest.of(1, |slice| slice.latency), "µs"));
    }
    Ok(())
}

/// Which entries a call reads.
fn reads(task: usize, call: usize) -> impl Iterator<Item = usize> {
    let first = task * 31 + call * READS as usize;
    first..first + READS as usize
}

/// Our file behind all layers.
pub(crate) async fn open(path: &Path) -> Result<Arc<dyn Store>> {
    let store = RedbStore::open(RedbConfig::new(path, LeasedDirectories::default())).await?;
    Ok(stack(Arc::new(store), &LayerConfig::default()).0)
}

async fn commits(ours: Arc<Ours>, tasks: usize, keys: usize, time: Duration) -> Result<Slice> {
    slice(tasks, time, 1, move |task, _| {
        let ours = Arc::clone(&ours);
        async move { ours.commit(task, keys).await }
    })
    .await
}

/// A file of redb with the same entries, used as its documentation does.
struct Bare(Database);

impl Bare {
    fn make(path: &Path) -> Result<Self> {
        let database = Database::create(path)?;
        let txn = database.begin_write()?;
        {
            let mut table = txn.open_table(TABLE)?;
            let lists =
                LISTS.iter().flat_map(|&count| (0..count).map(move |at| format!("{}/{at:05}", list(count))));
            for key in (0..ENTRIES).map(entry).chain(lists) {
                table.insert(key.as_str(), &VALUE[..])?;
            }
        }
        txn.commit()?;
        Ok(Self(database))
    }

    fn read(&self) -> Result<ReadOnlyTable<&'static str, &'static [u8]>> {
        Ok(self.0.begin_read()?.open_table(TABLE)?)
    }

    /// One commit, made durable by itself.
    fn commit(&self, keys: impl Iterator<Item = String>) -> Result<()> {
        let txn = self.0.begin_write()?;
        {
            let mut table = txn.open_table(TABLE)?;
            for key in keys {
                table.insert(key.as_str(), &VALUE[..])?;
            }
        }
        Ok(txn.commit()?)
    }
}

fn get(table: &ReadOnlyTable<&'static str, &'static [u8]>, at: usize) -> Result<()> {
    let value = table.get(entry(at).as_str())?.context("nothing is there")?.value().to_vec();
    ensure!(value.len() == VALUE.len(), "another value is there");
    Ok(())
}

/// A read transaction for each, as whoever wants to see the last commit must.
async fn fresh_gets(bare: Arc<Bare>, tasks: usize, time: Duration) -> Result<Slice> {
    slice(tasks, time, READS, move |task, call| {
        let bare = Arc::clone(&bare);
        async move { reads(task, call).try_for_each(|at| get(&bare.read()?, at)) }
    })
    .await
}

/// One read transaction for all: what is committed meanwhile is not seen.
async fn held_gets(bare: Arc<Bare>, tasks: usize, time: Duration) -> Result<Slice> {
    let table = Arc::new(bare.read()?);
    slice(tasks, time, READS, move |task, call| {
        let table = Arc::clone(&table);
        async move { reads(task, call).try_for_each(|at| get(&table, at)) }
    })
    .await
}

async fn bare_lists(bare: Arc<Bare>, count: usize, tasks: usize, time: Duration) -> Result<Slice> {
    slice(tasks, time, 1, move |_, _| {
        let bare = Arc::clone(&bare);
        async move {
            let (from, to) = (format!("{}/", list(count)), format!("{}0", list(count)));
            let rows = bare.read()?.range(from.as_str()..to.as_str())?.map(|row| {
                let (key, value) = row?;
                Ok((key.value().to_owned(), value.value().to_vec()))
            });
            let rows = rows.collect::<Result<Vec<(String, Vec<u8>)>>>()?;
            ensure!(rows.len() == count, "a list has {} entries", rows.len());
            Ok(())
        }
    })
    .await
}

/// Every task waits for its turn to write and then for its own fsync.
async fn bare_commits(bare: Arc<Bare>, tasks: usize, keys: usize, time: Duration) -> Result<Slice> {
    slice(tasks, time, 1, move |task, _| {
        let bare = Arc::clone(&bare);
        async move {
            let work = move || bare.commit((0..keys).map(|index| committed(task, keys, index)));
            tokio::task::spawn_blocking(work).await.context("a commit ended")?
        }
    })
    .await
}
