//! Pools and addresses that clients ask for by themselves: requested, adopted, released.

use netkeep_controller::ErrorKind::{InUse, Invalid, NotFound};
use netkeep_controller::{AddressInfo, Controller, PoolInfo};
use netkeep_model::Owner;
use serde_json::{Value, json};

use crate::support::{
    Site, address_request, clean, endpoint, network, pool, pool_request, refused_naming, space,
};

async fn take_pool(controller: &Controller, spec: Value) -> PoolInfo {
    controller.request_pool(pool_request(spec)).await.unwrap()
}

async fn take(controller: &Controller, spec: Value) -> AddressInfo {
    let mut spec = spec;
    spec["space"] = "LocalDefault".into();
    controller.request_address(address_request(spec)).await.unwrap()
}

async fn give_back(controller: &Controller, pool: PoolInfo) -> netkeep_controller::Result<()> {
    controller.release_pool(pool.space, pool.pool, pool.sub).await
}

#[tokio::test]
async fn pools_and_addresses_are_taken_and_given_back() {
    let site = Site::new();
    let controller = site.open().await;
    let before = site.metrics.commits();
    let any = take_pool(&controller, json!({})).await;
    assert_eq!(site.metrics.commits() - before, 1, "request a pool");
    assert_eq!((any.pool.to_string().as_str(), any.sub), ("172.17.0.0/16", None));
    assert!(matches!(any.owner, Some(Owner::Client { .. })));
    let before = site.metrics.commits();
    let one = take(&controller, json!({"pool": any.pool})).await;
    assert_eq!(site.metrics.commits() - before, 1, "request an address");
    let fixed = take(&controller, json!({"pool": any.pool, "address": "172.17.9.9"})).await;
    assert_eq!(
        (one.address.to_string().as_str(), fixed.address.to_string().as_str()),
        ("172.17.0.1", "172.17.9.9")
    );
    assert_eq!(controller.pools()[0].given, 2);
    assert_eq!(controller.addresses(None, Some(&any.pool)).len(), 2);
    let holders = |ip: &str| controller.holders(None, ip.parse().unwrap());
    assert_eq!(holders("172.17.9.9"), std::slice::from_ref(&fixed));
    assert_eq!(controller.holders(Some(&any.space), fixed.address), std::slice::from_ref(&fixed));
    assert_eq!(controller.holders(Some(&"elsewhere".parse().unwrap()), fixed.address), []);
    for nobodys in ["172.17.9.8", "172.18.0.1", "10.0.0.1", "::1"] {
        assert_eq!(holders(nobodys), [], "{nobodys}");
    }
    let in_use = controller.release_pool(any.space.clone(), any.pool, None).await;
    refused_naming(in_use, InUse, &["172.17.0.0/16", "172.17.0.1", "172.17.9.9", "request"]);
    assert!(controller.pools()[0].phase.is_ready(), "the phase was undone");
    take(&controller, json!({"pool": any.pool})).await;
    for given in controller.addresses(None, None) {
        controller.release_address(given.space, given.pool, given.address).await.unwrap();
    }
    let before = site.metrics.commits();
    give_back(&controller, any).await.unwrap();
    assert_eq!(site.metrics.commits() - before, 2, "release a pool");
    site.nothing_left().await;
}

#[tokio::test]
async fn parts_of_a_pool_stand_beside_each_other_and_the_pool_goes_with_the_last() {
    let site = Site::new();
    let controller = site.open().await;
    let part = |sub: &str| json!({"pool": "10.1.0.0/16", "sub": sub});
    let one = take_pool(&controller, part("10.1.1.0/24")).await;
    let other = take_pool(&controller, part("10.1.2.0/24")).await;
    assert_eq!(controller.pools().len(), 3, "{:?}", controller.pools());
    assert_eq!(controller.pools()[0].owner, None);
    let whole = controller.request_pool(pool_request(json!({"pool": "10.1.0.0/16"}))).await;
    refused_naming(whole, InUse, &["10.1.0.0/16", "10.1.1.0/24, 10.1.2.0/24"]);
    let of_whole = address_request(json!({"space": "LocalDefault", "pool": "10.1.0.0/16"}));
    refused_naming(controller.request_address(of_whole).await, Invalid, &["10.1.0.0/16", "name the part"]);
    let given = take(&controller, json!({"pool": "10.1.0.0/16", "sub": "10.1.1.0/24"})).await;
    assert_eq!(given.address.to_string(), "10.1.1.0");
    refused_naming(give_back(&controller, one.clone()).await, InUse, &["10.1.1.0/24", "10.1.1.0"]);
    let master = controller.release_pool(space("LocalDefault"), pool("10.1.0.0/16"), None).await;
    refused_naming(master, InUse, &["10.1.0.0/16", "stands only for its parts"]);
    give_back(&controller, other).await.unwrap();
    clean(&controller).await;
    controller.release_address(given.space, given.pool, given.address).await.unwrap();
    give_back(&controller, one).await.unwrap();
    site.nothing_left().await;
}

