//! What leads from the host into sandboxes.

use netkeep_store::datastore::{Local, Record};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{Claim, EndpointId, EndpointKey, NetworkId, Object, PortBinding, SandboxId};

/// What the driver of the endpoint that is the way out of a sandbox publishes for it on this host, at
/// `ways-out/<sandbox>`; absent while that driver publishes nothing.
///
/// It is of this host, whatever the scope of the network. The commit that moves the way out writes it, with the claims;
/// the one that ends the attachment of the endpoint removes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayOut {
    /// What is published.
    pub now: Way,
    /// What another endpoint has published before, until this host has taken it back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub before: Option<Way>,
}

impl Record for WayOut {
    type Home = Local;
    type Id = SandboxId;
    const KIND: &'static str = "way-out";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "ways-out";
}

/// What one endpoint of a sandbox publishes as its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Its network.
    pub network: NetworkId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The ports that the host publishes, beside those of the endpoint and its attachment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bindings: Vec<PortBinding>,
    /// What is claimed for that on this host; its owner is the attachment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub claims: Vec<Claim>,
    /// Whether this host has something to do for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ensure: bool,
}

impl Way {
    /// The endpoint.
    pub const fn key(&self) -> EndpointKey {
        EndpointKey { network: self.network, endpoint: self.endpoint }
    }

    /// Its attachment to this sandbox.
    pub const fn join(&self, sandbox: SandboxId) -> Object {
        Object::Join(self.network, self.endpoint, sandbox)
    }
}

impl WayOut {
    /// What is claimed, and by which attachment. What the endpoint before had claimed and the one of now needs has
    /// changed hands; the rest stays claimed until it is taken back.
    pub fn held(&self, sandbox: SandboxId) -> impl Iterator<Item = (&Claim, Object)> {
        let now = self.now.claims.iter().map(move |claim| (claim, self.now.join(sandbox)));
        let before = self.before.iter().flat_map(move |before| {
            let left = before.claims.iter().filter(|claim| !self.now.claims.iter().any(|of| of.meets(claim)));
            left.map(move |claim| (claim, before.join(sandbox)))
        });
        now.chain(before)
    }
}
