//! Getting to the global store, and staying there.

use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netkeep_drivers::registry::DriverRegistry;
use netkeep_model::{BootId, HostRef, Incarnation};
use netkeep_store::datastore::GlobalDatastore;
use netkeep_store::remote::KnownStore;
use netkeep_store::{Kind, Revision};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::last_known::{self, LastKnown};
use super::snapshot::SnapshotFile;
use super::standing::{GlobalState, GlobalStatus, Served, Standing, What};
use super::{Stale, begin};
use crate::attachment::{Place, reconcile};
use crate::controller::Inner;
use crate::fence::Over;
use crate::hosts::{self, HostsConfig};
use crate::tables::feed;
use crate::{Error, ErrorKind, Result, status};

/// The first pause before the store is tried again; the next ones grow.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause while it cannot be had. Pauses are random below this, so that hosts do not come all at once.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The same while it must not be used: somebody has to do something about it first.
const REFUSED_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// Writing snapshots takes at most one part in so many of the time.
const SAVING_SHARE: u32 = 50;
/// How long the store may take to say which one it is before a snapshot is left for later.
const ASKING: Duration = Duration::from_secs(5);

/// What a run of this host in the global store is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) global: Arc<dyn GlobalDatastore>,
    pub(crate) registry: DriverRegistry,
    /// This run, as the local store names it.
    pub(crate) host: HostRef,
    pub(crate) boot: BootId,
    pub(crate) hosts: HostsConfig,
    /// What serves the store of this host.
    pub(crate) local: Arc<Inner>,
    /// Where what is known is kept for the next start.
    pub(crate) snapshot: Option<SnapshotFile>,
}

