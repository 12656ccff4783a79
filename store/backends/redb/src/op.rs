//! What the writer does, one thing at a time.

use std::time::Duration;

use netkeep_store::{LeaseId, Revision, Txn, Write};

use crate::lease::Owner;

/// One thing that the writer does.
#[derive(Debug)]
pub(crate) enum Op {
    Commit {
        txn: Txn,
        owner: Owner,
    },
    Grant {
        ttl: Duration,
        owner: Owner,
    },
    Revoke {
        id: LeaseId,
        owner: Owner,
    },
    /// Ends a lease whose time is over.
    Expire(u64),
}

/// What became of an [`Op`], once it is durable.
#[derive(Debug)]
pub(crate) enum Done {
    Committed(Revision),
    Granted { number: u64, owner: Owner, ttl: Duration },
    Ended(u64),
}

impl Op {
    /// True if it can only make the store smaller.
    pub(crate) fn only_deletes(&self) -> bool {
        match self {
            Self::Commit { txn, .. } => txn.writes().iter().all(|write| matches!(write, Write::Delete(_))),
            Self::Grant { .. } => false,
            Self::Revoke { .. } | Self::Expire(_) => true,
        }
    }

    /// Bytes of its keys and values.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Commit { txn, .. } => txn.writes().iter().map(write_bytes).sum(),
            _ => 0,
        }
    }

    /// How many entries it writes, as far as that is known.
    pub(crate) fn writes(&self) -> usize {
        match self {
            Self::Commit { txn, .. } => txn.writes().len(),
            _ => 1,
        }
    }
}

fn write_bytes(write: &Write) -> usize {
    let value = match write {
        Write::Put { value, .. } => value.len(),
        Write::Delete(_) => 0,
    };
    write.key().as_str().len() + value
}

#[cfg(test)]
mod tests {
    use netkeep_store::{Guard, Key};

    use super::*;

    #[test]
    fn what_only_deletes_is_known() {
        let key = |text| Key::parse(text).unwrap();
        let owner = Owner(1);
        let commit = |txn| Op::Commit { txn, owner };
        let deletion = Txn::new().unchanged(key("a"), Revision::new(1)).delete(key("b"));
        assert!(commit(deletion.clone()).only_deletes());
        assert!(commit(Txn::new().guard(Guard::Absent(key("a")))).only_deletes());
        assert!(!commit(deletion.put(key("c"), "")).only_deletes());
        assert!(!Op::Grant { ttl: Duration::ZERO, owner }.only_deletes());
        assert!(Op::Expire(1).only_deletes());
    }
}
