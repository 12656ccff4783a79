//! What a plan of an IPAM driver is.

use std::sync::Arc;

use netkeep_drivers::{AddressRequest, ErrorKind, PoolRequest, Purpose};
use netkeep_model::{Claim, Space};

use crate::Verdict;
use crate::ipam::site::{claims_of_pool, expect_refused, shown};
use crate::ipam::{FreePools, IpamHarness, IpamSite, someone};

/// D-IPAM-1: What a driver says of itself is the same at all times, of all instances.
pub async fn an_ipam_driver_says_the_same_of_itself(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let said = site.driver.info().clone();
    for _ in 0..3 {
        let _ = site.pool(&site.any_pool(false)).await;
        assert_eq!(*site.driver.info(), said, "D-IPAM-1: after a pool was given, or refused");
        site.restart().await;
        assert_eq!(*site.driver.info(), said, "D-IPAM-1: of another instance");
    }
    Verdict::Kept
}

/// D-IPAM-2: What is answered is claimed, and nothing else; each plan is judged so.
pub async fn a_grant_is_claimed(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    for pool in requests(&site) {
        site.has_pool(&pool, "D-IPAM-2").await;
    }
    let mut site = IpamSite::start(&h).await;
    for grant in site.pools("D-IPAM-2").await {
        for purpose in PURPOSES {
            let request = AddressRequest { purpose, ..IpamSite::any_of(&grant) };
            site.has_address(&request, "D-IPAM-2").await;
        }
    }
    Verdict::Kept
}

pub(super) const PURPOSES: [Purpose; 4] =
    [Purpose::Gateway, Purpose::Auxiliary, Purpose::Endpoint, Purpose::Client];

/// Pools that can be given side by side: such as the driver chooses, and such as the suite names.
fn requests(site: &IpamSite) -> Vec<PoolRequest> {
    let sample = site.sample();
    let free = [false, true].into_iter().filter(|v6| sample.local.count(*v6) != Some(0));
    let mut requests: Vec<PoolRequest> = free.map(|v6| site.any_pool(v6)).collect();
    if sample.named {
        requests.push(site.named("10.99.0.0/24", None));
        requests.push(site.named("10.99.0.0/24", Some("10.99.0.64/26")));
        requests.push(site.named("10.98.0.0/24", Some("10.98.0.64/26")));
        requests.push(site.named("fd99::/64", None));
    }
    requests
}

/// D-IPAM-3: The same request and the same view give the same plan, asked again or of another instance; where
/// there is no choice, to the letter.
pub async fn the_same_view_gives_the_same_grant(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    for request in requests(&site) {
        let first = site.plan_pool(&request).await;
        for _ in 0..3 {
            site.restart().await;
            let again = site.plan_pool(&request).await;
            if request.pool.is_some() || site.sample().local == FreePools::Shared {
                let (first, again) = (first.as_ref().ok(), again.as_ref().ok());
                assert_eq!(first, again, "D-IPAM-3: {} was planned again", shown(&request));
            } else {
                assert_eq!(first.is_ok(), again.is_ok(), "D-IPAM-3: {} was planned again", shown(&request));
            }
        }
    }
    let mut given = IpamSite::start(&h).await;
    for grant in given.pools("D-IPAM-3").await {
        let ip = grant.pool.nth(7).expect("the pool has more addresses");
        let mut fixed = Vec::new();
        for _ in 0..3 {
            fixed.push(given.plan_address(&IpamSite::fixed_of(&grant, ip)).await.ok());
            given.restart().await;
            let free = given.plan_address(&IpamSite::any_of(&grant)).await;
            assert!(free.is_ok(), "D-IPAM-3: an address of {} was planned again: {free:?}", grant.pool);
        }
        assert!(fixed.iter().all(|plan| *plan == fixed[0]), "D-IPAM-3: {ip} was planned again: {fixed:?}");
    }
    Verdict::Kept
}

/// D-IPAM-4: A plan that was not committed leaves no trace: neither here nor outside, and the same may be planned
/// again, any number of times.
pub async fn a_grant_that_was_not_committed_is_forgotten(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    for request in requests(&site) {
        for _ in 0..ENOUGH {
            let plan = site.plan_pool(&request).await;
            plan.unwrap_or_else(|error| {
                panic!("D-IPAM-4: {} was only planned, and is refused: {error}", shown(&request))
            });
        }
    }
    let nothing = site.harness().outside().is_empty();
    assert!(nothing, "D-IPAM-4: pools were only planned, and something is held outside");
    for grant in site.pools("D-IPAM-4").await {
        let before = site.harness().outside();
        let ip = grant.pool.nth(7).expect("the pool has more addresses");
        let requests = [IpamSite::any_of(&grant), IpamSite::fixed_of(&grant, ip)];
        if !site.sample().addresses {
            continue;
        }
        for request in requests {
            // More often than the pool has addresses.
            for _ in 0..300 {
                let plan = site.plan_address(&request).await;
                plan.unwrap_or_else(|error| {
                    panic!("D-IPAM-4: an address of {} was only planned: {error}", grant.pool)
                });
            }
        }
        assert_eq!(site.harness().outside(), before, "D-IPAM-4: addresses were only planned");
    }
    Verdict::Kept
}

