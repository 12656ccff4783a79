//! What callers do with attachments.

use super::join::join;
use super::leave::leave;
use crate::sides::Place;
use crate::{Controller, EndpointInfo, Operation, Result, endpoint};

impl Controller {
    /// Joins an endpoint and a sandbox of this host. On a network of local scope: one commit; of global scope: one
    /// commit to the store of all hosts between two to that of this host, and one more before the first use of the
    /// network here. An endpoint that is in this sandbox already is answered as it is.
    ///
    /// If the driver of the endpoint publishes ports while that is the way out of its sandbox, and now it is, one more
    /// commit to the store of this host takes them, from the endpoint that was the way out where both need them; and a
    /// second one gives back what that has left. What the driver notes comes on top.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) for the network, the endpoint or the sandbox;
    /// [`InUse`](crate::ErrorKind::InUse) if the endpoint is attached, and where; the same for a port or link that the
    /// driver needs and another holds; [`Forbidden`](crate::ErrorKind::Forbidden) if the sandbox is of an earlier boot;
    /// [`Conflict`](crate::ErrorKind::Conflict) after too many attempts that met others; what the driver and the stores
    /// answer.
    pub async fn join(&self, network: &str, endpoint: &str, sandbox: &str) -> Result<EndpointInfo> {
        let [network, endpoint, sandbox] = [network, endpoint, sandbox].map(str::to_owned);
        let sides = self.sides().clone();
        self.change(Operation::Join, Place::Network(network.clone()), move |side| {
            let (place, network) = (sides.stores_of(&side), network.clone());
            let (endpoint, sandbox) = (endpoint.clone(), sandbox.clone());
            async move { join(&place, &network, &endpoint, &sandbox).await }
        })
        .await
    }

    /// Parts an endpoint and the sandbox of this host that it is in. As many commits as joining them. If it was the way
    /// out, the next one is before it leaves; that this one's driver does not publish hinders nobody from leaving.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound), also if the endpoint is in no sandbox;
    /// [`Forbidden`](crate::ErrorKind::Forbidden) if it is in another, and in which; what the driver and the stores
    /// answer. After a failure in between it may be in between: let it leave again.
    pub async fn leave(&self, network: &str, endpoint: &str, sandbox: &str) -> Result<EndpointInfo> {
        let [network, endpoint, sandbox] = [network, endpoint, sandbox].map(str::to_owned);
        let sides = self.sides().clone();
        self.change(Operation::Leave, Place::Network(network.clone()), move |side| {
            let (place, network) = (sides.stores_of(&side), network.clone());
            let (endpoint, sandbox) = (endpoint.clone(), sandbox.clone());
            async move { leave(&place, &network, &endpoint, &sandbox).await }
        })
        .await
    }

    /// Deletes an endpoint, also one that is attached: in a sandbox of this host it leaves first; what another host has
    /// made of it, that host takes down as soon as it hears of it.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// As [`Controller::delete_endpoint`] and [`Controller::leave`], but not that it is attached.
    pub async fn delete_endpoint_by_force(&self, network: &str, name_or_id: &str) -> Result<()> {
        let [network, name_or_id] = [network, name_or_id].map(str::to_owned);
        let sides = self.sides().clone();
        self.change(Operation::DeleteEndpoint, Place::Network(network.clone()), move |side| {
            let (place, network, name_or_id) = (sides.stores_of(&side), network.clone(), name_or_id.clone());
            async move { endpoint::delete(&place, &network, &name_or_id, true).await }
        })
        .await
    }
}