/// The global store. It is opened in the background, for as long as that takes; nothing waits for it.
#[derive(Debug)]
pub(crate) struct GlobalSide {
    parts: Parts,
    standing: watch::Sender<Standing>,
    /// What may be read while the store cannot be had.
    last: Mutex<Option<LastKnown>>,
    /// The newest commit that is in the file.
    kept: tokio::sync::Mutex<Revision>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl GlobalSide {
    /// Begins to open the store. What was known last of it can be read at once.
    pub(crate) async fn begin(parts: Parts, known: Option<&KnownStore>) -> Result<Arc<Self>> {
        let last = match &parts.snapshot {
            Some(file) => LastKnown::read(file, &parts, known).await?,
            None => None,
        };
        let side = Arc::new(Self {
            parts,
            standing: watch::Sender::new(Standing::new(What::Waiting(None))),
            last: Mutex::new(last),
            kept: tokio::sync::Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        side.tasks.spawn({
            let side = Arc::clone(&side);
            async move {
                tokio::select! {
                    () = side.keep_open() => {}
                    () = side.stop.cancelled() => {}
                }
            }
        });
        side.tasks.spawn({
            let side = Arc::clone(&side);
            async move {
                tokio::select! {
                    () = side.keep_snapshot() => {}
                    () = side.stop.cancelled() => {}
                }
            }
        });
        side.tasks.close();
        Ok(side)
    }

    /// What serves networks of global scope, for changes too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] with the reason, at once, while nothing does.
    pub(crate) fn open(&self) -> Result<Arc<Inner>> {
        self.standing.borrow().served(true)
    }

    /// The same for reading: also what was known last of a store that is away.
    ///
    /// # Errors
    ///
    /// As [`GlobalSide::open`].
    pub(crate) fn known(&self) -> Result<Arc<Inner>> {
        let standing = self.standing.borrow();
        standing.served(false).or_else(|error| match &*self.last() {
            Some(last) if standing.may_be_stale() => Ok(Arc::clone(&last.inner)),
            _ => Err(error),
        })
    }

    /// How old what is read is; `None` while the store is followed.
    pub(crate) fn stale(&self) -> Option<Stale> {
        let standing = self.standing.borrow();
        match &standing.what {
            What::Open(_) => None,
            What::Away(served, _) => Some(Stale {
                revision: served.inner.site.replica.read().latest().get(),
                age: standing.since.elapsed(),
            }),
            _ if standing.may_be_stale() => self.last().as_ref().map(LastKnown::stale),
            _ => None,
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<LastKnown>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until changes are served.
    ///
    /// Cancel safe.
    pub(crate) async fn opened(&self) {
        let mut standing = self.standing.subscribe();
        // The sender is this side's own.
        let _ = standing.wait_for(|standing| matches!(standing.what, What::Open(_))).await;
    }

    /// How it is.
    pub(crate) fn status(&self) -> GlobalStatus {
        let stale = self.stale();
        let standing = self.standing.borrow().clone();
        let (state, reason, served) = standing.shown();
        let info = self.parts.global.store().info();
        let mut shown = GlobalStatus {
            store: info.name.to_owned(),
            endpoints: info.endpoints.clone(),
            state,
            since: standing.since.elapsed(),
            stale,
            reason,
            incarnation: None,
            revision: 0,
            records: Default::default(),
            quarantine: Default::default(),
            hosts: Default::default(),
            sign: None,
            recovery: None,
        };
        if let Some(served) = served {
            let site = &served.inner.site;
            let state = site.replica.read();
            shown.incarnation = Some(site.actor.incarnation);
            shown.revision = state.latest().get();
            shown.records = status::records(&state);
            shown.hosts = hosts::states(&state);
            shown.sign = Some(served.sign.status());
            shown.quarantine = status::quarantine(&state);
            shown.recovery = Some(served.recovery.clone());
        } else if let (Some(_), Some(last)) = (stale, &*self.last()) {
            let state = last.inner.site.replica.read();
            shown.revision = state.latest().get();
            shown.records = status::records(&state);
            shown.quarantine = status::quarantine(&state);
        }
        shown
    }

    /// Waits until the state is another than this one, and returns it. Cancel safe.
    pub(crate) async fn turned(&self, from: GlobalState) -> GlobalState {
        let mut standing = self.standing.subscribe();
        let turned = standing.wait_for(|standing| standing.shown().0 != from).await;
        turned.map_or(from, |standing| standing.shown().0)
    }

    /// Stops. Cancel safe.
    pub(crate) async fn close(&self) {
        self.stop();
        self.tasks.wait().await;
        self.save().await;
        let served = match &self.standing.borrow().what {
            What::Open(served) | What::Away(served, _) => Some(Arc::clone(served)),
            What::Waiting(_) | What::Refused(..) => None,
        };
        if let Some(served) = served {
            served.sign.end(&served.inner.site).await;
        }
        self.parts.registry.global_fence().clear();
        let closed = Standing::new(What::Refused("the controller was closed".into(), false));
        self.standing.send_replace(closed);
    }

    /// Tells it to stop.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Opens the store, again and again until it is open, and again when it was lost.
    async fn keep_open(&self) {
        let mut ours: Option<Incarnation> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match begin::open(&self.parts, &mut ours).await {
                Ok(served) => {
                    pause = FIRST_PAUSE;
                    tracing::info!(store = self.name(), incarnation = %served.inner.site.actor.incarnation,
                        "in sync with the global store");
                    self.serve(Arc::new(served)).await
                }
                Err(error) => error,
            };
            // No driver may write any more for the run that is over, nor for the next one before that has begun.
            self.parts.registry.global_fence().clear();
            let waits = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown);
            tracing::warn!(store = self.name(), %error, "the global store is not served");
            self.note(waits, &error);
            if error.kind() == ErrorKind::Closed {
                return;
            }
            let (least, longest) = if waits { (FIRST_PAUSE, MAX_PAUSE) } else { REFUSED_PAUSES };
            let most = pause.clamp(least, longest);
            tokio::time::sleep(most.mul_f64(rand::random::<f64>())).await;
            pause = most * 2;
        }
    }

    /// Serves until the store is lost for good or this run is over, and returns why.
    async fn serve(&self, served: Arc<Served>) -> Error {
        let place = Place::shared(&self.parts.local, &served.inner);
        let site = &served.inner.site;
        let run = site.actor;
        let over = || {
            let state = site.replica.read();
            let host = &state.tables.hosts.get(&run.host)?.record;
            let is_evicted = host.incarnation == run.incarnation && host.is_evicted();
            let why = if is_evicted { Over::Evicted } else { Over::Begun };
            (is_evicted || host.incarnation > run.incarnation).then_some(why)
        };
        let followed = || matches!(self.standing.borrow().what, What::Open(_));
        let (lost, over) = tokio::select! {
            lost = site.replica.until(|state| state.tables.is_over(run)) => (lost, over()),
            why = site.over() => (None, Some(why)),
            () = self.look_after(&served) => (None, None),
            () = reconcile(&place) => (None, None),
            () = feed(&place) => (None, None),
            () = served.sign.keep(site) => (None, None),
            () = hosts::keep(&served.inner, self.parts.hosts, served.sign.ttl(), followed) => (None, None),
        };
        *self.last() = Some(LastKnown::now(Arc::clone(&served.inner)));
        match (lost, over) {
            (_, Some(Over::Evicted)) => Error::new(
                ErrorKind::Unavailable,
                format!("host {} was evicted as incarnation {}, and begins again", run.host, run.incarnation),
            ),
            (Some(ended), _) => {
                let source = netkeep_store::Error::new(ended.kind, ended.why.to_string());
                Error::new(ErrorKind::Forbidden, ended.why.to_string()).with_source(source)
            }
            _ => Error::new(
                ErrorKind::Closed,
                format!(
                    "another daemon has begun there as host {}; no two may have one local store, or copies of one",
                    run.host
                ),
            ),
        }
    }

    /// Lets nobody wait for a store that is known to be away, and sees when it is back. Does not end.
    async fn look_after(&self, served: &Arc<Served>) {
        let site = &served.inner.site;
        loop {
            self.standing.send_replace(Standing::new(What::Open(Arc::clone(served))));
            let why = site.troubled().await;
            tracing::warn!(store = self.name(), %why, "the global store is away");
            self.standing.send_replace(Standing::new(What::Away(Arc::clone(served), why)));
            let mut pause = FIRST_PAUSE;
            loop {
                tokio::time::sleep(pause.mul_f64(rand::random::<f64>())).await;
                if site.probe().await {
                    break;
                }
                pause = (pause * 2).min(MAX_PAUSE);
            }
            tracing::info!(store = self.name(), "the global store is back");
        }
    }

    /// Says why it is not served. The time since when stays while the state does.
    fn note(&self, waits: bool, error: &Error) {
        let why: Arc<str> = error.to_string().into();
        self.standing.send_modify(|standing| {
            let same =
                matches!((&standing.what, waits), (What::Waiting(_), true) | (What::Refused(..), false));
            let since = standing.since;
            *standing = Standing::new(if waits {
                What::Waiting(Some(why))
            } else {
                What::Refused(why, is_denied(error))
            });
            if same {
                standing.since = since;
            }
        });
    }

    /// Keeps what is known for the next start, as long as the store is followed and whenever something has changed.
    async fn keep_snapshot(&self) {
        let Some(file) = &self.parts.snapshot else { return };
        loop {
            self.opened().await;
            let began = Instant::now();
            self.save().await;
            // A large store costs as little as a small one.
            let pause = file.pause.max(began.elapsed() * SAVING_SHARE);
            tokio::time::sleep(pause.mul_f64(1.0 + rand::random::<f64>() / 4.0)).await;
        }
    }

    /// Writes the snapshot, if something has changed since it was written.
    async fn save(&self) {
        let (Some(file), Ok(inner)) = (&self.parts.snapshot, self.open()) else { return };
        let mut kept = self.kept.lock().await;
        let latest = inner.site.replica.read().latest();
        if latest == *kept {
            return;
        }
        let asked = tokio::time::timeout(ASKING, self.parts.global.status()).await;
        let Ok(Ok(status)) = asked else { return };
        let (file, identity) = (file.clone(), status.identity);
        let written = tokio::task::spawn_blocking(move || {
            let (head, entries) = last_known::snapshot(&inner, identity);
            file.write(&head, &entries).map(|()| head.revision)
        });
        match written.await {
            Ok(Ok(revision)) => *kept = revision,
            Ok(Err(error)) => tracing::warn!(%error, "the last-known state of the global store was not kept"),
            Err(error) => tracing::warn!(%error, "the last-known state of the global store was not kept"),
        }
    }

    fn name(&self) -> &'static str {
        self.parts.global.store().info().name
    }
}

/// True if the store is the one that it was, and does not let this host in.
fn is_denied(error: &Error) -> bool {
    let mut source = error.source();
    for _ in 0..8 {
        let Some(found) = source else { return false };
        if let Some(store) = found.downcast_ref::<netkeep_store::Error>() {
            return store.kind() == Kind::Denied;
        }
        source = found.source();
    }
    false
}
