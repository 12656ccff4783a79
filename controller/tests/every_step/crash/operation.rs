//! The operations that are crashed.

use netkeep_controller::{Controller, ErrorKind, HostState, Result};
use netkeep_model::{Pool, Space};
use serde_json::{Value, json};

use super::gone::gone;
use super::shape::Shape;
use super::world::World;
use super::wrong;

/// The request of the network or pool that is created.
const REQUEST: &str = "0123456789abcdef0123018bcfe56800";
/// The request of the endpoint or address that is created.
const OTHER_REQUEST: &str = "89abcdef0123456789ab018bcfe56800";

/// The requests of the network and the endpoint that are beside those: what they are called on the host is the same each
/// time.
const RED_REQUEST: &str = "23456789abcdef012345018bcfe56800";
const RED_WEB_REQUEST: &str = "456789abcdef01234567018bcfe56800";

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
    CreateSandbox,
    DeleteSandbox,
    Join,
    Leave,
    /// Joining an endpoint that becomes the way out of its sandbox instead of another.
    JoinAsWayOut,
    /// Leaving, by which that other one is the way out again.
    LeaveAsWayOut,
    /// Of a host that is gone.
    Evict,
    /// Of the store that hosts share.
    Repair,
}

impl Operation {
    pub(crate) const ALL: [Self; 18] = [
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
        Self::CreateSandbox,
        Self::DeleteSandbox,
        Self::Join,
        Self::Leave,
        Self::JoinAsWayOut,
        Self::LeaveAsWayOut,
        Self::Evict,
        Self::Repair,
    ];

    /// True if the operation is another one with this driver than with those before it.
    pub(crate) fn suits(self, shape: Shape) -> bool {
        match self {
            Self::RequestPool | Self::ReleasePool | Self::RequestAddress | Self::ReleaseAddress => {
                matches!(shape, Shape::Manual | Shape::Shared)
            }
            Self::CreateSandbox => shape == Shape::Manual,
            Self::JoinAsWayOut | Self::LeaveAsWayOut => matches!(shape, Shape::Bridge | Shape::SharedBridge),
            Self::Evict | Self::Repair => shape.is_shared(),
            _ => true,
        }
    }

    /// True if it changes what is in a sandbox.
    pub(crate) fn is_of_sandboxes(self) -> bool {
        matches!(
            self,
            Self::DeleteSandbox | Self::Join | Self::Leave | Self::JoinAsWayOut | Self::LeaveAsWayOut
        )
    }

    /// True if the check finds nothing after a crash in it.
    pub(crate) fn is_clean_between(self) -> bool {
        !matches!(self, Self::Evict | Self::Repair)
    }

    /// True if another host can do the same, after the first one was evicted.
    pub(crate) fn is_repeated_elsewhere(self) -> bool {
        let of_this_host = self.is_of_sandboxes() || self == Self::CreateSandbox;
        !of_this_host && !matches!(self, Self::RequestAddress | Self::Evict | Self::Repair)
    }

    /// Begins a run in this world, which has what the operation needs.
    pub(crate) async fn prepare_in(self, shape: Shape, world: &World) -> Controller {
        let before = match self {
            Self::Evict | Self::Repair => Some(gone(shape, world).await),
            _ => None,
        };
        let controller = world.open().await.expect("nothing crashes yet");
        self.prepare(shape, &controller).await;
        if let (Self::Repair, Some(evicted)) = (self, before) {
            create_endpoint(shape, &controller).await.unwrap();
            let network = controller.network("blue").unwrap().id.to_string();
            let stranger = world.stranger().await;
            wrong::harm(&*stranger, &network, evicted).await;
            stranger.close().await.unwrap();
        }
        controller
    }

    /// Makes what the operation needs. Every network has its driver's name.
    pub(crate) async fn prepare(self, shape: Shape, controller: &Controller) {
        match self {
            Self::CreateNetwork
            | Self::CreateLargeNetwork
            | Self::RequestPool
            | Self::CreateSandbox
            | Self::Evict
            | Self::Repair => {}
            Self::DeleteNetwork | Self::CreateEndpoint => {
                create_network(shape, controller, false).await.unwrap();
            }
            Self::DeleteLargeNetwork => drop(create_network(shape, controller, true).await.unwrap()),
            Self::DeleteEndpoint => {
                create_network(shape, controller, false).await.unwrap();
                create_endpoint(shape, controller).await.unwrap();
            }
            Self::Join => prepare_join(shape, controller).await,
            Self::Leave | Self::DeleteSandbox => {
                prepare_join(shape, controller).await;
                join(controller).await.unwrap();
            }
            Self::JoinAsWayOut => prepare_way_out(shape, controller).await,
            Self::LeaveAsWayOut => {
                prepare_way_out(shape, controller).await;
                controller.join("red", "web", "c0ffee").await.unwrap();
            }
            Self::ReleasePool | Self::RequestAddress => drop(request_pool(shape, controller).await.unwrap()),
            Self::ReleaseAddress => {
                request_pool(shape, controller).await.unwrap();
                request_address(shape, controller).await.unwrap();
            }
        }
    }

