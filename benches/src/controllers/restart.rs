//! Coming back.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use netkeep_store::{LeasedDirectories, Store};
use netkeep_store_redb::{RedbConfig, RedbStore};

use super::Host;
use super::objects::{endpoint, make, make_small, small_name};
use crate::aside;
use crate::measure::{Pace, Spread};
use crate::report::{Bar, Report, Row};

const NETWORKS: usize = 1000;
const ENDPOINTS: usize = 10_000;
const TIMES: usize = 5;

/// Recovery of what is in a file, and the file itself after a crash.
pub(crate) async fn restart(pace: Pace) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let mut report = Report::default();
    let shrink = if pace.quick { 10 } else { 1 };
    recovery(&folder.path().join("recovery.redb"), NETWORKS / shrink, ENDPOINTS / shrink, &mut report)
        .await?;
    reopening(&folder.path().join("reopening.redb"), 500 / shrink as u64, &mut report).await?;
    Ok(report)
}

async fn recovery(file: &Path, networks: usize, endpoints: usize, report: &mut Report) -> Result<()> {
    let host = Host::in_file(file).await?;
    make_small(&host.controller, networks).await?;
    let controller = host.controller.clone();
    make(endpoints, move |index| {
        let controller = controller.clone();
        async move {
            controller.create_endpoint(&small_name(index % networks), endpoint(index as u64, true)?).await?;
            Ok(())
        }
    })
    .await?;
    host.close().await?;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let host = Host::in_file(file).await?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        let found = host.controller.recovery();
        ensure!((found.networks, found.endpoints) == (networks, endpoints), "found {found:?}");
        host.close().await?;
    }
    let name =
        format!("open file and controller, recover {networks} networks with {endpoints} endpoints, redb");
    report.add(timed(name, &took).with_bar(Bar::ValueAtMost(1000.0)));
    Ok(())
}

async fn reopening(file: &Path, megabytes: u64, report: &mut Report) -> Result<()> {
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let mut holder = aside::holder(file, megabytes).await?;
        holder.kill().await?;
        let begun = Instant::now();
        let store = RedbStore::open(RedbConfig::new(file, LeasedDirectories::default())).await?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        ensure!(store.stats().file_bytes >= megabytes << 20, "the file is smaller than wanted");
        store.close().await?;
    }
    let name = format!("open file after kill -9 when idle before, {megabytes} MB, redb");
    report.add(timed(name, &took).with_bar(Bar::ValueAtMost(50.0)));
    Ok(())
}

/// A time with how far it spreads.
fn timed(name: String, took: &[f64]) -> Row {
    let Spread { middle, spread } = Spread::of(took);
    Row::value(name, middle, "ms").with_note(format!("± {spread:.1} ms, {} times", took.len()))
}
