//! What is on a host that is made up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Change;

/// Named things, of which some stand on others, and how they came and went.
#[derive(Clone, Debug, Default)]
pub(super) struct Things(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    there: BTreeMap<String, Thing>,
    changes: Vec<Change>,
}

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    /// Who says that it is theirs.
    pub(super) mark: String,
    /// What it stands on: it goes with any of them.
    pub(super) on: Vec<String>,
}

/// Why a thing was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotMade {
    /// It is there already.
    Exists,
    /// What it would stand on is not there.
    NotFound,
}

impl Things {
    pub(super) fn get(&self, name: &str) -> Option<Thing> {
        self.state().there.get(name).cloned()
    }

    /// All that fit, with their names.
    pub(super) fn find(&self, fits: impl Fn(&str, &Thing) -> bool) -> Vec<(String, Thing)> {
        let state = self.state();
        let found = state.there.iter().filter(|(name, thing)| fits(name, thing));
        found.map(|(name, thing)| (name.clone(), thing.clone())).collect()
    }

    pub(super) fn make(&self, name: String, thing: Thing) -> Result<(), NotMade> {
        let mut state = self.state();
        if state.there.contains_key(&name) {
            return Err(NotMade::Exists);
        }
        if thing.on.iter().any(|under| !state.there.contains_key(under)) {
            return Err(NotMade::NotFound);
        }
        state.changes.push(Change::Appeared(name.clone()));
        state.there.insert(name, thing);
        Ok(())
    }

    /// Takes a thing away, with all that stands on it; nothing if it is not there.
    pub(super) fn remove(&self, name: &str) {
        let mut state = self.state();
        let mut going = vec![name.to_owned()];
        while let Some(name) = going.pop() {
            if state.there.remove(&name).is_some() {
                let standing = state.there.iter().filter(|(_, thing)| thing.on.contains(&name));
                going.extend(standing.map(|(name, _)| name.clone()));
                state.changes.push(Change::Vanished(name));
            }
        }
    }

    pub(super) fn present(&self) -> BTreeSet<String> {
        self.state().there.keys().cloned().collect()
    }

    pub(super) fn changes(&self, since: usize) -> Vec<Change> {
        self.state().changes.iter().skip(since).cloned().collect()
    }

    pub(super) fn changed(&self) -> usize {
        self.state().changes.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotMade, Thing, Things};
    use crate::Change;

    #[test]
    fn a_thing_goes_with_what_it_stands_on() {
        let things = Things::default();
        let on = |names: &[&str]| Thing {
            mark: String::new(),
            on: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        things.make("a".into(), on(&[])).unwrap();
        things.make("b".into(), on(&["a"])).unwrap();
        things.make("c".into(), on(&["b"])).unwrap();
        things.make("d".into(), on(&[])).unwrap();
        assert_eq!(things.make("a".into(), on(&[])), Err(NotMade::Exists));
        assert_eq!(things.make("e".into(), on(&["x"])), Err(NotMade::NotFound));
        things.remove("a");
        things.remove("a");
        assert_eq!(things.present(), ["d".to_owned()].into());
        let gone = things.changes(0).into_iter().filter(|change| matches!(change, Change::Vanished(_)));
        assert_eq!(gone.count(), 3);
    }
}
