//! The operations of a store, as layers speak of them.

use std::fmt;

/// One method of [`Store`](crate::Store) that may reach the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// [`Store::get`](crate::Store::get)
    Get,
    /// [`Store::list`](crate::Store::list)
    List,
    /// [`Store::commit`](crate::Store::commit)
    Commit,
    /// [`Store::watch`](crate::Store::watch): its opening, not its items.
    Watch,
    /// [`Store::grant`](crate::Store::grant)
    Grant,
    /// [`Store::keep_alive`](crate::Store::keep_alive)
    KeepAlive,
    /// [`Store::revoke`](crate::Store::revoke)
    Revoke,
    /// [`Store::status`](crate::Store::status)
    Status,
    /// [`Store::close`](crate::Store::close)
    Close,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Get,
        Self::List,
        Self::Commit,
        Self::Watch,
        Self::Grant,
        Self::KeepAlive,
        Self::Revoke,
        Self::Status,
        Self::Close,
    ];

    /// The name of the method.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Commit => "commit",
            Self::Watch => "watch",
            Self::Grant => "grant",
            Self::KeepAlive => "keep_alive",
            Self::Revoke => "revoke",
            Self::Status => "status",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
