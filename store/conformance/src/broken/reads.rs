//! Reads that show something else.

use std::sync::atomic::Ordering;

use netkeep_store::{Entry, Error, Key, Kind, Prefix, Result, Revision, Snapshot};

use super::notes::lock;
use super::{Broken, Defect};

/// How many keys the broken store lists at once.
const PAGE: usize = 32;

impl Broken {
    /// Gets with the defect of this store.
    pub(super) async fn get_badly(&self, key: &Key) -> Result<Option<Entry>> {
        if self.notes.spoilt.load(Ordering::SeqCst) {
            return Err(Error::new(Kind::Unavailable, "a list was given up"));
        }
        let found = match self.defect {
            Defect::FoldsCase => self.inner.get(&folded(key)).await,
            _ => self.inner.get(key).await,
        };
        match (self.defect, self.nothing_in_an_outage(found)?) {
            (Defect::TakesEmptyForAbsent, Some(entry)) if entry.value.is_empty() => Ok(None),
            (Defect::FailsOnAbsence, None) => {
                Err(Error::new(Kind::Unavailable, format!("{key} holds nothing")))
            }
            (Defect::ForgetsLeases, Some(entry)) => Ok(Some(Entry { lease: None, ..entry })),
            (Defect::ReadsStale, found) => {
                Ok(lock(&self.notes.seen).entry(key.clone()).or_insert(found).clone())
            }
            (_, found) => Ok(found),
        }
    }

    /// Lists with the defect of this store.
    pub(super) async fn list_badly(&self, prefix: &Prefix) -> Result<Snapshot> {
        let listed = match self.defect {
            Defect::ListsByText => self.inner.list(&Prefix::root()).await,
            Defect::DroppedListsSpoilTheHandle => self.list_to_the_end(prefix).await,
            _ => self.inner.list(prefix).await,
        };
        let mut listed = self.nothing_in_an_outage(listed)?;
        match self.defect {
            Defect::ListsByText => {
                listed.entries.retain(|entry| entry.key.as_str().starts_with(prefix.as_str()));
            }
            Defect::ListsBackwards => listed.entries.reverse(),
            Defect::LosesAKeyBetweenPages if listed.entries.len() > PAGE => {
                listed.entries.remove(PAGE);
            }
            Defect::ListsAtRevisionZero => listed.revision = Revision::ZERO,
            Defect::UndoesEscapesTwice => {
                for entry in &mut listed.entries {
                    entry.key = undone(&entry.key);
                }
            }
            _ => {}
        }
        Ok(listed)
    }

    /// What an outage looks like.
    fn nothing_in_an_outage<T: Default>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(error)
                if self.defect == Defect::OutageIsAbsence
                    && matches!(error.kind(), Kind::Closed | Kind::Unavailable) =>
            {
                Ok(T::default())
            }
            other => other,
        }
    }
}

/// The key without capitals; a key with an escape has none that could be lost.
pub(super) fn folded(key: &Key) -> Key {
    Key::parse(&key.as_str().to_lowercase()).unwrap_or_else(|_| key.clone())
}

/// The key of which an escaped percent sign is taken for an escape.
fn undone(key: &Key) -> Key {
    Key::parse(&key.as_str().replace("%25", "%")).unwrap_or_else(|_| key.clone())
}
