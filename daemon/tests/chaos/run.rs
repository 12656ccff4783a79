//! A run: a cluster, its hosts, their callers, what fails meanwhile, and what is judged afterwards.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use netkeep_controller::{EndpointInfo, GlobalCheck, NetworkSpec, PoolSpec};
use netkeep_model::{DriverKind, NetworkName, Scope};
use netkeep_store::StoreUrl;
use netkeep_testcontainers::{Cluster, Family, Options};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::history::{Histories, Operation};
use crate::host::{Host, PATIENCE};
use crate::linearizable::{Action, Verdict, judge};
use crate::nemesis::{self, Faults};
use crate::objects::Register;
use crate::register;
use crate::worker::{self, Thing, World};

/// Fewer acknowledged changes in a second, and the run has shown nothing.
const LEAST_RATE: f64 = 2.0;
/// The records that must be gone when everything was deleted.
const KINDS: [&str; 8] =
    ["network", "network-name", "endpoint", "endpoint-name", "pool", "sub-pool", "address", "driver-record"];

/// What is run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) family: Family,
    pub(crate) seed: u64,
    pub(crate) hosts: usize,
    pub(crate) tasks_of_a_host: usize,
    pub(crate) lasting: Duration,
}

/// What a run has shown.
#[derive(Debug)]
pub(crate) struct Figures {
    plan: Plan,
    acknowledged: u64,
    refused: u64,
    repeated: u64,
    register: usize,
    objects: usize,
    faults: Faults,
}

/// Runs it, and panics if anything is lost, leaked, doubled, stuck or out of order.
pub(crate) async fn run(plan: Plan) -> Figures {
    let cluster = Arc::new(Cluster::start(plan.family, Options::three()).await.unwrap());
    let global = |root: &str| format!("{}://{}/{root}", plan.family.name(), cluster.endpoints().join(","));
    let mut hosts = Vec::new();
    for _ in 0..plan.hosts {
        hosts.push(Host::start(&global("chaos")).await);
    }
    for host in &hosts {
        host.in_sync().await;
    }
    let hosts = Arc::new(hosts);
    let network = hosts[0].client().create_network(&shared_network()).await.unwrap().id;
    for host in hosts.iter() {
        eventually("the network is known to all", async || host.client().network("shared").await.ok()).await;
    }

    let begun = std::time::Instant::now();
    let until = Instant::now() + plan.lasting;
    let world = Arc::new(World {
        hosts: Arc::clone(&hosts),
        network,
        held: Histories::new(begun),
        there: Default::default(),
        wrong: Default::default(),
        acknowledged: Default::default(),
        refused: Default::default(),
        repeated: Default::default(),
        serial: Default::default(),
        until,
    });
    let registers = Arc::new(Histories::new(begun));
    let mut tasks = JoinSet::new();
    for task in 0..plan.hosts * plan.tasks_of_a_host {
        let seed = plan.seed.wrapping_add(task as u64 + 1);
        tasks.spawn(worker::work(Arc::clone(&world), task % plan.hosts, seed));
    }
    for task in 0..3 {
        let url: StoreUrl = global("register").parse().unwrap();
        let seed = plan.seed.wrapping_add(1_000 + task);
        tasks.spawn(register::work(url, seed, until, Arc::clone(&registers)));
    }
    let faults = nemesis::rage(plan.seed, until, Arc::clone(&hosts), Arc::clone(&cluster)).await;
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }

    settled(&world).await;
    let acknowledged = world.acknowledged.load(Ordering::Relaxed);
    world.delete_all().await;
    hosts[0].client().delete_network("shared").await.unwrap();
    nothing_is_left(&hosts).await;
    let wrong = std::mem::take(&mut *world.wrong.lock().unwrap());
    assert!(wrong.is_empty(), "{plan:?}: {wrong:#?}");
    let world = Arc::into_inner(world).unwrap();
    let held = world.held.into_objects();
    let registers = Arc::into_inner(registers).unwrap().into_objects();
    judge_all(&plan, &held);
    judge_all::<Register>(&plan, &registers);
    let rate = acknowledged as f64 / plan.lasting.as_secs_f64();
    assert!(rate >= LEAST_RATE, "{plan:?}: only {rate:.1} changes in a second: the run has shown nothing");
    Figures {
        plan,
        acknowledged,
        refused: world.refused.into_inner(),
        repeated: world.repeated.into_inner(),
        register: registers.values().map(Vec::len).sum(),
        objects: held.len(),
        faults,
    }
}

