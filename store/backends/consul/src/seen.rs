//! Which revisions this client has seen and told.

use std::sync::atomic::{AtomicU64, Ordering};

use netkeep_store::Revision;

/// The end of a lease has an index, but moves no revision that a read could show. So a watch may have told more than
/// the store's revision says, and a later read must not answer less than that.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    read: AtomicU64,
    told: AtomicU64,
}

/// What was seen and told before a read began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    read: u64,
    told: u64,
}

impl Seen {
    /// Call it before the read is sent: only then does the read contain what was told.
    pub(crate) fn before(&self) -> Before {
        Before { read: self.read.load(Ordering::SeqCst), told: self.told.load(Ordering::SeqCst) }
    }

    /// The revision to answer, where the read has shown `revision`. One that has gone back is answered as it is: then
    /// the store is not what it was.
    pub(crate) fn answer(&self, before: Before, revision: u64) -> Revision {
        self.read.fetch_max(revision, Ordering::SeqCst);
        Revision::new(if revision < before.read { revision } else { revision.max(before.told) })
    }

    /// A watch tells all up to this index.
    pub(crate) fn tell(&self, through: u64) {
        self.told.fetch_max(through, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_shows_no_less_than_was_told_before_it_began() {
        let seen = Seen::default();
        let early = seen.before();
        seen.tell(9);
        assert_eq!(seen.answer(early, 7), Revision::new(7));
        assert_eq!(seen.answer(seen.before(), 7), Revision::new(9));
        assert_eq!(seen.answer(seen.before(), 12), Revision::new(12));
        assert_eq!(seen.answer(seen.before(), 8), Revision::new(8), "a store that went back says so");
    }
}
