//! No two pools of a space overlap, and free choice goes through a list.

use std::collections::BTreeSet;
use std::sync::Arc;

use netkeep_drivers::ipam::builtin::BuiltinIpam;
use netkeep_drivers::{ErrorKind, PoolRequest};
use netkeep_model::{Claim, Options};
use serde_json::json;
use tokio::sync::Barrier;

use crate::support::{Ipam, free_pool, options, pool, pool_request, space};

const LOCAL: &str = "LocalDefault";
const GLOBAL: &str = "GlobalDefault";

fn release(ipam: &Ipam, at: &str, text: &str, sub: Option<&str>) {
    ipam.view.release(&Claim::Pool { space: space(at), pool: pool(text), sub: sub.map(pool) });
}

async fn any(ipam: &Ipam, at: &str) -> String {
    ipam.pool(&free_pool(at)).await.unwrap().to_string()
}

#[tokio::test]
async fn pools_of_one_space_never_overlap_and_those_of_two_may() {
    for (there, asked, overlaps) in [
        ("10.0.0.0/8", "10.0.0.0/8", true),
        ("10.0.0.0/8", "10.0.0.0/16", true),
        ("10.0.0.0/8", "10.255.255.0/24", true),
        ("10.0.0.0/8", "8.0.0.0/6", true),
        ("10.0.0.0/8", "11.0.0.0/8", false),
        ("10.0.0.0/8", "9.0.0.0/8", false),
        ("192.168.0.0/24", "192.168.0.0/23", true),
        ("192.168.0.0/24", "192.168.1.0/24", false),
        ("192.168.0.0/24", "192.168.0.255/32", true),
        ("0.0.0.0/0", "172.16.0.0/12", true),
        ("0.0.0.0/0", "fd00::/8", false),
        ("fd00::/64", "fd00::/64", true),
        ("fd00::/64", "fd00::/48", true),
        ("fd00::/64", "fd00::1:0/112", true),
        ("fd00::/64", "fd00:0:0:1::/64", false),
    ] {
        let ipam = Ipam::new();
        ipam.pool(&pool_request("one", there, None)).await.unwrap();
        ipam.pool(&pool_request("two", asked, None)).await.unwrap();
        let request = pool_request("one", asked, None);
        if overlaps {
            let error = ipam.pool_error(&request).await;
            assert_eq!(error.kind(), ErrorKind::Overlap, "{asked} beside {there}");
            assert!(error.to_string().contains(&format!("pool {asked} ")), "{error}");
            // A part of it is no way around the rule.
            let part = pool_request("one", asked, Some(asked));
            if there != asked {
                assert_eq!(ipam.pool_error(&part).await.kind(), ErrorKind::Overlap, "{asked} beside {there}");
            }
        } else {
            ipam.pool(&request).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_pool_that_was_released_can_be_asked_for_again() {
    let ipam = Ipam::new();
    for _ in 0..3 {
        ipam.pool(&pool_request(LOCAL, "10.1.0.0/16", None)).await.unwrap();
        release(&ipam, LOCAL, "10.1.0.0/16", None);
    }
    for text in ["fd00::/64", "10.0.0.0/8"] {
        ipam.pool(&pool_request(GLOBAL, text, None)).await.unwrap();
        release(&ipam, GLOBAL, text, None);
        ipam.pool(&pool_request(GLOBAL, text, None)).await.unwrap();
    }
}

#[tokio::test]
async fn sub_pools_of_one_pool_may_overlap_but_each_is_given_once() {
    let ipam = Ipam::new();
    let sub = |sub| pool_request(LOCAL, "172.28.0.0/16", Some(sub));
    ipam.pool(&sub("172.28.5.0/24")).await.unwrap();
    ipam.pool(&sub("172.28.6.0/24")).await.unwrap();
    ipam.pool(&sub("172.28.4.0/22")).await.unwrap();
    ipam.pool(&sub("172.28.0.0/16")).await.unwrap();
    let error = ipam.pool_error(&sub("172.28.5.0/24")).await;
    assert_eq!(error.kind(), ErrorKind::Overlap);
    assert!(error.to_string().contains("172.28.5.0/24") && error.to_string().contains("already taken"));
    release(&ipam, LOCAL, "172.28.0.0/16", Some("172.28.5.0/24"));
    ipam.pool(&sub("172.28.5.0/24")).await.unwrap();
}

#[tokio::test]
async fn a_part_of_a_pool_that_is_held_as_a_whole_may_be_asked_for_but_not_the_other_way_round() {
    let ipam = Ipam::new();
    ipam.pool(&pool_request(LOCAL, "172.28.0.0/16", None)).await.unwrap();
    ipam.pool(&pool_request(LOCAL, "172.28.0.0/16", Some("172.28.5.0/24"))).await.unwrap();
    assert_eq!(ipam.pool_error(&pool_request(LOCAL, "172.28.0.0/16", None)).await.kind(), ErrorKind::Overlap);

    ipam.pool(&pool_request(LOCAL, "172.29.0.0/16", Some("172.29.5.0/24"))).await.unwrap();
    let error = ipam.pool_error(&pool_request(LOCAL, "172.29.0.0/16", None)).await;
    assert_eq!(error.kind(), ErrorKind::Overlap);
    assert!(
        error.to_string().contains("stands in space LocalDefault for its sub-pools 172.29.5.0/24"),
        "{error}"
    );
    release(&ipam, LOCAL, "172.29.0.0/16", Some("172.29.5.0/24"));
    ipam.pool(&pool_request(LOCAL, "172.29.0.0/16", None)).await.unwrap();
}

#[tokio::test]
async fn a_sub_pool_lies_in_its_pool() {
    let ipam = Ipam::new();
    for sub in ["172.29.5.0/24", "172.28.0.0/15", "fd00::/64"] {
        let error = ipam.pool_error(&pool_request(LOCAL, "172.28.0.0/16", Some(sub))).await;
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.to_string(), format!("sub-pool {sub} does not lie in its pool 172.28.0.0/16"));
    }
}

#[tokio::test]
async fn a_sub_pool_needs_its_pool() {
    let request = PoolRequest { sub: Some(pool("10.0.0.0/24")), ..free_pool(LOCAL) };
    let error = Ipam::new().pool_error(&request).await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("name the pool"), "{error}");
}

#[tokio::test]
async fn the_predefined_pools_are_given_in_their_order() {
    let ipam = Ipam::new();
    let mut given = Vec::new();
    for _ in 0..31 {
        given.push(any(&ipam, LOCAL).await);
    }
    assert_eq!(given[..3], ["172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16"]);
    assert_eq!(given[14..16], ["172.31.0.0/16", "192.168.0.0/20"]);
    assert_eq!(given[30], "192.168.240.0/20");
    let error = ipam.pool_error(&free_pool(LOCAL)).await;
    assert_eq!(error.kind(), ErrorKind::NoFreePool);
    assert!(
        error.to_string().contains("none of the 31 predefined IPv4 pools of space LocalDefault"),
        "{error}"
    );
    assert_eq!(any(&ipam, GLOBAL).await, "10.0.0.0/24");
    assert_eq!(any(&ipam, GLOBAL).await, "10.0.1.0/24");
}

#[tokio::test]
async fn a_released_pool_rests_until_the_list_was_gone_through() {
    let ipam = Ipam::new();
    let mut seen = BTreeSet::new();
    for _ in 0..31 {
        let given = any(&ipam, LOCAL).await;
        release(&ipam, LOCAL, &given, None);
        assert!(seen.insert(given.clone()), "{given} is given twice in one turn");
    }
    assert_eq!(any(&ipam, LOCAL).await, "172.17.0.0/16");
}

#[tokio::test]
async fn pools_that_are_taken_or_that_the_host_reaches_are_passed_over() {
    let ipam = Ipam::new();
    ipam.pool(&pool_request(LOCAL, "172.16.0.0/12", None)).await.unwrap();
    let avoid = vec!["192.168.0.0/19".parse().unwrap(), "192.168.33.7/32".parse().unwrap()];
    let request = PoolRequest { avoid: avoid.clone(), ..free_pool(LOCAL) };
    assert_eq!(ipam.pool(&request).await.unwrap(), pool("192.168.48.0/20"));
    // Whoever names the pool has it all the same.
    let named = PoolRequest { avoid, ..pool_request(LOCAL, "192.168.0.0/20", None) };
    ipam.pool(&named).await.unwrap();
}

#[tokio::test]
async fn pools_held_for_their_parts_only_are_not_chosen_freely() {
    let ipam = Ipam::new();
    ipam.pool(&pool_request(LOCAL, "172.17.0.0/16", Some("172.17.9.0/24"))).await.unwrap();
    assert_eq!(any(&ipam, LOCAL).await, "172.18.0.0/16");
}

#[tokio::test]
async fn other_spaces_have_no_predefined_pools() {
    let error = Ipam::new().pool_error(&free_pool("mine")).await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("space mine has no predefined pools; name the pool"), "{error}");
}

