//! The changes below a prefix, as etcd streams them.

use std::sync::Arc;

use async_trait::async_trait;
use etcd_client::{Event, EventType, WatchOptions, WatchRequestSender, WatchResponse, WatchResponseStream};
use netkeep_store::remote::{Room, Upstream};
use netkeep_store::{Batch, Change, Prefix, Result, Revision, WatchItem};

use crate::error::Fault;
use crate::keys::Keys;
use crate::list;
use crate::pool::Pool;

/// A watch of one prefix.
pub(crate) struct EtcdUpstream {
    pool: Arc<Pool>,
    keys: Keys,
    prefix: Prefix,
    /// What the last item that was returned contains; nothing if the next one must be a reset.
    told: Option<Revision>,
    /// A reset that was not returned yet.
    reset: Option<WatchItem>,
    stream: Option<Stream>,
}

/// A stream of answers from one member.
struct Stream {
    /// Dropped, it ends the stream.
    _requests: WatchRequestSender,
    answers: WatchResponseStream,
    /// The turn of the member.
    turn: usize,
    /// The beginning of an answer that comes in several.
    parts: Vec<Change>,
}

impl EtcdUpstream {
    /// A watch after `after`, or one that begins with a reset.
    pub(crate) async fn open(
        pool: Arc<Pool>,
        keys: Keys,
        prefix: Prefix,
        after: Option<Revision>,
    ) -> Result<Self> {
        let mut upstream = Self { pool, keys, prefix, told: None, reset: None, stream: None };
        if let Some(after) = after
            && after <= list::revision(&upstream.pool, &upstream.keys).await?
        {
            upstream.told = Some(after);
        }
        upstream.connect().await?;
        Ok(upstream)
    }

    /// Opens a stream after what was told, or lists and opens one after that.
    async fn connect(&mut self) -> Result<()> {
        self.stream = None;
        if let Some(told) = self.told {
            match self.watch_after(told).await.map_err(Fault::of_read)? {
                Some(stream) => {
                    self.stream = Some(stream);
                    return Ok(());
                }
                None => self.told = None,
            }
        }
        self.reset = None;
        let snapshot = list::list(&self.pool, &self.keys, Room::Entries, &self.prefix).await?;
        match self.watch_after(snapshot.revision).await.map_err(Fault::of_read)? {
            Some(stream) => {
                self.stream = Some(stream);
                self.reset = Some(WatchItem::Reset(snapshot));
                Ok(())
            }
            None => Err(Fault::canceled("etcd was compacted while the prefix was listed").of_read()),
        }
    }

    /// A stream of what comes after `after`; `None` if that is no longer in the history.
    async fn watch_after(&self, after: Revision) -> Result<Option<Stream>, Fault> {
        let (from, to) = self.keys.range(Room::Entries, &self.prefix);
        let start = i64::try_from(after.get()).unwrap_or(i64::MAX).saturating_add(1);
        let options = WatchOptions::new()
            .with_range(to)
            .with_start_revision(start)
            .with_progress_notify()
            .with_fragment();
        let turn = self.pool.turn();
        let (requests, answers, first) = self
            .pool
            .ask(async move |mut at| {
                let (requests, mut answers) = at.watch.watch(from, Some(options)).await?.split();
                let first = answers.message().await?;
                Ok((requests, answers, first))
            })
            .await?;
        let Some(first) = first else { return Err(Fault::ended()) };
        if first.compact_revision() > 0 {
            return Ok(None);
        }
        if first.canceled() {
            return Err(Fault::canceled(first.cancel_reason()));
        }
        Ok(Some(Stream { _requests: requests, answers, turn, parts: Vec::new() }))
    }

    /// What an answer tells. `None` if it tells nothing yet.
    fn digest(&mut self, answer: &WatchResponse) -> Option<Batch> {
        let stream = self.stream.as_mut()?;
        let told = self.told.unwrap_or_default();
        let events = answer.events();
        for event in events {
            let change = change(&self.keys, event).filter(|change| change.revision() > told);
            stream.parts.extend(change);
        }
        // Only this field says that the commit that the last event is of goes on in the next answer.
        if answer.0.fragment {
            return None;
        }
        let last = events.iter().filter_map(Event::kv).map(|found| found.mod_revision()).max();
        // With events the header may be ahead of them: the server may still have more.
        let through = match (last, answer.header()) {
            (Some(last), _) => list::revision_number(last),
            (None, Some(header)) if !answer.created() => list::revision_number(header.revision()),
            (None, _) => return None,
        };
        let changes = std::mem::take(&mut stream.parts);
        (through > told).then(|| {
            self.told = Some(through);
            Batch { changes, through }
        })
    }
}

#[async_trait]
impl Upstream for EtcdUpstream {
    async fn next(&mut self) -> Result<WatchItem> {
        if let Some(reset) = self.reset.take() {
            self.told = Some(reset.through());
            return Ok(reset);
        }
        loop {
            let Some(stream) = &mut self.stream else { return Err(Fault::ended().of_read()) };
            let turn = stream.turn;
            let fault = match stream.answers.message().await {
                Ok(Some(answer)) if answer.compact_revision() > 0 => {
                    // We were too slow for etcd's history; the state tells what the changes would have.
                    self.told = None;
                    self.stream = None;
                    self.connect().await?;
                    if let Some(reset) = self.reset.take() {
                        self.told = Some(reset.through());
                        return Ok(reset);
                    }
                    continue;
                }
                Ok(Some(answer)) if answer.canceled() => Fault::canceled(answer.cancel_reason()),
                Ok(Some(answer)) => match self.digest(&answer) {
                    Some(batch) => return Ok(WatchItem::Changes(batch)),
                    None => continue,
                },
                Ok(None) => Fault::ended(),
                Err(error) => Fault::from(error),
            };
            if fault.verdict.elsewhere {
                self.pool.failed(turn);
            }
            self.stream = None;
            return Err(fault.of_read());
        }
    }

    async fn reconnect(&mut self, resume: bool) -> Result<()> {
        if !resume {
            self.told = None;
        }
        self.connect().await
    }
}

fn change(keys: &Keys, event: &Event) -> Option<Change> {
    let found = event.kv()?;
    let Some(key) = keys.strip(Room::Entries, found.key()) else {
        list::ignored(found.key());
        return None;
    };
    Some(match event.event_type() {
        EventType::Put => Change::Put(list::entry(key, found)),
        EventType::Delete => Change::Delete { key, revision: list::revision_number(found.mod_revision()) },
    })
}
