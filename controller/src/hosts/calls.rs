//! The calls of a controller about hosts.

use super::{Because, Eviction, HostDetails, HostInfo, details, evict, list};
use crate::sides::For;
use crate::{Controller, Operation, Result, lookup};

impl Controller {
    /// The hosts that share the global store, in the order in which they first came; none if there is no such store.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if nothing is known of it yet.
    pub fn hosts(&self) -> Result<Vec<HostInfo>> {
        let sides = self.sides();
        if sides.global.is_none() {
            return Ok(Vec::new());
        }
        let side = sides.of_hosts(For::Reading)?;
        Ok(list(&side.site.replica.read(), side.site.actor.host))
    }

    /// The host with this name, this id, or this beginning of an id, with all that is its own.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`Ambiguous`](crate::ErrorKind::Ambiguous) if the name or the
    /// beginning of an id fits several; [`Corrupt`](crate::ErrorKind::Corrupt) if its record cannot be read;
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if there is no global store, or nothing is known of it yet.
    pub fn host(&self, name_or_id: &str) -> Result<HostDetails> {
        let side = self.sides().of_hosts(For::Reading)?;
        let state = side.site.replica.read();
        lookup::host(&state, name_or_id).map(|read| details(&state, side.site.actor.host, read))
    }

    /// Evicts a host: it writes no more until it has begun again, and what it owned is released, in one commit for
    /// each endpoint and pool and a few for the rest. Networks are everybody's and stay. `force` evicts one that
    /// gives signs of life, too. The same again releases what is left.
    ///
    /// Cancellation: it goes on. If this host ends in the middle, another one goes on.
    ///
    /// # Errors
    ///
    /// As [`Controller::host`]; [`InUse`](crate::ErrorKind::InUse) if it gives signs of life;
    /// [`Forbidden`](crate::ErrorKind::Forbidden) if it is this one; what the store answers.
    pub async fn evict_host(&self, name_or_id: &str, force: bool) -> Result<Eviction> {
        let name_or_id = name_or_id.to_owned();
        self.run(Operation::Evict, |sides| async move {
            let side = sides.of_hosts(For::Changing)?;
            let host = lookup::host(&side.site.replica.read(), &name_or_id)?.id;
            let because = if force { Because::Forced } else { Because::Asked };
            evict(&side, host, because).await
        })
        .await
    }
}
