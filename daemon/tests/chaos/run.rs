//! A run: a cluster, its hosts, their callers, what fails meanwhile, and what is judged afterwards.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use netkeep_controller::{NetworkSpec, PoolSpec};
use netkeep_model::{DriverKind, NetworkName, Scope};
use netkeep_store::StoreUrl;
use netkeep_testcontainers::{Cluster, Family, Options};
use tokio::task::JoinSet;

use crate::deletions::delete_all;
use crate::evictions::{Call, histories};
use crate::history::{Histories, Objects};
use crate::host::Host;
use crate::linearizable::{Action, Verdict, judge};
use crate::nemesis::{self, Faults};
use crate::register::{self, Register};
use crate::settled::{all_seen, clean, eventually, nothing_is_left};
use crate::worker;
use crate::world::{Counts, World};

/// Fewer acknowledged changes in a second, and the run has shown nothing.
const LEAST_RATE: f64 = 2.0;
/// The same of joins, of departures, and of evictions, in all.
const LEAST_JOINS: u64 = 10;
const LEAST_EVICTIONS: usize = 1;

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
    counts: Counts,
    register: usize,
    objects: usize,
    faults: Faults,
}

/// Runs it, and panics if anything is lost, leaked, doubled, stuck or out of order.
pub(crate) async fn run(plan: Plan) -> Figures {
    let cluster = Arc::new(Cluster::start(plan.family, Options::three()).await.unwrap());
    let mut hosts = Vec::new();
    for _ in 0..plan.hosts {
        hosts.push(Host::start(&cluster, "chaos").await);
    }
    for host in &hosts {
        host.in_sync().await;
    }
    let hosts = Arc::new(hosts);
    let network = hosts[0].client().create_network(&shared_network()).await.unwrap().id;
    for host in hosts.iter() {
        eventually("the network is known to all", async || host.client().network("shared").await.ok()).await;
    }

    let world = Arc::new(World::new(Arc::clone(&hosts), network, plan.lasting));
    let registers = Arc::new(Histories::new(world.origin()));
    let mut tasks = JoinSet::new();
    for task in 0..plan.hosts * plan.tasks_of_a_host {
        let seed = plan.seed.wrapping_add(task as u64 + 1);
        tasks.spawn(worker::work(Arc::clone(&world), task % plan.hosts, seed));
    }
    for task in 0..3 {
        let servers = cluster.endpoints().join(",");
        let url: StoreUrl = format!("{}://{servers}/register", plan.family.name()).parse().unwrap();
        let seed = plan.seed.wrapping_add(1_000 + task);
        tasks.spawn(register::work(url, seed, world.until, Arc::clone(&registers)));
    }
    let faults = nemesis::rage(plan.seed, Arc::clone(&world), Arc::clone(&cluster)).await;
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let acknowledged = world.counts.acknowledged.load(Ordering::Relaxed);

    all_seen(&world).await;
    clean(&hosts).await;
    delete_all(&world).await;
    let (calls, wrong) = world.end();
    assert!(wrong.is_empty(), "{plan:?}: {wrong:#?}");
    let objects = histories(&calls, &faults.evictions);
    judge_all(&plan, &objects);
    evictions_are_seen(&calls);
    let registers = Arc::into_inner(registers).unwrap().into_objects();
    judge_all::<Register>(&plan, &registers);
    hosts[0].client().delete_network("shared").await.unwrap();
    nothing_is_left(&hosts).await;
    clean(&hosts).await;

    let counts = Arc::into_inner(world).unwrap().counts;
    let figures = Figures {
        plan,
        counts,
        register: registers.values().map(Vec::len).sum(),
        objects: objects.len(),
        faults,
    };
    figures.counts.acknowledged.store(acknowledged, Ordering::Relaxed);
    figures.has_shown_something();
    figures
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

fn judge_all<A: Action>(plan: &Plan, objects: &Objects<A>) {
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

/// Some history is in order only by what an eviction has taken away.
fn evictions_are_seen(calls: &[Call]) {
    let mut without = histories(calls, &[]).into_iter();
    let seen = without.any(|(_, history)| matches!(judge(&history), Verdict::Impossible(_)));
    assert!(seen, "no eviction has taken anything away that anybody asked for, so none was tried");
}

impl Figures {
    fn rate(&self) -> f64 {
        self.counts.acknowledged.load(Ordering::Relaxed) as f64 / self.plan.lasting.as_secs_f64()
    }

    fn has_shown_something(&self) {
        let (joined, left) = (&self.counts.joined, &self.counts.left);
        let [joined, left] = [joined, left].map(|count| count.load(Ordering::Relaxed));
        let enough = self.rate() >= LEAST_RATE
            && self.faults.evictions.len() >= LEAST_EVICTIONS
            && joined.min(left) >= LEAST_JOINS;
        assert!(enough, "too little was done, the run has shown nothing: {self}");
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, counts, register, objects, faults } = self;
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} for {:.0} s, {} hosts (seed {}): {} changes acknowledged ({:.1} a second), of them {} joins and {} \
             departures; {} refused, {} attempts repeated; {} evictions; 0 lost, 0 leaked, 0 doubled, 0 stuck; histories \
             of {objects} names and addresses and {register} calls of a register in order; faults: {faults}",
            plan.family.name(),
            plan.lasting.as_secs_f64(),
            plan.hosts,
            plan.seed,
            of(&counts.acknowledged),
            self.rate(),
            of(&counts.joined),
            of(&counts.left),
            of(&counts.refused),
            of(&counts.repeated),
            faults.evictions.len(),
        )
    }
}
