//! Hosts that share a store: etcd.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Result, ensure};
use etcd_client::{Client, Compare, CompareOp, KvClient, Txn, TxnOp};
use netkeep_controller::{AddressRequestSpec, PoolRequestSpec};
use netkeep_drivers::ipam::builtin::GLOBAL_SPACE;
use netkeep_model::{Pool, Scope, Space, leased_directories};
use netkeep_store::{Backend, MemoryServer, OpenOptions, Store, StoreUrl};
use netkeep_store_etcd::EtcdBackend;
use netkeep_testcontainers::Family;

use super::Host;
use super::objects::{LARGE, Numbers, endpoint, large};
use super::recorded::Recorded;
use crate::measure::{Contest, Pace, Racer, median, slice};
use crate::report::{Bar, Report, Row};
use crate::stores::server;

const HOSTS: usize = 8;
/// How many addresses a host takes at once.
const AT_ONCE: usize = 4;
/// How many creations are watched one by one.
const WATCHED: usize = 50;

/// Endpoints and addresses in a store that hosts share.
pub(crate) async fn global(pace: Pace) -> Result<Report> {
    let cluster = server(Family::Etcd).await?;
    let endpoint = &cluster.endpoints()[0];
    let mut report = Report::default();
    creating(endpoint, &mut report, pace).await?;
    sharing(endpoint, &mut report, pace).await?;
    Ok(report)
}

async fn open(endpoint: &str, root: &str) -> Result<Arc<dyn Store>> {
    let url = StoreUrl::parse(&format!("etcd://{endpoint}/{root}"))?;
    Ok(EtcdBackend.open(&url, &OpenOptions::new(leased_directories())).await?.store)
}

async fn creating(server: &str, report: &mut Report, pace: Pace) -> Result<()> {
    let recorded = recorded().await?;
    let host = Host::sharing(open(server, "creating").await?).await?;
    host.controller.create_network(large("global")?).await?;
    let numbers = Numbers::default();

    let mut trips = Vec::new();
    for _ in 0..WATCHED {
        let before = host.round_trips();
        host.controller.create_endpoint(LARGE, endpoint(numbers.fetch_add(1, Relaxed), false)?).await?;
        trips.push((host.round_trips() - before) as f64);
    }
    let row = Row::value("create endpoint, etcd: round trips", median(&trips), "");
    report.add(row.with_bar(Bar::ValueAtMost(1.0)));

    let ours = {
        let controller = host.controller.clone();
        Racer::new("ours", move |time| {
            let (controller, numbers) = (controller.clone(), Arc::clone(&numbers));
            slice(1, time, 1, move |_, _| {
                let (controller, number) = (controller.clone(), numbers.fetch_add(1, Relaxed));
                async move {
                    controller.create_endpoint(LARGE, endpoint(number, false)?).await?;
                    Ok(())
                }
            })
        })
    };
    let raw = {
        let kv = Client::connect([server], None).await?.kv_client();
        let (recorded, numbers) = (Arc::new(recorded.clone()), Numbers::default());
        Racer::new("raw", move |time| {
            let (kv, recorded, numbers) = (kv.clone(), Arc::clone(&recorded), Arc::clone(&numbers));
            slice(1, time, 1, move |_, _| {
                txn(kv.clone(), Arc::clone(&recorded), numbers.fetch_add(1, Relaxed))
            })
        })
    };
    let contest = Contest::run(pace, &[ours, raw.clone(), raw]).await?;
    let (keys, bytes) = recorded.size();
    let row = Row::latency("create endpoint, etcd, 1 task, by a raw transaction of its size", &contest, 0, 1);
    let control = contest.ratio(2, 1, |slice| slice.latency);
    let note = format!("{keys} keys of {bytes} bytes in all");
    report.add(
        row.controlled(control)
            .with_bar(Bar::AtMost(1.5))
            .because("deciding, encoding, and the watch")
            .with_note(note),
    );
    host.close().await
}

/// What an endpoint of a global network writes there.
async fn recorded() -> Result<Recorded> {
    let server = MemoryServer::new(leased_directories());
    let host = Host::sharing(Arc::new(server.connect())).await?;
    host.controller.create_network(large("global")?).await?;
    let create = async {
        host.controller.create_endpoint(LARGE, endpoint(u64::MAX, false)?).await?;
        Ok(())
    };
    let recorded = Recorded::of(&server.connect(), create).await?;
    host.close().await?;
    Ok(recorded)
}

/// The same keys and values in one transaction, each guarded to be absent.
async fn txn(kv: KvClient, recorded: Arc<Recorded>, number: u64) -> Result<()> {
    let writes: Vec<(String, &[u8])> = recorded.again(0, number).collect();
    let absent =
        |(key, _): &(String, &[u8])| Compare::create_revision(format!("/raw/{key}"), CompareOp::Equal, 0);
    let put = |(key, value): &(String, &[u8])| TxnOp::put(format!("/raw/{key}"), *value, None);
    let txn = Txn::new()
        .when(writes.iter().map(absent).collect::<Vec<_>>())
        .and_then(writes.iter().map(put).collect::<Vec<_>>());
    // What was written once is there for the second of these racers, who goes on from the same number.
    ensure!(kv.clone().txn(txn).await?.succeeded(), "a key was there");
    Ok(())
}

/// Eight controllers, each with a client of its own, take addresses.
async fn sharing(server: &str, report: &mut Report, pace: Pace) -> Result<()> {
    let space: Space = GLOBAL_SPACE.parse()?;
    let shared: Pool = "172.16.0.0/12".parse()?;
    let own =
        (0..HOSTS).map(|host| Ok(format!("10.{host}.0.0/16").parse()?)).collect::<Result<Vec<Pool>>>()?;
    let mut hosts = Vec::new();
    for _ in 0..HOSTS {
        hosts.push(Host::sharing(open(server, "sharing").await?).await?);
    }
    for pool in own.iter().copied().chain([shared]) {
        let wanted =
            PoolRequestSpec { space: Some(space.clone()), pool: Some(pool), ..PoolRequestSpec::default() };
        hosts[0].controller.request_pool(wanted).await?;
    }
    for host in &hosts {
        host.controller.as_new_as_now(Scope::Global, Duration::from_secs(60)).await?;
    }
    let controllers: Arc<Vec<_>> = Arc::new(hosts.iter().map(|host| host.controller.clone()).collect());
    let racer = |name: &'static str, pools: Vec<Pool>| {
        let (controllers, space, pools) = (Arc::clone(&controllers), space.clone(), Arc::new(pools));
        Racer::new(name, move |time| {
            let (controllers, space, pools) = (Arc::clone(&controllers), space.clone(), Arc::clone(&pools));
            slice(HOSTS * AT_ONCE, time, 1, move |task, _| {
                let host = task % HOSTS;
                let (controller, pool) = (controllers[host].clone(), pools[host]);
                let spec = AddressRequestSpec::new(space.clone(), pool);
                async move {
                    controller.request_address(spec).await?;
                    Ok(())
                }
            })
        })
    };
    let apart = racer("pools of their own", own);
    let contest = Contest::run(pace, &[racer("one pool", vec![shared; HOSTS]), apart.clone(), apart]).await?;
    let name = format!("{HOSTS} controllers take addresses of one pool, etcd, by pools of their own");
    let control = contest.ratio(2, 1, |slice| slice.rate);
    report.add(Row::rate(name, &contest, 0, 1).controlled(control).with_bar(Bar::AtLeast(0.7)));
    for host in hosts {
        host.close().await?;
    }
    Ok(())
}
