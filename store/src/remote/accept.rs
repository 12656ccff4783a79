//! Saying that a store is right as it is.

use super::own::{IdentityRecord, identity_key};
use super::{Attempt, Outcome, Room, Server};
use crate::{Error, Identity, Kind, Result, Txn};

/// How often somebody else may come between.
const ATTEMPTS: usize = 8;

/// What [`accept`] has found and done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The store was not in doubt; nothing was changed.
    Already(Identity),
    /// The store was suspect, and is used again in this epoch.
    Again(Identity),
    /// The store had no identity, and has this one now.
    Anew(Identity),
}

/// Says, for a person who has looked, that the store is right as it is: clears the mark of a store that went back in
/// time, in a further epoch, or gives an identity to one that was wiped.
///
/// `expected` is the identity that the clients know, if they do: a wiped store is given the same id in a further
/// epoch, so that they go on with it.
///
/// Cancellation: the store may or may not have been accepted; call it again.
///
/// # Errors
///
/// [`Kind::Replaced`](crate::Kind::Replaced) if the store has another id than `expected`; those of [`Server`].
pub async fn accept(server: &dyn Server, expected: Option<&Identity>) -> Result<Accepted> {
    for _ in 0..ATTEMPTS {
        let (own, accepted) = match server.get(Room::Own, &identity_key()).await? {
            Some(entry) => {
                let record = IdentityRecord::read(&entry)?;
                let mut identity = record.identity;
                if let Some(expected) = expected.filter(|expected| expected.id != identity.id) {
                    return Err(Error::new(
                        Kind::Replaced,
                        format!(
                            "this is store {}, not store {}; nothing was changed",
                            identity.id, expected.id
                        ),
                    ));
                }
                let least = expected.map_or(0, |expected| expected.epoch);
                if !record.suspect && identity.epoch >= least {
                    return Ok(Accepted::Already(identity));
                }
                identity.epoch = identity.epoch.max(least) + 1;
                (Txn::new().unchanged(identity_key(), entry.revision), Accepted::Again(identity))
            }
            None => {
                let mut identity = Identity::fresh();
                if let Some(expected) = expected {
                    identity.id = expected.id;
                    identity.epoch = expected.epoch + 1;
                }
                (Txn::new().absent(identity_key()), Accepted::Anew(identity))
            }
        };
        let identity = accepted.identity().clone();
        let record = IdentityRecord { identity, suspect: false };
        let own = own.put(identity_key(), record.to_bytes());
        if let Outcome::Committed(_) = server.attempt(&Attempt { entries: Txn::new(), own }).await? {
            return Ok(accepted);
        }
    }
    Err(Error::new(Kind::Unavailable, "others keep changing the identity of the store"))
}

impl Accepted {
    /// The identity that the store has.
    pub fn identity(&self) -> &Identity {
        match self {
            Self::Already(identity) | Self::Again(identity) | Self::Anew(identity) => identity,
        }
    }
}
