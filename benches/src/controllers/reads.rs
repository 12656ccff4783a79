//! Inspecting, listing and finding.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Result, ensure};
use netkeep_controller::{Controller, EndpointInfo};

use super::Host;
use super::objects::{LARGE, endpoint_name, fill, large, make_small, small_name};
use crate::measure::{Contest, Pace, Racer, Spread, slice};
use crate::report::{Bar, Report, Row};

const FEW: usize = 100;
const MANY: usize = 10_000;
/// How many there are in a short run: making them takes most of it.
const SEVERAL: usize = 1000;
/// How many reads one call does.
const READS: u32 = 64;

/// Reads of one host.
pub(crate) async fn reads(pace: Pace) -> Result<Report> {
    let there = if pace.quick { SEVERAL } else { MANY };
    let mut report = Report::default();
    let few = Host::in_memory().await?;
    let many = Host::in_memory().await?;
    for (host, count) in [(&few, FEW), (&many, there)] {
        make_small(&host.controller, count).await?;
        host.controller.create_network(large("local")?).await?;
        fill(&host.controller, 0, count).await?;
    }
    let before = many.round_trips();

    // The same number of networks is looked at, spread over all: a processor has them at hand alike.
    let inspect = |host: &Host, count: usize, looked_at: usize| {
        let step = count / looked_at;
        read(host, "inspect", move |controller, at| {
            let name = small_name(at % looked_at * step);
            ensure!(controller.network(&name)?.network.name.to_string() == name, "another network");
            Ok(())
        })
    };
    let racers = [
        inspect(&few, FEW, FEW),
        inspect(&many, there, FEW),
        inspect(&few, FEW, FEW),
        inspect(&many, there, there),
    ];
    let contest = Contest::run(pace, &racers).await?;
    let name = format!("inspect network by name, {there} networks, by {FEW}");
    report.add(
        Row::latency(name, &contest, 1, 0)
            .controlled(control(&contest))
            .with_bar(Bar::AtMost(1.2))
            .with_note(format!("{FEW} of them in turn")),
    );
    let name = format!("inspect network by name, {there} networks, by {FEW}, all in turn");
    report.add(Row::latency(name, &contest, 3, 0).with_note("no longer in the processor's caches"));

    let find = |host: &Host, count: usize| {
        read(host, "find", move |controller, at| {
            let name = endpoint_name((at % FEW * (count / FEW)) as u64);
            ensure!(controller.endpoint(LARGE, &name)?.endpoint.name.to_string() == name, "another endpoint");
            Ok(())
        })
    };
    let racers = [find(&few, FEW), find(&many, there), find(&few, FEW)];
    let contest = Contest::run(pace, &racers).await?;
    let name = format!("look up endpoint by name, {there} endpoints, by {FEW}");
    let row = Row::latency(name, &contest, 1, 0).controlled(control(&contest));
    report.add(row.with_bar(Bar::AtMost(1.2)).because("larger tables"));

    let ids = |host: &Host| -> Result<Vec<String>> {
        Ok(host.controller.endpoints(LARGE)?.iter().take(FEW).map(|found| found.id.to_string()).collect())
    };
    let by_id = |host: &Host, ids: Vec<String>| {
        read(host, "find by id", move |controller, at| {
            let id = &ids[at % ids.len()];
            ensure!(controller.endpoint(LARGE, id)?.id.to_string() == *id, "another endpoint");
            Ok(())
        })
    };
    let racers = [by_id(&few, ids(&few)?), by_id(&many, ids(&many)?), by_id(&few, ids(&few)?)];
    let contest = Contest::run(pace, &racers).await?;
    let name = format!("look up endpoint by id, {there} endpoints, by {FEW}");
    report.add(Row::latency(name, &contest, 1, 0).controlled(control(&contest)).with_bar(Bar::AtMost(1.2)));

    let by_address = |host: &Host, addresses: Vec<IpAddr>| {
        read(host, "find by address", move |controller, at| {
            let found = controller.holders(None, addresses[at % addresses.len()]);
            ensure!(found.len() == 1, "held {} times", found.len());
            Ok(())
        })
    };
    let held = |host: &Host| -> Result<Vec<IpAddr>> {
        let found = host.controller.endpoints(LARGE)?.into_iter().take(FEW);
        let of =
            |endpoint: EndpointInfo| Some(IpAddr::V4(endpoint.endpoint.interfaces.first()?.ipv4?.addr()));
        Ok(found.filter_map(of).collect())
    };
    let racers =
        [by_address(&few, held(&few)?), by_address(&many, held(&many)?), by_address(&few, held(&few)?)];
    let contest = Contest::run(pace, &racers).await?;
    let name = format!("look up who holds an address, {there} endpoints, by {FEW}");
    report.add(Row::latency(name, &contest, 1, 0).controlled(control(&contest)).with_bar(Bar::AtMost(1.2)));

    let networks = list(&many, there, |controller| Ok(controller.networks().len() - 1));
    let endpoints = list(&many, there, |controller| Ok(controller.endpoints(LARGE)?.len()));
    let contest = Contest::run(pace, &[networks, endpoints]).await?;
    for (racer, what) in ["networks", "endpoints"].into_iter().enumerate() {
        let name = format!("list {there} {what}, each");
        report.add(Row::value(name, contest.of(racer, |slice| slice.latency), "µs"));
    }
    let trips = (many.round_trips() - before) as f64;
    report.add(Row::value("round trips of all these reads", trips, "").with_bar(Bar::ValueAtMost(0.0)));
    few.close().await?;
    many.close().await?;
    Ok(report)
}

/// The third of these does what the first one does.
fn control(contest: &Contest) -> Spread {
    contest.ratio(2, 0, |slice| slice.latency)
}

/// Counts them all, which are `there`.
fn list(host: &Host, there: usize, count: fn(&Controller) -> Result<usize>) -> Racer {
    let controller = host.controller.clone();
    Racer::new("list", move |time| {
        let controller = controller.clone();
        slice(1, time, there as u32, move |_, _| {
            let found = count(&controller);
            async move {
                let found = found?;
                ensure!(found == there, "{found} where {there} are");
                Ok(())
            }
        })
    })
}

fn read(
    host: &Host,
    name: &'static str,
    one: impl Fn(&Controller, usize) -> Result<()> + Send + Sync + 'static,
) -> Racer {
    let (controller, one) = (host.controller.clone(), Arc::new(one));
    Racer::new(name, move |time| {
        let (controller, one) = (controller.clone(), Arc::clone(&one));
        slice(1, time, READS, move |_, call| {
            let first = call * READS as usize;
            let done = (first..first + READS as usize).try_for_each(|at| one(&controller, at));
            async move { done }
        })
    })
}
