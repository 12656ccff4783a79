//! What all handles of one client share.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::hub::Hubs;
use super::session::Session;
use super::{ClientId, RemoteConfig, Server};
use crate::{Error, Kind, Result};

/// One client of a store.
pub(super) struct Engine {
    pub(super) server: Arc<dyn Server>,
    pub(super) config: RemoteConfig,
    /// The name of this run of the client.
    pub(super) run: ClientId,
    operations: AtomicU64,
    standing: Mutex<Standing>,
    establishing: tokio::sync::Mutex<()>,
    pub(super) hubs: Hubs,
    /// How many handles are open.
    pub(super) handles: AtomicUsize,
    /// True once somebody keeps this client known to the store.
    pub(super) kept: AtomicBool,
    /// Cancelled when the last handle has closed.
    pub(super) over: CancellationToken,
}

/// How this client stands to the store.
#[derive(Debug)]
enum Standing {
    /// It has not spoken to it, or must begin anew.
    Stranger,
    Known(Arc<Session>),
    /// It must not use it.
    Refused {
        kind: Kind,
        message: String,
        for_good: bool,
    },
}

impl Engine {
    pub(super) fn new(server: Arc<dyn Server>, config: RemoteConfig) -> Arc<Self> {
        Arc::new(Self {
            server,
            config,
            run: ClientId::random(),
            operations: AtomicU64::new(1),
            standing: Mutex::new(Standing::Stranger),
            establishing: tokio::sync::Mutex::new(()),
            hubs: Hubs::default(),
            handles: AtomicUsize::new(0),
            kept: AtomicBool::new(false),
            over: CancellationToken::new(),
        })
    }

    /// A number that no other operation of this run has.
    pub(super) fn next_operation(&self) -> u64 {
        self.operations.fetch_add(1, Ordering::Relaxed)
    }

    /// The store as it was recognised; recognises it first if it was not.
    ///
    /// Cancellation: recognising goes on.
    pub(super) async fn session(self: &Arc<Self>) -> Result<Arc<Session>> {
        if let Some(settled) = self.standing() {
            return settled;
        }
        let engine = Arc::clone(self);
        let recognised = tokio::spawn(async move { engine.recognise_once().await }).await;
        recognised
            .map_err(|error| Error::new(Kind::Unexpected, "recognising the store ended").with_source(error))?
    }

    async fn recognise_once(self: Arc<Self>) -> Result<Arc<Session>> {
        let _one = self.establishing.lock().await;
        if let Some(settled) = self.standing() {
            return settled;
        }
        let established = tokio::select! {
            biased;
            // What was sent by then harms the next run of this client as little as what a process sends that is killed.
            () = self.over.cancelled() => Err(Error::closed("the store was closed")),
            established = self.establish() => established,
        };
        match established {
            Ok(session) => {
                let session = Arc::new(session);
                *self.lock() = Standing::Known(Arc::clone(&session));
                self.keep();
                Ok(session)
            }
            Err(error) => {
                if error.kind() == Kind::Replaced {
                    self.refuse(&error, false);
                    self.keep();
                }
                Err(error)
            }
        }
    }

    /// The store as it was recognised, if it was.
    pub(super) fn standing(&self) -> Option<Result<Arc<Session>>> {
        match &*self.lock() {
            Standing::Stranger => None,
            Standing::Known(session) => Some(Ok(Arc::clone(session))),
            Standing::Refused { kind, message, .. } => Some(Err(Error::new(*kind, message.clone()))),
        }
    }

    /// True if the store was refused, but may be accepted again.
    pub(super) fn may_be_accepted(&self) -> bool {
        matches!(&*self.lock(), Standing::Refused { for_good: false, .. })
    }

    /// Uses the store no more: every call answers this, and every watch ends with it.
    pub(super) fn refuse(&self, error: &Error, for_good: bool) {
        let (kind, message) = (error.kind(), error.message().to_owned());
        {
            let mut standing = self.lock();
            if matches!(&*standing, Standing::Refused { for_good: true, .. }) {
                return;
            }
            *standing = Standing::Refused { kind, message: message.clone(), for_good };
        }
        self.hubs.fail(kind, &message);
    }

    /// Recognises the store anew at the next call, unless that has happened since `session`.
    pub(super) fn forget(&self, session: &Arc<Session>) {
        let mut standing = self.lock();
        if matches!(&*standing, Standing::Known(present) if Arc::ptr_eq(present, session)) {
            *standing = Standing::Stranger;
            drop(standing);
            self.hubs.reset();
        }
    }

    /// Begins anew with a store that was refused, to see whether somebody has accepted it.
    pub(super) fn look_again(&self) {
        let mut standing = self.lock();
        if matches!(&*standing, Standing::Refused { for_good: false, .. }) {
            *standing = Standing::Stranger;
        }
    }

    /// Ends what runs in the background, lets go of slots that nobody will use again, and of the servers.
    pub(super) async fn end(&self) -> Result<()> {
        self.over.cancel();
        // Whoever makes this client known has stopped: the next run of it has nobody beside it.
        drop(self.establishing.lock().await);
        if let Some(Ok(session)) = self.standing()
            && !self.config.client_state.is_kept()
        {
            self.delete_slots(&session).await;
        }
        self.server.close().await
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("server", &self.server)
            .field("client", &self.config.client_state.client())
            .field("run", &self.run)
            .field("standing", &*self.lock())
            .finish_non_exhaustive()
    }
}
