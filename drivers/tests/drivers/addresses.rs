//! Addresses lie in their pool, are given once, and rest after their release.

use std::sync::Arc;

use netkeep_drivers::ipam::builtin::BuiltinIpam;
use netkeep_drivers::{AddressRequest, ErrorKind, IpamDriver, Order, Purpose, Want};
use netkeep_model::Options;
use serde_json::json;
use tokio::sync::Barrier;

use crate::support::{Ipam, address, claim, ip, options, owner, pool, pool_request, space};

const LOCAL: &str = "LocalDefault";
const SERIAL: &str = "com.docker.network.ipam.serial";

fn any(text: &str) -> AddressRequest {
    address(LOCAL, text, None, None)
}

fn fixed(text: &str, ip: &str) -> AddressRequest {
    address(LOCAL, text, None, Some(ip))
}

fn lowest(text: &str, sub: Option<&str>) -> AddressRequest {
    AddressRequest { options: options(json!({SERIAL: "false"})), ..address(LOCAL, text, sub, None) }
}

#[tokio::test]
async fn the_first_address_given_is_the_first_usable_one_with_the_length_of_the_pool() {
    for (text, first) in [
        ("10.0.0.0/24", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.4/30", "10.0.0.5"),
        ("fd00::/64", "fd00::1"),
        ("fd00::/8", "fd00::1"),
        ("fd00::/127", "fd00::1"),
        ("2001:db8::100/120", "2001:db8::101"),
    ] {
        assert_eq!(Ipam::new().given(&any(text)).await, first, "{text}");
    }
}

#[tokio::test]
async fn a_pool_gives_every_usable_address_once_and_then_says_so() {
    for (text, count) in [
        ("10.0.0.0/18", 16_382),
        ("10.0.0.0/22", 1022),
        ("10.0.0.0/24", 254),
        ("10.0.0.0/29", 6),
        ("10.0.0.0/30", 2),
        ("10.0.0.0/31", 0),
        ("10.0.0.0/32", 0),
        ("fd00::/120", 255),
        ("fd00::/126", 3),
        ("fd00::/127", 1),
        ("fd00::/128", 0),
    ] {
        let ipam = Ipam::new();
        for _ in 0..count {
            let given = ipam.address(&any(text)).await.unwrap();
            assert!(pool(text).contains(given));
        }
        let error = ipam.address_error(&any(text)).await;
        assert_eq!(error.kind(), ErrorKind::NoFreeAddress, "{text}");
        assert_eq!(error.to_string(), format!("pool {text} in space {LOCAL} has no free address"));
        assert_eq!(ipam.view.held(&space(LOCAL), pool(text)), count);
    }
}

#[tokio::test]
async fn a_released_address_rests_until_the_others_were_given() {
    let ipam = Ipam::new();
    let text = "10.0.0.0/29";
    for expected in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
        assert_eq!(ipam.given(&any(text)).await, expected);
    }
    ipam.view.release(&claim(LOCAL, text, "10.0.0.1"));
    ipam.view.release(&claim(LOCAL, text, "10.0.0.3"));
    for expected in ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.1", "10.0.0.3"] {
        assert_eq!(ipam.given(&any(text)).await, expected);
    }
}

#[tokio::test]
async fn serial_false_takes_the_lowest_free_address() {
    let ipam = Ipam::new();
    let text = "10.0.0.0/29";
    for expected in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
        assert_eq!(ipam.given(&lowest(text, None)).await, expected);
    }
    ipam.view.release(&claim(LOCAL, text, "10.0.0.2"));
    assert_eq!(ipam.given(&lowest(text, None)).await, "10.0.0.2");
    assert_eq!(ipam.given(&lowest(text, None)).await, "10.0.0.4");
}

#[tokio::test]
async fn the_serial_option_is_passed_on_as_an_order() {
    let ipam = Ipam::new();
    for (serial, purpose, expected) in [
        (None, Purpose::Endpoint, Order::Next),
        (Some(json!("true")), Purpose::Endpoint, Order::Next),
        (Some(json!(true)), Purpose::Client, Order::Next),
        (Some(json!("false")), Purpose::Endpoint, Order::Lowest),
        (Some(json!(false)), Purpose::Auxiliary, Order::Lowest),
        (None, Purpose::Gateway, Order::Lowest),
        (Some(json!(true)), Purpose::Gateway, Order::Lowest),
    ] {
        let mut request = AddressRequest { purpose, ..any("10.0.0.0/24") };
        ipam.pool(&pool_request(LOCAL, "10.0.0.0/24", None)).await.ok();
        if let Some(serial) = serial {
            request.options.insert(SERIAL, serial);
        }
        ipam.address(&request).await.unwrap();
        let Some(Want::Address { order, from, to, .. }) = ipam.view.wanted().pop() else {
            panic!("an address is wanted")
        };
        assert_eq!((order, from, to), (expected, ip("10.0.0.1"), ip("10.0.0.254")));
    }
}

