//! A transaction on its way to a server, and what became of it.

use crate::{Guard, LeaseId, Revision, Txn};

/// One of the two parts of a store that lie apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Room {
    /// What the users of the store keep: all that [`Store`](crate::Store) shows.
    Entries,
    /// What the store needs for itself: its identity below `meta/`, outcome slots below `slots/`. Nobody watches it.
    Own,
}

/// One transaction over both rooms. What is in [`own`](Attempt::own) comes on top of the portable limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// What the caller asked for; may be empty.
    pub entries: Txn,
    /// Guards and writes of [`Room::Own`]: at most three guards and one put, none with a lease, or deletes alone.
    pub own: Txn,
}

impl Attempt {
    /// The lease that the puts go with, if any has one.
    pub fn lease(&self) -> Option<&LeaseId> {
        self.entries.lease()
    }

    /// Every guard with its room, those of [`Room::Own`] first, as they are to be named.
    pub fn guards(&self) -> impl Iterator<Item = (Room, &Guard)> {
        let own = self.own.guards().iter().map(|guard| (Room::Own, guard));
        own.chain(self.entries.guards().iter().map(|guard| (Room::Entries, guard)))
    }
}

/// What a server answered to an [`Attempt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All guards held, all writes happened, in this commit.
    Committed(Revision),
    /// This guard did not hold, and nothing happened.
    Refused(Room, Guard),
}

/// What servers say of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The last commit, or a later revision.
    pub revision: Revision,
    /// The member that leads, where there are several.
    pub leader: Option<String>,
    /// The version of the server.
    pub server_version: String,
}