    /// Does it; answers what was made.
    pub(crate) async fn act(self, shape: Shape, controller: &Controller) -> Result<Value> {
        match self {
            Self::CreateNetwork => create_network(shape, controller, false).await,
            Self::CreateLargeNetwork => create_network(shape, controller, true).await,
            Self::DeleteNetwork | Self::DeleteLargeNetwork => done(controller.delete_network("blue").await),
            Self::CreateEndpoint => create_endpoint(shape, controller).await,
            Self::DeleteEndpoint => done(controller.delete_endpoint("blue", "web").await),
            Self::RequestPool => request_pool(shape, controller).await,
            Self::ReleasePool => done(controller.release_pool(space(shape), pool(), None).await),
            Self::RequestAddress => request_address(shape, controller).await,
            Self::ReleaseAddress => {
                done(controller.release_address(space(shape), pool(), "10.2.0.9".parse().unwrap()).await)
            }
            Self::CreateSandbox => create_sandbox(controller).await,
            Self::DeleteSandbox => done(controller.delete_sandbox_by_force("c0ffee").await),
            Self::Join => join(controller).await,
            Self::Leave => done(controller.leave("blue", "web", "c0ffee").await.map(drop)),
            Self::JoinAsWayOut => controller.join("red", "web", "c0ffee").await.map(shown),
            Self::LeaveAsWayOut => done(controller.leave("red", "web", "c0ffee").await.map(drop)),
            Self::Evict => done(evict_others(controller).await),
            Self::Repair => {
                wrong::mend(controller).await;
                Ok(Value::Null)
            }
        }
    }

    /// The same once more, by somebody else: refused as long as it is there.
    pub(crate) async fn rival(self, shape: Shape, controller: &Controller) -> Option<Result<()>> {
        let name = match self {
            Self::CreateNetwork | Self::CreateLargeNetwork => "blue",
            _ => "web",
        };
        match self {
            Self::CreateNetwork | Self::CreateLargeNetwork => {
                let spec = json!({"name": name, "driver": shape.driver()});
                Some(controller.create_network(serde_json::from_value(spec).unwrap()).await.map(drop))
            }
            Self::CreateEndpoint => {
                let spec = json!({"name": name});
                Some(
                    controller.create_endpoint("blue", serde_json::from_value(spec).unwrap()).await.map(drop),
                )
            }
            Self::RequestPool => {
                let spec = json!({"pool": "10.2.0.0/24"});
                Some(controller.request_pool(serde_json::from_value(spec).unwrap()).await.map(drop))
            }
            Self::RequestAddress => {
                let spec = json!({"space": "LocalDefault", "pool": "10.2.0.0/24", "address": "10.2.0.9"});
                Some(controller.request_address(serde_json::from_value(spec).unwrap()).await.map(drop))
            }
            _ => None,
        }
    }

    /// Does it again, after a crash: what is gone already was deleted.
    pub(crate) async fn repeat(self, shape: Shape, controller: &Controller) -> Result<Value> {
        match (self, self.act(shape, controller).await) {
            (
                Self::DeleteNetwork
                | Self::DeleteLargeNetwork
                | Self::DeleteEndpoint
                | Self::ReleasePool
                | Self::ReleaseAddress
                | Self::DeleteSandbox
                | Self::Leave
                | Self::LeaveAsWayOut,
                Err(error),
            ) if error.kind() == ErrorKind::NotFound => Ok(Value::Null),
            (_, outcome) => outcome,
        }
    }
}

