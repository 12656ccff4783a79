//! What is known of the entries below a prefix, and what has changed in them.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_store::{Batch, Change, Entry, Key, Result, Revision};

use crate::layout::Part;
use crate::store::Shared;
use crate::wire::Row;

/// What lies below the watched path, at one instant.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) stamps: BTreeMap<Part, u64>,
    /// The entries with a lease below the prefix.
    pub(crate) leased: BTreeMap<Key, Entry>,
    /// All commits up to this one had happened by then: the latest stamp, or the end of a lease.
    pub(crate) reached: u64,
}

/// One bucket, at one instant after that of a look.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// Its stamp then; 0 if it never had one.
    pub(crate) stamp: u64,
    pub(crate) entries: BTreeMap<Key, Entry>,
}

/// What a watch has told.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) through: u64,
    stamps: BTreeMap<Part, u64>,
    revisions: BTreeMap<Part, BTreeMap<Key, u64>>,
    /// Keys of which something was told that lies beyond `through`. It is told again by an item that reaches it, for
    /// those who join the watch between the two.
    owed: BTreeMap<Part, BTreeSet<Key>>,
}

impl Look {
    /// `index` is what the server says of the whole.
    pub(crate) fn of(
        shared: &Shared,
        rows: &[Row<'_>],
        index: u64,
        below: &netkeep_store::Prefix,
    ) -> Result<Self> {
        let mut look = Self { reached: index, ..Self::default() };
        for row in rows {
            if let Some(part) = shared.layout.stamp_at(&row.key) {
                look.stamps.insert(part, row.modify_index);
                look.reached = look.reached.max(row.modify_index);
            } else if let Some((Part::Leased, entry)) = shared.entry(row)?
                && below.contains(&entry.key)
            {
                look.leased.insert(entry.key.clone(), entry);
            }
        }
        Ok(look)
    }
}

impl Known {
    /// A state that was read exactly as it was at `through`.
    pub(crate) fn new(look: &Look, buckets: &BTreeMap<Part, Bucket>, through: u64) -> Self {
        let mut known = Self { through, stamps: look.stamps.clone(), ..Self::default() };
        known.revisions.insert(Part::Leased, revisions(&look.leased));
        for (part, bucket) in buckets {
            known.revisions.insert(*part, revisions(&bucket.entries));
        }
        known
    }

    /// True if stamps are missing or have gone back, which no commit can do.
    pub(crate) fn contradicts(&self, look: &Look) -> bool {
        self.stamps.iter().any(|(part, stamp)| look.stamps.get(part).is_none_or(|now| now < stamp))
    }

    /// The buckets that must be read to know what has changed.
    pub(crate) fn changed(&self, look: &Look) -> BTreeSet<Part> {
        let stamped = look.stamps.iter().filter(|(part, stamp)| self.stamps.get(part) != Some(stamp));
        let mut changed: BTreeSet<Part> =
            stamped.map(|(part, _)| *part).chain(self.owed.keys().copied()).collect();
        changed.remove(&Part::Leased);
        changed
    }

    /// True if a bucket is not as it was, though no commit has stamped it: somebody has changed it by hand.
    pub(crate) fn was_tampered_with(&self, buckets: &BTreeMap<Part, Bucket>) -> bool {
        buckets.iter().any(|(part, bucket)| {
            let stamp = self.stamps.get(part).copied().unwrap_or(0);
            let same = match self.revisions.get(part) {
                Some(before) => *before == revisions(&bucket.entries),
                None => bucket.entries.is_empty(),
            };
            stamp == bucket.stamp && !same
        })
    }