/// More plans than a driver of the suite's own tests has pools.
const ENOUGH: usize = 100;

/// D-IPAM-5: Each view is looked at anew: what is held is refused, and what is free again is given.
pub async fn each_view_of_what_is_held_is_looked_at_anew(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    if site.is_called() || !site.sample().named {
        return Verdict::NotOf("what it gives does not hang on the view");
    }
    let clause = "D-IPAM-5: what is held, and what is not, has changed since the last view";
    for text in ["10.99.0.0/24", "fd99::/64"] {
        let request = site.named(text, None);
        for _ in 0..3 {
            let grant = site.has_pool(&request, clause).await;
            expect_refused(site.pool(&request).await, &[ErrorKind::Overlap], &[text], clause);
            site.release_pool(&grant, clause).await;
        }
    }
    for text in ["10.99.0.0/30", "fd99::/126"] {
        let grant = site.has_pool(&site.named(text, None), clause).await;
        let pool = grant.pool;
        let all: Vec<_> = (1..=2 + u128::from(pool.is_ipv6())).filter_map(|n| pool.nth(n)).collect();
        // Each in turn is the only one that is free, and another instance has not been told.
        for (turn, free) in all.iter().chain(&all).enumerate() {
            let mut held = site.ledger.clone();
            for ip in all.iter().filter(|ip| *ip != free) {
                let claim = Claim::Address { space: grant.space.clone(), pool, ip: *ip };
                held.take(claim, someone()).unwrap_or_else(|_| panic!("{ip} is taken once"));
            }
            let (kept, other) =
                (std::mem::replace(&mut site.ledger, held), all[usize::from(all[0] == *free)]);
            let plan = site.plan_address(&IpamSite::any_of(&grant)).await;
            assert!(plan.is_ok(), "{clause}, turn {turn}: {free} of {pool} is free: {plan:?}");
            let plan = site.plan_address(&IpamSite::fixed_of(&grant, *free)).await;
            assert!(plan.is_ok(), "{clause}, turn {turn}: {free} of {pool} is free: {plan:?}");
            let plan = site.plan_address(&IpamSite::fixed_of(&grant, other)).await;
            expect_refused(plan, &[ErrorKind::InUse], &[], clause);
            site.ledger = kept;
        }
    }
    Verdict::Kept
}

/// D-IPAM-6: An option of the driver's own that it does not know is refused, of pools and of addresses, and the
/// refusal names it.
pub async fn unknown_ipam_options_are_refused_by_name(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let namespaces = site.sample().namespaces;
    for namespace in namespaces {
        let unknown = format!("{namespace}no-such-option");
        let what = format!("D-IPAM-6: option {unknown}, which the driver does not know");
        for mut request in requests(&site) {
            request.options.insert(unknown.clone(), "x");
            let refused = site.pool(&request).await;
            expect_refused(refused, &[ErrorKind::Invalid], &[&unknown], &format!("{what}, of a pool"));
        }
        for grant in IpamSite::start(&h).await.pools(&what).await {
            let claims = claims_of_pool(&grant);
            for claim in claims {
                let _ = site.ledger.take(claim, someone());
            }
            let mut request = IpamSite::any_of(&grant);
            request.options.insert(unknown.clone(), "x");
            let refused = site.address(&request).await;
            expect_refused(refused, &[ErrorKind::Invalid], &[&unknown], &format!("{what}, of an address"));
        }
    }
    if namespaces.is_empty() { Verdict::NotOf("it has no options of its own") } else { Verdict::Kept }
}

/// D-IPAM-7: In a space that is not the driver's, it chooses no pool: that is refused by the name of the space, not
/// as if all were taken.
pub async fn nothing_is_chosen_in_a_strange_space(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let space = Space::new("suite-elsewhere").expect("the suite writes its spaces rightly");
    for v6 in [false, true] {
        let request = PoolRequest { space: space.clone(), ..site.any_pool(v6) };
        let what = format!("D-IPAM-7: {}", shown(&request));
        expect_refused(site.pool(&request).await, &[ErrorKind::Invalid], &[space.as_str()], &what);
    }
    Verdict::Kept
}