/// Deletes every sandbox, endpoint, network, address and pool.
pub(crate) async fn delete_everything(controller: &Controller) {
    for sandbox in controller.sandboxes() {
        controller.delete_sandbox_by_force(&sandbox.id.to_string()).await.unwrap();
    }
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

/// Evicts all other hosts: nothing is theirs then.
pub(super) async fn evict_others(controller: &Controller) -> Result<()> {
    let this = controller.status().host;
    for other in controller.hosts()?.iter().filter(|other| other.id != this) {
        let evicted = controller.evict_host(&other.id.to_string(), true).await?;
        assert!(evicted.left.is_empty(), "{:?}", evicted.left);
        let shown = controller.host(&other.id.to_string())?.info;
        assert!(shown.owns.is_empty() && shown.state == HostState::Evicted, "{shown:?}");
    }
    Ok(())
}

fn done(outcome: Result<()>) -> Result<Value> {
    outcome.map(|()| Value::Null)
}

fn shown(info: impl serde::Serialize) -> Value {
    serde_json::to_value(info).unwrap()
}

fn space(shape: Shape) -> Space {
    Space::new(if shape.is_shared() { "GlobalDefault" } else { "LocalDefault" }).unwrap()
}

fn pool() -> Pool {
    "10.2.0.0/24".parse().unwrap()
}

/// A network of the driver under test, with the options of its sample.
pub(super) async fn create_network(shape: Shape, controller: &Controller, large: bool) -> Result<Value> {
    let options = (shape.sample().network)(0);
    let count = if large { 60 } else { 1 };
    let auxiliary: serde_json::Map<_, _> =
        (0..count).map(|n| (format!("aux{n}"), json!(format!("10.1.0.{}", 10 + n)))).collect();
    let spec = json!({
        "name": "blue", "request": REQUEST, "scope": shape.is_shared().then_some("global"), "driver": shape.driver(), "options": options, "ipv6": true,
        "ipam": {"pools": [
            {"pool": "10.1.0.0/24", "sub": "10.1.0.0/25", "auxiliary": auxiliary},
            {"pool": "fd00:1::/64"}
        ]}
    });
    controller.create_network(serde_json::from_value(spec).unwrap()).await.map(shown)
}

async fn create_endpoint(shape: Shape, controller: &Controller) -> Result<Value> {
    let mut options = (shape.sample().endpoint)(0);
    let mut bindings = json!([]);
    if matches!(shape, Shape::Manual | Shape::Shared) {
        options.insert("com.netkeep.manual.number", "vni");
    }
    if shape.sample().ports {
        bindings = json!([{"protocol": "tcp", "port": 80}]);
    }
    let spec = json!({"name": "web", "request": OTHER_REQUEST, "options": options, "bindings": bindings});
    controller.create_endpoint("blue", serde_json::from_value(spec).unwrap()).await.map(shown)
}

/// A network, an endpoint and a sandbox.
async fn prepare_join(shape: Shape, controller: &Controller) {
    create_network(shape, controller, false).await.unwrap();
    create_endpoint(shape, controller).await.unwrap();
    create_sandbox(controller).await.unwrap();
}

/// A sandbox that wants a port published, with an endpoint in it; and another one that is to be its way out.
async fn prepare_way_out(shape: Shape, controller: &Controller) {
    create_network(shape, controller, false).await.unwrap();
    create_endpoint(shape, controller).await.unwrap();
    let red = json!({"name": "red", "request": RED_REQUEST, "driver": shape.driver(), "options": (shape.sample().network)(1),
        "ipam": {"pools": [{"pool": "10.2.0.0/24"}]}});
    controller.create_network(serde_json::from_value(red).unwrap()).await.unwrap();
    let web = json!({"name": "web", "request": RED_WEB_REQUEST, "priority": 1, "options": (shape.sample().endpoint)(1),
        "bindings": [{"protocol": "udp", "port": 53}]});
    controller.create_endpoint("red", serde_json::from_value(web).unwrap()).await.unwrap();
    let sandbox = json!({"container": "c0ffee", "request": REQUEST, "key": "/run/netns/c0ffee",
        "bindings": [{"protocol": "tcp", "port": 443, "host_ports": "8443"}]});
    controller.create_sandbox(serde_json::from_value(sandbox).unwrap()).await.unwrap();
    join(controller).await.unwrap();
}

pub(super) async fn create_sandbox(controller: &Controller) -> Result<Value> {
    let spec = json!({"container": "c0ffee", "request": REQUEST, "key": "/run/netns/c0ffee"});
    controller.create_sandbox(serde_json::from_value(spec).unwrap()).await.map(shown)
}

async fn join(controller: &Controller) -> Result<Value> {
    controller.join("blue", "web", "c0ffee").await.map(shown)
}

async fn request_pool(shape: Shape, controller: &Controller) -> Result<Value> {
    let spec = json!({"request": REQUEST, "space": space(shape), "pool": "10.2.0.0/24"});
    controller.request_pool(serde_json::from_value(spec).unwrap()).await.map(shown)
}

async fn request_address(shape: Shape, controller: &Controller) -> Result<Value> {
    let spec = json!({
        "request": OTHER_REQUEST, "space": space(shape), "pool": "10.2.0.0/24", "address": "10.2.0.9"
    });
    controller.request_address(serde_json::from_value(spec).unwrap()).await.map(shown)
}
