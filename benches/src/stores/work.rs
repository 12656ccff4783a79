//! The workloads on stores that are on servers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use netkeep_model::leased_directories;
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::{Backend, OpenOptions, StoreUrl};
use netkeep_store_consul::ConsulBackend;
use netkeep_store_etcd::EtcdBackend;
use netkeep_store_zookeeper::ZooKeeperBackend;
use netkeep_testcontainers::{Cluster, Family, Options};

use super::consul::RawConsul;
use super::etcd::RawEtcd;
use super::rival::{COMMITS, LISTS};
use super::watched::Watched;
use super::zookeeper::RawZooKeeper;
use super::{Ours, Rival};
use crate::measure::{Contest, Pace, Racer, Slice, Spread, slice};
use crate::report::{Bar, Figure, Line, Report, Row, counted};

/// How many tasks work at once.
pub(crate) const TASKS: [usize; 3] = [1, 16, 64];

/// Who is compared.
const NAMES: [&str; 4] = ["ours", "raw", "raw again", "bare"];

/// Below which path our store lies.
const ROOT: &str = "ours";

/// etcd.
pub(crate) async fn etcd(pace: Pace) -> Result<Report> {
    let cluster = server(Family::Etcd).await?;
    let endpoint = &cluster.endpoints()[0];
    let raw = |root, bare| RawEtcd::open(endpoint, ROOT, root, bare);
    let ours = ours(&EtcdBackend, &format!("etcd://{endpoint}/{ROOT}")).await?;
    let rivals = [
        ours,
        Arc::new(raw("rawa", false).await?),
        Arc::new(raw("rawb", false).await?),
        Arc::new(raw("bare", true).await?),
    ];
    run("etcd", "throughput-etcd.svg", "etcd: commits of 4 keys per second", &rivals, pace).await
}

/// Consul.
pub(crate) async fn consul(pace: Pace) -> Result<Report> {
    let cluster = server(Family::Consul).await?;
    let endpoint = &cluster.endpoints()[0];
    let ours = ours(&ConsulBackend, &format!("consul://{endpoint}/{ROOT}")).await?;
    let raw = |root, bare| RawConsul::open(endpoint, ROOT, root, bare);
    let rivals = [
        ours,
        Arc::new(raw("rawa", false).await?),
        Arc::new(raw("rawb", false).await?),
        Arc::new(raw("bare", true).await?),
    ];
    run("consul", "throughput-consul.svg", "Consul: commits of 4 keys per second", &rivals, pace).await
}

/// ZooKeeper.
pub(crate) async fn zookeeper(pace: Pace) -> Result<Report> {
    let cluster = server(Family::ZooKeeper).await?;
    let endpoint = &cluster.endpoints()[0];
    let ours = ours(&ZooKeeperBackend, &format!("zookeeper://{endpoint}/{ROOT}")).await?;
    let raw = |root, bare| RawZooKeeper::open(endpoint, ROOT, root, bare);
    let rivals = [
        ours,
        Arc::new(raw("rawa", false).await?),
        Arc::new(raw("rawb", false).await?),
        Arc::new(raw("bare", true).await?),
    ];
    run("zookeeper", "throughput-zookeeper.svg", "ZooKeeper: commits of 4 keys per second", &rivals, pace)
        .await
}

/// A fresh server, with nothing between it and its clients.
pub(crate) async fn server(family: Family) -> Result<Cluster> {
    let options = Options { host_network: true, ..Options::single() };
    Cluster::start(family, options).await.with_context(|| format!("{family} was not started"))
}

async fn ours(backend: &dyn Backend, url: &str) -> Result<Arc<dyn Rival>> {
    let opened = backend.open(&StoreUrl::parse(url)?, &OpenOptions::new(leased_directories())).await?;
    let (store, _) = stack(opened.store, &LayerConfig::default());
    Ok(Arc::new(Ours::prepare(store).await?))
}

/// What is done again and again.
#[derive(Clone, Copy, Debug)]
enum Work {
    Get,
    Commit(usize),
    List(usize),
    Contended,
}

impl Work {
    fn name(self) -> String {
        match self {
            Self::Get => "get".to_owned(),
            Self::Commit(keys) => format!("commit of {}", counted(keys, "key")),
            Self::List(count) => format!("list of {count}"),
            Self::Contended => "get and replace one key for all".to_owned(),
        }
    }

    async fn run(self, rival: Arc<dyn Rival>, tasks: usize, time: Duration) -> Result<Slice> {
        slice(tasks, time, 1, move |task, call| {
            let rival = Arc::clone(&rival);
            async move {
                match self {
                    Self::Get => rival.get(task * 31 + call).await,
                    Self::Commit(keys) => rival.commit(task, keys).await,
                    Self::List(count) => rival.list(count).await,
                    Self::Contended => rival.replace_contended(task).await,
                }
            }
        })
        .await
    }
}

