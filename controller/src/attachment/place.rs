//! Where an attachment is kept.

use std::sync::Arc;

use netkeep_drivers::{EndpointState, JoinState, NetworkState, Notes, PlannedRecord, Remains};
use netkeep_model::{
    Attachment, DriverKind, Endpoint, EndpointKey, Network, Object, RealizedKey, Sandbox, SandboxId, Scope,
};
use netkeep_store::datastore::Versioned;

use super::effective;
use crate::controller::Inner;
use crate::operation::{endpoint_queue, notes, records};
use crate::queues::Turn;
use crate::replica::State;
use crate::sandbox::find;
use crate::{Result, lookup};

/// The store of this host, which holds the sandbox, what is claimed here and what was noted; and that of the network,
/// which holds the endpoint. For a network of local scope they are the same.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) local: Arc<Inner>,
    pub(crate) of: Arc<Inner>,
    /// The store that hosts share, where other endpoints of the same sandbox may be; `None` while it is not served.
    shared: Option<Arc<Inner>>,
}

/// What is known of both.
pub(crate) struct Known<'a> {
    pub(crate) local: &'a State,
    pub(crate) of: &'a State,
}

impl Place {
    /// Of a network of this host, while the store that hosts share is not served.
    pub(crate) fn alone(local: &Arc<Inner>) -> Self {
        Self { local: Arc::clone(local), of: Arc::clone(local), shared: None }
    }

    /// Of a network in the store that hosts share.
    pub(crate) fn shared(local: &Arc<Inner>, shared: &Arc<Inner>) -> Self {
        Self { local: Arc::clone(local), of: Arc::clone(shared), shared: Some(Arc::clone(shared)) }
    }

    /// Of a network of this host.
    pub(crate) fn local(local: &Arc<Inner>, shared: Option<Arc<Inner>>) -> Self {
        Self { local: Arc::clone(local), of: Arc::clone(local), shared }
    }

    /// Where another endpoint is that was joined on this host. While the store that hosts share is not served, what
    /// this host has noted of it is all that is known of one that is there.
    pub(super) fn of_other(&self, key: EndpointKey) -> Self {
        let here = self.local.site.replica.read().tables.has_network(key.network);
        match &self.shared {
            Some(shared) if !here => Self::shared(&self.local, shared),
            _ => Self::local(&self.local, self.shared.clone()),
        }
    }

    /// True if the network is of global scope: then each change is an intent, a commit that decides, and a third.
    pub(crate) fn is_shared(&self) -> bool {
        self.of.site.scope == Scope::Global
    }

