//! Whatever is asked for and released in whatever order, no address is held twice.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netkeep_drivers::{AddressRequest, Answer, ErrorKind, IpamDriver};
use netkeep_model::{Claim, Pool};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Ipam, address, options, owner, pool, space};

const LOCAL: &str = "LocalDefault";

#[derive(Clone, Debug)]
enum Step {
    /// Any address, of this sub-pool or of the pool, in this order.
    Any { sub: usize, lowest: bool },
    /// This address, as a distance from the first of the pool, which may be outside.
    Fixed(u8),
    /// Frees the n-th of those that are held.
    Release(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..4, any::<bool>()).prop_map(|(sub, lowest)| Step::Any { sub, lowest }),
        1 => (0_u8..40).prop_map(Step::Fixed),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
    ]
}

/// A pool of 32 addresses, and its parts from which addresses are chosen; the first is the pool itself.
fn pools() -> impl Strategy<Value = (&'static str, [Option<&'static str>; 4])> {
    prop_oneof![
        Just(("10.0.0.0/27", [None, Some("10.0.0.0/29"), Some("10.0.0.16/28"), Some("10.0.0.31/32")])),
        Just(("fd00::/123", [None, Some("fd00::/125"), Some("fd00::10/124"), Some("fd00::1f/128")])),
    ]
}

/// What can be given in a pool or a part of it, written down without arithmetic.
fn usable(master: Pool, sub: Option<&str>) -> BTreeSet<IpAddr> {
    let part = sub.map_or(master, pool);
    let all = (0..32).filter_map(|n| master.nth(n)).filter(|ip| part.contains(*ip));
    all.filter(|ip| *ip != master.first() && (master.is_ipv6() || *ip != master.last())).collect()
}

async fn run(text: &'static str, subs: [Option<&'static str>; 4], steps: Vec<Step>) {
    let ipam = Ipam::new();
    let master = pool(text);
    let mut held: Vec<IpAddr> = Vec::new();
    for step in steps {
        let (request, may) = match step {
            Step::Release(index) => {
                if !held.is_empty() {
                    let ip = held.remove(index.index(held.len()));
                    ipam.view.release(&Claim::Address { space: space(LOCAL), pool: master, ip });
                }
                continue;
            }
            Step::Any { sub, lowest } => {
                let sub = subs[sub];
                let request = address(LOCAL, text, sub, None);
                let serial = json!({"com.docker.network.ipam.serial": !lowest});
                let free: BTreeSet<IpAddr> =
                    usable(master, sub).into_iter().filter(|ip| !held.contains(ip)).collect();
                let may = if lowest { free.into_iter().take(1).collect() } else { free };
                (AddressRequest { options: options(serial), ..request }, may)
            }
            Step::Fixed(distance) => {
                let ip = pool("0.0.0.0/0").nth(u128::from(distance) + 0x0a00_0000).unwrap();
                let ip =
                    if master.is_ipv6() { pool("fd00::/8").nth(u128::from(distance)).unwrap() } else { ip };
                let may = usable(master, None).into_iter().filter(|at| *at == ip && !held.contains(at));
                (address(LOCAL, text, None, Some(&ip.to_string())), may.collect())
            }
        };
        match ipam.driver.plan_address(&ipam.view, &request).await {
            Ok(plan) => {
                let Answer::Now(grant) = plan.answer else { panic!("the driver plans") };
                let ip = grant.address.unwrap().addr();
                assert!(may.contains(&ip), "{ip} is given, and only {may:?} may be");
                ipam.view.take(&owner(), &plan.claims);
                held.push(ip);
            }
            Err(error) => {
                assert!(may.is_empty(), "{error}, although {may:?} are free");
                let expected = match request.address {
                    None => ErrorKind::NoFreeAddress,
                    Some(ip) if !master.contains(ip) => ErrorKind::OutOfRange,
                    Some(ip) if held.contains(&ip) => ErrorKind::InUse,
                    Some(_) => ErrorKind::Invalid,
                };
                assert_eq!(error.kind(), expected, "{error}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_address_is_given_twice_or_outside_and_all_are_given_in_the_end(
        (text, subs) in pools(),
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(text, subs, steps));
    }
}