#[tokio::test]
async fn a_network_takes_over_what_it_names_if_it_may() {
    let site = Site::new();
    let controller = site.open().await;
    for (pool, sub) in [("10.1.0.0/24", Value::Null), ("10.1.0.0/24", json!("10.1.0.128/25"))] {
        let mut wanted = json!({"pool": pool});
        if !sub.is_null() {
            wanted["sub"] = sub;
        }
        take_pool(&controller, wanted.clone()).await;
        let mut of = wanted.clone();
        of["address"] = "10.1.0.130".into();
        take(&controller, of.clone()).await;
        of["address"] = "10.1.0.140".into();
        take(&controller, of.clone()).await;
        of["address"] = "10.1.0.150".into();
        let kept = take(&controller, of).await;

        wanted["gateway"] = "10.1.0.130".into();
        wanted["auxiliary"] = json!({"router": "10.1.0.140"});
        let mut spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [wanted]}});
        let before = site.left().await;
        refused_naming(controller.create_network(network(spec.clone())).await, InUse, &["already taken"]);
        assert_eq!(site.left().await, before);
        spec["ipam"]["adopt"] = true.into();
        let made = controller.create_network(network(spec)).await.unwrap();
        assert_eq!(site.left().await.len(), before.len() + 3, "the network, its name, its driver's record");
        let of_network = Owner::Network { network: made.id };
        let owners: Vec<_> = controller.addresses(None, None).into_iter().map(|given| given.owner).collect();
        assert_eq!(owners[..2], [of_network.clone(), of_network.clone()]);
        assert_eq!(owners[2], kept.owner, "what the network did not name");
        clean(&controller).await;

        let mut spec = json!({"name": "web", "ipv4": "10.1.0.150"});
        let held = controller.create_endpoint("blue", endpoint(spec.clone())).await;
        refused_naming(held, InUse, &["10.1.0.150", "held by request"]);
        refused_naming(controller.delete_network("blue").await, InUse, &["10.1.0.150", "request"]);
        assert!(controller.network("blue").unwrap().network.phase.is_ready());
        spec["adopt"] = true.into();
        controller.create_endpoint("blue", endpoint(spec)).await.unwrap();
        let released = controller.release_address(kept.space, kept.pool, kept.address).await;
        refused_naming(released, InUse, &["10.1.0.150", "held by endpoint"]);
        clean(&controller).await;
        controller.delete_endpoint("blue", "web").await.unwrap();
        controller.delete_network("blue").await.unwrap();
        site.nothing_left().await;
    }
}

#[tokio::test]
async fn a_network_takes_over_nothing_that_it_does_not_name() {
    let site = Site::new();
    let controller = site.open().await;
    let held = take_pool(&controller, json!({})).await;
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"adopt": true}});
    let made = controller.create_network(network(spec)).await.unwrap();
    assert_ne!(made.network.ipam.granted().next().unwrap().master, held.pool);
    let spec = |pool: &str| json!({"name": "red", "driver": "manual", "ipam": {"adopt": true, "pools": [{"pool": pool}]}});
    for other in
        ["172.0.0.0/8", "172.17.1.0/24", &made.network.ipam.granted().next().unwrap().master.to_string()]
    {
        refused_naming(controller.create_network(network(spec(other))).await, InUse, &[other]);
    }
    clean(&controller).await;
}

#[tokio::test]
async fn clients_may_have_addresses_of_networks_and_keep_their_pools() {
    let site = Site::new();
    let controller = site.open().await;
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await.unwrap();
    let given = take(&controller, json!({"pool": "10.1.0.0/24"})).await;
    let part = take_pool(&controller, json!({"pool": "10.1.0.0/24", "sub": "10.1.0.64/26"})).await;
    refused_naming(controller.delete_network("blue").await, InUse, &["10.1.0.0/24", "10.1.0.2"]);
    controller.release_address(given.space.clone(), given.pool, given.address).await.unwrap();
    let again = controller.release_address(given.space, given.pool, given.address).await;
    refused_naming(again, NotFound, &["10.1.0.2", "not given"]);
    controller.delete_network("blue").await.unwrap();
    clean(&controller).await;
    assert_eq!(controller.pools().len(), 2, "the part, and what stands for it");
    give_back(&controller, part).await.unwrap();
    site.nothing_left().await;
}

#[tokio::test]
async fn a_space_has_one_ipam_driver() {
    let site = Site::new();
    let controller = site.open().await;
    take_pool(&controller, json!({"space": "mine", "pool": "10.1.0.0/24"})).await;
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"driver": "null", "space": "mine"}});
    refused_naming(controller.create_network(network(spec)).await, Invalid, &["space mine", "null"]);
    let any = controller.request_pool(pool_request(json!({"space": "mine"}))).await;
    refused_naming(any, Invalid, &["space mine", "no predefined pools", "LocalDefault"]);
    let null = controller.request_pool(pool_request(json!({"driver": "null"}))).await;
    refused_naming(null, netkeep_controller::ErrorKind::Unsupported, &["driver", "null", "no pools"]);
}
