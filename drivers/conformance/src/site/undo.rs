//! Taking down, and undoing what did not succeed.

use netkeep_drivers::{EnsureError, RemoveError};
use netkeep_model::{Object, OperationId, Owner, Phase, Scope};

use super::{Failure, JoinPhase, Site};

impl Site {
    /// Undoes a creation that has failed on the host, as its error says.
    pub(super) async fn undo(&mut self, what: Object, error: EnsureError) -> Failure {
        // What one host cannot make of a network that all hosts share is undone on this host alone.
        let shared = matches!(what, Object::Network(_)) && self.scope == Scope::Global && !self.is_called();
        if let EnsureError::Taken(claim, _) = &error {
            let owner = Owner::from(what);
            let has = self.local().has(claim, &owner) || self.global().has(claim, &owner);
            assert!(has, "D-FAIL-3: {claim} is taken, and {what} has not claimed it");
        }
        if let EnsureError::Unknown(_) = &error {
            let removed = self.driver.remove(&self.notes(), &self.remains(what)).await;
            if let Err(RemoveError::Retry(_)) = removed {
                self.commit(format!("deletion of {what}"), || {
                    if shared {
                        self.local().here.remove(&what.network());
                    } else {
                        self.set_deleting(what);
                    }
                })
                .await;
                return Failure::Ensured(error);
            }
        }
        self.commit(format!("end of {what}"), || {
            if shared {
                self.forget_here(what);
            } else {
                self.forget(what);
            }
        })
        .await;
        Failure::Ensured(error)
    }

    /// Takes something off this host, and then out of the stores.
    pub(super) async fn take_down(&mut self, what: Object) -> Result<(), Failure> {
        let noted = self.local().notes.contains_key(&what);
        if noted || self.is_called() {
            match self.driver.remove(&self.notes(), &self.remains(what)).await {
                Ok(()) | Err(RemoveError::Ignored(_)) => {}
                Err(error) => return Err(Failure::Removed(error)),
            }
        }
        self.commit(format!("end of {what}"), || self.forget(what)).await;
        Ok(())
    }

    /// Everything of an object goes from the stores, this host's notes included.
    pub(super) fn forget(&self, what: Object) {
        if let Object::Join(..) = what {
            self.forget_publication(what);
            self.detach(what);
        }
        self.store().remove(&what);
        self.forget_here(what);
    }

    /// What this host keeps of an object goes.
    pub(super) fn forget_here(&self, what: Object) {
        let mut local = self.local();
        local.notes.remove(&what);
        if self.scope == Scope::Global {
            local.remove(&what);
        }
        local.release(&Owner::from(what));
    }

    fn set_deleting(&self, what: Object) {
        let phase = Phase::Deleting { by: self.host, operation: OperationId::generate() };
        match what {
            Object::Network(network) => self.set_network_phase(network, phase),
            Object::Endpoint(network, endpoint) => self.set_endpoint_phase(network, endpoint, phase),
            Object::Join(..) => self.set_join_phase(&what, JoinPhase::Deleting),
        }
    }
}
