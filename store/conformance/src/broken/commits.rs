//! Commits that are not what they say.

use std::sync::atomic::Ordering;

use netkeep_store::{Error, Guard, Key, Kind, Result, Revision, Txn};

use super::{Broken, Defect};

impl Broken {
    /// Commits with the defect of this store.
    pub(super) async fn commit_badly(&self, txn: &Txn) -> Result<Revision> {
        self.begin().await?;
        match self.defect {
            Defect::IgnoresGuards => self.inner.commit(&without_guards(txn)).await,
            Defect::ChecksGuardsAfterWriting => self.check_after_writing(txn).await,
            Defect::CommitsInPart => self.inner.commit(&without_the_last(txn)).await,
            Defect::AcceptsExpiredTokens => {
                let forgiven = self.forgive(txn, |key| self.is_leased(key)).await?;
                self.inner.commit(&forgiven).await
            }
            Defect::TakesAnyEntryForUnchanged => {
                let forgiven = self.forgive(txn, |_| true).await?;
                self.inner.commit(&forgiven).await
            }
            Defect::RevisionsBeginAnew => {
                let revision = self.inner.commit(txn).await?;
                Ok(Revision::new(revision.get() - self.siblings.started_at.load(Ordering::SeqCst)))
            }
            Defect::RevisionsGoBack => {
                let revision = self.inner.commit(txn).await?;
                Ok(Revision::new(u64::MAX / 2 - revision.get()))
            }
            Defect::DuplicatesRevisions => {
                let revision = self.inner.commit(txn).await?;
                Ok(Revision::new(revision.get().div_ceil(2)))
            }
            Defect::SwallowsConflicts => match self.inner.commit(txn).await {
                Err(error) if error.kind() == Kind::Conflict => Ok(self.inner.status().await?.revision),
                other => other,
            },
            Defect::NamesTheWrongGuard => self.inner.commit(txn).await.map_err(|error| misname(error, txn)),
            _ => self.write_badly(txn).await,
        }
    }

    async fn check_after_writing(&self, txn: &Txn) -> Result<Revision> {
        let revision = self.inner.commit(&without_guards(txn)).await?;
        for guard in txn.guards() {
            let found = self.inner.get(guard.key()).await?;
            if !guard.holds(found.map(|entry| entry.revision)) {
                return Err(Error::conflict(guard.clone()));
            }
        }
        Ok(revision)
    }

    /// Makes every guard on an entry of these keys hold, whoever wrote it.
    async fn forgive(&self, txn: &Txn, which: impl Fn(&Key) -> bool) -> Result<Txn> {
        let mut forgiven = Txn::new();
        for guard in txn.guards() {
            let guard = match guard {
                Guard::Unchanged(key, _) if which(key) => match self.inner.get(key).await? {
                    Some(entry) => Guard::Unchanged(key.clone(), entry.revision),
                    None => guard.clone(),
                },
                _ => guard.clone(),
            };
            forgiven = forgiven.guard(guard);
        }
        Ok(txn.writes().iter().cloned().fold(forgiven, Txn::write))
    }
}

/// The writes alone; where there are none, one that changes nothing.
fn without_guards(txn: &Txn) -> Txn {
    let writes = txn.writes().iter().cloned().fold(Txn::new(), Txn::write);
    match txn.guards().first() {
        Some(_) if writes.is_empty() => writes.delete(beside()),
        _ => writes,
    }
}

fn without_the_last(txn: &Txn) -> Txn {
    let kept = match txn.writes() {
        [first @ .., _] if !first.is_empty() => first,
        all => all,
    };
    let guards = txn.guards().iter().cloned().fold(Txn::new(), Txn::guard);
    kept.iter().cloned().fold(guards, Txn::write)
}

/// Names another guard of the transaction, or one that is not in it.
fn misname(error: Error, txn: &Txn) -> Error {
    let Some(failed) = error.failed_guard().cloned() else { return error };
    let other = txn.guards().iter().find(|guard| **guard != failed).cloned();
    error.with_guard(other.unwrap_or_else(|| Guard::Absent(beside())))
}

/// A key that nobody uses.
pub(super) fn beside() -> Key {
    Key::parse("nobody-uses-this-key").expect("one short segment is a key")
}
