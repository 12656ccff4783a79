//! A crash at every step of an eviction, and again at every step of the start that follows: the same eviction then
//! releases what is left, and nothing of the evicted host remains.

use std::sync::Arc;
use std::time::Duration;

use netkeep_controller::{Controller, ControllerConfig, HostState};
use netkeep_drivers::registry::DriverConfigs;
use netkeep_drivers_conformance::{Fault, Place};
use netkeep_store::datastore::{GlobalDatastore, GlobalStore, LocalStore};
use netkeep_store::{LeasedDirectories, MemoryStore};
use serde_json::json;

use crate::operation;
use crate::shape::Shape;
use crate::world::World;

/// Another host of the shared store, which owns something of each sort and has stopped. Returns its id.
async fn gone(world: &World) -> String {
    let local = Arc::new(LocalStore::new(Arc::new(MemoryStore::open(LeasedDirectories::default())), None));
    let global: Arc<dyn GlobalDatastore> = Arc::new(GlobalStore::new(world.connect_shared()));
    let config =
        ControllerConfig::builtin_over(local, Some(global), &DriverConfigs::default()).await.unwrap();
    let controller = Controller::open(config).await.unwrap();
    let opened = tokio::time::timeout(Duration::from_secs(60), controller.global_opened()).await;
    opened.expect("the global store is reached");
    let blue = json!({"name": "blue", "driver": "manual", "scope": "global", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(serde_json::from_value(blue).unwrap()).await.unwrap();
    for name in ["web", "db"] {
        let spec = json!({"name": name, "options": {"com.netkeep.manual.number": "vni"}});
        controller.create_endpoint("blue", serde_json::from_value(spec).unwrap()).await.unwrap();
    }
    let pool = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
    controller.request_pool(serde_json::from_value(pool.clone()).unwrap()).await.unwrap();
    controller.request_address(serde_json::from_value(pool).unwrap()).await.unwrap();
    let host = controller.status().host.to_string();
    controller.close().await;
    host
}

/// A world in which the eviction of a host has crashed at this step, and that host.
async fn crashed(at: usize, place: &str) -> (World, String) {
    let world = World::new(Shape::Shared);
    let host = gone(&world).await;
    let controller = world.open().await.expect("nothing crashes yet");
    world.faults.arm(Fault::End, Place::ALL, at);
    let ended = world.faults.until_end(controller.evict_host(&host, false)).await;
    assert!(ended.is_none(), "{place}: no crash happened");
    world.restart();
    (world, host)
}

/// Starts again, evicts again, and looks for what is left. Returns how many steps the start had.
async fn settle(world: &World, host: &str, place: &str) -> usize {
    let controller = world.open().await.unwrap_or_else(|error| panic!("{place}: {error}"));
    let steps = world.faults.passed().len();
    let again = controller.evict_host(host, false).await;
    let again = again.unwrap_or_else(|error| panic!("{place}: the repeat: {error}"));
    assert!(again.left.is_empty(), "{place}: {:?}", again.left);
    let shown = controller.host(host).unwrap().info;
    assert!(shown.owns.is_empty() && shown.state == HostState::Evicted, "{place}: {shown:?}");
    crate::check(&controller, place).await;
    operation::delete_everything(&controller).await;
    crate::nothing_left(world, place).await;
    controller.close().await;
    steps
}

#[tokio::test]
async fn evict() {
    let world = World::new(Shape::Shared);
    let host = gone(&world).await;
    let controller = world.open().await.expect("nothing crashes yet");
    world.faults.calm();
    controller.evict_host(&host, false).await.unwrap();
    let steps = world.faults.passed();
    let mut second = 0;
    for (at, step) in steps.iter().enumerate() {
        let place = format!("an eviction, at step {at} ({step})");
        let (world, host) = crashed(at, &place).await;
        for again in 0..settle(&world, &host, &place).await {
            let place = format!("{place}, then at step {again} of the start");
            let (world, host) = crashed(at, &place).await;
            world.faults.arm(Fault::End, Place::ALL, again);
            let ended = world.faults.until_end(world.open()).await;
            assert!(ended.is_none(), "{place}: no crash happened");
            world.restart();
            settle(&world, &host, &place).await;
            second += 1;
        }
    }
    println!("an eviction: {} steps, {second} second crashes", steps.len());
    assert!(steps.len() >= 10 && second >= 40, "too few steps were found: {}, {second}", steps.len());
}
