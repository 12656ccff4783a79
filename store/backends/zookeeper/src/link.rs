//! The connection that everything but leases and watches goes through.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netkeep_store::remote::Endpoints;
use netkeep_store::{Kind, Result};
use tokio::time::Instant;
use zookeeper_client::{Client, MultiReadResult, SessionState};

use crate::connect::Door;
use crate::error::{closed, no_answer};
use crate::layout::{Bucket, Layout};
use crate::versions::Versions;

/// One session at a time, on one server. What the client would do when its connection is lost (try again ever more
/// rarely, send then what nobody waits for any more, forget its watches) is not wanted: a session that was cut is given
/// up, and the next request opens another, at another server.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) door: Door,
    pub(crate) layout: Layout,
    endpoints: Endpoints,
    live: Mutex<Option<Live>>,
    connecting: tokio::sync::Mutex<()>,
    closed: AtomicBool,
}

/// A session, and what was seen through it.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) client: Client,
    pub(crate) versions: Arc<Versions>,
    turn: usize,
}

impl Link {
    pub(crate) fn new(door: Door, layout: Layout) -> Self {
        let endpoints = Endpoints::new(door.addresses().len());
        Self {
            door,
            layout,
            endpoints,
            live: Mutex::new(None),
            connecting: tokio::sync::Mutex::new(()),
            closed: AtomicBool::new(false),
        }
    }

    /// A session that was connected a moment ago; opens one if need be.
    ///
    /// Cancel safe.
    pub(crate) async fn live(&self) -> Result<Live> {
        if let Some(live) = self.present()? {
            return Ok(live);
        }
        let deadline = Instant::now() + self.door.request_timeout();
        let late = |_| no_answer(self.door.request_timeout());
        let _one = tokio::time::timeout_at(deadline, self.connecting.lock()).await.map_err(late)?;
        if let Some(live) = self.present()? {
            return Ok(live);
        }
        let live = tokio::time::timeout_at(deadline, self.open()).await.map_err(late)??;
        let mut slot = self.lock();
        if self.is_closed() {
            return Err(closed());
        }
        *slot = Some(live.clone());
        Ok(live)
    }

    /// A session of its own at the server that answers at present.
    ///
    /// Cancel safe.
    pub(crate) async fn another(&self) -> Result<Client> {
        if self.is_closed() {
            return Err(closed());
        }
        self.connect().await.map(|(client, _)| client)
    }

    /// Gives a session up that did not answer.
    pub(crate) fn discard(&self, live: &Live) {
        let mut slot = self.lock();
        if slot.as_ref().is_some_and(|present| Arc::ptr_eq(&present.versions, &live.versions)) {
            *slot = None;
            self.endpoints.failed(live.turn);
        }
    }

    /// Gives `live` up if this failure says that it is of no more use.
    pub(crate) fn judge<T>(&self, live: &Live, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && matches!(error.kind(), Kind::Unavailable | Kind::Unexpected)
        {
            self.discard(live);
        }
        result
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Opens nothing from now on, and gives the session back that there was.
    pub(crate) fn close(&self) -> Option<Client> {
        self.closed.store(true, Ordering::Release);
        self.lock().take().map(|live| live.client)
    }

    fn present(&self) -> Result<Option<Live>> {
        if self.is_closed() {
            return Err(closed());
        }
        let live = self.lock().clone();
        let Some(live) = live else { return Ok(None) };
        if live.client.state() == SessionState::SyncConnected {
            return Ok(Some(live));
        }
        self.discard(&live);
        Ok(None)
    }

    async fn open(&self) -> Result<Live> {
        let (client, turn) = self.connect().await?;
        let versions = Arc::new(Versions::new());
        self.see_generations(&client, &versions).await?;
        Ok(Live { client, versions, turn })
    }

    /// Tries each server once, beginning with the one that answered last.
    async fn connect(&self) -> Result<(Client, usize)> {
        let mut last = closed();
        for _ in self.door.addresses() {
            let turn = self.endpoints.turn();
            match self.door.one(self.endpoints.index(turn)).await {
                Ok(client) => return Ok((client, turn)),
                Err(error) if error.kind() == Kind::Unavailable => {
                    self.endpoints.failed(turn);
                    last = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Without them no node could be remembered. A store that is not there yet has none.
    async fn see_generations(&self, client: &Client, versions: &Versions) -> Result<()> {
        let paths: Vec<String> = Bucket::all().map(|bucket| self.layout.generation(bucket)).collect();
        let mut reader = client.new_multi_reader();
        for path in &paths {
            reader.add_get_data(path).map_err(crate::error::reading)?;
        }
        let seen = self.door.read(reader.commit()).await?;
        for (bucket, seen) in Bucket::all().zip(seen) {
            if let MultiReadResult::Data { stat, .. } = seen {
                versions.generation(bucket, stat.version);
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
