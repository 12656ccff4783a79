//! A caller of one host, who does at random what others do too, and asks again until it is known what was done.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use netkeep::client::ClientError;
use netkeep_controller::ErrorKind;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::host::PATIENCE;
use crate::world::{Counts, World};

/// How an operation ended that was repeated until it did.
pub(crate) enum Outcome<T> {
    Done(T),
    Refused(ErrorKind),
    /// It did not end.
    Stuck,
}

impl<T> Outcome<T> {
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(done) => Outcome::Done(map(done)),
            Self::Refused(kind) => Outcome::Refused(kind),
            Self::Stuck => Outcome::Stuck,
        }
    }
}

/// Calls one host.
pub(crate) struct Worker {
    pub(crate) random: SmallRng,
    pub(crate) host: usize,
    pub(crate) world: Arc<World>,
}

/// Calls one host again and again.
pub(crate) async fn work(world: Arc<World>, host: usize, seed: u64) {
    let mut worker = Worker { random: SmallRng::seed_from_u64(seed), host, world };
    while Instant::now() < worker.world.until {
        match worker.random.random_range(0..100) {
            0..25 => worker.make_named().await,
            25..36 => worker.make_addressed().await,
            36..43 => worker.make_network().await,
            43..48 => worker.make_sandbox().await,
            48..63 => worker.join().await,
            63..72 => worker.leave().await,
            72..76 => worker.look().await,
            _ => worker.delete().await,
        }
    }
}

impl Worker {
    /// Asks again until the answer says what was done. Says also whether that answer tells of everything: no attempt
    /// before it may have done something.
    pub(crate) async fn until_known<T, F: Future<Output = Result<T, ClientError>>>(
        &mut self,
        mut ask: impl FnMut() -> F,
    ) -> (Outcome<T>, bool) {
        let count = |counter: fn(&Counts) -> &AtomicU64| Counts::add(counter(&self.world.counts));
        let most = self.world.until + PATIENCE;
        let mut whole = true;
        while Instant::now() < most {
            match ask().await {
                Ok(done) => {
                    count(|counts| &counts.acknowledged);
                    return (Outcome::Done(done), whole);
                }
                Err(error) if is_repeated(&error) => {
                    count(|counts| &counts.repeated);
                    whole &= matches!(error, ClientError::NoDaemon { .. });
                    sleep(Duration::from_millis(self.random.random_range(10..100))).await;
                }
                Err(error) => {
                    count(|counts| &counts.refused);
                    return (error.kind().map_or(Outcome::Stuck, Outcome::Refused), whole);
                }
            }
        }
        (Outcome::Stuck, whole)
    }
}

fn is_repeated(error: &ClientError) -> bool {
    use ErrorKind::{Closed, Conflict, Forbidden, Unavailable, Unknown};
    match error.kind() {
        // Also what an endpoint is told that is to leave another sandbox than the one that it is in.
        Some(Forbidden) => !error.to_string().contains("is not in sandbox"),
        kind => matches!(kind, None | Some(Closed | Conflict | Unavailable | Unknown)),
    }
}
