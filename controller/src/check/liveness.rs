//! Who lives.

use netkeep_model::{
    Endpoint, EndpointId, EndpointKey, HostRef, Intent, Network, NetworkId, Object, Owner, SandboxId, Scope,
};
use netkeep_store::Result;
use netkeep_store::datastore::{Any, Record, Transaction, Versioned};

use super::findings::{Beside, Findings};
use crate::repair::Condition;
use crate::replica::State;

/// What is known of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is there.
    There,
    /// It is not.
    Gone,
    /// It cannot be told now: the other store cannot be had, or an operation is under way.
    Unknown,
}

impl<'a> Findings<'a> {
    /// True if this run is over.
    pub(super) fn is_over(&self, run: HostRef) -> bool {
        self.state.is_over(run, self.alive)
    }

    /// The stores in which what is spoken of here may be. Nothing in the store that hosts share hangs on what is
    /// in that of one of them.
    fn states(&self) -> impl Iterator<Item = &'a State> + use<'a> {
        let beside = match (self.state.scope(), self.beside) {
            (Scope::Local, Beside::Known(state)) => Some(state),
            _ => None,
        };
        std::iter::once(self.state).chain(beside)
    }

    fn if_nowhere(&self) -> Seen {
        match (self.state.scope(), self.beside) {
            (Scope::Local, Beside::Unknown) => Seen::Unknown,
            _ => Seen::Gone,
        }
    }

    pub(super) fn network(&self, network: NetworkId) -> Seen {
        if self.states().any(|state| state.tables.has_network(network)) {
            return Seen::There;
        }
        self.if_nowhere()
    }

    pub(super) fn endpoint(&self, network: NetworkId, endpoint: EndpointId) -> Seen {
        if self.states().any(|state| state.tables.has_endpoint(network, endpoint)) {
            return Seen::There;
        }
        self.if_nowhere()
    }

    /// The record of an endpoint, and the store in which it is.
    pub(super) fn found(&self, id: &EndpointKey) -> Option<(&'a Versioned<Endpoint>, Scope)> {
        self.states().find_map(|state| state.tables.endpoints.get(id).map(|read| (read, state.scope())))
    }

    fn join(&self, network: NetworkId, endpoint: EndpointId, sandbox: SandboxId) -> Seen {
        if self.intent_on(network, endpoint).is_some() {
            return Seen::Unknown;
        }
        match self.found(&EndpointKey { network, endpoint }) {
            Some((read, _)) => match &read.record.attachment {
                Some(attachment) if attachment.sandbox == sandbox => Seen::There,
                _ => Seen::Gone,
            },
            None => self.endpoint(network, endpoint),
        }
    }

    /// An operation of this host that spans both stores and is not at its end.
    pub(super) fn intent_on(
        &self,
        network: NetworkId,
        endpoint: EndpointId,
    ) -> Option<&'a Versioned<Intent>> {
        let mut intents = self.here()?.tables.intents.values();
        intents.find(|read| {
            read.record.object.network() == network && read.record.object.endpoint() == Some(endpoint)
        })
    }

    /// The store of this host.
    pub(super) fn here(&self) -> Option<&'a State> {
        match (self.state.scope(), self.beside) {
            (Scope::Local, _) => Some(self.state),
            (Scope::Global, Beside::Known(state)) => Some(state),
            (Scope::Global, _) => None,
        }
    }

    pub(super) fn object(&self, object: &Object) -> Seen {
        match object {
            Object::Network(network) => self.network(*network),
            Object::Endpoint(network, endpoint) => self.endpoint(*network, *endpoint),
            Object::Join(network, endpoint, sandbox) => self.join(*network, *endpoint, *sandbox),
        }
    }

    pub(super) fn owner(&self, owner: &Owner) -> Seen {
        match owner {
            Owner::Network { network } | Owner::Service { network, .. } => self.network(*network),
            Owner::Endpoint { network, endpoint } => self.endpoint(*network, *endpoint),
            Owner::Join { network, endpoint, sandbox } => self.join(*network, *endpoint, *sandbox),
            Owner::Client { .. } => Seen::There,
        }
    }

    /// True if this owner is gone, or is an endpoint that is removed because its network is.
    pub(super) fn goes(&self, owner: &Owner) -> bool {
        let alone = owner.endpoint().zip(owner.network()).is_some_and(|(endpoint, network)| {
            let read = self.state.tables.endpoints.get(&EndpointKey { network, endpoint });
            read.is_some_and(|read| read.record.attachment.is_none()) && self.network(network) == Seen::Gone
        });
        alone || self.owner(owner) == Seen::Gone
    }

    /// Adds what says that `object` is gone to a change that rests on it; what the other store says of it is
    /// returned.
    pub(super) fn because_gone(&self, object: &Object, tx: &mut Transaction<Any>) -> Result<Vec<Condition>> {
        let mut elsewhere = Vec::new();
        let Some(endpoint) = object.endpoint() else {
            let key = Network::key(&object.network())?;
            tx.absent::<Network>(&object.network())?;
            if let (Scope::Local, Beside::Known(_)) = (self.state.scope(), self.beside) {
                elsewhere.push(Condition { scope: Scope::Global, key, revision: None });
            }
            return Ok(elsewhere);
        };
        let id = EndpointKey { network: object.network(), endpoint };
        match self.state.tables.endpoints.get(&id) {
            Some(read) => tx.unchanged(read)?,
            None => tx.absent::<Endpoint>(&id)?,
        }
        if let (Scope::Local, Beside::Known(other)) = (self.state.scope(), self.beside) {
            let revision = other.tables.endpoints.get(&id).map(Versioned::revision);
            elsewhere.push(Condition { scope: Scope::Global, key: Endpoint::key(&id)?, revision });
        }
        Ok(elsewhere)
    }

    /// As [`Findings::because_gone`], for the object that holds an allocation.
    pub(super) fn because_over(&self, owner: &Owner, tx: &mut Transaction<Any>) -> Result<Vec<Condition>> {
        match owner {
            Owner::Network { network } | Owner::Service { network, .. } => {
                self.because_gone(&Object::Network(*network), tx)
            }
            Owner::Endpoint { network, endpoint } | Owner::Join { network, endpoint, .. } => {
                self.because_gone(&Object::Endpoint(*network, *endpoint), tx)
            }
            Owner::Client { .. } => Ok(Vec::new()),
        }
    }
}
