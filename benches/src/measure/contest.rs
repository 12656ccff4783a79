//! Several who do the same, in turns.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::BoxFuture;

use super::{Slice, Spread, median};

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How many slices each racer runs.
    pub(crate) rounds: usize,
    /// How long a slice lasts.
    pub(crate) slice: Duration,
    /// Whether this is the short run.
    pub(crate) quick: bool,
}

impl Pace {
    pub(crate) fn new(quick: bool) -> Self {
        match quick {
            true => Self { rounds: 4, slice: Duration::from_millis(80), quick },
            false => Self { rounds: 21, slice: Duration::from_millis(100), quick },
        }
    }

    /// For what no bar hangs on: about half as many slices.
    pub(crate) fn shorter(self) -> Self {
        Self { rounds: self.rounds.div_ceil(2), ..self }
    }
}

type Run = Arc<dyn Fn(Duration) -> BoxFuture<'static, Result<Slice>> + Send + Sync>;

/// One who does a workload, for as long as he is told.
#[derive(Clone)]
pub(crate) struct Racer {
    name: &'static str,
    run: Run,
}

impl Racer {
    pub(crate) fn new<R>(name: &'static str, run: impl Fn(Duration) -> R + Send + Sync + 'static) -> Self
    where
        R: Future<Output = Result<Slice>> + Send + 'static,
    {
        Self { name, run: Arc::new(move |time| Box::pin(run(time))) }
    }
}

/// What became of racers that ran in turns: slice by slice, each in the same rounds as the others.
#[derive(Debug)]
pub(crate) struct Contest(Vec<Vec<Slice>>);

impl Contest {
    /// One round that does not count, then `pace.rounds` of them. Each round begins with another racer, so that none
    /// always follows the same one.
    pub(crate) async fn run(pace: Pace, racers: &[Racer]) -> Result<Self> {
        let mut slices = vec![Vec::new(); racers.len()];
        for round in 0..=pace.rounds {
            for step in 0..racers.len() {
                let index = (round + step) % racers.len();
                let racer = &racers[index];
                let slice = (racer.run)(pace.slice).await.with_context(|| racer.name)?;
                if round > 0 {
                    slices[index].push(slice);
                }
            }
        }
        Ok(Self(slices))
    }

    /// The median of what a racer showed.
    pub(crate) fn of(&self, racer: usize, what: impl Fn(&Slice) -> f64) -> f64 {
        median(&self.values(racer, what))
    }

    /// What one racer showed by what another did.
    pub(crate) fn ratio(&self, racer: usize, by: usize, what: impl Fn(&Slice) -> f64) -> Spread {
        Spread::of_ratios(&self.values(racer, &what), &self.values(by, &what))
    }

    fn values(&self, racer: usize, what: impl Fn(&Slice) -> f64) -> Vec<f64> {
        self.0[racer].iter().map(what).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn racers_take_turns_and_the_first_round_does_not_count() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let racer = |name: &'static str, rate: f64| {
            let order = Arc::clone(&order);
            Racer::new(name, move |_| {
                let order = Arc::clone(&order);
                async move {
                    let mut order = order.lock().unwrap();
                    order.push(name);
                    // Far off in the first round.
                    let rate = if order.len() <= 2 { 1e9 } else { rate };
                    Ok(Slice { rate, processor: 1.0, latency: 1.0 })
                }
            })
        };
        let racers = [racer("a", 50.0), racer("b", 100.0)];
        let pace = Pace { rounds: 3, slice: Duration::ZERO, quick: true };
        let contest = Contest::run(pace, &racers).await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["a", "b", "b", "a", "a", "b", "b", "a"]);
        assert_eq!(contest.of(1, |slice| slice.rate), 100.0);
        assert_eq!(contest.ratio(0, 1, |slice| slice.rate), Spread { middle: 0.5, spread: 0.0 });
    }
}
