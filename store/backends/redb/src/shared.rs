//! What the handles of an open file and its writer share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, mpsc};

use netkeep_store::{Error, Feed, Identity, Kind, Prefix, Result, Snapshot, StoreInfo};
use tokio::sync::{oneshot, watch};

use crate::error::Fault;
use crate::lease::{LeaseNames, Leases};
use crate::lock::Place;
use crate::read::View;
use crate::request::Request;
use crate::stats::Counts;
use crate::volume::Volume;

/// How many bytes of commits may wait for the writer.
const MAX_WAITING: usize = 256 * 1024 * 1024;
/// How often a read is tried again on a view that has just replaced the one it had.
const READ_TRIES: usize = 4;

/// An open file, as everybody who uses it sees it.
pub(crate) struct Shared {
    pub(crate) info: StoreInfo,
    pub(crate) identity: Identity,
    pub(crate) names: LeaseNames,
    pub(crate) feed: Arc<Feed>,
    pub(crate) volume: Arc<Volume>,
    pub(crate) counts: Counts,
    /// Where those look who would open the file again; `None` if it is no file.
    place: Option<Arc<Place>>,
    leases: Mutex<Leases>,
    views: watch::Sender<Seen>,
    queue: RwLock<Option<mpsc::Sender<Request>>>,
    waiting: AtomicUsize,
    failure: OnceLock<String>,
    handles: AtomicUsize,
    next_handle: AtomicU64,
    ended: watch::Sender<bool>,
    /// Held by whoever compacts or copies the file.
    pub(crate) maintenance: Arc<tokio::sync::Mutex<()>>,
}

/// What readers see now.
#[derive(Clone)]
pub(crate) enum Seen {
    /// This.
    View(Arc<View>),
    /// Nothing for the moment: the file is being compacted or opened again.
    Wait,
    /// Nothing any more.
    End,
}

impl Shared {
    pub(crate) fn new(
        info: StoreInfo,
        identity: Identity,
        leases: Leases,
        view: View,
        volume: Arc<Volume>,
        queue: mpsc::Sender<Request>,
        place: Option<Arc<Place>>,
    ) -> Self {
        Self {
            info,
            names: LeaseNames::new(&identity),
            identity,
            feed: Arc::new(Feed::new(view.revision())),
            volume,
            counts: Counts::default(),
            place,
            leases: Mutex::new(leases),
            views: watch::Sender::new(Seen::View(Arc::new(view))),
            queue: RwLock::new(Some(queue)),
            waiting: AtomicUsize::new(0),
            failure: OnceLock::new(),
            handles: AtomicUsize::new(0),
            next_handle: AtomicU64::new(0),
            ended: watch::Sender::new(false),
            maintenance: Arc::default(),
        }
    }

    /// Counts a new handle, and numbers it.
    pub(crate) fn enter(&self) -> u64 {
        self.handles.fetch_add(1, Ordering::AcqRel);
        self.next_handle.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a handle that is no more; the last one closes the file.
    pub(crate) fn leave(&self) {
        if self.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            if let Some(place) = &self.place {
                place.closing();
            }
            // If the writer has ended already, there is nothing to close.
            let _ = self.send(Request::Close);
        }
    }

    pub(crate) fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands something to the writer.
    ///
    /// # Errors
    ///
    /// [`Kind::Closed`] if the writer has ended, [`Kind::Unavailable`] if too much is waiting already.
    pub(crate) fn send(&self, request: Request) -> Result<()> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return Err(self.closed()) };
        let weight = request.weight();
        if weight > 0 && self.waiting.load(Ordering::Relaxed) > MAX_WAITING {
            return Err(Error::new(Kind::Unavailable, "too many commits wait for the disk"));
        }
        self.waiting.fetch_add(weight, Ordering::Relaxed);
        queue.send(request).map_err(|_| self.closed())
    }

    /// Hands something to the writer and waits for its answer.
    pub(crate) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T>>) -> Request,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.await.unwrap_or_else(|_| {
            Err(Error::new(Kind::Unexpected, "the writer ended without an answer").with_unknown_outcome())
        })
    }

    /// Notes that the writer took a request from the queue.
    pub(crate) fn taken(&self, request: &Request) {
        self.waiting.fetch_sub(request.weight(), Ordering::Relaxed);
    }

    /// Closes the queue: whoever sends from now on is told that the store is closed.
    pub(crate) fn close_queue(&self) {
        *self.queue.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Shows readers something else; the return value is what they saw before.
    pub(crate) fn show(&self, seen: Seen) -> Seen {
        self.views.send_replace(seen)
    }

    /// Makes the store useless, and keeps why.
    pub(crate) fn fail(&self, reason: String) {
        tracing::error!(reason, "the store has failed; its file must be opened again");
        let _ = self.failure.set(reason);
        if let Some(place) = &self.place {
            place.closing();
        }
        self.show(Seen::End);
        self.feed.end();
    }

    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// What is answered once the store is closed or has failed.
    pub(crate) fn closed(&self) -> Error {
        match self.failure() {
            Some(reason) => {
                Error::closed(format!("the store has failed and its file must be opened again: {reason}"))
            }
            None => Error::closed("the store was closed"),
        }
    }

    /// Says that the writer has ended and the file is free.
    pub(crate) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until the writer has ended.
    pub(crate) async fn ended(&self) {
        // The sender lives as long as we do, so this cannot fail.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// True once nothing will be seen any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.view_now(), Seen::End)
    }

    /// Waits while there is nothing to be seen.
    pub(crate) async fn view(&self) -> Result<Arc<View>> {
        match self.view_now() {
            Seen::View(view) => return Ok(view),
            Seen::End => return Err(self.closed()),
            Seen::Wait => {}
        }
        let mut views = self.views.subscribe();
        let seen = views.wait_for(|seen| !matches!(seen, Seen::Wait)).await.map(|seen| seen.clone());
        match seen {
            Ok(Seen::View(view)) => Ok(view),
            _ => Err(self.closed()),
        }
    }

    /// Reads from the present view, and from the one that follows if that one was taken away meanwhile.
    pub(crate) async fn read<T>(&self, read: impl Fn(&View) -> Result<T, Fault>) -> Result<T> {
        let mut tries = 0;
        loop {
            let view = self.view().await?;
            let fault = match read(&view) {
                Ok(value) => return Ok(value),
                Err(fault) => fault,
            };
            tries += 1;
            if matches!(fault, Fault::Damage(_)) || tries == READ_TRIES {
                return Err(fault.into_error());
            }
            drop(view);
            self.inspect().await?;
        }
    }

    /// Has the writer look at the disk, which a reader found failing: afterwards the store has failed, or there is
    /// another view, or all is well.
    pub(crate) async fn inspect(&self) -> Result<()> {
        self.ask(|reply| Request::Inspect { reply }).await
    }

    /// Reads from the present view without waiting.
    ///
    /// # Errors
    ///
    /// [`Kind::Unavailable`] if there is none for the moment, or if the disk fails.
    pub(crate) fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        match self.view_now() {
            Seen::View(view) => view.list(prefix).map_err(Fault::into_error),
            Seen::Wait => Err(Error::new(Kind::Unavailable, "the file is being compacted or opened again")),
            Seen::End => Err(self.closed()),
        }
    }

    fn view_now(&self) -> Seen {
        self.views.borrow().clone()
    }
}
