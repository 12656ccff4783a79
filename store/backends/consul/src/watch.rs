//! The watch of one prefix.
//!
//! Consul tells that something below a path has changed by answering a waiting read with everything below it. So a
//! watch waits for the stamps and the leased entries, and reads the buckets whose stamps have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::Upstream;
use netkeep_store::{Entry, Error, Kind, Prefix, Result, Snapshot, WatchItem};
use tokio::time::{Instant, sleep_until};

use crate::client::Call;
use crate::layout::{BUCKETS, Part};
use crate::read::{OPS, TREES};
use crate::stamps::{Bucket, Known, Look};
use crate::store::Shared;
use crate::wire::{self, Row, TxnAnswer};

/// How long one read waits at the server for a change. What is missed otherwise is found when it ends.
const WAIT: Duration = Duration::from_secs(8);
/// After reading, a watch rests this many times as long as it has read, so that watchers leave the servers to
/// writers.
const REST: u32 = 8;
/// It rests no longer than this after reading little: then it was not the reading that took long.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// After reading much it may rest so much longer for each MiB.
const LONGER_PER_MIB: Duration = Duration::from_millis(500);
/// How often everything is read, to find what somebody has changed by hand.
const FULL_EVERY: Duration = Duration::from_secs(600);
/// How often a state is completed by what has changed while it was read, before it is read at one instant.
const ROUNDS: usize = 4;

/// A watch, as the shared half drives it.
#[derive(Debug)]
pub(crate) struct Follow {
    shared: Arc<Shared>,
    prefix: Prefix,
    /// `None` until a reset was told.
    known: Option<Known>,
    /// What the next read waits beyond; 0 does not wait.
    cursor: u64,
    rest_until: Instant,
    full_at: Instant,
}

impl Follow {
    pub(crate) fn new(shared: Arc<Shared>, prefix: &Prefix) -> Self {
        let now = Instant::now();
        Self {
            shared,
            prefix: prefix.clone(),
            known: None,
            cursor: 0,
            rest_until: now,
            full_at: now + full_after(),
        }
    }

    /// Everything, as it was at one instant; and its revision.
    async fn read_all(&self) -> Result<(Look, BTreeMap<Part, Bucket>, u64)> {
        if !self.prefix.is_root() {
            let mut buckets = BTreeMap::new();
            for _ in 0..ROUNDS {
                let (look, revision) = self.look().await?;
                let behind: BTreeSet<Part> = look
                    .stamps
                    .iter()
                    .filter(|(part, stamp)| {
                        buckets.get(*part).is_none_or(|bucket: &Bucket| bucket.stamp != **stamp)
                    })
                    .map(|(part, _)| *part)
                    .filter(|part| *part != Part::Leased)
                    .collect();
                if behind.is_empty() {
                    return Ok((look, buckets, revision));
                }
                buckets.extend(self.read_buckets(behind).await?.0);
            }
        }
        let layout = &self.shared.layout;
        let trees = vec![layout.revision(), layout.watched(), layout.buckets()];
        let body = self.shared.read_trees(trees, TREES).await?;
        let rows = TxnAnswer::parse(&body)?.rows();
        let look = Look::of(&self.shared, &rows, 0, &self.prefix)?;
        let mut buckets: BTreeMap<Part, Bucket> = BTreeMap::new();
        for (part, stamp) in &look.stamps {
            buckets.entry(*part).or_default().stamp = *stamp;
        }
        buckets.remove(&Part::Leased);
        for row in &rows {
            self.sort_in(row, &mut buckets)?;
        }
        Ok((look, buckets, self.shared.revision_in(&rows)))
    }

    async fn look(&self) -> Result<(Look, u64)> {
        let layout = &self.shared.layout;
        let body = self.shared.read_trees(vec![layout.revision(), layout.watched()], TREES).await?;
        let rows = TxnAnswer::parse(&body)?.rows();
        Ok((Look::of(&self.shared, &rows, 0, &self.prefix)?, self.shared.revision_in(&rows)))
    }

    /// Each of these buckets, together with its stamp; and how many bytes that took.
    async fn read_buckets(&self, parts: BTreeSet<Part>) -> Result<(BTreeMap<Part, Bucket>, usize)> {
        let layout = &self.shared.layout;
        let parts: Vec<Part> = parts.into_iter().collect();
        let (mut buckets, mut bytes) = (BTreeMap::new(), 0);
        for some in parts.chunks((OPS - 1) / 2) {
            let trees = some.iter().flat_map(|part| [layout.stamp(*part), layout.below(*part, &self.prefix)]);
            let body = self.shared.read_trees(trees.collect(), TREES).await?;
            bytes += body.len();
            buckets.extend(some.iter().map(|part| (*part, Bucket::default())));
            for row in TxnAnswer::parse(&body)?.rows() {
                match layout.stamp_at(&row.key) {
                    Some(part) => buckets.entry(part).or_default().stamp = row.modify_index,
                    None => self.sort_in(&row, &mut buckets)?,
                }
            }
        }
        Ok((buckets, bytes))
    }

