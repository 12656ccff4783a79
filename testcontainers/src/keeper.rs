//! The runtime on which fixtures live, which outlasts that of any test.
//!
//! Each test has a runtime of its own, and a server that several tests share must not hang on the first of them.

use std::future::Future;
use std::panic;
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

/// How long the end of a fixture may take before the test goes on without it; the watchdog then sees to the rest.
const LIMIT: Duration = Duration::from_secs(60);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("servers").enable_all().build();
    runtime.expect("a process that may start servers may start threads")
});

/// Runs a future to its end, even if the caller gives up.
pub(crate) async fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    match RUNTIME.spawn(future).await {
        Ok(output) => output,
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}

/// Runs a future to its end and blocks until then, unless the thread is one that the future needs.
pub(crate) fn finish(future: impl Future<Output = ()> + Send + 'static) {
    let (done, ended) = mpsc::channel();
    RUNTIME.spawn(async move {
        future.await;
        // Who does not wait any more does not mind.
        let _ = done.send(());
    });
    let of_ours = Handle::try_current().is_ok_and(|handle| handle.id() == RUNTIME.handle().id());
    if !of_ours && ended.recv_timeout(LIMIT).is_err() {
        eprintln!("the end of a server took more than {} s", LIMIT.as_secs());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_caller_that_gives_up_stops_nothing() {
        let (go, gone) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let mut running = Box::pin(run(async move {
            gone.await.unwrap();
            done.send(()).unwrap();
        }));
        assert!(futures_util::poll!(&mut running).is_pending());
        drop(running);
        go.send(()).unwrap();
        ended.await.unwrap();
    }

    #[test]
    fn finish_waits_with_and_without_a_runtime() {
        for inside in [false, true] {
            let done = Arc::new(AtomicBool::new(false));
            let mark = done.clone();
            let finish = move || finish(async move { mark.store(true, Ordering::SeqCst) });
            if inside {
                Builder::new_current_thread().build().unwrap().block_on(async { finish() });
            } else {
                finish();
            }
            assert!(done.load(Ordering::SeqCst), "inside {inside}");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let result = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            runtime.block_on(run(async { panic!("as planned") }));
        }));
        assert!(result.is_err());
    }
}
