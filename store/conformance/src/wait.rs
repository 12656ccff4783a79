//! Waiting for conditions, each with a deadline.

use std::time::Duration;

use netkeep_store::{Result, Watch, WatchItem};
use tokio::time::{Instant, sleep, timeout};

/// How long a store may take for what it promises to do soon.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is yes.
pub(crate) async fn until<F>(what: &str, within: Duration, mut ask: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + within;
    while !ask().await {
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The next item of a watch that is due to have one.
pub(crate) async fn item(watch: &mut Watch) -> WatchItem {
    answer(watch).await.unwrap_or_else(|error| panic!("the watch ended: {error:?}"))
}

/// The next answer of a watch that is due to give one.
pub(crate) async fn answer(watch: &mut Watch) -> Result<WatchItem> {
    let answer = timeout(PATIENCE, watch.next()).await;
    answer.unwrap_or_else(|_| panic!("the watch gave no item within {PATIENCE:?}"))
}