    /// Takes in what was read, and answers what is to be told; `None` if there is nothing.
    ///
    /// `buckets` are at least those that have [changed](Known::changed).
    pub(crate) fn advance(&mut self, look: Look, buckets: BTreeMap<Part, Bucket>) -> Option<Batch> {
        let mut through = self.through.max(look.reached);
        let mut changes = Vec::new();
        let mut owed: BTreeMap<Part, BTreeSet<Key>> = BTreeMap::new();
        for (part, bucket) in buckets {
            let moved = look.stamps.get(&part).copied().unwrap_or(0) != bucket.stamp;
            // An item would have to reach beyond the look, where other buckets may have changed too; the next look will.
            if moved && look.reached <= self.through {
                continue;
            }
            let before = self.revisions.remove(&part).unwrap_or_default();
            let again = self.owed.remove(&part).unwrap_or_default();
            let mut ahead = BTreeSet::new();
            for (key, entry) in &bucket.entries {
                if before.get(key) != Some(&entry.revision.get()) || again.contains(key) {
                    if entry.revision.get() > through {
                        ahead.insert(key.clone());
                    }
                    changes.push(Change::Put(entry.clone()));
                }
            }
            let gone = before.keys().chain(&again).filter(|key| !bucket.entries.contains_key(*key));
            for key in gone.collect::<BTreeSet<_>>() {
                // Removed by the commit that wrote the stamp, at the latest; made again by a later one, at the
                // earliest.
                let revision = Revision::new(bucket.stamp);
                if moved {
                    ahead.insert(key.clone());
                }
                changes.push(Change::Delete { key: key.clone(), revision });
            }
            self.revisions.insert(part, revisions(&bucket.entries));
            if !ahead.is_empty() {
                owed.insert(part, ahead);
            }
        }
        through = self.advance_leased(&look.leased, through, &mut changes);
        if !changes.is_empty() && through == self.through {
            // Whatever it was, it came after what was told, and so did every commit up to it.
            through += 1;
        }
        // What a bucket was read to hold may be newer than its stamp here, which then differs at the next look.
        self.stamps.extend(look.stamps);
        self.owed.extend(owed);
        if changes.is_empty() && through == self.through {
            return None;
        }
        self.through = through;
        changes.sort_by_key(Change::revision);
        Some(Batch { changes, through: Revision::new(through) })
    }

