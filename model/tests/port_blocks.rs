//! Claims on ports: against a list of single ports on single addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netkeep_model::{NetworkId, Owner, PortBlock, PortClaim, PortRange};
use proptest::prelude::*;

const ADDRESSES: [&str; 6] = ["0.0.0.0", "10.0.0.1", "10.0.0.2", "::", "fd00::1", "::ffff:10.0.0.1"];

/// The single addresses that an address stands for, out of a small world.
fn stands_for(ip: IpAddr) -> &'static [&'static str] {
    match ip.to_string().as_str() {
        "0.0.0.0" => &["10.0.0.1", "10.0.0.2", "other v4"],
        "10.0.0.1" | "::ffff:10.0.0.1" => &["10.0.0.1"],
        "10.0.0.2" => &["10.0.0.2"],
        "::" => &["fd00::1", "other v6"],
        "fd00::1" => &["fd00::1"],
        other => panic!("{other} is not in the small world"),
    }
}

fn ip() -> impl Strategy<Value = IpAddr> {
    (0..ADDRESSES.len()).prop_map(|i| ADDRESSES[i].parse().unwrap())
}

fn range() -> impl Strategy<Value = PortRange> {
    (512..528_u16, 0..4_u16).prop_map(|(first, more)| PortRange::new(first, first + more).unwrap())
}

fn owner(n: usize) -> Owner {
    let id = format!("{n:032x}").parse::<NetworkId>().unwrap();
    Owner::Network { network: id }
}

fn claim() -> impl Strategy<Value = PortClaim> {
    (range(), ip(), 0..3_usize).prop_map(|(ports, ip, n)| PortClaim { ports, ip, owner: owner(n) })
}

#[derive(Clone, Debug)]
enum Step {
    Claim(PortClaim),
    Release(PortClaim),
    ReleaseAll(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => claim().prop_map(Step::Claim),
        2 => claim().prop_map(Step::Release),
        1 => (0..3_usize).prop_map(Step::ReleaseAll),
    ]
}

type Taken = BTreeMap<(u16, &'static str), PortClaim>;

fn singles(claim: &PortClaim) -> impl Iterator<Item = (u16, &'static str)> {
    let ports = claim.ports.first()..=claim.ports.last();
    let ip = claim.ip;
    ports.flat_map(move |port| stands_for(ip).iter().map(move |single| (port, *single)))
}

proptest! {
    #[test]
    fn a_block_grants_exactly_what_is_free(steps in prop::collection::vec(step(), 0..40)) {
        let mut block = PortBlock::new();
        let mut taken = Taken::new();
        for step in steps {
            match step {
                Step::Claim(claim) => {
                    let free = singles(&claim).all(|single| !taken.contains_key(&single));
                    match block.claim(claim.clone()) {
                        Ok(()) => {
                            prop_assert!(free, "{:?} was taken", claim);
                            taken.extend(singles(&claim).map(|single| (single, claim.clone())));
                        }
                        Err(held) => {
                            prop_assert!(!free, "{:?} was free", claim);
                            prop_assert!(block.claims().contains(&held) && held.collides_with(&claim));
                        }
                    }
                }
                Step::Release(claim) => {
                    let held = taken.values().any(|held| *held == claim);
                    prop_assert_eq!(block.release(&claim), held);
                    taken.retain(|_, held| *held != claim);
                }
                Step::ReleaseAll(n) => {
                    let released = block.release_all(&owner(n));
                    prop_assert!(released.iter().all(|claim| claim.owner == owner(n)));
                    taken.retain(|_, held| held.owner != owner(n));
                }
            }
            let held: usize = block.claims().iter().map(|claim| singles(claim).count()).sum();
            prop_assert_eq!(held, taken.len());
            prop_assert_eq!(block.is_empty(), taken.is_empty());
            prop_assert!(block.claims().is_sorted());
        }
        let json = serde_json::to_value(&block).unwrap();
        prop_assert_eq!(serde_json::from_value::<PortBlock>(json).unwrap(), block);
    }

    #[test]
    fn the_free_run_is_the_lowest_that_can_be_claimed(
        claims in prop::collection::vec(claim(), 0..12), ip in ip(), count in 0..6_u16
    ) {
        let mut block = PortBlock::new();
        for claim in claims {
            let _collides = block.claim(claim);
        }
        let within = PortRange::new(512, 535).unwrap();
        let expected = (512..=535_u16).find_map(|first| {
            let ports = PortRange::new(first, (first + count).checked_sub(1)?).ok()?;
            let claim = PortClaim { ports, ip, owner: owner(9) };
            (within.covers(ports) && block.conflict(&claim).is_none()).then_some(ports)
        });
        prop_assert_eq!(block.free(ip, within, count), expected);
    }
}

#[test]
fn a_stored_block_whose_claims_collide_is_unreadable() {
    let mut block = PortBlock::new();
    let claim =
        |ip: &str| PortClaim { ports: "600-610".parse().unwrap(), ip: ip.parse().unwrap(), owner: owner(1) };
    block.claim(claim("10.0.0.1")).unwrap();
    let mut json = serde_json::to_value(&block).unwrap();
    json["claims"].as_array_mut().unwrap().push(serde_json::to_value(claim("0.0.0.0")).unwrap());
    let error = serde_json::from_value::<PortBlock>(json).unwrap_err().to_string();
    assert!(error.contains("600-610"), "{error}");
}

#[test]
fn the_last_port_has_no_next_one() {
    let mut block = PortBlock::new();
    let ip: IpAddr = "0.0.0.0".parse().unwrap();
    let last = PortRange::new(65535, 65535).unwrap();
    assert_eq!(block.free(ip, last, 1), Some(last));
    block.claim(PortClaim { ports: last, ip, owner: owner(1) }).unwrap();
    assert_eq!(block.free(ip, PortRange::new(65000, 65535).unwrap(), 600), None);
    assert_eq!(block.free(ip, last, 1), None);
}
