//! What is done at the same time: one wins, the others are told why, and nothing is left over.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netkeep_controller::ErrorKind::{Exhausted, Exists, InUse, NotFound};
use netkeep_controller::{Controller, EndpointInfo, Error, ErrorKind};
use serde_json::{Value, json};

use crate::support::{Site, address_request, clean, endpoint, network, pool, pool_request, space, together};

async fn blue(controller: &Controller, cidr: &str) {
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [{"pool": cidr}]}});
    controller.create_network(network(spec)).await.unwrap();
}

async fn create(controller: Controller, spec: Value) -> Result<EndpointInfo, Error> {
    controller.create_endpoint("blue", endpoint(spec)).await
}

/// How many succeeded; all others must have failed in this way.
#[track_caller]
fn winners<T>(answers: &[Result<T, Error>], otherwise: &[ErrorKind]) -> usize {
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(otherwise.contains(&error.kind()), "{:?}: {error}", error.kind());
    }
    answers.iter().filter(|answer| answer.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_a_name() {
    let site = Site::new();
    let controller = site.open().await;
    for round in 0..20 {
        let answers = together(8, |i| {
            let controller = controller.clone();
            // In spaces of their own, so that they do not queue for one.
            let spec = json!({"name": "blue", "driver": "manual",
                "ipam": {"space": format!("space {i}").replace(' ', "-"), "pools": [{"pool": "10.1.0.0/24"}]}});
            async move { controller.create_network(network(spec)).await }
        })
        .await;
        assert_eq!(winners(&answers, &[Exists]), 1, "round {round}");
        let answers = together(8, |_| create(controller.clone(), json!({"name": "web"}))).await;
        assert_eq!(winners(&answers, &[Exists]), 1, "round {round}");
        assert_eq!(controller.addresses(None, None).len(), 2, "a gateway and an endpoint");
        controller.delete_endpoint("blue", "web").await.unwrap();
        let answers = together(4, |_| {
            let controller = controller.clone();
            async move { controller.delete_network("blue").await }
        })
        .await;
        assert_eq!(winners(&answers, &[NotFound]), 1, "round {round}");
        clean(&controller).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_network_goes_whole_or_stays_with_its_endpoints() {
    let site = Site::new();
    let controller = site.open().await;
    let (mut gone, mut kept) = (0, 0);
    for round in 0..200 {
        blue(&controller, "10.1.0.0/24").await;
        let answers = together(4, |i| {
            let controller = controller.clone();
            async move {
                match i {
                    0 => controller.delete_network("blue").await,
                    _ => create(controller, json!({"name": format!("e{i}")})).await.map(|_| ()),
                }
            }
        })
        .await;
        clean(&controller).await;
        let endpoints = answers[1..].iter().filter(|answer| answer.is_ok()).count();
        winners(&answers[1..], &[NotFound, InUse]);
        match &answers[0] {
            Ok(()) => {
                gone += 1;
                assert_eq!(endpoints, 0, "round {round}: an endpoint without network");
            }
            Err(error) => {
                kept += 1;
                assert_eq!(error.kind(), InUse, "{error}");
                assert!(controller.network("blue").unwrap().network.phase.is_ready(), "round {round}");
                for made in controller.endpoints("blue").unwrap() {
                    controller.delete_endpoint("blue", &made.id.to_string()).await.unwrap();
                }
                controller.delete_network("blue").await.unwrap();
            }
        }
        assert_eq!(site.left().await, ["meta/host", "spaces/LocalDefault"], "round {round}");
    }
    println!("the network went {gone} times and stayed {kept} times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn endpoints_share_nothing_and_meet_in_no_conflict() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller, "10.1.0.0/24").await;
    let (commits, conflicts) = (site.metrics.commits(), site.metrics.conflicts());
    let answers = together(64, |i| {
        // All want one of the same ports.
        let spec = json!({"name": format!("e{i}"),
            "bindings": [{"protocol": "tcp", "port": 80, "host_ports": "20000-20063"}]});
        create(controller.clone(), spec)
    })
    .await;
    let made: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(site.metrics.commits() - commits, 64);
    assert_eq!(site.metrics.conflicts(), conflicts);
    let addresses: BTreeSet<_> = made.iter().map(|made| made.endpoint.interfaces[0].ipv4).collect();
    let ports: BTreeSet<_> = made.iter().map(|made| made.endpoint.bindings[0].host_ports).collect();
    assert_eq!((addresses.len(), ports.len()), (64, 64));

    let names: Vec<_> = made.iter().map(|made| made.endpoint.name.to_string()).collect();
    let answers = together(64, |i| {
        let (controller, name) = (controller.clone(), names[i].clone());
        async move { controller.delete_endpoint("blue", &name).await }
    })
    .await;
    assert_eq!(winners(&answers, &[]), 64);
    assert_eq!((site.metrics.commits() - commits, site.metrics.conflicts()), (128, conflicts));
    clean(&controller).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pools_are_distinct_and_never_overlap() {
    let site = Site::new();
    let controller = site.open().await;
    let answers = together(16, |i| {
        let controller = controller.clone();
        async move {
            match i % 2 {
                0 => controller.request_pool(pool_request(json!({}))).await.map(|info| info.pool),
                _ => {
                    let spec = json!({"name": format!("n{i}"), "driver": "manual"});
                    let made = controller.create_network(network(spec)).await?;
                    Ok(made.network.ipam.granted().next().unwrap().master)
                }
            }
        }
    })
    .await;
    let pools: BTreeSet<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(pools.len(), 16);
    let wanted = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.0/25"];
    for round in 0..20 {
        let answers = together(8, |i| {
            let controller = controller.clone();
            let pool = wanted[i % wanted.len()];
            async move {
                match i {
                    0..4 => controller.request_pool(pool_request(json!({"pool": pool}))).await.map(|_| ()),
                    _ => {
                        let spec =
                            json!({"name": "wants", "driver": "manual", "ipam": {"pools": [{"pool": pool}]}});
                        controller.create_network(network(spec)).await.map(|_| ())
                    }
                }
            }
        })
        .await;
        assert_eq!(winners(&answers, &[InUse, Exists]), 1, "round {round}");
        clean(&controller).await;
        if controller.delete_network("wants").await.is_err() {
            let held = controller.pools().into_iter().find(|info| !pools.contains(&info.pool)).unwrap();
            controller.release_pool(held.space, held.pool, None).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fixed_address_or_port_has_one_holder() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller, "10.1.0.0/24").await;
    for round in 0..50 {
        let answers = together(4, |i| {
            let controller = controller.clone();
            async move {
                match i {
                    0 | 1 => create(controller, json!({"name": format!("e{i}"), "ipv4": "10.1.0.9"}))
                        .await
                        .map(|_| ()),
                    _ => {
                        let wanted =
                            json!({"space": "LocalDefault", "pool": "10.1.0.0/24", "address": "10.1.0.9"});
                        controller.request_address(address_request(wanted)).await.map(|_| ())
                    }
                }
            }
        })
        .await;
        assert_eq!(winners(&answers, &[InUse]), 1, "round {round}");
        // Who holds it gives it back, while another tries to release what it may not.
        let held: IpAddr = [10, 1, 0, 9].into();
        let answers = together(2, |i| {
            let controller = controller.clone();
            async move {
                match i {
                    0 => controller.release_address(space("LocalDefault"), pool("10.1.0.0/24"), held).await,
                    _ => match controller.endpoints("blue")?.first() {
                        Some(made) => controller.delete_endpoint("blue", made.endpoint.name.as_str()).await,
                        None => {
                            controller.release_address(space("LocalDefault"), pool("10.1.0.0/24"), held).await
                        }
                    },
                }
            }
        })
        .await;
        assert_eq!(winners(&answers, &[InUse, NotFound]), 1, "round {round}");
        assert_eq!(controller.addresses(None, None).len(), 1, "round {round}: only the gateway");

        let answers = together(4, |i| {
            // Every address of the host collides with any of them.
            let ip = if i % 2 == 0 { "0.0.0.0" } else { "192.0.2.1" };
            let spec = json!({"name": format!("e{i}"),
                "bindings": [{"protocol": "udp", "port": 53, "host_ip": ip, "host_ports": "5353"}]});
            create(controller.clone(), spec)
        })
        .await;
        let won = winners(&answers, &[InUse]);
        assert_eq!(won, 1, "round {round}");
        let name = answers.into_iter().find_map(Result::ok).unwrap().endpoint.name;
        controller.delete_endpoint("blue", name.as_str()).await.unwrap();
        clean(&controller).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_small_pool_gives_each_address_once_and_then_none() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller, "10.1.0.0/28").await;
    for round in 0..10 {
        let made = together(8, |i| {
            let controller = controller.clone();
            async move {
                let mut made = Vec::new();
                loop {
                    match create(controller.clone(), json!({"name": format!("e{i}-{}", made.len())})).await {
                        Ok(info) => made.push(info),
                        Err(error) => {
                            assert_eq!(error.kind(), Exhausted, "{error}");
                            return made;
                        }
                    }
                }
            }
        })
        .await;
        let made: Vec<_> = made.into_iter().flatten().collect();
        let addresses: BTreeSet<_> = made.iter().map(|made| made.endpoint.interfaces[0].ipv4).collect();
        assert_eq!((made.len(), addresses.len()), (13, 13), "round {round}: 14 without the gateway's");
        for info in made {
            controller.delete_endpoint("blue", info.endpoint.name.as_str()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn links_are_shared_by_all_or_held_by_one() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller, "10.1.0.0/24").await;
    for round in 0..50 {
        let answers = together(6, |i| {
            let spec = json!({"name": format!("e{i}"), "options":
                {"com.netkeep.manual.link": "eth7", "com.netkeep.manual.link-shared": i % 3 != 0}});
            create(controller.clone(), spec)
        })
        .await;
        let won = winners(&answers, &[InUse]);
        let alone = answers.iter().enumerate().filter(|(i, answer)| i % 3 == 0 && answer.is_ok()).count();
        assert!((alone, won) == (1, 1) || (alone, won) == (0, 4), "round {round}: {alone} of {won}");
        for made in controller.endpoints("blue").unwrap() {
            controller.delete_endpoint("blue", made.endpoint.name.as_str()).await.unwrap();
        }
        assert!(!site.left().await.iter().any(|key| key.starts_with("links/")), "round {round}");
    }
}
