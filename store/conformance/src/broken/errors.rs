//! Errors that say something else.

use netkeep_store::{Error, Guard, Kind, Prefix, Result};

use super::commits::beside;
use super::{Broken, Defect};

impl Broken {
    /// Answers with the defect of this store.
    pub(super) fn answer<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.blame(error))
    }

    fn blame(&self, error: Error) -> Error {
        match (self.defect, error.failed_guard().cloned()) {
            (Defect::DoubtsRefusals, _) => error.with_unknown_outcome(),
            (Defect::NamesAGuardInAnyError, None) => error.with_guard(Guard::Absent(beside())),
            (Defect::NamesNeitherStoreNorOperation, Some(guard)) => Error::conflict(guard),
            (Defect::NamesNeitherStoreNorOperation, None) => {
                Error::new(error.kind(), error.message().to_owned())
            }
            (Defect::WritesTwoLines, _) => error.with_context("more", "\nin the next line"),
            (Defect::RetriesWhatIsTooLarge, _) if error.kind() == Kind::TooLarge => {
                Error::new(Kind::Unavailable, error.message().to_owned())
            }
            (Defect::NamesNoGuard, Some(_)) => Error::new(error.kind(), error.message().to_owned()),
            (Defect::SpeaksOfInnerKeys, Some(guard)) => {
                let inner = |key| Prefix::parse("inner").and_then(|inner| inner.join(key));
                let inner = match &guard {
                    Guard::Absent(key) => inner(key).map(Guard::Absent),
                    Guard::Unchanged(key, revision) => inner(key).map(|key| Guard::Unchanged(key, *revision)),
                };
                error.with_guard(inner.unwrap_or(guard))
            }
            _ => error,
        }
    }
}
