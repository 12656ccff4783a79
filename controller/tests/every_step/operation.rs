//! The operations that are crashed.

use netkeep_controller::{Controller, ErrorKind, Result};
use netkeep_model::{Pool, Space};
use serde_json::json;

use crate::shape::Shape;

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

    /// True if the operation is another one with this driver than with those before it.
    pub(crate) fn suits(self, shape: Shape) -> bool {
        let of_clients = matches!(
            self,
            Self::RequestPool | Self::ReleasePool | Self::RequestAddress | Self::ReleaseAddress
        );
        !of_clients || shape == Shape::Manual
    }

    /// Makes what the operation needs. Every network has its driver's name.
    pub(crate) async fn prepare(self, shape: Shape, controller: &Controller) {
        match self {
            Self::CreateNetwork | Self::CreateLargeNetwork | Self::RequestPool => {}
            Self::DeleteNetwork | Self::CreateEndpoint => {
                create_network(shape, controller, false).await.unwrap();
            }
            Self::DeleteLargeNetwork => create_network(shape, controller, true).await.unwrap(),
            Self::DeleteEndpoint => {
                create_network(shape, controller, false).await.unwrap();
                create_endpoint(shape, controller).await.unwrap();
            }
            Self::ReleasePool | Self::RequestAddress => request_pool(controller).await.unwrap(),
            Self::ReleaseAddress => {
                request_pool(controller).await.unwrap();
                request_address(controller).await.unwrap();
            }
        }
    }

    /// Does it.
    pub(crate) async fn act(self, shape: Shape, controller: &Controller) -> Result<()> {
        match self {
            Self::CreateNetwork => create_network(shape, controller, false).await,
            Self::CreateLargeNetwork => create_network(shape, controller, true).await,
            Self::DeleteNetwork | Self::DeleteLargeNetwork => controller.delete_network("blue").await,
            Self::CreateEndpoint => create_endpoint(shape, controller).await,
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
    pub(crate) async fn repeat(self, shape: Shape, controller: &Controller) -> Result<()> {
        match (self, self.act(shape, controller).await) {
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

/// A network of the driver under test, with the options of its sample.
async fn create_network(shape: Shape, controller: &Controller, large: bool) -> Result<()> {
    let options = (shape.sample().network)(0);
    let count = if large { 60 } else { 1 };
    let auxiliary: serde_json::Map<_, _> =
        (0..count).map(|n| (format!("aux{n}"), json!(format!("10.1.0.{}", 10 + n)))).collect();
    let spec = json!({
        "name": "blue", "request": REQUEST, "driver": shape.driver(), "options": options, "ipv6": true,
        "ipam": {"pools": [
            {"pool": "10.1.0.0/24", "sub": "10.1.0.0/25", "auxiliary": auxiliary},
            {"pool": "fd00:1::/64"}
        ]}
    });
    controller.create_network(serde_json::from_value(spec).unwrap()).await.map(|_| ())
}

async fn create_endpoint(shape: Shape, controller: &Controller) -> Result<()> {
    let mut options = (shape.sample().endpoint)(0);
    let mut bindings = json!([]);
    if shape == Shape::Manual {
        options.insert("com.netkeep.manual.number", "vni");
    }
    if shape.sample().ports {
        bindings = json!([{"protocol": "tcp", "port": 80}]);
    }
    let spec = json!({"name": "web", "request": OTHER_REQUEST, "options": options, "bindings": bindings});
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
