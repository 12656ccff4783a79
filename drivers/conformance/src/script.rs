//! What happens on a host, one operation after the other.

use std::collections::BTreeSet;
use std::fmt;

use netkeep_drivers::JoinState;
use netkeep_model::{Object, SandboxId};

use crate::site::{JoinPhase, endpoint_id, network_id, sandbox_id, sandbox_key};
use crate::{Failure, Site};

/// One operation on the samples: the network is given first, then the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Network(usize),
    /// This host prepares for a network.
    Use(usize),
    Endpoint(usize, usize),
    /// Into a sandbox whose key is known, or not yet.
    Join(usize, usize, bool),
    Key(usize, usize),
    Publish(usize, usize),
    Withdraw(usize, usize),
    Leave(usize, usize),
    RemoveEndpoint(usize, usize),
    RemoveNetwork(usize),
}

/// The operations that make two networks with three endpoints in sandboxes; one network if the driver can have
/// no more.
pub(crate) fn up(site: &Site) -> Vec<Op> {
    use Op::{Endpoint, Join, Key, Network, Publish, Use};
    let mut ops = vec![
        Network(0),
        Use(0),
        Endpoint(0, 0),
        Join(0, 0, false),
        Key(0, 0),
        Publish(0, 0),
        Endpoint(0, 1),
        Join(0, 1, true),
    ];
    if has_second(site) {
        ops.extend([Network(1), Use(1), Endpoint(1, 0), Join(1, 0, true), Publish(1, 0)]);
    }
    ops
}

/// The operations that remove all that again: what was made first goes first.
pub(crate) fn down(site: &Site) -> Vec<Op> {
    use Op::{Leave, RemoveEndpoint, RemoveNetwork, Withdraw};
    let mut ops = vec![
        Withdraw(0, 0),
        Leave(0, 0),
        RemoveEndpoint(0, 0),
        Leave(0, 1),
        RemoveEndpoint(0, 1),
        RemoveNetwork(0),
    ];
    if has_second(site) {
        ops.extend([Leave(1, 0), RemoveEndpoint(1, 0), RemoveNetwork(1)]);
    }
    ops
}

/// Whether a host can have two networks of the driver.
pub(crate) fn has_second(site: &Site) -> bool {
    site.driver().info().max_networks.is_none_or(|most| most > 1)
}

/// The attachment of an endpoint of the samples.
pub(crate) fn join_of(network: usize, endpoint: usize) -> Object {
    let id = network_id(network);
    Object::Join(id, endpoint_id(id, endpoint), sandbox(network, endpoint))
}

fn sandbox(network: usize, endpoint: usize) -> SandboxId {
    sandbox_id(network_id(network), endpoint)
}

impl Site {
    /// Does one operation.
    pub(crate) async fn perform(&mut self, op: Op) -> Result<(), Failure> {
        match op {
            Op::Network(n) => self.create_network(&self.network_request(n)).await.map(|_| ()),
            Op::Use(n) => self.use_network(network_id(n)).await,
            Op::Endpoint(n, e) => {
                let request = self.endpoint_request(network_id(n), e);
                self.create_endpoint(&request).await.map(|_| ())
            }
            Op::Join(n, e, key) => {
                let network = network_id(n);
                let endpoint = self.endpoint_state(network, endpoint_id(network, e));
                let request = self.join_request(&endpoint, e, key);
                self.join(&request).await.map(|_| ())
            }
            Op::Key(n, e) => self.set_key(join_of(n, e), sandbox_key(network_id(n), e)).await,
            Op::Publish(n, e) => self.publish(join_of(n, e)).await,
            Op::Withdraw(n, e) => self.withdraw(join_of(n, e)).await,
            Op::Leave(n, e) => self.leave(join_of(n, e)).await,
            Op::RemoveEndpoint(n, e) => {
                let network = network_id(n);
                self.remove_endpoint(network, endpoint_id(network, e)).await
            }
            Op::RemoveNetwork(n) => self.remove_network(network_id(n)).await,
        }
    }

    /// Does all of them.
    pub(crate) async fn perform_all(&mut self, ops: &[Op]) {
        for op in ops {
            self.perform(*op).await.unwrap_or_else(|failure| panic!("{op} did not succeed: {failure}"));
        }
    }

    /// Does those that are not done yet.
    pub(crate) async fn perform_rest(&mut self, ops: &[Op]) {
        for op in ops {
            if !self.is_done(*op) {
                self.perform_all(&[*op]).await;
            }
        }
    }

    fn is_done(&self, op: Op) -> bool {
        let join = |n, e| self.local().joins.get(&join_of(n, e)).cloned();
        let has_endpoint = |n, e| {
            let network = network_id(n);
            self.store().endpoints.contains_key(&(network, endpoint_id(network, e)))
        };
        match op {
            Op::Network(n) => self.store().networks.contains_key(&network_id(n)),
            // Using twice is using once.
            Op::Use(_) => false,
            Op::Endpoint(n, e) => has_endpoint(n, e),
            Op::Join(n, e, _) => join(n, e).is_some_and(|join| join.phase == JoinPhase::Ready),
            Op::Key(n, e) => join(n, e).is_some_and(|join| join.key.is_some()),
            Op::Publish(n, e) => join(n, e).is_some_and(|join| join.published.is_some()),
            Op::Withdraw(n, e) => join(n, e).is_none_or(|join| join.published.is_none()),
            Op::Leave(n, e) => join(n, e).is_none(),
            Op::RemoveEndpoint(n, e) => !has_endpoint(n, e),
            Op::RemoveNetwork(n) => !self.store().networks.contains_key(&network_id(n)),
        }
    }

    /// What is wanted of the host, in words: two hosts that want the same show the same.
    pub(crate) fn wants(&self) -> BTreeSet<String> {
        let wanted = self.wanted();
        let networks = wanted.networks.iter().map(|state| state.object().to_string());
        let endpoints = wanted.endpoints.iter().map(|state| state.object().to_string());
        let published = |state: &JoinState| {
            let local = self.local();
            local.joins.get(&state.object()).is_some_and(|join| join.published.is_some())
        };
        let joins = wanted.joins.iter().map(|state| {
            format!("{}, key {:?}, published {}", state.object(), state.sandbox_key, published(state))
        });
        networks.chain(endpoints).chain(joins).collect()
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(n) => write!(f, "making network {n}"),
            Self::Use(n) => write!(f, "the first use of network {n}"),
            Self::Endpoint(n, e) => write!(f, "making endpoint {n}.{e}"),
            Self::Join(n, e, true) => write!(f, "joining endpoint {n}.{e}"),
            Self::Join(n, e, false) => write!(f, "joining endpoint {n}.{e} without a key"),
            Self::Key(n, e) => write!(f, "the key for endpoint {n}.{e}"),
            Self::Publish(n, e) => write!(f, "publishing endpoint {n}.{e}"),
            Self::Withdraw(n, e) => write!(f, "taking back what endpoint {n}.{e} publishes"),
            Self::Leave(n, e) => write!(f, "the leaving of endpoint {n}.{e}"),
            Self::RemoveEndpoint(n, e) => write!(f, "removing endpoint {n}.{e}"),
            Self::RemoveNetwork(n) => write!(f, "removing network {n}"),
        }
    }
}
