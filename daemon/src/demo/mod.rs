//! Daemons that are killed under load, and the count of what was lost.
//!
//! Each round: several tasks make and delete networks and endpoints over the socket; in the middle of it the daemon is
//! killed with SIGKILL and started again. Then everything that had been acknowledged must be there exactly as it was
//! answered, and nothing else but what was being asked for in that moment; that is now repeated under the same request
//! ids. In the end everything is deleted, and what remains in the store counts as leaked.

mod audit;
mod burst;
mod child;
mod entry;
mod error;
mod leftovers;
mod options;
mod round;
mod share;
mod verdict;
mod watcher;
mod wish;

use std::sync::Arc;
use std::time::Duration;

pub use self::error::DemoError;
pub use self::options::DemoOptions;
pub use self::verdict::Verdict;
pub use self::watcher::{Silent, Watcher};

use self::child::Daemon;
use self::round::Run;

/// How long any single step may take: a start, a stop, a burst, the deletion of everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs all rounds, and says what was found. The daemons keep their store in a folder that is removed afterwards,
/// unless something was lost or leaked: then it stays, and the verdict names it.
///
/// Cancellation: the daemon that runs is killed, and the folder removed.
///
/// # Errors
///
/// [`DemoError`] if no verdict could be reached: a daemon does not start, does not answer, or does not stop.
pub async fn run(options: &DemoOptions, watcher: Arc<dyn Watcher>) -> Result<Verdict, DemoError> {
    options.check()?;
    let folder = tempfile::Builder::new()
        .prefix("netkeep-demo-")
        .tempdir()
        .map_err(|error| DemoError::system("making a folder", error))?;
    let daemon = Daemon::new(options, folder.path())?;
    let mut verdict = Run::new(options, daemon, watcher).run().await.map_err(|error| {
        let log = std::fs::read_to_string(folder.path().join(Daemon::LOG)).unwrap_or_default();
        error.with_log(&log)
    })?;
    if !verdict.is_clean() {
        verdict.folder = Some(folder.keep());
    }
    Ok(verdict)
}