    fn advance_leased(&mut self, now: &BTreeMap<Key, Entry>, through: u64, changes: &mut Vec<Change>) -> u64 {
        let before = self.revisions.remove(&Part::Leased).unwrap_or_default();
        let put = now.values().filter(|entry| before.get(&entry.key) != Some(&entry.revision.get()));
        changes.extend(put.cloned().map(Change::Put));
        let gone: Vec<&Key> = before.keys().filter(|key| !now.contains_key(*key)).collect();
        let mut through = through;
        if !gone.is_empty() {
            // The end of a lease may have no index of its own any more; it came after what was told.
            through = through.max(self.through + 1);
            for key in gone {
                through = through.max(before[key] + 1);
            }
            let revision = Revision::new(through);
            let gone = before.keys().filter(|key| !now.contains_key(*key));
            changes.extend(gone.map(|key| Change::Delete { key: key.clone(), revision }));
        }
        self.revisions.insert(Part::Leased, revisions(now));
        through
    }
}

fn revisions(entries: &BTreeMap<Key, Entry>) -> BTreeMap<Key, u64> {
    entries.iter().map(|(key, entry)| (key.clone(), entry.revision.get())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Part = Part::Bucket(1);

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    fn entries(of: &[(&str, u64)]) -> BTreeMap<Key, Entry> {
        let entry = |(text, revision): &(&str, u64)| Entry {
            key: key(text),
            value: Vec::new().into(),
            revision: Revision::new(*revision),
            lease: None,
        };
        of.iter().map(|found| (key(found.0), entry(found))).collect()
    }

    fn look(stamp: u64, leased: &[(&str, u64)]) -> Look {
        Look { stamps: [(A, stamp)].into(), leased: entries(leased), reached: stamp }
    }

    fn bucket(stamp: u64, of: &[(&str, u64)]) -> BTreeMap<Part, Bucket> {
        [(A, Bucket { stamp, entries: entries(of) })].into()
    }

    fn told(batch: &Batch) -> Vec<(&str, u64, bool)> {
        let one = |change: &Change| matches!(change, Change::Put(_));
        batch
            .changes
            .iter()
            .map(|change| (change.key().as_str(), change.revision().get(), one(change)))
            .collect()
    }

    #[test]
    fn what_changed_is_told_once() {
        let mut known = Known::new(&look(5, &[]), &bucket(5, &[("d/a", 4), ("d/b", 5)]), 5);
        assert!(known.changed(&look(5, &[])).is_empty());
        assert!(known.advance(look(5, &[]), BTreeMap::new()).is_none());
        assert_eq!(known.changed(&look(8, &[])), [A].into());
        let batch = known.advance(look(8, &[]), bucket(8, &[("d/a", 4), ("d/c", 7)])).unwrap();
        assert_eq!((told(&batch), batch.through.get()), (vec![("d/c", 7, true), ("d/b", 8, false)], 8));
        assert!(known.changed(&look(8, &[])).is_empty());
    }

    #[test]
    fn what_lies_beyond_an_item_is_told_again_by_one_that_reaches_it() {
        let mut known = Known::new(&look(5, &[]), &bucket(5, &[("d/a", 4), ("d/b", 5)]), 5);
        let batch = known.advance(look(6, &[]), bucket(9, &[("d/a", 9)])).unwrap();
        assert_eq!((told(&batch), batch.through.get()), (vec![("d/a", 9, true), ("d/b", 9, false)], 6));
        let batch = known.advance(look(9, &[]), bucket(9, &[("d/a", 9)])).unwrap();
        assert_eq!((told(&batch), batch.through.get()), (vec![("d/a", 9, true), ("d/b", 9, false)], 9));
        assert!(known.changed(&look(9, &[])).is_empty(), "it is told twice, and no oftener");
    }

    #[test]
    fn no_item_reaches_beyond_its_look() {
        let mut known = Known::new(&look(9, &[]), &bucket(9, &[]), 9);
        assert!(known.advance(look(9, &[]), bucket(10, &[("d/a", 10)])).is_none());
        assert_eq!(known.changed(&look(10, &[])), [A].into());
        let batch = known.advance(look(10, &[]), bucket(10, &[("d/a", 10)])).unwrap();
        assert_eq!((told(&batch), batch.through.get()), (vec![("d/a", 10, true)], 10));
    }

    #[test]
    fn the_end_of_a_lease_is_told_after_all_that_was_told() {
        let mut known = Known::new(&look(5, &[("l/a", 5)]), &BTreeMap::new(), 5);
        let batch = known.advance(look(5, &[]), BTreeMap::new()).unwrap();
        assert_eq!((told(&batch), batch.through.get()), (vec![("l/a", 6, false)], 6));
        let later = Look { reached: 9, ..look(5, &[]) };
        assert_eq!(known.advance(later, BTreeMap::new()).unwrap().through.get(), 9);
    }

    #[test]
    fn what_was_done_by_hand_is_found() {
        let known = Known::new(&look(5, &[]), &bucket(5, &[("d/a", 4), ("d/b", 5)]), 5);
        assert!(!known.was_tampered_with(&bucket(5, &[("d/a", 4), ("d/b", 5)])));
        assert!(!known.was_tampered_with(&bucket(6, &[("d/a", 4)])));
        assert!(known.was_tampered_with(&bucket(5, &[("d/a", 4)])));
        assert!(known.was_tampered_with(&bucket(5, &[("d/a", 4), ("d/b", 7)])));
        let other =
            |of: &[(&str, u64)]| [(Part::Bucket(2), Bucket { stamp: 0, entries: entries(of) })].into();
        assert!(!known.was_tampered_with(&other(&[])) && known.was_tampered_with(&other(&[("e/k", 9)])));
    }

    #[test]
    fn stamps_never_go_back() {
        let known = Known::new(&look(5, &[]), &BTreeMap::new(), 5);
        assert!(!known.contradicts(&look(5, &[])) && !known.contradicts(&look(6, &[])));
        assert!(known.contradicts(&look(4, &[])) && known.contradicts(&Look::default()));
    }
}
