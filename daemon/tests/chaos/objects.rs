//! The objects of which histories are kept.

use crate::linearizable::Action;

/// What happens to a name or an address: one at a time holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    /// Was asked for by this one, and given.
    Given(u64),
    /// Was asked for by this one, and refused since another held it.
    Refused(u64),
    /// Was given back by this one. `Some(false)`: it did not hold it by then; `None`: one or the other.
    Freed(u64, Option<bool>),
}

impl Action for Holding {
    type State = Option<u64>;

    fn after(&self, holder: &Option<u64>) -> Option<Option<u64>> {
        match *self {
            Self::Given(by) => holder.is_none().then_some(Some(by)),
            Self::Refused(by) => holder.is_some_and(|holder| holder != by).then_some(*holder),
            Self::Freed(by, held) => {
                let holds = *holder == Some(by);
                held.is_none_or(|held| held == holds).then_some(if holds { None } else { *holder })
            }
        }
    }
}

/// What happens to one key of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Register {
    /// This was read.
    Read(Option<u64>),
    /// This was written, whatever was there.
    Written(u64),
    /// The second was written on the condition that the first was there.
    Swapped(Option<u64>, u64),
    /// That was refused, since something else was there.
    Kept(Option<u64>),
}

impl Action for Register {
    type State = Option<u64>;

    fn after(&self, value: &Option<u64>) -> Option<Option<u64>> {
        match *self {
            Self::Read(seen) => (seen == *value).then_some(*value),
            Self::Written(new) => Some(Some(new)),
            Self::Swapped(seen, new) => (seen == *value).then_some(Some(new)),
            Self::Kept(seen) => (seen != *value).then_some(*value),
        }
    }
}
