//! What a watch tells that was away for a while.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_store::{Change, Key, Revision, Snapshot};

/// What leads from what was delivered to what is there now.
///
/// What lies beyond the revision of the list, and what was touched `later` than that, is not judged by it: its events
/// are there or still to come. The rest has changed between what was told last and the list.
pub(crate) fn catch_up(
    delivered: &mut BTreeMap<Key, Revision>,
    owed: &mut BTreeSet<Key>,
    now: Snapshot,
    later: &BTreeSet<&Key>,
) -> Vec<Change> {
    let through = now.revision;
    let mut changes = Vec::new();
    let present: BTreeSet<&Key> = now.entries.iter().map(|entry| &entry.key).collect();
    let is_gone = |key: &Key| !present.contains(key) && !later.contains(key);
    let mut gone: BTreeSet<Key> =
        delivered.extract_if(.., |key, at| *at <= through && is_gone(key)).map(|(key, _)| key).collect();
    gone.extend(owed.extract_if(.., |key| !delivered.contains_key(key) && is_gone(key)));
    changes.extend(gone.into_iter().map(|key| Change::Delete { key, revision: through }));
    for entry in now.entries.into_iter().filter(|entry| entry.revision <= through) {
        let told = delivered.get(&entry.key).copied();
        if told > Some(entry.revision) {
            continue;
        }
        if owed.remove(&entry.key) || told < Some(entry.revision) {
            delivered.insert(entry.key.clone(), entry.revision);
            changes.push(Change::Put(entry));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use netkeep_store::Entry;

    use super::*;

    fn key() -> Key {
        Key::parse("a/k").unwrap()
    }

    fn at(revision: u64) -> Revision {
        Revision::new(revision)
    }

    fn list(entries: &[u64], revision: u64) -> Snapshot {
        let entry = |put: &u64| Entry { key: key(), value: Bytes::new(), revision: at(*put), lease: None };
        Snapshot { entries: entries.iter().map(entry).collect(), revision: at(revision) }
    }

    /// What is told after the entry was delivered at revision 7, and what is held to be told and owed then; `later`: it
    /// was touched after the list.
    fn after_seven(now: Snapshot, later: bool, owes: bool) -> (Vec<Change>, Option<u64>, bool) {
        let mut delivered = BTreeMap::from([(key(), at(7))]);
        let mut owed: BTreeSet<Key> = owes.then(key).into_iter().collect();
        let key = key();
        let later: BTreeSet<&Key> = later.then_some(&key).into_iter().collect();
        let changes = catch_up(&mut delivered, &mut owed, now, &later);
        (changes, delivered.get(&key).map(|at| at.get()), !owed.is_empty())
    }

    fn gone(revision: u64) -> Vec<Change> {
        vec![Change::Delete { key: key(), revision: at(revision) }]
    }

    fn put(list: &Snapshot) -> Vec<Change> {
        vec![Change::Put(list.entries[0].clone())]
    }

    #[test]
    fn what_is_gone_went_after_all_that_was_told() {
        // All that was told is before the list, however late the servers are that tell of the deletion anew.
        assert_eq!(after_seven(list(&[], 12), false, false), (gone(12), None, false));
        assert_eq!(after_seven(list(&[], 12), true, false), (vec![], Some(7), false), "its event tells it");
    }

    #[test]
    fn what_lies_beyond_a_list_is_not_judged_by_it() {
        assert_eq!(after_seven(list(&[], 6), false, false), (vec![], Some(7), false));
        assert_eq!(after_seven(list(&[5], 6), false, true), (vec![], Some(7), true));
        assert_eq!(after_seven(list(&[14], 12), true, false), (vec![], Some(7), false), "its event tells it");
    }

    #[test]
    fn what_is_newer_is_told() {
        assert_eq!(after_seven(list(&[7], 12), false, false), (vec![], Some(7), false));
        let now = list(&[9], 12);
        assert_eq!(after_seven(now.clone(), false, false), (put(&now), Some(9), false));
    }

    #[test]
    fn what_was_told_beyond_an_item_is_told_again() {
        let now = list(&[7], 12);
        assert_eq!(after_seven(now.clone(), false, true), (put(&now), Some(7), false));
        assert_eq!(after_seven(list(&[], 12), false, true), (gone(12), None, false));
        // Its deletion was told.
        let (mut delivered, mut owed) = (BTreeMap::new(), BTreeSet::from([key()]));
        let changes = catch_up(&mut delivered, &mut owed, list(&[], 12), &BTreeSet::new());
        assert_eq!((changes, owed.len()), (gone(12), 0));
    }
}
