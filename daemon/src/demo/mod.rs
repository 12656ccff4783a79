//! Daemons that are killed under load, and the count of what was lost.
//!
//! Each round: several tasks make and delete networks and endpoints over the socket; in the middle of it the daemon is
//! killed with SIGKILL and started again. Then everything that had been acknowledged must be there exactly as it was
//! answered, and nothing else but what was being asked for in that moment; that is now repeated under the same request
//! ids. In the end everything is deleted, and what remains in the store counts as leaked.
//!
//! With a store that hosts share there are several daemons, each with a local file of its own, and all networks are of
//! global scope. In each round one daemon is frozen for a while, a server of the store is killed if the demo has started
//! it, and a daemon is killed; the others go on. Then every host must show what was acknowledged, and no address may be
//! two owners'.

mod audit;
mod burst;
mod child;
mod entry;
mod error;
mod global_store;
mod leftovers;
mod options;
mod round;
mod servers;
mod share;
mod verdict;
mod watcher;
mod wish;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::error::DemoError;
pub use self::global_store::GlobalStore;
pub use self::options::DemoOptions;
pub use self::verdict::{Verdict, median_and_longest};
pub use self::watcher::{Silent, Watcher};

use self::child::Daemon;
use self::round::Run;
use self::servers::Servers;

/// How long any single step may take: a start, a stop, a burst, the deletion of everything.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs all rounds, and says what was found. The daemons keep their store in a folder that is removed afterwards,
/// unless something was lost or leaked: then it stays, and the verdict names it.
///
/// Cancellation: the daemons and servers that run are killed, and the folder removed.
///
/// # Errors
///
/// [`DemoError`] if no verdict could be reached: a server does not start; a daemon does not start, does not answer, or
/// does not stop.
pub async fn run(options: &DemoOptions, watcher: Arc<dyn Watcher>) -> Result<Verdict, DemoError> {
    options.check()?;
    let folder = tempfile::Builder::new()
        .prefix("netkeep-demo-")
        .tempdir()
        .map_err(|error| DemoError::system("making a folder", error))?;
    let servers = match &options.global {
        None => None,
        Some(store) => {
            watcher.step(0, "starting the servers", None);
            Some(Servers::open(store, options.seed).await?)
        }
    };
    let homes: Vec<PathBuf> = match options.daemons() {
        1 => vec![folder.path().to_owned()],
        hosts => (1..=hosts).map(|host| folder.path().join(format!("host-{host}"))).collect(),
    };
    let global = servers.as_ref().map(Servers::url);
    let daemons =
        homes.iter().map(|home| Daemon::new(options, home, global)).collect::<Result<Vec<_>, _>>()?;
    let mut verdict = Run::new(options, daemons, servers, watcher).run().await.map_err(|error| {
        let logs = homes.iter().filter_map(|home| std::fs::read_to_string(home.join(Daemon::LOG)).ok());
        error.with_log(&logs.collect::<String>())
    })?;
    if !verdict.is_clean() {
        verdict.folder = Some(folder.keep());
    }
    Ok(verdict)
}
