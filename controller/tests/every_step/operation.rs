//! The operations that are crashed.

use netkeep_controller::{Controller, ErrorKind, Result};
use netkeep_model::{NetworkName, Pool, Space};
use serde_json::json;

use crate::world::Shape;

/// The request of the network or pool that is created.
const REQUEST: &str = "0123456789abcdef0123018bcfe56800";
/// The request of the endpoint or address that is created.
const OTHER_REQUEST: &str = "89abcdef0123456789ab018bcfe56800";

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateNetwork,
    CreateLargeNetwork,
    DeleteNetwork,
    DeleteLargeNetwork,
    CreateEndpoint,
    DeleteEndpoint,
    RequestPool,
    ReleasePool,
    RequestAddress,
    ReleaseAddress,
}

impl Operation {
    pub(crate) const ALL: [Self; 10] = [
        Self::CreateNetwork,
        Self::CreateLargeNetwork,
        Self::DeleteNetwork,
        Self::DeleteLargeNetwork,
        Self::CreateEndpoint,
        Self::DeleteEndpoint,
        Self::RequestPool,
        Self::ReleasePool,
        Self::RequestAddress,
        Self::ReleaseAddress,
    ];

    /// True if the operation differs between drivers, or if this is the first of them.
    pub(crate) fn suits(self, shape: Shape) -> bool {
        let of_clients = matches!(
            self,
            Self::RequestPool | Self::ReleasePool | Self::RequestAddress | Self::ReleaseAddress
        );
        !of_clients || shape == Shape::Manual
    }

    /// Makes what the operation needs. Every network has its driver's name.
    pub(crate) async fn prepare(self, controller: &Controller) {
        match self {
            Self::CreateNetwork | Self::CreateLargeNetwork | Self::RequestPool => {}
            Self::DeleteNetwork | Self::CreateEndpoint => {
                create_network(controller, false).await.unwrap();
            }
            Self::DeleteLargeNetwork => create_network(controller, true).await.unwrap(),
            Self::DeleteEndpoint => {
                create_network(controller, false).await.unwrap();
                create_endpoint(controller).await.unwrap();
            }
            Self::ReleasePool | Self::RequestAddress => request_pool(controller).await.unwrap(),
            Self::ReleaseAddress => {
                request_pool(controller).await.unwrap();
                request_address(controller).await.unwrap();
            }
        }
    }

    /// Does it.
    pub(crate) async fn act(self, controller: &Controller) -> Result<()> {
        match self {
            Self::CreateNetwork => create_network(controller, false).await,
            Self::CreateLargeNetwork => create_network(controller, true).await,
            Self::DeleteNetwork | Self::DeleteLargeNetwork => controller.delete_network("blue").await,
            Self::CreateEndpoint => create_endpoint(controller).await,
            Self::DeleteEndpoint => controller.delete_endpoint("blue", "web").await,
            Self::RequestPool => request_pool(controller).await,
            Self::ReleasePool => controller.release_pool(space(), pool(), None).await,
            Self::RequestAddress => request_address(controller).await,
            Self::ReleaseAddress => {
                controller.release_address(space(), pool(), "10.2.0.9".parse().unwrap()).await
            }
        }
    }

    /// Does it again, after a crash: what is gone already was deleted.
    pub(crate) async fn repeat(self, controller: &Controller) -> Result<()> {
        match (self, self.act(controller).await) {
            (
                Self::DeleteNetwork
                | Self::DeleteLargeNetwork
                | Self::DeleteEndpoint
                | Self::ReleasePool
                | Self::ReleaseAddress,
                Err(error),
            ) if error.kind() == ErrorKind::NotFound => Ok(()),
            (_, outcome) => outcome,
        }
    }
}

/// Deletes every endpoint, network, address and pool.
pub(crate) async fn delete_everything(controller: &Controller) {
    for network in controller.networks() {
        let name = network.network.name.as_str();
        for endpoint in controller.endpoints(name).unwrap() {
            controller.delete_endpoint(name, endpoint.endpoint.name.as_str()).await.unwrap();
        }
        controller.delete_network(name).await.unwrap();
    }
    for given in controller.addresses(None, None) {
        controller.release_address(given.space, given.pool, given.address).await.unwrap();
    }
    for held in controller.pools() {
        controller.release_pool(held.space, held.pool, held.sub).await.unwrap();
    }
}

fn space() -> Space {
    Space::new("LocalDefault").unwrap()
}

fn pool() -> Pool {
    "10.2.0.0/24".parse().unwrap()
}

/// The driver under test is the one that says so in this environment of the task.
async fn create_network(controller: &Controller, large: bool) -> Result<()> {
    let names: Vec<String> = (0..if large { 100 } else { 1 }).map(|n| format!("aux{n}")).collect();
    let auxiliary: serde_json::Map<_, _> =
        names.iter().zip(10..).map(|(name, n)| (name.clone(), json!(format!("10.1.0.{n}")))).collect();
    let spec = json!({
        "name": NetworkName::new("blue").unwrap(), "request": REQUEST, "driver": Shape::driver_of(controller),
        "ipv6": true,
        "ipam": {"pools": [
            {"pool": "10.1.0.0/24", "sub": "10.1.0.0/25", "auxiliary": auxiliary},
            {"pool": "fd00:1::/64"}
        ]}
    });
    controller.create_network(serde_json::from_value(spec).unwrap()).await.map(|_| ())
}

async fn create_endpoint(controller: &Controller) -> Result<()> {
    let mut spec = json!({"name": "web", "request": OTHER_REQUEST});
    if Shape::driver_of(controller) == "manual" {
        spec["bindings"] = json!([{"protocol": "tcp", "port": 80}]);
        spec["options"] = json!({"com.netkeep.manual.number": "vni"});
    }
    controller.create_endpoint("blue", serde_json::from_value(spec).unwrap()).await.map(|_| ())
}

async fn request_pool(controller: &Controller) -> Result<()> {
    let spec = json!({"request": REQUEST, "pool": "10.2.0.0/24"});
    controller.request_pool(serde_json::from_value(spec).unwrap()).await.map(|_| ())
}

async fn request_address(controller: &Controller) -> Result<()> {
    let spec = json!({
        "request": OTHER_REQUEST, "space": "LocalDefault", "pool": "10.2.0.0/24", "address": "10.2.0.9"
    });
    controller.request_address(serde_json::from_value(spec).unwrap()).await.map(|_| ())
}