    fn sort_in(&self, row: &Row<'_>, buckets: &mut BTreeMap<Part, Bucket>) -> Result<()> {
        if let Some((part @ Part::Bucket(_), entry)) = self.shared.entry(row)?
            && self.prefix.contains(&entry.key)
        {
            buckets.entry(part).or_default().entries.insert(entry.key.clone(), entry);
        }
        Ok(())
    }

    /// Waits until something has changed, or for a while. `None` if another agent is to be asked.
    async fn wait(&self) -> Result<Option<(Look, u64)>> {
        let path = escape(&self.shared.layout.watched());
        let seconds = WAIT.as_secs();
        let mut target = format!("/v1/kv/{path}?recurse&consistent");
        if self.cursor > 0 {
            target.push_str(&format!("&index={}&wait={seconds}s", self.cursor));
        }
        let Some(answer) = self.shared.client.wait(&Call::get(target), WAIT).await? else { return Ok(None) };
        let rows: Vec<Row<'_>> = match answer.status {
            200 => wire::parse(&answer.body)?,
            // Nothing is there.
            _ => Vec::new(),
        };
        let index = answer.index.unwrap_or(0);
        Ok(Some((Look::of(&self.shared, &rows, index, &self.prefix)?, index)))
    }

    async fn begin(&mut self) -> Result<WatchItem> {
        let before = self.shared.seen.before();
        let (look, buckets, revision) = self.read_all().await?;
        let through = self.shared.seen.answer(before, revision);
        let entries = look.leased.values().chain(buckets.values().flat_map(|bucket| bucket.entries.values()));
        let mut entries: Vec<Entry> = entries.cloned().collect();
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        self.known = Some(Known::new(&look, &buckets, through.get()));
        self.full_at = Instant::now() + full_after();
        self.cursor = 0;
        Ok(WatchItem::Reset(Snapshot { entries, revision: through }))
    }
}

#[async_trait]
impl Upstream for Follow {
    async fn next(&mut self) -> Result<WatchItem> {
        loop {
            sleep_until(self.rest_until).await;
            let Some(known) = &self.known else { return self.begin().await };
            let full = Instant::now() >= self.full_at;
            let (look, cursor) = if full {
                (self.look().await?.0, self.cursor)
            } else {
                match self.wait().await? {
                    Some(waited) => waited,
                    None => {
                        self.cursor = 0;
                        continue;
                    }
                }
            };
            let began = Instant::now();
            if known.contradicts(&look) {
                self.known = None;
                return Err(Error::new(
                    Kind::Unavailable,
                    "stamps of the store have gone back or are missing; it is read anew",
                ));
            }
            let mut changed = known.changed(&look);
            if full {
                changed.extend((0..BUCKETS).filter_map(|bucket| u8::try_from(bucket).ok()).map(Part::Bucket));
            }
            let (buckets, bytes) = self.read_buckets(changed).await?;
            if full && known.was_tampered_with(&buckets) {
                tracing::warn!(prefix = %self.prefix, "somebody has changed entries by hand; they are read anew");
                self.known = None;
                continue;
            }
            // From here on nothing waits, so that an item is either told or comes again.
            let spent = began.elapsed();
            // An index that has gone back would wait for what has been.
            self.cursor = if cursor < self.cursor { 0 } else { cursor };
            if full {
                self.full_at = Instant::now() + full_after();
            }
            let known = self.known.as_mut().expect("it was there before anything was read");
            if let Some(batch) = known.advance(look, buckets) {
                self.rest_until = Instant::now() + rest(spent, bytes);
                self.shared.seen.tell(batch.through.get());
                return Ok(WatchItem::Changes(batch));
            }
        }
    }

    async fn reconnect(&mut self, resume: bool) -> Result<()> {
        self.cursor = 0;
        if !resume {
            self.known = None;
        }
        Ok(())
    }
}

/// How long a watch rests that has read so long, and so much.
fn rest(spent: Duration, bytes: usize) -> Duration {
    let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    (spent * REST).min(LONGEST_REST + LONGER_PER_MIB.saturating_mul(mib))
}

/// Not all watches read everything at once.
fn full_after() -> Duration {
    FULL_EVERY.mul_f64(0.5 + rand::random::<f64>())
}

/// A path as it stands in a URL.
fn escape(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_that_reads_much_rests_longer() {
        let seconds = Duration::from_secs;
        assert_eq!(rest(Duration::from_millis(10), 1000), Duration::from_millis(80));
        assert_eq!(rest(seconds(5), 1000), seconds(2), "a busy machine is no reason to rest for long");
        assert_eq!(rest(seconds(1), 28 << 20), seconds(8));
        assert_eq!(rest(seconds(60), 28 << 20), seconds(16));
        assert!(rest(seconds(60), usize::MAX) >= seconds(480));
    }

    #[test]
    fn a_root_survives_the_url() {
        assert_eq!(escape("netkeep/w/"), "netkeep/w/");
        assert_eq!(escape("a%2Fb/é+/w/"), "a%252Fb/%C3%A9%2B/w/");
    }
}
