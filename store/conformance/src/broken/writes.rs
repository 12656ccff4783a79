//! Commits that write something else.

use netkeep_store::{Error, Key, Prefix, Result, Revision, Txn, Write};

use super::reads::folded;
use super::{Broken, Defect};

impl Broken {
    /// Commits other writes than it was given, if that is the defect of this store.
    pub(super) async fn write_badly(&self, txn: &Txn) -> Result<Revision> {
        match self.defect {
            Defect::FoldsCase => self.inner.commit(&with_folded_keys(txn)).await,
            Defect::TakesKeysForDirectories => self.inner.commit(&without_what_lies_above(txn)).await,
            Defect::SkipsGuardsAlone if txn.writes().is_empty() && !txn.is_empty() => self.present().await,
            Defect::KeepsTheFirstValue => self.inner.commit(&self.with_the_first_values(txn).await?).await,
            Defect::DeletesWhatLiesBelow => {
                self.inner.commit(&self.without_what_lies_below(txn).await?).await
            }
            Defect::SkipsEqualValues => self.commit_differences(txn).await,
            Defect::WantsGuardsInOrder if !txn.guards().is_sorted_by_key(|guard| guard.key().as_str()) => {
                Err(Error::invalid("the guards are not in order"))
            }
            Defect::CommitsKeyByKey => self.commit_key_by_key(txn).await,
            _ => self.rule_badly(txn).await,
        }
    }

    /// The revision of the store: what a commit that does nothing answers.
    pub(super) async fn present(&self) -> Result<Revision> {
        Ok(self.inner.status().await?.revision)
    }

    /// Makes each write alone, the first one with all guards.
    pub(super) async fn commit_key_by_key(&self, txn: &Txn) -> Result<Revision> {
        let Some((first, rest)) = txn.writes().split_first() else { return self.inner.commit(txn).await };
        let mut revision = self.inner.commit(&guards_of(txn).write(first.clone())).await?;
        for write in rest {
            revision = self.inner.commit(&Txn::new().write(write.clone())).await?;
        }
        Ok(revision)
    }

    async fn commit_differences(&self, txn: &Txn) -> Result<Revision> {
        let mut differences = guards_of(txn);
        for write in txn.writes() {
            let equal = match write {
                Write::Put { key, value, .. } => {
                    self.inner.get(key).await?.is_some_and(|entry| entry.value == *value)
                }
                Write::Delete(_) => false,
            };
            if !equal {
                differences = differences.write(write.clone());
            }
        }
        if differences.is_empty() { self.present().await } else { self.inner.commit(&differences).await }
    }

    async fn with_the_first_values(&self, txn: &Txn) -> Result<Txn> {
        let mut changed = guards_of(txn);
        for write in txn.writes() {
            let mut write = write.clone();
            if let Write::Put { key, value, .. } = &mut write
                && let Some(entry) = self.inner.get(key).await?
            {
                *value = entry.value;
            }
            changed = changed.write(write);
        }
        Ok(changed)
    }

    async fn without_what_lies_below(&self, txn: &Txn) -> Result<Txn> {
        let mut more = txn.clone();
        for write in txn.writes() {
            let Write::Delete(key) = write else { continue };
            for entry in self.inner.list(&Prefix::parse(key.as_str())?).await?.entries {
                more = deleting(more, entry.key);
            }
        }
        Ok(more)
    }
}

/// The guards alone.
pub(super) fn guards_of(txn: &Txn) -> Txn {
    txn.guards().iter().cloned().fold(Txn::new(), Txn::guard)
}

/// Deletes a key that is not written anyway.
fn deleting(txn: Txn, key: Key) -> Txn {
    if txn.writes().iter().any(|write| *write.key() == key) { txn } else { txn.delete(key) }
}

fn without_what_lies_above(txn: &Txn) -> Txn {
    let mut more = txn.clone();
    for write in txn.writes() {
        let Write::Put { key, .. } = write else { continue };
        let mut text = key.as_str();
        while let Some((above, _)) = text.rsplit_once('/') {
            if let Ok(key) = Key::parse(above) {
                more = deleting(more, key);
            }
            text = above;
        }
    }
    more
}

fn with_folded_keys(txn: &Txn) -> Txn {
    use netkeep_store::Guard;

    let guards = txn.guards().iter().fold(Txn::new(), |folding, guard| match guard {
        Guard::Absent(key) => folding.absent(folded(key)),
        Guard::Unchanged(key, revision) => folding.unchanged(folded(key), *revision),
    });
    txn.writes().iter().fold(guards, |folding, write| match write {
        Write::Put { key, value, lease } => {
            folding.write(Write::Put { key: folded(key), value: value.clone(), lease: lease.clone() })
        }
        Write::Delete(key) => folding.delete(folded(key)),
    })
}
