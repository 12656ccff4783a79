//! A host that is gone, and owns something of each sort.

use netkeep_model::HostId;
use serde_json::json;

use super::operation::{create_network, create_sandbox};
use super::shape::Shape;
use super::world::World;

/// Lets another host of the shared store make a network with endpoints of its own, one of them in a sandbox, and take
/// a pool and an address; then it stops.
pub(super) async fn gone(shape: Shape, world: &World) -> HostId {
    let other = world.neighbour(9);
    let controller = other.open().await.expect("nothing crashes yet");
    create_network(shape, &controller, false).await.unwrap();
    for name in ["gone-1", "gone-2"] {
        let mut options = (shape.sample().endpoint)(0);
        if shape == Shape::Shared {
            options.insert("com.netkeep.manual.number", "vni");
        }
        let spec = json!({"name": name, "options": options});
        controller.create_endpoint("blue", serde_json::from_value(spec).unwrap()).await.unwrap();
    }
    create_sandbox(&controller).await.unwrap();
    controller.join("blue", "gone-1", "c0ffee").await.unwrap();
    let pool = json!({"space": "GlobalDefault", "pool": "10.3.0.0/24"});
    controller.request_pool(serde_json::from_value(pool.clone()).unwrap()).await.unwrap();
    controller.request_address(serde_json::from_value(pool).unwrap()).await.unwrap();
    let host = controller.status().host;
    controller.close().await;
    other.restart().await;
    host
}