    /// Answers from what is known now.
    pub(crate) fn read<T>(&self, answer: impl FnOnce(&Known<'_>) -> T) -> T {
        let local = self.local.site.replica.read();
        if self.is_shared() {
            let of = self.of.site.replica.read();
            answer(&Known { local: &local, of: &of })
        } else {
            // One store is not locked twice.
            answer(&Known { local: &local, of: &local })
        }
    }

    /// Answers from what is known now of this host and of the store that hosts share.
    pub(super) fn read_all<T>(&self, answer: impl FnOnce(&State, Option<&State>) -> T) -> T {
        let local = self.local.site.replica.read();
        let shared = self.shared.as_ref().map(|shared| shared.site.replica.read());
        answer(&local, shared.as_deref())
    }

    /// The endpoint of this network and the sandbox of this host, each by its name, id, or the beginning of an id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) and [`Ambiguous`](crate::ErrorKind::Ambiguous) say of what.
    pub(super) fn named(
        &self,
        network: &str,
        endpoint: &str,
        sandbox: &str,
    ) -> Result<(EndpointKey, SandboxId)> {
        self.read(|known| {
            let network = lookup::network(known.of, network)?;
            let endpoint = lookup::endpoint(known.of, network, endpoint)?;
            Ok((endpoint.id, find(known.local, sandbox)?.id))
        })
    }

    /// Waits for the turn of an endpoint, in both stores. Whoever needs that of its sandbox too has that before.
    pub(crate) async fn turns(&self, key: EndpointKey) -> (Turn, Option<Turn>) {
        let name = endpoint_queue(key.network, key.endpoint);
        let local = self.local.site.queues.turn([name.clone()]).await;
        let of = match self.is_shared() {
            true => Some(self.of.site.queues.turn([name]).await),
            false => None,
        };
        (local, of)
    }

    /// True if this attachment was made by this host, by any of its runs.
    pub(crate) fn is_here(&self, attachment: &Attachment) -> bool {
        attachment.host.host == self.local.site.actor.host
    }

    /// The attachment of this endpoint to this sandbox of this host, if there is one.
    pub(super) fn attached(&self, key: EndpointKey, sandbox: SandboxId) -> Option<Versioned<Endpoint>> {
        self.read(|known| {
            let read = known.of.tables.endpoints.get(&key)?;
            let attachment = read.record.attachment.as_ref()?;
            (attachment.sandbox == sandbox && self.is_here(attachment)).then(|| read.clone())
        })
    }

    /// The driver of the network; what was noted says it too if the record cannot be read or is gone.
    pub(super) fn driver_kind(&self, on: Object) -> Option<DriverKind> {
        self.read(|known| {
            let network = known.of.tables.networks.get(&on.network()).map(|read| read.record.driver.clone());
            let noted = known.local.tables.realized.get(&RealizedKey(on));
            network.or_else(|| noted.map(|read| read.record.driver.clone()))
        })
    }
}

/// Adds what the sandbox wants to have published to what the endpoint that is its way out wants.
pub(super) fn wish_as_way_out(endpoint: &mut Endpoint, sandbox: &Sandbox) {
    endpoint.bindings_wanted.extend(sandbox.bindings_wanted.iter().cloned());
    for port in &sandbox.exposed_ports {
        if !endpoint.exposed_ports.contains(port) {
            endpoint.exposed_ports.push(*port);
        }
    }
}

impl Known<'_> {
    fn records(&self, driver: &DriverKind, on: &Object) -> Vec<PlannedRecord> {
        let mut found = records(self.of, driver, on);
        if self.of.scope() == Scope::Global {
            found.extend(records(self.local, driver, on));
        }
        found
    }

    fn notes(&self, driver: &DriverKind, on: &Object) -> Notes {
        notes(self.local, driver, on)
    }

    /// What is left of `on` on this host.
    pub(super) fn remains(&self, driver: &DriverKind, on: Object) -> Remains {
        Remains { on, notes: self.notes(driver, &on), records: self.records(driver, &on) }
    }

    /// A network as its driver gets it.
    pub(super) fn network_state(&self, read: &Versioned<Network>) -> NetworkState {
        let on = Object::Network(read.id);
        NetworkState {
            id: read.id,
            network: read.record.clone(),
            records: self.records(&read.record.driver, &on),
            notes: self.notes(&read.record.driver, &on),
        }
    }

    /// An endpoint as its driver gets it.
    pub(super) fn endpoint_state(
        &self,
        of: &Versioned<Network>,
        read: &Versioned<Endpoint>,
    ) -> EndpointState {
        let on = Object::Endpoint(read.id.network, read.id.endpoint);
        EndpointState {
            network: self.network_state(of),
            id: read.id.endpoint,
            endpoint: effective(&read.record),
            records: self.records(&of.record.driver, &on),
            notes: self.notes(&of.record.driver, &on),
        }
    }

    /// An attachment as its driver gets it, with what is published while the endpoint is the way out of its sandbox.
    pub(super) fn join_state(
        &self,
        of: &Versioned<Network>,
        read: &Versioned<Endpoint>,
        sandbox: &Versioned<Sandbox>,
    ) -> JoinState {
        let on = Object::Join(read.id.network, read.id.endpoint, sandbox.id);
        let mut endpoint = self.endpoint_state(of, read);
        let way_out = self.local.tables.ways_out.get(&sandbox.id).map(|found| &found.record.now);
        if let Some(way) = way_out.filter(|way| way.key() == read.id) {
            wish_as_way_out(&mut endpoint.endpoint, &sandbox.record);
            endpoint.endpoint.bindings.extend(way.bindings.iter().cloned());
        }
        JoinState {
            endpoint,
            sandbox: sandbox.id,
            sandbox_key: sandbox.record.key.clone(),
            options: sandbox.record.options.clone(),
            records: self.records(&of.record.driver, &on),
            notes: self.notes(&of.record.driver, &on),
        }
    }
}
