//! The rounds, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use netkeep_controller::{CheckReport, GlobalCheck};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::audit::{Audit, Inventory};
use super::burst::Worker;
use super::child::Daemon;
use super::servers::Servers;
use super::share::{Share, Step};
use super::{DemoError, DemoOptions, PATIENCE, Verdict, Watcher, leftovers};
use crate::client::Client;

/// Longer than a commit takes.
const MOST_PAUSE_MICROS: u64 = 10_000;
/// For how long a daemon is frozen, in milliseconds.
const FROZEN_MILLIS: std::ops::Range<u64> = 200..1_500;

/// One run of the demo.
#[derive(Debug)]
pub(super) struct Run<'a> {
    options: &'a DemoOptions,
    /// One for each host.
    daemons: Vec<Daemon>,
    /// The store that the hosts share, if they do.
    servers: Option<Servers>,
    watcher: Arc<dyn Watcher>,
    random: StdRng,
    /// The first holds the networks that all use, and does nothing else; the others are the tasks'.
    shares: Vec<Share>,
    acknowledged: watch::Sender<u64>,
    repeated: Arc<AtomicU64>,
    verdict: Verdict,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        options: &'a DemoOptions,
        daemons: Vec<Daemon>,
        servers: Option<Servers>,
        watcher: Arc<dyn Watcher>,
    ) -> Self {
        let tasks = u8::try_from(options.tasks).unwrap_or(u8::MAX - 1);
        Self {
            options,
            watcher,
            random: StdRng::seed_from_u64(options.seed),
            shares: (0..=tasks).map(|task| Share::new(task, options)).collect(),
            acknowledged: watch::Sender::new(0),
            repeated: Arc::default(),
            verdict: Verdict { seed: options.seed, hosts: daemons.len(), ..Verdict::default() },
            daemons,
            servers,
        }
    }

    pub(super) async fn run(mut self) -> Result<Verdict, DemoError> {
        let begun = Instant::now();
        self.watcher.step(0, "starting", None);
        for daemon in &mut self.daemons {
            daemon.start().await?;
        }
        self.all_in_sync().await?;
        self.all_do(Share::make_sandboxes, false).await?;
        self.make_shared_networks().await?;
        for round in 1..=self.options.rounds {
            self.round(round).await?;
            if self.shares.iter().any(|share| !share.surprises.is_empty()) {
                // The verdict is spoiled, and what follows would only say so again and again.
                break;
            }
            self.shares.iter_mut().for_each(Share::move_on);
        }
        self.watcher.step(self.options.rounds, "deleting everything", None);
        self.all_do(Share::part, true).await?;
        self.all_do(Share::leave_endpoints, true).await?;
        self.all_do(Share::leave_networks, true).await?;
        self.all_do(Share::delete_sandboxes, true).await?;
        self.audit().await?;
        let counted = leftovers::counted(&self.records().await?);
        self.verdict.leaked = counted.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
        for daemon in &mut self.daemons {
            daemon.stop().await?;
        }
        self.verdict.refused = self.shares.iter().flat_map(|share| share.surprises.iter().cloned()).collect();
        self.verdict.acknowledged = *self.acknowledged.borrow();
        self.verdict.repeated = self.repeated.load(Ordering::Relaxed);
        self.verdict.took = begun.elapsed();
        Ok(self.verdict)
    }

    async fn make_shared_networks(&mut self) -> Result<(), DemoError> {
        let number = u8::try_from(self.options.networks).unwrap_or(u8::MAX);
        let steps =
            (0..number).map(|number| self.shares[0].shared_network(number)).collect::<Result<Vec<_>, _>>()?;
        self.all_do(|share| if share.networks.is_empty() { Vec::new() } else { steps.clone() }, false)
            .await?;
        let shared: Vec<_> = self.shares[0].networks.keys().copied().collect();
        for share in &mut self.shares {
            share.use_networks(&shared);
        }
        Ok(())
    }

    async fn round(&mut self, round: u32) -> Result<(), DemoError> {
        let victim = self.burst(round).await?;
        self.watcher.step(round, "recovering", None);
        let begun = Instant::now();
        let answered = self.daemons[victim].start().await?;
        self.verdict.recoveries.push(answered);
        self.all_in_sync().await?;
        if self.servers.is_some() {
            self.verdict.returns.push(begun.elapsed());
        }
        self.verdict.rounds += 1;
        let audit = self.audit().await?;
        self.verdict.expected += audit.expected;
        self.verdict.found += audit.found;
        self.verdict.cut_off += audit.unheard;
        self.verdict.cut_off_yet_made += audit.done_unheard;
        self.watcher.step(round, "repeating what was not acknowledged", None);
        self.all_do(|share| share.unsettled(), true).await?;
        self.audit().await?;
        self.compare_counts().await?;
        self.check().await
    }

    /// Has all tasks work, and kills a daemon in the middle of it; which one.
    async fn burst(&mut self, round: u32) -> Result<usize, DemoError> {
        let changes = u64::from(self.random.random_range(self.options.changes / 4..=self.options.changes));
        self.watcher.step(round, "working", Some(changes));
        let from = *self.acknowledged.borrow();
        let enough = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let house = self.shares.remove(0);
        for share in std::mem::take(&mut self.shares) {
            tasks.spawn(Worker { enough: enough.clone(), ..self.worker(false) }.work(share));
        }
        self.shares.push(house);
        let struck = self.strike(from, changes).await?;
        self.reached(from + if struck.is_some() { changes * 3 / 4 } else { changes }).await;
        // An acknowledgement follows a commit: without a pause, all kills would come at the same point of the next one.
        sleep(Duration::from_micros(self.random.random_range(0..MOST_PAUSE_MICROS))).await;
        let victim = self.random.random_range(0..self.daemons.len());
        self.daemons[victim].kill().await?;
        if let Some(server) = struck {
            // The others go on.
            self.reached(from + changes).await;
            if let (Some(servers), Some(server)) = (&self.servers, server) {
                servers.restart(server).await?;
            }
        }
        enough.cancel();
        self.watcher.step(round, "waiting for what is under way", None);
        self.gather(tasks).await?;
        Ok(victim)
    }

    /// Where hosts share a store: freezes a daemon for a while, then kills a server if there is one to kill, each after
    /// some of the changes. Which server, which is to be started again.
    async fn strike(&mut self, from: u64, changes: u64) -> Result<Option<Option<usize>>, DemoError> {
        let Some(servers) = &self.servers else { return Ok(None) };
        let nodes = servers.nodes();
        self.reached(from + changes / 4).await;
        let frozen = self.random.random_range(0..self.daemons.len());
        self.daemons[frozen].freeze(true)?;
        sleep(Duration::from_millis(self.random.random_range(FROZEN_MILLIS))).await;
        self.daemons[frozen].freeze(false)?;
        self.verdict.frozen += 1;
        self.reached(from + changes / 2).await;
        if nodes == 0 {
            return Ok(Some(None));
        }
        let server = self.random.random_range(0..nodes);
        if let Some(servers) = &self.servers {
            servers.kill(server).await?;
        }
        self.verdict.servers_killed += 1;
        Ok(Some(Some(server)))
    }

    /// Waits until so many changes were acknowledged. Should the burst not get so far, what was wrong stands in the
    /// shares.
    async fn reached(&self, count: u64) {
        let mut acknowledged = self.acknowledged.subscribe();
        let _ = timeout(PATIENCE, acknowledged.wait_for(|now| *now >= count)).await;
    }

    /// Waits until all hosts serve the networks that they share.
    async fn all_in_sync(&self) -> Result<(), DemoError> {
        for daemon in &self.daemons {
            daemon.in_sync().await?;
        }
        Ok(())
    }

    /// Looks what is there, as each host sees it, and notes what is lost, doubled and strange. What nobody has
    /// acknowledged is counted once.
    async fn audit(&mut self) -> Result<Audit, DemoError> {
        let mut sum = Audit::default();
        for (number, daemon) in self.daemons.iter().enumerate() {
            let client = daemon.client();
            client.sync(None).await.map_err(DemoError::request("learning what all hosts have done"))?;
            let audit = Audit::of(&self.shares, Inventory::take(client).await?);
            let told = |told: String| match self.daemons.len() {
                1 => told,
                _ => format!("host {}: {told}", number + 1),
            };
            self.verdict.lost.extend(audit.lost.into_iter().map(told));
            self.verdict.strangers.extend(audit.leaked.into_iter().map(told));
            self.verdict.doubled.extend(audit.doubled.into_iter().map(told));
            sum.expected += audit.expected;
            sum.found += audit.found;
            (sum.unheard, sum.done_unheard) = (audit.unheard, audit.done_unheard);
        }
        Ok(sum)
    }

    /// Counts what is there while nothing is under way.
    async fn compare_counts(&mut self) -> Result<(), DemoError> {
        let counted = leftovers::counted(&self.records().await?);
        for (kind, due) in leftovers::due(&self.shares, self.options) {
            let count = counted.get(kind).copied().unwrap_or_default();
            if count > due {
                self.verdict.strangers.push(format!("there are {count} {kind}; {due} have an owner"));
            } else if count < due {
                self.verdict.lost.push(format!("there are {count} {kind}; {due} were acknowledged"));
            }
        }
        Ok(())
    }

    async fn records(&self) -> Result<Vec<crate::api::Records>, DemoError> {
        let mut records = Vec::new();
        for daemon in &self.daemons {
            let counted = daemon.client().records().await;
            records.push(counted.map_err(DemoError::request("counting records"))?);
        }
        Ok(records)
    }

    /// Has each host look for what must not be.
    async fn check(&mut self) -> Result<(), DemoError> {
        for daemon in &self.daemons {
            let report = daemon.client().check().await.map_err(DemoError::request("check"))?;
            self.verdict.violations.extend(violations(&report));
            match report.global {
                Some(GlobalCheck::Checked(global)) => self.verdict.violations.extend(violations(&global)),
                Some(GlobalCheck::NotChecked(why)) => {
                    self.verdict.violations.push(format!("the global store could not be checked: {why}"));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Has all shares do their steps at once.
    async fn all_do(
        &mut self,
        mut steps: impl FnMut(&mut Share) -> Vec<Step>,
        repeats: bool,
    ) -> Result<(), DemoError> {
        let mut tasks = JoinSet::new();
        for mut share in std::mem::take(&mut self.shares) {
            let steps = steps(&mut share);
            tasks.spawn(self.worker(repeats).settle(share, steps));
        }
        self.gather(tasks).await
    }

    async fn gather(&mut self, mut tasks: JoinSet<Result<Share, DemoError>>) -> Result<(), DemoError> {
        // A request may take that long, and be repeated once more.
        let patience = PATIENCE + Client::PATIENCE * 2;
        let late = |_| DemoError::Daemon(format!("the requests did not end within {patience:?}"));
        let all = async {
            let mut shares = Vec::new();
            while let Some(ended) = tasks.join_next().await {
                match ended {
                    Ok(share) => shares.push(share?),
                    Err(error) => {
                        return Err(DemoError::Daemon(format!("a task of the demo ended: {error}")));
                    }
                }
            }
            Ok(shares)
        };
        self.shares.extend(timeout(patience, all).await.map_err(late)??);
        self.shares.sort_by_key(Share::task);
        Ok(())
    }

    fn worker(&self, repeats: bool) -> Worker {
        Worker {
            clients: self.daemons.iter().map(|daemon| daemon.client().clone()).collect(),
            watcher: Arc::clone(&self.watcher),
            acknowledged: self.acknowledged.clone(),
            repeated: Arc::clone(&self.repeated),
            waits: self.servers.is_some(),
            repeats,
            enough: CancellationToken::new(),
        }
    }
}

fn violations(report: &CheckReport) -> impl Iterator<Item = String> {
    report.violations.iter().map(|found| format!("{}: {}: {}", found.invariant, found.key, found.found))
}
