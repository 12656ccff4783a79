//! The holder of the state.

use std::sync::Arc;
use std::time::Duration;

use super::lease::Owner;
use super::state::Shared;
use super::store::MemoryStore;
use crate::{LeasedDirectories, Limits, StoreInfo};

/// A store in memory, to which any number of handles connect.
///
/// It plays the server's part: it keeps the data while handles come and go, and can be
/// [restarted](MemoryServer::restart). The data go with the last of server, handles and watches.
#[derive(Debug)]
pub struct MemoryServer {
    shared: Arc<Shared>,
    info: StoreInfo,
}

impl MemoryServer {
    /// The name of this backend, and the scheme of its URL.
    pub const NAME: &'static str = "memory";

    /// How late a lease may end: as late as a busy machine wakes a task. Whoever asks the store sees none of its
    /// entries after its time; only a watch may show their end this much later.
    const LEASE_SLACK: Duration = Duration::from_secs(1);

    /// An empty store with an identity of its own, in which the directories `leased` hold leased keys only.
    pub fn new(leased: LeasedDirectories) -> Self {
        let limits = Limits { lease_slack: Self::LEASE_SLACK, ..Limits::PORTABLE };
        let info = StoreInfo { name: Self::NAME, endpoints: Vec::new(), limits, leased };
        Self { shared: Arc::new(Shared::new()), info }
    }

    /// A new handle, with leases and an end of its own.
    pub fn connect(&self) -> MemoryStore {
        let mut state = self.shared.lock();
        state.handles += 1;
        let owner = Owner(state.handles);
        let closed = state.run.child_token();
        MemoryStore::new(Arc::clone(&self.shared), self.info.clone(), owner, closed)
    }

    /// Does what a restart of a server does that keeps its data: every handle is closed, and so are its watches;
    /// entries, revision and identity stay; each lease lives for its whole ttl again, though nobody can renew it;
    /// a watch from an earlier revision than the present one begins with a reset.
    pub fn restart(&self) {
        self.shared.lock().restart();
    }
}
