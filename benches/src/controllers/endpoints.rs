//! Creating and deleting, in a file, beside bare redb with one commit per fsync.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use netkeep_controller::Controller;
use redb::{Database, TableDefinition};

use super::Host;
use super::objects::{LARGE, Numbers, endpoint, endpoint_name, large, make_small, small, small_name};
use super::recorded::Recorded;
use crate::measure::{Contest, Pace, Racer, Slice, Spread, slice};
use crate::report::{Bar, Report, Row, counted};

const TASKS: usize = 64;
const NETWORKS: usize = 1000;
const TABLE: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("entries");

/// Which network an endpoint is made in.
type Choice = fn(u64) -> usize;

/// Endpoints and networks of one host.
pub(crate) async fn endpoints(pace: Pace) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let host = Host::in_file(&folder.path().join("ours.redb")).await?;
    let networks = if pace.quick { NETWORKS / 10 } else { NETWORKS };
    host.controller.create_network(large("local")?).await?;
    make_small(&host.controller, networks).await?;
    let recorded = {
        let create = async {
            host.controller.create_endpoint(LARGE, endpoint(u64::MAX, true)?).await?;
            Ok(())
        };
        Recorded::of(&*host.local, create).await?
    };
    let (keys, bytes) = recorded.size();
    let mut report = Report::default();
    let many: Choice = if pace.quick { |n| n as usize % (NETWORKS / 10) } else { |n| n as usize % NETWORKS };
    let cases: [(String, Option<Choice>, f64); 2] =
        [("one network".to_owned(), None, 8.0), (format!("{networks} networks"), Some(many), 4.0)];
    for (index, (place, choice, bar)) in cases.into_iter().enumerate() {
        let deleted = Arc::new(Mutex::new(Vec::new()));
        let ours = create(&host.controller, choice, Arc::clone(&deleted));
        let bare = bare(&folder.path().join(format!("bare-{index}.redb")), recorded.clone(), choice)?;
        let contest = Contest::run(pace, &[ours, bare.clone(), bare]).await?;
        let row = Row::rate(
            format!("create endpoint, redb, {TASKS} tasks, {place}, by one commit per fsync"),
            &contest,
            0,
            1,
        );
        let note = format!("{keys} keys of {bytes} bytes in all");
        let control = contest.ratio(2, 1, |slice| slice.rate);
        report.add(
            row.controlled(control)
                .with_bar(Bar::AtLeast(bar))
                .because("both processors are full")
                .with_note(note),
        );
        let deleted = deleted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let row = Row::value(
            format!("delete endpoint, redb, {TASKS} tasks, {place}"),
            Spread::of(&deleted).middle,
            "/s",
        );
        report.add(row);
    }
    self::networks(&host, &mut report, pace, networks).await?;
    host.close().await?;
    Ok(report)
}

/// Creates endpoints for a slice, then deletes them again, which is timed apart.
fn create(controller: &Controller, choice: Option<Choice>, deleted: Arc<Mutex<Vec<f64>>>) -> Racer {
    let (controller, numbers) = (controller.clone(), Numbers::default());
    let place = move |number| choice.map_or_else(|| LARGE.to_owned(), |choice| small_name(choice(number)));
    Racer::new("ours", move |time| {
        let (controller, numbers, deleted) = (controller.clone(), Arc::clone(&numbers), Arc::clone(&deleted));
        async move {
            let from = numbers.load(Relaxed);
            let slice = {
                let (controller, numbers) = (controller.clone(), Arc::clone(&numbers));
                slice(TASKS, time, 1, move |_, _| {
                    let (controller, number) = (controller.clone(), numbers.fetch_add(1, Relaxed));
                    async move {
                        controller.create_endpoint(&place(number), endpoint(number, true)?).await?;
                        Ok(())
                    }
                })
                .await?
            };
            let made = numbers.load(Relaxed) - from;
            let begun = std::time::Instant::now();
            super::objects::make(made as usize, move |index| {
                let (controller, number) = (controller.clone(), from + index as u64);
                async move { Ok(controller.delete_endpoint(&place(number), &endpoint_name(number)).await?) }
            })
            .await?;
            let rate = made as f64 / begun.elapsed().as_secs_f64();
            deleted.lock().unwrap_or_else(PoisonError::into_inner).push(rate);
            Ok(slice)
        }
    })
}

/// The same keys and values, each creation with a commit and an fsync of its own.
fn bare(file: &Path, recorded: Recorded, choice: Option<Choice>) -> Result<Racer> {
    let database = Arc::new(Database::create(file)?);
    let (recorded, numbers) = (Arc::new(recorded), Numbers::default());
    Ok(Racer::new("one commit per fsync", move |time| {
        bare_slice(Arc::clone(&database), Arc::clone(&recorded), Arc::clone(&numbers), choice, time)
    }))
}

async fn bare_slice(
    database: Arc<Database>,
    recorded: Arc<Recorded>,
    numbers: Numbers,
    choice: Option<Choice>,
    time: Duration,
) -> Result<Slice> {
    slice(TASKS, time, 1, move |_, _| {
        let (database, recorded) = (Arc::clone(&database), Arc::clone(&recorded));
        let number = numbers.fetch_add(1, Relaxed);
        async move {
            let commit = move || -> Result<()> {
                let txn = database.begin_write()?;
                {
                    let mut table = txn.open_table(TABLE)?;
                    for (key, value) in recorded.again(choice.map_or(0, |choice| choice(number)), number) {
                        table.insert(key.as_str(), value)?;
                    }
                }
                Ok(txn.commit()?)
            };
            tokio::task::spawn_blocking(commit).await.context("a commit ended")?
        }
    })
    .await
}

/// Networks come and go; those of one space one after the other.
async fn networks(host: &Host, report: &mut Report, pace: Pace, there: usize) -> Result<()> {
    for tasks in [1, TASKS] {
        let (controller, numbers) = (host.controller.clone(), Numbers::default());
        let racer = Racer::new("networks", move |time| {
            let (controller, numbers) = (controller.clone(), Arc::clone(&numbers));
            slice(tasks, time, 1, move |_, _| {
                let (controller, number) = (controller.clone(), numbers.fetch_add(1, Relaxed) as usize);
                async move {
                    let index = 100_000 + number % 10_000;
                    controller.create_network(small(index)?).await?;
                    Ok(controller.delete_network(&small_name(index)).await?)
                }
            })
        });
        let contest = Contest::run(pace, &[racer]).await?;
        let rate = contest.of(0, |slice| slice.rate);
        let name =
            format!("create and delete network, redb, {}, {there} networks there", counted(tasks, "task"));
        report.add(Row::value(name, rate, "/s").with_note("three commits each"));
    }
    Ok(())
}