/// All workloads: ours, the raw client with the same requests, the same again, and the raw client with its bare
/// transaction.
async fn run(
    store: &str,
    file: &'static str,
    title: &'static str,
    rivals: &[Arc<dyn Rival>; 4],
    pace: Pace,
) -> Result<Report> {
    let mut report = Report::default();
    let mut points = [Vec::new(), Vec::new()];
    for tasks in TASKS {
        let works = std::iter::once(Work::Get).chain(COMMITS.map(Work::Commit));
        for work in works.filter(|work| !pace.quick || !matches!(work, Work::Commit(1 | 16))) {
            let contest = race(work, tasks, rivals, pace).await?;
            let name = format!("{store}: {}, {}", work.name(), counted(tasks, "task"));
            report.add(
                Row::rate(&name, &contest, 0, 1)
                    .controlled(control(&contest))
                    .with_bar(Bar::AtLeastOrProcessor(0.95))
                    .because(if matches!(work, Work::Get) {
                        "the layers"
                    } else {
                        "a task for each, and the layers"
                    }),
            );
            if matches!(work, Work::Commit(_)) {
                report.add(
                    Row::rate(format!("{name}, by the bare transaction"), &contest, 0, 3)
                        .controlled(control(&contest))
                        .with_bar(Bar::AtLeastOrProcessor(0.85))
                        .because("the same, and slot and identity"),
                );
            }
            if matches!(work, Work::Commit(4)) {
                for (racer, points) in points.iter_mut().enumerate() {
                    points.push((tasks as f64, contest.of(racer, |slice| slice.rate)));
                }
            }
        }
    }
    for tasks in TASKS {
        let contest = race(Work::Contended, tasks, &rivals[..3], pace.shorter()).await?;
        let name = format!("{store}: {}, {}", Work::Contended.name(), counted(tasks, "task"));
        report.add(Row::rate(name, &contest, 0, 1).controlled(control(&contest)));
    }
    for (count, tasks, pace) in listings(pace) {
        let contest = race(Work::List(count), tasks, &rivals[..3], pace).await?;
        let name = format!("{store}: {}, {}", Work::List(count).name(), counted(tasks, "task"));
        report.add(Row::rate(name, &contest, 0, 1).controlled(control(&contest)));
    }
    let mut watched = Vec::new();
    for rival in &rivals[..3] {
        watched.push(Arc::new(Watched::begin(Arc::clone(rival)).await?));
    }
    for tasks in TASKS {
        let racers: Vec<Racer> =
            watched.iter().zip(NAMES).map(|(watched, name)| watched.racer(name, tasks)).collect();
        let contest = Contest::run(pace.shorter(), &racers).await?;
        let control = contest.ratio(2, 1, |slice| slice.latency);
        let name = format!("{store}: from commit to its watch, {}", counted(tasks, "task"));
        report.add(Row::latency(name, &contest, 0, 1).controlled(control));
    }
    let names = ["Netkeep", "raw client, same requests"];
    let lines = points.into_iter().zip(names).enumerate().map(|(index, (points, name))| Line {
        name: name.to_owned(),
        dashed: index == 1,
        points,
    });
    report.figures.push((file, Figure { title, across: "tasks", up: "/s", lines: lines.collect() }));
    Ok(report)
}

/// Which lists are read by how many tasks: in a short run the longest by one only. Many who read the longest one take
/// seconds for each slice, and so do fewer of them.
pub(crate) fn listings(pace: Pace) -> impl Iterator<Item = (usize, usize, Pace)> {
    let few = pace.shorter().shorter().shorter();
    let all = LISTS.into_iter().flat_map(|count| TASKS.map(|tasks| (count, tasks)));
    let long = |count, tasks| count == LISTS[2] && tasks > 1;
    all.filter(move |&(count, tasks)| !pace.quick || tasks <= 16 && !long(count, tasks))
        .map(move |(count, tasks)| (count, tasks, if long(count, tasks) { few } else { pace.shorter() }))
}

async fn race(work: Work, tasks: usize, rivals: &[Arc<dyn Rival>], pace: Pace) -> Result<Contest> {
    let racers: Vec<Racer> = rivals
        .iter()
        .zip(NAMES)
        .map(|(rival, name)| {
            let rival = Arc::clone(rival);
            Racer::new(name, move |time| work.run(Arc::clone(&rival), tasks, time))
        })
        .collect();
    Contest::run(pace, &racers).await.with_context(|| format!("{} of {tasks} tasks", work.name()))
}

fn control(contest: &Contest) -> Spread {
    contest.ratio(2, 1, |slice| slice.rate)
}
