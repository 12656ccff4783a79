//! A short time of one workload.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::{median, processor_time};

/// What a slice of time has shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slice {
    /// Operations per second, of all tasks together.
    pub(crate) rate: f64,
    /// Processor time of this process per operation, in µs.
    pub(crate) processor: f64,
    /// The median of what one operation took, in µs.
    pub(crate) latency: f64,
}

/// Has `tasks` tasks do `call` again and again for `time`, and then waits for those that were begun. `call` is told
/// the number of its task and of the call there; each call does `each` operations.
pub(crate) async fn slice<F, R>(tasks: usize, time: Duration, each: u32, call: F) -> Result<Slice>
where
    F: Fn(usize, usize) -> R + Clone + Send + 'static,
    R: Future<Output = Result<()>> + Send,
{
    let (before, begun) = (processor_time(), Instant::now());
    let mut workers = JoinSet::new();
    for task in 0..tasks {
        let call = call.clone();
        workers.spawn(async move {
            let mut took = Vec::new();
            let mut at = begun;
            while at.duration_since(begun) < time {
                call(task, took.len()).await?;
                let now = Instant::now();
                took.push(now.duration_since(at).as_secs_f64() * 1e6);
                at = now;
            }
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(ended) = workers.join_next().await {
        took.extend(ended.context("a task of the workload ended")??);
    }
    let (wall, busy) = (begun.elapsed(), processor_time() - before);
    let operations = took.len() as f64 * f64::from(each);
    Ok(Slice {
        rate: operations / wall.as_secs_f64(),
        processor: busy.as_secs_f64() * 1e6 / operations,
        latency: median(&took) / f64::from(each),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn every_call_of_every_task_counts() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let slice = slice(3, Duration::from_millis(20), 4, move |task, _| {
            let counted = Arc::clone(&counted);
            async move {
                assert!(task < 3);
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(())
            }
        });
        let slice = slice.await.unwrap();
        assert!(calls.load(Ordering::Relaxed) >= 3);
        assert!(slice.rate > 0.0 && slice.latency > 0.0, "{slice:?}");
    }

    #[tokio::test]
    async fn a_call_that_fails_fails_the_slice() {
        let failed = slice(2, Duration::from_secs(60), 1, |_, _| async { anyhow::bail!("no") }).await;
        assert_eq!(failed.unwrap_err().to_string(), "no");
    }
}
