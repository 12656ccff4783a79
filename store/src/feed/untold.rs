//! What a snapshot shows and nobody has told yet.

use std::collections::HashMap;

use crate::{Change, Key, Revision, Snapshot};

/// Entries that a snapshot showed before the feed had told of them.
///
/// A feed that is filled from states of a store, one after the other, never learns of what was made and removed between
/// two of them. Who has seen it in a snapshot must hear that it is gone: it is if the feed has told all up to its
/// revision and has not mentioned it.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// With the revision that the snapshot showed.
    entries: HashMap<Key, Revision>,
    /// That of the snapshot.
    revision: Revision,
    /// The feed was looked at up to this one.
    looked: Revision,
    gone: Vec<Change>,
}

impl Untold {
    /// What `snapshot` shows beyond what was `told` before it was read.
    pub(super) fn of(snapshot: &Snapshot, told: Revision) -> Self {
        let beyond = snapshot.entries.iter().filter(|entry| entry.revision > told);
        Self {
            entries: beyond.map(|entry| (entry.key.clone(), entry.revision)).collect(),
            revision: snapshot.revision,
            looked: told,
            gone: Vec::new(),
        }
    }

    /// True if a feed that holds what came after `floor` may have mentioned some of it before that.
    pub(super) fn has_missed(&self, floor: Revision) -> bool {
        !self.entries.is_empty() && self.looked < floor
    }

    /// Looks at the commits that came since; all that the feed has told may be given, in order.
    pub(super) fn look<'a>(&mut self, commits: impl IntoIterator<Item = (Revision, &'a [Change])>) {
        if self.entries.is_empty() {
            return;
        }
        let looked = self.looked;
        for (through, changes) in commits.into_iter().filter(|(through, _)| *through > looked) {
            for change in changes {
                if self.entries.get(change.key()).is_some_and(|shown| change.revision() >= *shown) {
                    self.entries.remove(change.key());
                }
            }
            // It was there when the snapshot was read, and so went later.
            let gone = self.entries.extract_if(|_, shown| *shown <= through);
            self.gone.extend(
                gone.map(|(key, shown)| Change::Delete { key, revision: shown.max(self.revision).next() }),
            );
            self.looked = through;
        }
    }

    /// The deletions that nobody else tells.
    pub(super) fn gone(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;

    fn key() -> Key {
        Key::parse("d/k").unwrap()
    }

    fn put(revision: u64) -> Entry {
        Entry { key: key(), value: Vec::new().into(), revision: Revision::new(revision), lease: None }
    }

    fn deleted(revision: u64) -> Change {
        Change::Delete { key: key(), revision: Revision::new(revision) }
    }

    /// What is told to be gone by whom a snapshot of revision 9 has shown an entry, when 5 was told before.
    fn gone(shown: u64, commits: &[(u64, Vec<Change>)]) -> Vec<Change> {
        let snapshot = Snapshot { entries: vec![put(shown)], revision: Revision::new(9) };
        let mut untold = Untold::of(&snapshot, Revision::new(5));
        let mut found = Vec::new();
        for until in 0..=commits.len() {
            let commits = &commits[..until];
            untold.look(commits.iter().map(|(through, changes)| (Revision::new(*through), &changes[..])));
            found.extend(untold.gone());
        }
        found
    }

    #[test]
    fn what_nobody_mentions_is_gone_once_all_was_told() {
        assert_eq!(gone(7, &[(6, vec![])]), []);
        assert_eq!(gone(7, &[(6, vec![]), (8, vec![])]), [deleted(10)]);
        assert_eq!(gone(12, &[(11, vec![]), (12, vec![]), (13, vec![])]), [deleted(13)]);
    }

    #[test]
    fn what_is_mentioned_is_left_to_who_does() {
        assert_eq!(gone(7, &[(8, vec![Change::Put(put(7))])]), []);
        assert_eq!(gone(7, &[(6, vec![Change::Put(put(8))]), (10, vec![])]), []);
        assert_eq!(gone(7, &[(12, vec![deleted(11)])]), []);
        assert_eq!(gone(7, &[(8, vec![deleted(6)])]), [deleted(10)], "that was an earlier one");
        assert_eq!(gone(5, &[(8, vec![])]), [], "who fills the feed has seen it");
    }
}
