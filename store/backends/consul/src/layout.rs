//! Where things lie on the server, below the root that the URL names.
//!
//! | Path | What |
//! |---|---|
//! | `k/<bucket>/<key>` | entries without a lease; the bucket is a hash of the key's directory |
//! | `w/l/<key>` | entries with a lease |
//! | `w/v/<bucket>` | the stamp of a bucket: written by every commit that writes into it, never deleted |
//! | `w/v/leased` | the stamp of the leased part |
//! | `o/<key>` | what the store keeps for itself |
//! | `r` | written by every commit: its index is the store's revision |
//! | `none` | never written |
//!
//! What is below `w/` is what a watch waits for.

use netkeep_store::remote::Room;
use netkeep_store::{Key, LeasedDirectories, Prefix};

/// How many buckets there are; part of the stored form.
pub(crate) const BUCKETS: usize = 256;

/// The paths of one store.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: String,
    leased: LeasedDirectories,
}

/// A part of the entries that is changed together with one stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// Entries without a lease whose directories have this hash.
    Bucket(u8),
    /// All entries with a lease.
    Leased,
}

impl Layout {
    pub(crate) fn new(root: &Prefix, leased: &LeasedDirectories) -> Self {
        Self { root: root.as_str().to_owned(), leased: leased.clone() }
    }

    /// The part that holds an entry.
    pub(crate) fn part(&self, key: &Key) -> Part {
        let directory = key.directory();
        if self.leased.contains(&directory) { Part::Leased } else { Part::Bucket(bucket(directory.as_str())) }
    }

    pub(crate) fn path(&self, room: Room, key: &Key) -> String {
        match room {
            Room::Entries => format!("{}{key}", self.folder(self.part(key))),
            Room::Own => format!("{}/o/{key}", self.root),
        }
    }

    pub(crate) fn stamp(&self, part: Part) -> String {
        match part {
            Part::Bucket(bucket) => format!("{}{bucket:02x}", self.stamps()),
            Part::Leased => format!("{}leased", self.stamps()),
        }
    }

    pub(crate) fn stamps(&self) -> String {
        format!("{}/w/v/", self.root)
    }

    /// All that a watch waits for.
    pub(crate) fn watched(&self) -> String {
        format!("{}/w/", self.root)
    }

    /// Where the store's revision is.
    pub(crate) fn revision(&self) -> String {
        format!("{}/r", self.root)
    }

    /// What is never there: that it is absent can be checked by those alone who may use the store.
    pub(crate) fn nothing(&self) -> String {
        format!("{}/none", self.root)
    }

    /// Where the entries of a part lie that are below `prefix`.
    pub(crate) fn below(&self, part: Part, prefix: &Prefix) -> String {
        within(self.folder(part), prefix)
    }

    /// Where the entries of all buckets lie.
    pub(crate) fn buckets(&self) -> String {
        format!("{}/k/", self.root)
    }

    pub(crate) fn own_below(&self, prefix: &Prefix) -> String {
        within(format!("{}/o/", self.root), prefix)
    }

    /// The key that lies at this path, and its part; `None` if none of ours does.
    pub(crate) fn entry_at(&self, path: &str) -> Option<(Part, Key)> {
        let rest = self.strip(path)?;
        let (part, key) = if let Some(key) = rest.strip_prefix("w/l/") {
            (Part::Leased, key)
        } else {
            let (bucket, key) = rest.strip_prefix("k/")?.split_once('/')?;
            (Part::Bucket(parse_bucket(bucket)?), key)
        };
        Some((part, Key::parse(key).ok()?))
    }

    /// The part whose stamp lies at this path.
    pub(crate) fn stamp_at(&self, path: &str) -> Option<Part> {
        match self.strip(path)?.strip_prefix("w/v/")? {
            "leased" => Some(Part::Leased),
            bucket => parse_bucket(bucket).map(Part::Bucket),
        }
    }

    pub(crate) fn own_at(&self, path: &str) -> Option<Key> {
        Key::parse(self.strip(path)?.strip_prefix("o/")?).ok()
    }

    fn folder(&self, part: Part) -> String {
        match part {
            Part::Bucket(bucket) => format!("{}/k/{bucket:02x}/", self.root),
            Part::Leased => format!("{}/w/l/", self.root),
        }
    }

    fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.root.as_str())?.strip_prefix('/')
    }
}

fn within(mut folder: String, prefix: &Prefix) -> String {
    if !prefix.is_root() {
        folder.push_str(prefix.as_str());
        folder.push('/');
    }
    folder
}

fn parse_bucket(text: &str) -> Option<u8> {
    let bucket = u8::from_str_radix(text, 16).ok()?;
    (format!("{bucket:02x}") == text).then_some(bucket)
}

/// FNV-1a over the bytes of the directory, folded to one byte. Part of the stored form.
fn bucket(directory: &str) -> u8 {
    let hash = directory
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash.to_le_bytes().into_iter().fold(0, |folded, byte| folded ^ byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let leased = LeasedDirectories::new([Prefix::parse("alive").unwrap()]);
        Layout::new(&Prefix::parse("net%2Fkeep/a").unwrap(), &leased)
    }

    #[test]
    fn what_lies_where_can_be_told_from_the_path() {
        let layout = layout();
        for text in ["networks/1", "k", "alive/host", "a/k/00/b", "é/ü%2F"] {
            let key = Key::parse(text).unwrap();
            let path = layout.path(Room::Entries, &key);
            assert_eq!(layout.entry_at(&path), Some((layout.part(&key), key.clone())), "{path}");
            assert_eq!(layout.stamp_at(&path), None);
            assert_eq!(layout.own_at(&layout.path(Room::Own, &key)), Some(key));
        }
        assert_eq!(layout.part(&Key::parse("alive/host").unwrap()), Part::Leased);
        for part in [Part::Leased, Part::Bucket(0), Part::Bucket(255)] {
            assert_eq!(layout.stamp_at(&layout.stamp(part)), Some(part));
        }
        for foreign in ["net%2Fkeep/a/r", "net%2Fkeep/a/k/0/x", "net%2Fkeep/a/k/0G/x", "net%2Fkeep/ab/k/00/x"]
        {
            assert_eq!(layout.entry_at(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_stored_hash_never_changes() {
        assert_eq!(["", "networks", "endpoints/1"].map(bucket), [225, 0, 114]);
    }

    #[test]
    fn directories_spread_over_the_buckets() {
        let mut counts = [0_u32; BUCKETS];
        for index in 0..25_600 {
            counts[usize::from(bucket(&format!("endpoints/{index:064x}")))] += 1;
        }
        assert!(counts.iter().all(|count| (40..=200).contains(count)), "{counts:?}");
    }
}
