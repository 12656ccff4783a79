//! What a store holds under a key.

use bytes::Bytes;

use crate::{Key, LeaseId, Revision};

/// A value under a key, with the commit that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub key: Key,
    /// What it holds, at most 256 KiB.
    pub value: Bytes,
    /// The commit that wrote it last.
    pub revision: Revision,
    /// The lease that it goes with, if any.
    pub lease: Option<LeaseId>,
}

/// Every entry below a prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The entries, in the order of their keys.
    pub entries: Vec<Entry>,
    /// All commits up to this one are contained, and possibly a part of later ones: the revision to watch after.
    pub revision: Revision,
}
