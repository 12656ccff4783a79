//! The rounds, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::audit::{Audit, Inventory};
use super::burst::Worker;
use super::child::Daemon;
use super::share::{Share, Step};
use super::{DemoError, DemoOptions, PATIENCE, Verdict, Watcher, leftovers};

/// Longer than a commit takes.
const MOST_PAUSE_MICROS: u64 = 10_000;

/// One run of the demo.
#[derive(Debug)]
pub(super) struct Run<'a> {
    options: &'a DemoOptions,
    daemon: Daemon,
    watcher: Arc<dyn Watcher>,
    random: StdRng,
    /// The first holds the networks that all use, and does nothing else; the others are the tasks'.
    shares: Vec<Share>,
    acknowledged: watch::Sender<u64>,
    verdict: Verdict,
}

impl<'a> Run<'a> {
    pub(super) fn new(options: &'a DemoOptions, daemon: Daemon, watcher: Arc<dyn Watcher>) -> Self {
        let tasks = u8::try_from(options.tasks).unwrap_or(u8::MAX - 1);
        Self {
            options,
            daemon,
            watcher,
            random: StdRng::seed_from_u64(options.seed),
            shares: (0..=tasks).map(|task| Share::new(task, options)).collect(),
            acknowledged: watch::Sender::new(0),
            verdict: Verdict { seed: options.seed, ..Verdict::default() },
        }
    }

    pub(super) async fn run(mut self) -> Result<Verdict, DemoError> {
        let begun = Instant::now();
        self.watcher.step(0, "starting", None);
        self.daemon.start().await?;
        self.make_shared_networks().await?;
        for round in 1..=self.options.rounds {
            self.round(round).await?;
            if self.shares.iter().any(|share| !share.surprises.is_empty()) {
                // The verdict is spoiled, and what follows would only say so again and again.
                break;
            }
        }
        self.watcher.step(self.options.rounds, "deleting everything", None);
        self.all_do(Share::leave_endpoints, true).await?;
        self.all_do(Share::leave_networks, true).await?;
        self.audit().await?;
        let records = self.daemon.client().records().await.map_err(DemoError::request("counting records"))?;
        self.verdict.leaked =
            leftovers::counted(&records).into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
        self.daemon.stop().await?;
        self.verdict.refused = self.shares.iter().flat_map(|share| share.surprises.iter().cloned()).collect();
        self.verdict.acknowledged = *self.acknowledged.borrow();
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
        let changes = u64::from(self.random.random_range(self.options.changes / 4..=self.options.changes));
        self.watcher.step(round, "working", Some(changes));
        let mut tasks = JoinSet::new();
        let house = self.shares.remove(0);
        for share in std::mem::take(&mut self.shares) {
            tasks.spawn(self.worker(false).work(share));
        }
        self.shares.push(house);
        let target = *self.acknowledged.borrow() + changes;
        let mut acknowledged = self.acknowledged.subscribe();
        // Should the burst not get so far, it is killed where it is; what was wrong stands in the shares.
        let _ = timeout(PATIENCE, acknowledged.wait_for(|count| *count >= target)).await;
        // An acknowledgement follows a commit: without a pause, all kills would come at the same point of the next one.
        sleep(Duration::from_micros(self.random.random_range(0..MOST_PAUSE_MICROS))).await;
        self.watcher.step(round, "killing", None);
        self.daemon.kill().await?;
        self.gather(tasks).await?;
        self.watcher.step(round, "recovering", None);
        self.verdict.recoveries.push(self.daemon.start().await?);
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
        let report = self.daemon.client().check().await.map_err(DemoError::request("check"))?;
        self.verdict.violations.extend(
            report
                .violations
                .iter()
                .map(|found| format!("{}: {}: {}", found.invariant, found.key, found.found)),
        );
        Ok(())
    }

    /// Looks what is there, and notes what is lost and what is strange.
    async fn audit(&mut self) -> Result<Audit, DemoError> {
        let mut audit = Audit::of(&self.shares, Inventory::take(self.daemon.client()).await?);
        self.verdict.lost.append(&mut audit.lost);
        self.verdict.strangers.append(&mut audit.leaked);
        Ok(audit)
    }

    /// Counts what is there while nothing is under way.
    async fn compare_counts(&mut self) -> Result<(), DemoError> {
        let records = self.daemon.client().records().await.map_err(DemoError::request("counting records"))?;
        let counted = leftovers::counted(&records);
        for (kind, due) in leftovers::due(&self.shares) {
            let count = counted.get(kind).copied().unwrap_or_default();
            if count > due {
                self.verdict.strangers.push(format!("there are {count} {kind}; {due} have an owner"));
            } else if count < due {
                self.verdict.lost.push(format!("there are {count} {kind}; {due} were acknowledged"));
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
        let late = |_| DemoError::Daemon(format!("the requests did not end within {PATIENCE:?}"));
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
        self.shares.extend(timeout(PATIENCE, all).await.map_err(late)??);
        self.shares.sort_by_key(Share::task);
        Ok(())
    }

    fn worker(&self, repeats: bool) -> Worker {
        Worker {
            client: self.daemon.client().clone(),
            watcher: Arc::clone(&self.watcher),
            acknowledged: self.acknowledged.clone(),
            repeats,
        }
    }
}
