//! What is known of nodes: which version stands for which revision.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zookeeper_client::Stat;

use crate::layout::{Bucket, GENERATIONS};

/// How many nodes are remembered, in each of two halves.
const HALF: usize = 32_768;

/// A transaction can ask for a node's version, but not for its revision; and a version begins anew when a node is made
/// again. So this remembers which version a revision had, as long as the generation of the node's [`Bucket`] stands: it
/// moves with every deletion, and with every making of a node that can go by itself. A transaction that asks for
/// version and generation therefore asks for the revision.
///
/// What is remembered was seen on one connection, after something that made sure that it was of now, and is lost
/// with the connection.
#[derive(Debug)]
pub(crate) struct Versions(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    buckets: [Generation; GENERATIONS],
    young: HashMap<String, Node>,
    old: HashMap<String, Node>,
}

/// The generation of a bucket, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
struct Generation {
    /// Raised whenever somebody else has moved it: what was known of its nodes says nothing then.
    epoch: u64,
    version: Option<i32>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    seen: Seen,
    epoch: u64,
}

/// A node as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The commit that wrote it last.
    pub(crate) mzxid: i64,
    pub(crate) version: i32,
    /// The session that it goes with, or zero.
    pub(crate) owner: i64,
}

impl From<&Stat> for Seen {
    fn from(stat: &Stat) -> Self {
        Self { mzxid: stat.mzxid, version: stat.version, owner: stat.ephemeral_owner }
    }
}

/// The generation of a bucket before something was asked or sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    bucket: Bucket,
    epoch: u64,
    version: i32,
}

impl Versions {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inner {
            buckets: [Generation::default(); GENERATIONS],
            young: HashMap::new(),
            old: HashMap::new(),
        }))
    }

    /// A node with the generation under which this holds.
    pub(crate) fn node(&self, path: &str, bucket: Bucket) -> Option<(Seen, i32)> {
        let inner = self.lock();
        let generation = inner.buckets[bucket.index()];
        let node = inner.young.get(path).or_else(|| inner.old.get(path))?;
        (node.epoch == generation.epoch).then_some((node.seen, generation.version?))
    }

    /// To be called before a node is asked for, or written: what comes is remembered only if the generation has not
    /// moved since.
    pub(crate) fn before(&self, bucket: Bucket) -> Option<Before> {
        let Generation { epoch, version } = self.lock().buckets[bucket.index()];
        version.map(|version| Before { bucket, epoch, version })
    }

    /// The generation was seen to be at this version, before the node was seen.
    pub(crate) fn generation(&self, bucket: Bucket, version: i32) -> Option<Before> {
        let mut inner = self.lock();
        let generation = &mut inner.buckets[bucket.index()];
        if generation.version.is_none_or(|known| version > known) {
            *generation = Generation { epoch: generation.epoch + 1, version: Some(version) };
        }
        (generation.version == Some(version)).then_some(Before { bucket, epoch: generation.epoch, version })
    }

    /// A transaction of this client has moved the generation to `version`, and has removed or made these nodes.
    pub(crate) fn moved<'a>(&self, bucket: Bucket, version: i32, touched: impl Iterator<Item = &'a str>) {
        let mut inner = self.lock();
        for path in touched {
            inner.young.remove(path);
            inner.old.remove(path);
        }
        let generation = &mut inner.buckets[bucket.index()];
        match generation.version {
            // Nobody else has moved it in between, so all other nodes are what they were.
            Some(known) if version == known.wrapping_add(1) => generation.version = Some(version),
            Some(known) if version <= known => {}
            _ => *generation = Generation { epoch: generation.epoch + 1, version: Some(version) },
        }
    }

    /// Remembers a node.
    pub(crate) fn learn(&self, path: &str, before: Option<Before>, seen: Seen) {
        let Some(before) = before else { return };
        let mut inner = self.lock();
        let generation = inner.buckets[before.bucket.index()];
        if generation.epoch != before.epoch || generation.version != Some(before.version) {
            return;
        }
        let node = Node { seen, epoch: before.epoch };
        // Of two answers the later one may be heard first.
        let is_later = |known: &Node| known.epoch == node.epoch && known.seen.mzxid > node.seen.mzxid;
        if let Some(known) = inner.young.get_mut(path) {
            if !is_later(known) {
                *known = node;
            }
            return;
        }
        if inner.old.get(path).is_some_and(is_later) {
            return;
        }
        if inner.young.len() >= HALF {
            inner.old = std::mem::take(&mut inner.young);
        }
        inner.young.insert(path.to_owned(), node);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(mzxid: i64) -> Seen {
        Seen { mzxid, version: 0, owner: 0 }
    }

    fn bucket() -> Bucket {
        Bucket::all().next().unwrap()
    }

    #[test]
    fn a_node_is_known_until_somebody_else_moves_its_generation() {
        let versions = Versions::new();
        versions.learn("/a", versions.before(bucket()), seen(1));
        assert_eq!(versions.node("/a", bucket()), None, "without a generation nothing is known");

        let before = versions.generation(bucket(), 5);
        versions.learn("/a", before, seen(1));
        versions.learn("/b", before, seen(2));
        assert_eq!(versions.node("/a", bucket()), Some((seen(1), 5)));

        // Our own deletion of /b.
        versions.moved(bucket(), 6, ["/b"].into_iter());
        assert_eq!(versions.node("/a", bucket()), Some((seen(1), 6)));
        assert_eq!(versions.node("/b", bucket()), None);

        // Somebody else's.
        versions.generation(bucket(), 7);
        assert_eq!(versions.node("/a", bucket()), None);
    }

    #[test]
    fn what_was_asked_before_a_generation_moved_is_not_remembered() {
        let versions = Versions::new();
        let before = versions.generation(bucket(), 5);
        versions.moved(bucket(), 6, ["/a"].into_iter());
        versions.learn("/a", before, seen(1));
        assert_eq!(versions.node("/a", bucket()), None);
        assert!(versions.generation(bucket(), 5).is_none(), "an old answer says nothing");
    }

    #[test]
    fn a_gap_between_our_own_moves_is_somebody_elses() {
        let versions = Versions::new();
        let before = versions.generation(bucket(), 5);
        versions.learn("/a", before, seen(1));
        versions.moved(bucket(), 7, std::iter::empty());
        assert_eq!(versions.node("/a", bucket()), None);
        versions.moved(bucket(), 6, std::iter::empty());
        assert_eq!(versions.before(bucket()).unwrap().version, 7);
    }

    #[test]
    fn the_later_state_stays_whichever_is_heard_first() {
        let versions = Versions::new();
        let before = versions.generation(bucket(), 1);
        versions.learn("/a", before, seen(9));
        versions.learn("/a", before, seen(8));
        assert_eq!(versions.node("/a", bucket()), Some((seen(9), 1)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let versions = Versions::new();
        let before = versions.generation(bucket(), 1);
        for number in 0..3 * HALF {
            versions.learn(&format!("/{number}"), before, seen(1));
        }
        let inner = versions.lock();
        assert!(inner.young.len() + inner.old.len() <= 2 * HALF);
        assert!(inner.young.contains_key(&format!("/{}", 3 * HALF - 1)));
    }
}
