//! Transactions that are too large for one commit.

use std::collections::BTreeSet;

use netkeep_store::datastore::{Any, Transaction};
use netkeep_store::{Guard, Limits, Prefix, Txn};

/// The fence that every commit adds.
const SPARE_KEYS: usize = 1;
const SPARE_DIRECTORIES: usize = 1;
const SPARE_BYTES: usize = 512;

/// True if the transaction can be committed as it is.
pub(crate) fn fits(transaction: &Transaction<Any>) -> bool {
    fits_txn(&transaction.clone().into_txn())
}

/// As [`fits`].
pub(crate) fn fits_txn(txn: &Txn) -> bool {
    let mut size = Size::default();
    txn.guards().iter().for_each(|guard| size.add(guard.key(), 0));
    txn.writes().iter().for_each(|write| size.add(write.key(), bytes(write)));
    size.fits()
}

/// Cuts a transaction into pieces that fit, each with the guards of what it writes and with `tie`. Guards of
/// what is only read go with the first piece.
pub(crate) fn cut(transaction: Transaction<Any>, tie: &Guard) -> Vec<Txn> {
    cut_txn(&transaction.into_txn(), tie)
}

/// As [`cut`].
pub(crate) fn cut_txn(txn: &Txn, tie: &Guard) -> Vec<Txn> {
    let written: BTreeSet<_> = txn.writes().iter().map(|write| write.key()).collect();
    let mut pieces = Vec::new();
    let mut piece = Txn::new().guard(tie.clone());
    let mut tied = Size::default();
    tied.add(tie.key(), 0);
    let mut size = tied.clone();
    for guard in txn.guards().iter().filter(|guard| !written.contains(guard.key())) {
        if guard.key() != tie.key() {
            size.add(guard.key(), 0);
            piece = piece.guard(guard.clone());
        }
    }
    for write in txn.writes() {
        let mut next = size.clone();
        next.add(write.key(), bytes(write));
        if !next.fits() && !piece.writes().is_empty() {
            pieces.push(std::mem::replace(&mut piece, Txn::new().guard(tie.clone())));
            next = tied.clone();
            next.add(write.key(), bytes(write));
        }
        size = next;
        if let Some(guard) = txn.guards().iter().find(|guard| guard.key() == write.key()) {
            piece = piece.guard(guard.clone());
        }
        piece = piece.write(write.clone());
    }
    pieces.push(piece);
    pieces
}

#[derive(Clone, Debug, Default)]
struct Size {
    keys: BTreeSet<netkeep_store::Key>,
    directories: BTreeSet<Prefix>,
    bytes: usize,
}

impl Size {
    fn add(&mut self, key: &netkeep_store::Key, value: usize) {
        self.directories.insert(key.directory());
        if self.keys.insert(key.clone()) {
            self.bytes += key.as_str().len();
        }
        self.bytes += value;
    }

    fn fits(&self) -> bool {
        self.keys.len() + SPARE_KEYS <= Limits::PORTABLE.txn_keys
            && self.directories.len() + SPARE_DIRECTORIES <= Limits::PORTABLE.txn_directories
            && self.bytes + SPARE_BYTES <= Limits::PORTABLE.txn_bytes
    }
}

fn bytes(write: &netkeep_store::Write) -> usize {
    match write {
        netkeep_store::Write::Put { value, .. } => value.len(),
        netkeep_store::Write::Delete(_) => 0,
    }
}