#[tokio::test]
async fn a_wrong_serial_option_is_refused() {
    let request = AddressRequest { options: options(json!({SERIAL: "often"})), ..any("10.0.0.0/24") };
    let error = Ipam::new().address_error(&request).await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains(SERIAL) && error.to_string().contains("true or false"), "{error}");
}

#[tokio::test]
async fn a_fixed_address_is_given_once() {
    let ipam = Ipam::new();
    assert_eq!(ipam.given(&fixed("192.168.100.0/24", "192.168.100.250")).await, "192.168.100.250");
    let error = ipam.address_error(&fixed("192.168.100.0/24", "192.168.100.250")).await;
    assert_eq!(error.kind(), ErrorKind::InUse);
    let text = error.to_string();
    assert!(
        text.starts_with("address 192.168.100.250 of pool 192.168.100.0/24 in space LocalDefault is held by")
    );
    ipam.view.release(&claim(LOCAL, "192.168.100.0/24", "192.168.100.250"));
    ipam.given(&fixed("192.168.100.0/24", "192.168.100.250")).await;
}

#[tokio::test]
async fn the_same_address_may_be_had_in_another_space() {
    let ipam = Ipam::new();
    ipam.given(&address("one", "10.0.0.0/24", None, Some("10.0.0.9"))).await;
    ipam.given(&address("two", "10.0.0.0/24", None, Some("10.0.0.9"))).await;
}

#[tokio::test]
async fn an_address_outside_its_pool_is_out_of_range() {
    for (text, outside) in [
        ("10.0.0.0/24", "10.0.1.0"),
        ("10.0.0.0/24", "9.255.255.255"),
        ("10.0.0.0/24", "fd00::1"),
        ("fd00::/64", "fd00:0:0:1::"),
        ("fd00::/64", "10.0.0.1"),
    ] {
        let error = Ipam::new().address_error(&fixed(text, outside)).await;
        assert_eq!(error.kind(), ErrorKind::OutOfRange);
        assert_eq!(error.to_string(), format!("address {outside} is not in pool {text}"));
    }
}

#[tokio::test]
async fn the_addresses_of_the_network_and_of_everyone_in_it_are_not_given() {
    for (text, reserved, named) in [
        ("10.0.0.0/24", "10.0.0.0", "network address of pool 10.0.0.0/24; those from 10.0.0.1 to 10.0.0.254"),
        ("10.0.0.0/24", "10.0.0.255", "broadcast address of pool 10.0.0.0/24"),
        ("fd00::/64", "fd00::", "network address of pool fd00::/64"),
        ("10.0.0.0/31", "10.0.0.1", "pool 10.0.0.0/31 has no usable address"),
        ("10.0.0.1/32", "10.0.0.1", "pool 10.0.0.1/32 has no usable address"),
    ] {
        let error = Ipam::new().address_error(&fixed(text, reserved)).await;
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(named), "{error}");
    }
    // In IPv6 nobody is reached by the last address.
    Ipam::new().given(&fixed("fd00::/64", "fd00::ffff:ffff:ffff:ffff")).await;
}

#[tokio::test]
async fn a_sub_pool_says_where_free_addresses_are_chosen() {
    let ipam = Ipam::new();
    let (text, sub) = ("172.28.0.0/16", "172.28.30.0/24");
    let any = address(LOCAL, text, Some(sub), None);
    for n in 0..256 {
        assert_eq!(ipam.given(&any).await, format!("172.28.30.{n}"));
    }
    let error = ipam.address_error(&any).await;
    assert_eq!(error.kind(), ErrorKind::NoFreeAddress);
    assert!(error.to_string().starts_with("sub-pool 172.28.30.0/24 of pool 172.28.0.0/16"), "{error}");

    ipam.view.release(&claim(LOCAL, text, "172.28.30.255"));
    assert_eq!(ipam.given(&any).await, "172.28.30.255");
    ipam.view.release(&claim(LOCAL, text, "172.28.30.7"));
    assert_eq!(ipam.given(&lowest(text, Some(sub))).await, "172.28.30.7");
}

#[tokio::test]
async fn a_fixed_address_may_lie_outside_the_sub_pool_and_counts_in_the_whole_pool() {
    let ipam = Ipam::new();
    let (text, sub) = ("172.28.0.0/16", Some("172.28.30.0/24"));
    ipam.given(&address(LOCAL, text, sub, Some("172.28.0.1"))).await;
    let again = ipam.address_error(&address(LOCAL, text, None, Some("172.28.0.1"))).await;
    assert_eq!(again.kind(), ErrorKind::InUse);
    // Two sub-pools of one pool never give one address twice.
    let other = Some("172.28.28.0/22");
    ipam.given(&address(LOCAL, text, other, Some("172.28.30.0"))).await;
    assert_eq!(ipam.given(&address(LOCAL, text, sub, None)).await, "172.28.30.1");
}

#[tokio::test]
async fn a_sub_pool_that_is_its_pool_works_as_the_pool() {
    let ipam = Ipam::new();
    let request = address(LOCAL, "172.18.0.0/30", Some("172.18.0.0/30"), None);
    assert_eq!(ipam.given(&request).await, "172.18.0.1");
    assert_eq!(ipam.given(&request).await, "172.18.0.2");
    assert_eq!(ipam.address_error(&request).await.kind(), ErrorKind::NoFreeAddress);
}

