//! Where one waits until another lets it go.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// A gate for one.
#[derive(Debug)]
pub(crate) struct Gate {
    reached: Semaphore,
    open: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { reached: Semaphore::new(0), open: Semaphore::new(0) })
    }

    /// Waits until the gate is open.
    pub(crate) async fn pass(&self) {
        self.reached.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }

    /// Waits until somebody waits at the gate.
    pub(crate) async fn reached(&self) {
        let reached = tokio::time::timeout(Duration::from_secs(20), self.reached.acquire());
        reached.await.expect("the gate is reached").unwrap().forget();
    }

    /// Lets one pass.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }
}
