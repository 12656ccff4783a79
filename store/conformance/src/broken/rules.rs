//! Commits by other rules and bounds.

use std::collections::BTreeSet;

use netkeep_store::{Error, Key, Kind, Limits, Result, Revision, Txn, Write};

use super::writes::guards_of;
use super::{Broken, Defect};

impl Broken {
    /// Commits by other rules, if that is the defect of this store.
    pub(super) async fn rule_badly(&self, txn: &Txn) -> Result<Revision> {
        self.stricter(txn)?;
        match self.defect {
            Defect::LetsTheLastWriteWin => self.inner.commit(&with_last_writes(txn)).await,
            Defect::TakesEmptyTransactions if txn.is_empty() => self.present().await,
            Defect::TakesTwoLeases if n_leases(txn) > 1 => self.commit_key_by_key(txn).await,
            Defect::DropsMisplacedLeases => {
                let placed = self.changed(txn, |key, _, lease| {
                    if !self.is_leased(key) {
                        *lease = None;
                    }
                });
                self.inner.commit(&placed).await
            }
            Defect::TakesUnleasedPuts => {
                let granted = self.inner.grant(self.inner.info().limits.lease_max).await?.id;
                let leased = self.changed(txn, |key, _, lease| {
                    if self.is_leased(key) {
                        lease.get_or_insert_with(|| granted.clone());
                    }
                });
                self.inner.commit(&leased).await
            }
            Defect::CutsLargeValues => {
                let bound = self.inner.info().limits.value_bytes;
                self.inner.commit(&self.changed(txn, |_, value, _| value.truncate(bound))).await
            }
            Defect::SwallowsPutsBelowLeasedKeys => {
                let kept = txn.writes().iter().filter(|write| !self.lies_below_a_leased_key(write.key()));
                let kept = kept.cloned().fold(guards_of(txn), Txn::write);
                if kept.is_empty() { self.present().await } else { self.inner.commit(&kept).await }
            }
            Defect::LooksAtGuardsFirst => {
                for guard in txn.guards() {
                    if !guard.holds(self.inner.get(guard.key()).await?.map(|entry| entry.revision)) {
                        return Err(Error::conflict(guard.clone()));
                    }
                }
                self.inner.commit(txn).await
            }
            _ => match (self.looser(txn), self.lease_badly(txn).await) {
                (Some(looser), Err(error))
                    if error.kind() == Kind::TooLarge
                        && looser.check(txn, &self.inner.info().leased).is_ok() =>
                {
                    self.commit_key_by_key(txn).await
                }
                (_, answer) => answer,
            },
        }
    }

    /// Refuses what is at a bound.
    fn stricter(&self, txn: &Txn) -> Result<()> {
        let info = self.inner.info();
        let limits = info.limits;
        let stricter = match self.defect {
            Defect::RefusesTheLastKey => Limits { txn_keys: limits.txn_keys - 1, ..limits },
            Defect::RefusesTheLastDirectory => {
                Limits { txn_directories: limits.txn_directories - 1, ..limits }
            }
            Defect::RefusesTheLastByte => Limits { txn_bytes: limits.txn_bytes - 1, ..limits },
            Defect::RefusesTheLargestValue => Limits { value_bytes: limits.value_bytes - 1, ..limits },
            Defect::CountsLeasedDeletionsTwice => {
                let deleted = |write: &&Write| matches!(write, Write::Delete(key) if self.is_leased(key));
                let n_deleted = txn.writes().iter().filter(deleted).count();
                Limits { txn_keys: limits.txn_keys.saturating_sub(n_deleted), ..limits }
            }
            Defect::RefusesTheLongestKey => {
                return match txn.writes().iter().find(|write| write.key().as_str().len() >= limits.key_bytes)
                {
                    Some(write) => Err(Error::invalid(format!("key {} is too long", write.key()))),
                    None => Ok(()),
                };
            }
            _ => return Ok(()),
        };
        // What the right bounds refuse is refused as ever, and the bound is named that the store tells.
        if limits.check(txn, &info.leased).is_ok() { stricter.check(txn, &info.leased) } else { Ok(()) }
    }

    /// Bounds by which more is taken.
    fn looser(&self, txn: &Txn) -> Option<Limits> {
        let limits = self.inner.info().limits;
        match self.defect {
            Defect::TakesAKeyTooMany => Some(Limits { txn_keys: limits.txn_keys + 1, ..limits }),
            Defect::CountsLeasedPutsOnce => {
                let leased = |write: &&Write| matches!(write, Write::Put { lease: Some(_), .. });
                let n_leased = txn.writes().iter().filter(leased).count();
                Some(Limits { txn_keys: limits.txn_keys + n_leased, ..limits })
            }
            Defect::TakesADirectoryTooMany => {
                Some(Limits { txn_directories: limits.txn_directories + 1, ..limits })
            }
            Defect::TakesAByteTooMany => Some(Limits { txn_bytes: limits.txn_bytes + 1, ..limits }),
            _ => None,
        }
    }

    /// The transaction with every put changed.
    fn changed(
        &self,
        txn: &Txn,
        change: impl Fn(&Key, &mut bytes::Bytes, &mut Option<netkeep_store::LeaseId>),
    ) -> Txn {
        txn.writes().iter().cloned().fold(guards_of(txn), |changed, mut write| {
            if let Write::Put { key, value, lease } = &mut write {
                change(key, value, lease);
            }
            changed.write(write)
        })
    }

    /// True if the key lies in a leased directory.
    pub(super) fn is_leased(&self, key: &Key) -> bool {
        self.inner.info().leased.contains(&key.directory())
    }

    fn lies_below_a_leased_key(&self, key: &Key) -> bool {
        let leased = &self.inner.info().leased;
        !leased.contains(&key.directory()) && leased.iter().any(|directory| directory.contains(key))
    }
}

fn n_leases(txn: &Txn) -> usize {
    let leases = txn.writes().iter().filter_map(|write| match write {
        Write::Put { lease, .. } => lease.as_ref(),
        Write::Delete(_) => None,
    });
    leases.collect::<BTreeSet<_>>().len()
}

fn with_last_writes(txn: &Txn) -> Txn {
    let writes = txn.writes();
    let last = writes
        .iter()
        .enumerate()
        .filter(|(index, write)| writes[index + 1..].iter().all(|later| later.key() != write.key()));
    last.map(|(_, write)| write.clone()).fold(guards_of(txn), Txn::write)
}