#[tokio::test]
async fn there_are_no_predefined_ipv6_pools_unless_some_are_configured() {
    let request = PoolRequest { v6: true, ..free_pool(LOCAL) };
    let error = Ipam::new().pool_error(&request).await;
    assert_eq!(error.kind(), ErrorKind::NoFreePool);
    assert!(error.to_string().contains("none of the 0 predefined IPv6 pools"), "{error}");

    let config = json!({"default-address-pools": [
        {"base": "fd12::/48", "size": 64},
        {"base": "10.20.0.0/16", "size": 24}
    ]});
    let ipam = Ipam::configured(&options(config));
    assert_eq!(ipam.pool(&request).await.unwrap(), pool("fd12::/64"));
    assert_eq!(ipam.pool(&request).await.unwrap(), pool("fd12:0:0:1::/64"));
    assert_eq!(any(&ipam, LOCAL).await, "10.20.0.0/24");
    assert_eq!(any(&ipam, GLOBAL).await, "10.0.0.0/24", "the other list is as it was");
}

#[tokio::test]
async fn a_configured_list_takes_the_place_of_the_default_and_may_be_empty() {
    let ipam = Ipam::configured(&options(json!({
        "default-address-pools": [],
        "global-address-pools": [{"base": "10.9.0.0/30", "size": 30}]
    })));
    assert_eq!(ipam.pool_error(&free_pool(LOCAL)).await.kind(), ErrorKind::NoFreePool);
    assert_eq!(any(&ipam, GLOBAL).await, "10.9.0.0/30");
    assert_eq!(ipam.pool_error(&free_pool(GLOBAL)).await.kind(), ErrorKind::NoFreePool);
}

