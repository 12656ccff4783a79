//! Where keys lie in etcd.

use netkeep_store::remote::Room;
use netkeep_store::{Key, Prefix};

/// The names of both rooms: `/<root>/entries/<key>` and `/<root>/own/<key>`, readable with etcdctl, in the order of
/// our keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    entries: String,
    own: String,
}

impl Keys {
    pub(crate) fn below(root: &Prefix) -> Self {
        let root = if root.is_root() { String::new() } else { format!("/{root}") };
        Self { entries: format!("{root}/entries/"), own: format!("{root}/own/") }
    }

    fn room(&self, room: Room) -> &str {
        match room {
            Room::Entries => &self.entries,
            Room::Own => &self.own,
        }
    }

    pub(crate) fn key(&self, room: Room, key: &Key) -> Vec<u8> {
        let room = self.room(room);
        let mut bytes = Vec::with_capacity(room.len() + key.as_str().len());
        bytes.extend_from_slice(room.as_bytes());
        bytes.extend_from_slice(key.as_str().as_bytes());
        bytes
    }

    /// From the first, included, to the second, excluded.
    pub(crate) fn range(&self, room: Room, prefix: &Prefix) -> (Vec<u8>, Vec<u8>) {
        let mut from = self.room(room).to_owned();
        if !prefix.is_root() {
            from.push_str(prefix.as_str());
            from.push('/');
        }
        let mut to = from.clone().into_bytes();
        // '0' is the character after the '/' at the end.
        *to.last_mut().expect("a room ends with a slash") = b'0';
        (from.into_bytes(), to)
    }

    /// Our key, if it is one: anybody may have written anything below our root.
    pub(crate) fn strip(&self, room: Room, bytes: &[u8]) -> Option<Key> {
        let rest = bytes.strip_prefix(self.room(room).as_bytes())?;
        Key::parse(std::str::from_utf8(rest).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn each_room_has_its_place_below_the_root() {
        let keys = Keys::below(&Prefix::parse("a/b").unwrap());
        assert_eq!(keys.key(Room::Entries, &parse("x/y")), b"/a/b/entries/x/y");
        assert_eq!(keys.key(Room::Own, &parse("x")), b"/a/b/own/x");
        assert_eq!(Keys::below(&Prefix::root()).key(Room::Own, &parse("x")), b"/own/x");
        assert_eq!(keys.strip(Room::Entries, b"/a/b/entries/x/y"), Some(parse("x/y")));
        for foreign in [&b"/a/b/own/x"[..], b"/a/b/entries/", b"/a/b/entries/x//y", b"/a/b/entries/\xff"] {
            assert_eq!(keys.strip(Room::Entries, foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn a_range_holds_just_what_is_below_its_prefix() {
        let keys = Keys::below(&Prefix::parse("r").unwrap());
        let (from, to) = keys.range(Room::Entries, &Prefix::parse("a/b").unwrap());
        for (key, below) in
            [("a/b/~", true), ("a/b/%", true), ("a/b", false), ("a/b.", false), ("a/b0", false)]
        {
            let key = keys.key(Room::Entries, &parse(key));
            assert_eq!(from <= key && key < to, below, "{}", String::from_utf8_lossy(&key));
        }
        let (from, to) = keys.range(Room::Entries, &Prefix::root());
        assert_eq!((&from[..], &to[..]), (&b"/r/entries/"[..], &b"/r/entries0"[..]));
    }
}
