//! One member of the cluster, and the connection to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use etcd_client::{Client, ConnectOptions, KvClient, LeaseClient, WatchClient};
use netkeep_store::HostPort;
use tokio::sync::Mutex;

use crate::error::Fault;

/// A snapshot of large values comes in one answer.
const LARGEST_ANSWER: usize = 512 << 20;

/// The clients of one member. Each is cheap to clone; all share one connection, which comes back by itself.
#[derive(Clone)]
pub(crate) struct Connected {
    pub(crate) client: Client,
    pub(crate) kv: KvClient,
    pub(crate) lease: LeaseClient,
    pub(crate) watch: WatchClient,
}

/// One member, connected to when it is needed first.
pub(crate) struct Member {
    endpoint: HostPort,
    uri: String,
    options: ConnectOptions,
    connected: RwLock<Option<Connected>>,
    connecting: Mutex<()>,
    answers: AtomicBool,
}

impl Member {
    pub(crate) fn new(endpoint: HostPort, uri: String, options: ConnectOptions) -> Self {
        Self {
            endpoint,
            uri,
            options,
            connected: RwLock::default(),
            connecting: Mutex::default(),
            answers: AtomicBool::new(false),
        }
    }

    pub(crate) fn endpoint(&self) -> &HostPort {
        &self.endpoint
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// Takes note that the member has answered a request.
    pub(crate) fn has_answered(&self) {
        if !self.answers() {
            self.answers.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the member has ever answered.
    pub(crate) fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// The connection, made now if there is none. With credentials this asks for a token.
    pub(crate) async fn connected(&self) -> Result<Connected, Fault> {
        if let Some(connected) = self.present() {
            return Ok(connected);
        }
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(connected) = self.present() {
            return Ok(connected);
        }
        let client = Client::connect([&self.uri], Some(self.options.clone())).await?;
        let connected = Connected {
            kv: client.kv_client().max_decoding_message_size(LARGEST_ANSWER),
            lease: client.lease_client(),
            watch: client.watch_client().max_decoding_message_size(LARGEST_ANSWER),
            client,
        };
        *self.connected.write().unwrap_or_else(PoisonError::into_inner) = Some(connected.clone());
        Ok(connected)
    }

    /// Lets the connection go; it ends when nobody uses it any more.
    pub(crate) fn disconnect(&self) {
        *self.connected.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn present(&self) -> Option<Connected> {
        self.connected.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
