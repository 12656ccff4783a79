//! The IPAM driver `null` has one pool and no addresses.

use netkeep_drivers::ipam::null::NullIpam;
use netkeep_drivers::{Answer, EnsureError, ErrorKind, IpamDriver, PoolRequest};
use netkeep_model::Options;
use serde_json::json;

use crate::support::{View, address, free_pool, options, pool, pool_request};

fn driver() -> NullIpam {
    NullIpam::new(&Options::new()).unwrap()
}

#[tokio::test]
async fn everyone_gets_the_one_pool_and_holds_nothing() {
    for _ in 0..2 {
        let plan = driver().plan_pool(&View::new(), &free_pool("null")).await.unwrap();
        assert!(plan.claims.is_empty() && plan.records.is_empty() && !plan.ensure);
        let Answer::Now(grant) = plan.answer else { panic!("the driver plans") };
        assert_eq!((grant.space.as_str(), grant.pool, grant.sub), ("null", pool("0.0.0.0/0"), None));
    }
}

#[tokio::test]
async fn no_address_is_given() {
    let plan = driver().plan_address(&View::new(), &address("null", "0.0.0.0/0", None, None)).await.unwrap();
    assert!(plan.claims.is_empty());
    let Answer::Now(grant) = plan.answer else { panic!("the driver plans") };
    assert_eq!(grant.address, None);
}

#[tokio::test]
async fn another_pool_sub_pool_family_or_space_is_refused() {
    let v6 = PoolRequest { v6: true, ..free_pool("null") };
    let sub = PoolRequest { sub: Some(pool("10.0.0.0/24")), ..free_pool("null") };
    for (request, named) in [
        (pool_request("null", "10.0.0.0/8", None), "pool 10.0.0.0/8"),
        (sub, "sub-pool 10.0.0.0/24"),
        (v6, "ask for IPv4"),
        (free_pool("LocalDefault"), "space LocalDefault: the space of IPAM driver null is null"),
    ] {
        let error = driver().plan_pool(&View::new(), &request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn an_address_of_another_pool_or_a_fixed_one_is_refused() {
    for (request, named) in [
        (
            address("null", "10.0.0.0/8", None, None),
            "pool 10.0.0.0/8: the pool of IPAM driver null is 0.0.0.0/0",
        ),
        (address("null", "0.0.0.0/0", Some("10.0.0.0/8"), None), "pool 10.0.0.0/8"),
        (address("x", "0.0.0.0/0", None, None), "space x"),
        (address("null", "0.0.0.0/0", None, Some("10.0.0.1")), "address 10.0.0.1"),
    ] {
        let error = driver().plan_address(&View::new(), &request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn it_is_not_called_and_has_no_configuration() {
    let called = driver().call_pool(&free_pool("null")).await.unwrap_err();
    assert!(matches!(called, EnsureError::Refused(error) if error.kind() == ErrorKind::Unsupported));
    let error = NullIpam::new(&options(json!({"x": 1}))).unwrap_err();
    assert!(error.to_string().contains("there are no options"), "{error}");
}