fn shared_network() -> NetworkSpec {
    let mut spec = NetworkSpec::new(NetworkName::new("shared").unwrap(), DriverKind::new("manual").unwrap());
    spec.scope = Some(Scope::Global);
    // What is given to those who do not ask for an address is below what is asked for.
    spec.ipam.pools = vec![PoolSpec {
        pool: Some("10.99.0.0/16".parse().unwrap()),
        sub: Some("10.99.0.0/17".parse().unwrap()),
        ..PoolSpec::default()
    }];
    spec
}

/// Once nothing fails any more, every host is in sync, all agree, and what they show is what was acknowledged.
async fn settled(world: &World) {
    for host in world.hosts.iter() {
        host.in_sync().await;
    }
    let expected: BTreeMap<_, _> = {
        let there = world.there.lock().unwrap();
        let endpoints = there.values().filter_map(|made| match &made.thing {
            Thing::Endpoint(made) => Some((made.id, (**made).clone())),
            Thing::Network(..) => None,
        });
        endpoints.collect()
    };
    for (number, host) in world.hosts.iter().enumerate() {
        let mut differing = Vec::new();
        let agree = within_patience(async || {
            let found = host.client().endpoints(&world.network.to_string()).await.unwrap();
            let found: BTreeMap<_, _> = found.into_iter().map(|endpoint| (endpoint.id, endpoint)).collect();
            let lost = expected.values().filter(|made| !found.contains_key(&made.id));
            let strange = found.values().filter(|there| !expected.contains_key(&there.id));
            differing = lost.map(|made| told(world, "lost", made)).collect();
            differing.extend(strange.map(|there| told(world, "not acknowledged, or deleted", there)));
            differing.is_empty().then_some(())
        });
        if agree.await.is_none() {
            panic!("host {number} does not show what was acknowledged: {differing:#?}\n{}", host.log());
        }
        let mut found = None;
        let clean = within_patience(async || {
            let report = host.client().check().await.unwrap();
            let clean =
                matches!(&report.global, Some(GlobalCheck::Checked(global)) if global.violations.is_empty());
            let clean = clean && report.violations.is_empty();
            found = Some(report);
            clean.then_some(())
        });
        assert!(clean.await.is_some(), "check of host {number}: {found:#?}\n{}", host.log());
    }
}

/// What is known of an endpoint.
fn told(world: &World, what: &str, endpoint: &EndpointInfo) -> String {
    let name = endpoint.endpoint.name.to_string();
    let history = world.held.of(&name);
    let last: Vec<_> = history.iter().rev().take(12).rev().collect();
    format!(
        "{what}: {name} ({}) made at {} by {}, revision {}: {last:#?}",
        endpoint.id, endpoint.endpoint.created, endpoint.endpoint.owner, endpoint.revision
    )
}

async fn nothing_is_left(hosts: &[Host]) {
    for (number, host) in hosts.iter().enumerate() {
        eventually(&format!("nothing is left, as host {number} sees it"), async || {
            let records = host.client().status().await.unwrap().controller.global.unwrap().records;
            KINDS.iter().all(|kind| records.get(*kind).is_none_or(|count| *count == 0)).then_some(())
        })
        .await;
    }
}

fn judge_all<A: Action>(plan: &Plan, objects: &BTreeMap<String, Vec<Operation<A>>>) {
    for (object, history) in objects {
        match judge(history) {
            Verdict::Ordered => {}
            verdict => {
                let mut history: Vec<_> = history.iter().collect();
                history.sort_by_key(|operation| operation.begun);
                panic!(
                    "{plan:?}: the history of {object} has no order: {verdict:#?}\nall of it: {history:#?}"
                );
            }
        }
    }
}

async fn eventually<T>(what: &str, done: impl AsyncFnMut() -> Option<T>) -> T {
    let found = within_patience(done).await;
    found.unwrap_or_else(|| panic!("{what}: not within {PATIENCE:?}"))
}

async fn within_patience<T>(mut done: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let most = Instant::now() + PATIENCE;
    while Instant::now() < most {
        if let Some(found) = done().await {
            return Some(found);
        }
        sleep(Duration::from_millis(50)).await;
    }
    None
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, acknowledged, refused, repeated, register, objects, faults } = self;
        let seconds = plan.lasting.as_secs_f64();
        write!(
            f,
            "{} for {seconds:.0} s, {} hosts (seed {}): {acknowledged} changes acknowledged ({:.1} a second), {refused} \
             refused, {repeated} attempts repeated; 0 lost, 0 leaked, 0 doubled, 0 stuck; histories of {objects} names \
             and addresses and {register} calls of a register in order; faults: {faults}",
            plan.family.name(),
            plan.hosts,
            plan.seed,
            *acknowledged as f64 / seconds,
        )
    }
}
