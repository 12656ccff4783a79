//! What becomes of costs when there is more.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use anyhow::{Result, ensure};
use netkeep_controller::Controller;

use super::Host;
use super::objects::{LARGE, Numbers, endpoint, endpoint_name, fill, large};
use crate::aside;
use crate::measure::{Contest, Pace, Racer, median, slice};
use crate::report::{Bar, Figure, Line, Report, Row};

const SIZES: [usize; 3] = [1000, 10_000, 100_000];
const TASKS: usize = 64;
const READS: u32 = 64;
/// How often a host is opened.
const BOOTS: usize = 3;
/// The first number of endpoints that come and go.
const FRESH: u64 = 1 << 32;
/// What costs that grow have in common.
const CACHES: &str = "out of the processor's caches";

/// One network with ever more endpoints, in files that are all open at once, so that they can take turns.
pub(crate) async fn growth(pace: Pace) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let sizes = if pace.quick { &SIZES[..2] } else { &SIZES[..] };
    let file = |size: usize| -> PathBuf { folder.path().join(format!("{size}.redb")) };
    let mut hosts = Vec::new();
    for &size in sizes {
        let host = Host::in_file(&file(size)).await?;
        host.controller.create_network(large("local")?).await?;
        fill(&host.controller, 0, size).await?;
        hosts.push(host);
    }
    let mut report = Report::default();
    let mut lines = Vec::new();
    let each = |racer: fn(&Controller, usize) -> Racer| -> Vec<Racer> {
        let mut racers: Vec<Racer> =
            hosts.iter().zip(sizes).map(|(host, &size)| racer(&host.controller, size)).collect();
        racers.push(racers[0].clone());
        racers
    };
    let works: [(&str, &str, Vec<Racer>); 3] = [
        ("create and delete endpoint, redb, 64 tasks", "create and delete, 64 tasks", each(come_and_go)),
        ("create and delete endpoint, redb, 1 task", "create and delete, 1 task", each(come_and_go_alone)),
        ("look up endpoint by name", "look up by name", each(look_up)),
    ];
    for (name, short, racers) in works {
        let contest = Contest::run(pace, &racers).await?;
        let control = contest.ratio(sizes.len(), 0, |slice| slice.latency);
        let mut points = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let row = Row::latency(format!("{name}, {size} endpoints, by {}", sizes[0]), &contest, index, 0);
            points.push((size as f64, row.value));
            let judged = |row: Row| row.controlled(control).with_bar(Bar::AtMost(1.5)).because(CACHES);
            report.add(if index == 0 { row } else { judged(row) });
        }
        lines.push(Line { name: short.to_owned(), dashed: false, points });
    }
    for host in hosts {
        host.close().await?;
    }

    let mut boots: Vec<(f64, f64)> = Vec::new();
    let mut held: Vec<(f64, f64)> = Vec::new();
    for &size in sizes {
        let mut took = Vec::new();
        for _ in 0..BOOTS {
            let begun = Instant::now();
            let host = Host::in_file(&file(size)).await?;
            took.push(begun.elapsed().as_secs_f64() * 1e6 / size as f64);
            ensure!(host.controller.recovery().endpoints == size, "endpoints were lost");
            host.close().await?;
        }
        boots.push((size as f64, median(&took)));
        held.push((size as f64, aside::bytes_each(&file(size)).await?));
    }
    // The second size stands for the slope: the first one is mostly what a start costs anyway.
    for (index, &(size, each)) in boots.iter().enumerate() {
        let row = Row::value(format!("boot, redb, {size} endpoints, for each of them"), each, "µs");
        let row = Row { ratio: Some(each / boots[1].1), ..row };
        report.add(if index > 1 { row.with_bar(Bar::AtMost(1.5)) } else { row });
    }
    for (index, &(size, each)) in held.iter().enumerate() {
        let row =
            Row::value(format!("memory of the replica, {size} endpoints, for each of them"), each, "bytes");
        let judged =
            |row: Row| row.with_bar(Bar::ValueAtMost(1536.0)).because("records, indexes and B-trees");
        report.add(if index > 0 { judged(row) } else { row });
    }
    lines.push(Line { name: "boot, for each endpoint".to_owned(), dashed: false, points: boots });
    let figure =
        Figure { title: "Cost in µs by the number of endpoints", across: "endpoints", up: "µs", lines };
    report.figures.push(("cost-by-size.svg", figure));
    Ok(report)
}

fn come_and_go(controller: &Controller, size: usize) -> Racer {
    comes_and_goes(controller, size, TASKS)
}

fn come_and_go_alone(controller: &Controller, size: usize) -> Racer {
    comes_and_goes(controller, size, 1)
}

/// Creates an endpoint and deletes it, so that their number stays what it is.
fn comes_and_goes(controller: &Controller, _: usize, tasks: usize) -> Racer {
    let (controller, numbers) = (controller.clone(), Numbers::new((FRESH << tasks.min(8)).into()));
    Racer::new("come and go", move |time| {
        let (controller, numbers) = (controller.clone(), Arc::clone(&numbers));
        slice(tasks, time, 1, move |_, _| {
            let (controller, number) = (controller.clone(), numbers.fetch_add(1, Relaxed));
            async move {
                controller.create_endpoint(LARGE, endpoint(number, false)?).await?;
                Ok(controller.delete_endpoint(LARGE, &endpoint_name(number)).await?)
            }
        })
    })
}

/// Looks up endpoints that are far from each other, a thousand in turn.
fn look_up(controller: &Controller, size: usize) -> Racer {
    let controller = controller.clone();
    let step = size / SIZES[0];
    Racer::new("look up", move |time| {
        let controller = controller.clone();
        slice(1, time, READS, move |_, call| {
            let first = call * READS as usize;
            let done = (first..first + READS as usize).try_for_each(|at| {
                let name = endpoint_name((at % SIZES[0] * step) as u64);
                ensure!(
                    controller.endpoint(LARGE, &name)?.endpoint.name.to_string() == name,
                    "another endpoint"
                );
                Ok(())
            });
            async move { done }
        })
    })
}
