//! How a remote store is used.

use std::sync::Arc;
use std::time::Duration;

use super::{ClientState, OneShot};
use crate::OpenOptions;

/// What a [`RemoteStore`](super::RemoteStore) is told beside its servers.
#[derive(Clone, Debug)]
pub struct RemoteConfig {
    /// What this client keeps across restarts. Default: nothing ([`OneShot`]).
    pub client_state: Arc<dyn ClientState>,
    /// How many commits may be in flight; more wait. Default: 64.
    pub slots: usize,
    /// How long the outcome of a commit is sought whose answer was lost, before its caller is told that it is
    /// unknown. Less than the deadline of a commit. Default: 8 s.
    pub settle: Duration,
    /// How old this client's last commit may become before it makes one for the sake of being recognised.
    /// Default: 10 s.
    pub refresh: Duration,
}

impl RemoteConfig {
    /// The defaults, with the client state of `options` if it has one.
    pub fn new(options: &OpenOptions) -> Self {
        let mut config = Self::default();
        if let Some(client_state) = &options.client_state {
            config.client_state = Arc::clone(client_state);
        }
        config
    }
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            client_state: Arc::new(OneShot::new()),
            slots: 64,
            settle: Duration::from_secs(8),
            refresh: Duration::from_secs(10),
        }
    }
}