#[tokio::test]
async fn a_sub_pool_outside_its_pool_is_refused() {
    let error = Ipam::new().address_error(&address(LOCAL, "10.0.0.0/24", Some("10.0.1.0/24"), None)).await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.to_string(), "sub-pool 10.0.1.0/24 does not lie in its pool 10.0.0.0/24");
}

#[tokio::test]
async fn gateways_and_auxiliary_addresses_are_addresses_as_any_other() {
    let ipam = Ipam::new();
    let text = "10.0.0.0/29";
    let purpose = |purpose, ip| AddressRequest { purpose, ..address(LOCAL, text, None, ip) };
    assert_eq!(ipam.given(&purpose(Purpose::Gateway, None)).await, "10.0.0.1");
    assert_eq!(ipam.given(&purpose(Purpose::Auxiliary, Some("10.0.0.3"))).await, "10.0.0.3");
    assert_eq!(ipam.address_error(&fixed(text, "10.0.0.1")).await.kind(), ErrorKind::InUse);
    let rest: Vec<String> = [ipam.given(&any(text)).await, ipam.given(&any(text)).await].into();
    assert_eq!(rest, ["10.0.0.4", "10.0.0.5"]);
}

#[tokio::test]
async fn a_client_names_a_pool_that_is_there() {
    let ipam = Ipam::new();
    let client = |text, sub| AddressRequest { purpose: Purpose::Client, ..address(LOCAL, text, sub, None) };
    let error = ipam.address_error(&client("10.0.0.0/24", None)).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "there is no pool 10.0.0.0/24 in space LocalDefault");

    ipam.pool(&pool_request(LOCAL, "10.0.0.0/24", None)).await.unwrap();
    ipam.address(&client("10.0.0.0/24", None)).await.unwrap();
    let error = ipam.address_error(&client("10.0.0.0/24", Some("10.0.0.128/25"))).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("has no sub-pool 10.0.0.128/25; it has none"), "{error}");
}

#[tokio::test]
async fn a_pool_that_stands_for_its_sub_pools_gives_no_addresses_itself() {
    let ipam = Ipam::new();
    let client =
        |sub| AddressRequest { purpose: Purpose::Client, ..address(LOCAL, "10.0.0.0/16", sub, None) };
    ipam.pool(&pool_request(LOCAL, "10.0.0.0/16", Some("10.0.9.0/24"))).await.unwrap();
    let error = ipam.address_error(&client(None)).await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("it stands for its sub-pools 10.0.9.0/24: name one"), "{error}");
    assert_eq!(ipam.given(&client(Some("10.0.9.0/24"))).await, "10.0.9.0");
}

#[tokio::test]
async fn a_large_pool_is_not_gone_through() {
    let ipam = Ipam::new();
    for text in ["10.0.0.0/8", "fd00::/32"] {
        for _ in 0..300 {
            ipam.address(&any(text)).await.unwrap();
        }
        assert_eq!(ipam.view.wanted().len(), 300, "one question for each address");
    }
}

#[tokio::test]
async fn what_others_took_is_passed_over() {
    let ipam = Ipam::new();
    let held: Vec<_> = (1..5).map(|n| claim(LOCAL, "10.0.0.0/29", &format!("10.0.0.{n}"))).collect();
    ipam.view.take(&owner(), &held);
    assert_eq!(ipam.given(&lowest("10.0.0.0/29", None)).await, "10.0.0.5");
}

/// All of them plan from one state; who comes too late with the commit plans again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_exhaust_a_pool_exactly() {
    const WORKERS: usize = 8;
    let text = "10.0.0.0/24";
    let ipam = Arc::new(Ipam::new());
    let barrier = Arc::new(Barrier::new(WORKERS));
    let work = |worker: usize| {
        let (ipam, barrier) = (ipam.clone(), barrier.clone());
        async move {
            barrier.wait().await;
            let request = if worker.is_multiple_of(2) { any(text) } else { lowest(text, None) };
            let mut given = 0;
            loop {
                match ipam.driver.plan_address(&ipam.view, &request).await {
                    Ok(plan) => given += usize::from(ipam.view.try_take(&owner(), &plan.claims[0])),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::NoFreeAddress);
                        return given;
                    }
                }
            }
        }
    };
    let workers: Vec<_> = (0..WORKERS).map(|worker| tokio::spawn(work(worker))).collect();
    let mut given = 0;
    for worker in workers {
        given += worker.await.unwrap();
    }
    assert_eq!((given, ipam.view.held(&space(LOCAL), pool(text))), (254, 254));
}

#[tokio::test]
async fn a_driver_that_is_made_anew_goes_on_where_the_last_one_stopped() {
    let mut ipam = Ipam::new();
    for n in 1..5 {
        assert_eq!(ipam.given(&any("10.0.0.0/24")).await, format!("10.0.0.{n}"));
        ipam.driver = BuiltinIpam::new(&Options::new()).unwrap();
    }
}