#[test]
fn a_wrong_list_is_refused_with_what_would_be_right() {
    let list = |entries: serde_json::Value| json!({"default-address-pools": entries});
    for (config, named) in [
        (
            list(json!([{"base": "10.0.0.0/8", "size": 7}])),
            "size 7 does not fit base 10.0.0.0/8; it may be 8 to 32",
        ),
        (list(json!([{"base": "10.0.0.0/8", "size": 33}])), "it may be 8 to 32"),
        (list(json!([{"base": "fd00::/48", "size": 129}])), "it may be 48 to 128"),
        (list(json!([{"base": "10.0.0.0/8", "size": -1}])), "default-address-pools"),
        (list(json!([{"base": "10.0.0.1/8", "size": 24}])), "did you mean 10.0.0.0/8"),
        (list(json!([{"base": "10.0.0.0/8"}])), "size"),
        (list(json!([{"base": "10.0.0.0/8", "size": 24, "sise": 1}])), "sise"),
        (list(json!("10.0.0.0/8")), "default-address-pools"),
        (
            list(json!([{"base": "10.0.0.0/8", "size": 24}, {"base": "10.1.0.0/16", "size": 24}])),
            "base 10.1.0.0/16 overlaps base 10.0.0.0/8",
        ),
        (json!({"default-adress-pools": []}), "default-address-pools, global-address-pools"),
    ] {
        let error = BuiltinIpam::new(&options(config)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn unknown_options_of_its_own_names_are_refused_and_others_pass() {
    let ipam = Ipam::new();
    let with = |name: &str, value: serde_json::Value| {
        let mut request = free_pool(LOCAL);
        request.options.insert(name, value);
        request
    };
    let error = ipam.pool_error(&with("com.docker.network.ipam.serail", json!("true"))).await;
    assert!(error.to_string().contains("serail") && error.to_string().contains("ipam.serial"), "{error}");
    let error = ipam.pool_error(&with("com.netkeep.ipam.x", json!(1))).await;
    assert!(error.to_string().contains("com.netkeep.ipam.x"), "{error}");
    let error = ipam.pool_error(&with("com.docker.network.ipam.serial", json!("maybe"))).await;
    assert!(error.to_string().contains("true or false"), "{error}");
    ipam.pool(&with("com.docker.network.ipam.serial", json!("true"))).await.unwrap();
    ipam.pool(&with("foreign", json!({"a": 1}))).await.unwrap();
}

/// Plans of one revision may all be made before any is committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn free_choices_that_are_made_at_once_differ() {
    const MANY: usize = 31;
    let ipam = Arc::new(Ipam::configured(&Options::new()));
    let barrier = Arc::new(Barrier::new(MANY));
    let tasks: Vec<_> = (0..MANY)
        .map(|_| {
            let (ipam, barrier) = (ipam.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                ipam.pool(&free_pool(LOCAL)).await.unwrap()
            })
        })
        .collect();
    let mut given = BTreeSet::new();
    for task in tasks {
        assert!(given.insert(task.await.unwrap()));
    }
    assert_eq!(given.len(), MANY);
}
