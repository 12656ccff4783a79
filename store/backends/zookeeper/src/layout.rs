//! Where things lie in ZooKeeper's tree.

use netkeep_store::remote::Room;
use netkeep_store::{Key, Prefix};

/// How many generation nodes there are for entries. A part of the stored form: it never changes.
const SPREAD: u16 = 256;
/// How many there are in all.
pub(crate) const GENERATIONS: usize = SPREAD as usize + 1;

/// Parts the segments of a directory within one node's name; no segment holds it.
const JOINT: char = '!';
/// The name of the directory without segments.
const ROOT: &str = "!";

/// The paths below one root.
///
/// An entry is `<root>/entries/<directory>/<leaf>`: two levels, so that a key may lie below another without a node
/// that is both, and so that a directory is listed by one request.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: String,
}

/// One of the generation nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bucket(u16);

impl Bucket {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=SPREAD).map(Self)
    }
}

impl Layout {
    pub(crate) fn new(root: &Prefix) -> Self {
        Self { root: if root.is_root() { String::new() } else { format!("/{}", root.as_str()) } }
    }

    /// The nodes from the top down to the root, the root included.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = &str> {
        let ends = self.root.match_indices('/').skip(1).map(|(index, _)| index);
        ends.chain((!self.root.is_empty()).then_some(self.root.len())).map(|end| &self.root[..end])
    }

    pub(crate) fn room(&self, room: Room) -> String {
        format!("{}/{}", self.root, room_name(room))
    }

    pub(crate) fn directory(&self, room: Room, directory: &Prefix) -> String {
        self.below(room, directory.as_str(), "")
    }

    pub(crate) fn node(&self, room: Room, key: &Key) -> String {
        let (directory, leaf) = key.as_str().rsplit_once('/').unwrap_or(("", key.as_str()));
        self.below(room, directory, leaf)
    }

    /// A leaf in a directory, or without one the directory; each commit asks for one of every key.
    fn below(&self, room: Room, directory: &str, leaf: &str) -> String {
        let name = room_name(room);
        let mut path = String::with_capacity(self.root.len() + name.len() + directory.len() + leaf.len() + 4);
        path.push_str(&self.root);
        path.push('/');
        path.push_str(name);
        path.push('/');
        if directory.is_empty() {
            path.push_str(ROOT);
        }
        path.extend(directory.chars().map(|c| if c == '/' { JOINT } else { c }));
        if !leaf.is_empty() {
            path.push('/');
            path.push_str(leaf);
        }
        path
    }

    /// Written to learn how far the store is, and asked about to know that an answer is of now.
    pub(crate) fn mark(&self) -> String {
        format!("{}/mark", self.root)
    }

    pub(crate) fn generations(&self) -> String {
        format!("{}/generations", self.root)
    }

    pub(crate) fn generation(&self, bucket: Bucket) -> String {
        match bucket.0 {
            SPREAD => format!("{}/generations/own", self.root),
            number => format!("{}/generations/{number:02x}", self.root),
        }
    }

    /// The key of a node of [`Room::Entries`]; `None` for whatever else there is.
    pub(crate) fn entry_of(&self, path: &str) -> Option<Key> {
        let below = path.strip_prefix(&self.root)?.strip_prefix("/entries/")?;
        let (directory, leaf) = below.split_once('/')?;
        key_of(&directory_of(directory)?, leaf)
    }
}

/// The generation node that covers a key. A part of the stored form: for entries FNV-1a of the key.
///
/// What is the store's own has one of its own: every commit asks for it, and it is hardly ever deleted. So of many who
/// delete at once two meet only if their entries do.
pub(crate) fn bucket_of(room: Room, key: &Key) -> Bucket {
    if room == Room::Own {
        return Bucket(SPREAD);
    }
    let hash = key.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // Folded, since the low bits of this hash mix less than the rest.
    let folded = hash.to_le_bytes().into_iter().fold(0, |folded, byte| folded ^ byte);
    Bucket(u16::from(folded))
}

/// The directory that a node's name stands for.
pub(crate) fn directory_of(name: &str) -> Option<Prefix> {
    if name == ROOT {
        return Some(Prefix::root());
    }
    Prefix::parse(&name.replace(JOINT, "/")).ok()
}

/// The key of the node `leaf` in `directory`.
pub(crate) fn key_of(directory: &Prefix, leaf: &str) -> Option<Key> {
    let text = if directory.is_root() { leaf.to_owned() } else { format!("{}/{leaf}", directory.as_str()) };
    Key::parse(&text).ok()
}

/// True if every key of `directory` lies below `prefix`.
pub(crate) fn lies_below(directory: &Prefix, prefix: &Prefix) -> bool {
    prefix.is_root()
        || directory
            .as_str()
            .strip_prefix(prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn room_name(room: Room) -> &'static str {
    match room {
        Room::Entries => "entries",
        Room::Own => "own",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn each_key_has_a_node_of_two_levels_and_comes_back() {
        let layout = Layout::new(&Prefix::parse("house/netkeep").unwrap());
        for (text, path) in [
            ("a", "/house/netkeep/entries/!/a"),
            ("a/b", "/house/netkeep/entries/a/b"),
            ("a/b/%2E", "/house/netkeep/entries/a!b/%2E"),
        ] {
            assert_eq!(layout.node(Room::Entries, &key(text)), path);
            assert_eq!(layout.entry_of(path), Some(key(text)));
        }
        for other in ["/house/netkeep/entries", "/house/netkeep/entries/a", "/house/netkeep/own/a/b", "/x"] {
            assert_eq!(layout.entry_of(other), None, "{other}");
        }
        assert_eq!(layout.ancestors().collect::<Vec<_>>(), ["/house", "/house/netkeep"]);
    }

    #[test]
    fn without_a_root_everything_lies_at_the_top() {
        let layout = Layout::new(&Prefix::root());
        assert_eq!(layout.node(Room::Own, &key("a/b")), "/own/a/b");
        assert_eq!(layout.entry_of("/entries/!/a"), Some(key("a")));
        assert_eq!(layout.ancestors().count(), 0);
    }

    #[test]
    fn a_directory_lies_below_a_prefix_that_ends_between_segments() {
        let prefix = Prefix::parse("a/b").unwrap();
        for (directory, below) in [("a/b", true), ("a/b/c", true), ("a/bc", false), ("a", false)] {
            assert_eq!(lies_below(&Prefix::parse(directory).unwrap(), &prefix), below, "{directory}");
        }
        assert!(lies_below(&Prefix::root(), &Prefix::root()));
        assert!(!lies_below(&Prefix::root(), &prefix));
    }

    #[test]
    fn the_bucket_of_a_key_is_a_stored_form() {
        for (room, text, bucket) in
            [(Room::Entries, "a", 187), (Room::Entries, "networks/1", 125), (Room::Own, "meta/store", 256)]
        {
            assert_eq!(bucket_of(room, &key(text)), Bucket(bucket), "{text}");
        }
        let mut counts = [0; SPREAD as usize];
        for number in 0..25_600 {
            counts[bucket_of(Room::Entries, &key(&format!("endpoints/{number:08x}"))).index()] += 1;
        }
        assert!(counts.iter().all(|count| (40..200).contains(count)), "{counts:?}");
    }
}
