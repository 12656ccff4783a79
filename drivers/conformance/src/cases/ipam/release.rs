//! What is given back.

use std::sync::Arc;

use netkeep_drivers::{ErrorKind, Grant};

use crate::Verdict;
use crate::ipam::site::expect_refused;
use crate::ipam::{IpamHarness, IpamSite};

/// D-RELEASE-1: What was given back can be given again, whichever instance gave it and whichever takes it back;
/// when all was given back, nothing is held.
pub async fn what_was_given_back_is_given_again(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let before = site.harness().outside();
    for _ in 0..3 {
        let grants = site.pools("D-RELEASE-1: the pool was given back").await;
        let mut held = Vec::new();
        for grant in &grants {
            let Some(ip) = grant.pool.nth(7).filter(|_| site.sample().addresses) else { continue };
            let what = "D-RELEASE-1: the address was given back";
            site.has_address(&IpamSite::fixed_of(grant, ip), what).await;
            held.push((grant.clone(), ip));
        }
        site.restart().await;
        for (grant, ip) in held {
            site.release_address(&grant, ip, "D-RELEASE-1").await;
            // It is free before its pool is given back, too.
            site.has_address(&IpamSite::fixed_of(&grant, ip), "D-RELEASE-1: the address was given back")
                .await;
            site.restart().await;
            site.release_address(&grant, ip, "D-RELEASE-1").await;
        }
        for grant in grants {
            site.release_pool(&grant, "D-RELEASE-1").await;
        }
        assert_eq!(site.harness().outside(), before, "D-RELEASE-1: all was given back");
    }
    Verdict::Kept
}

/// D-RELEASE-2: Giving back what is not held, or was given back already, is a success, and takes nothing from those
/// who hold something.
pub async fn giving_back_what_is_not_held_changes_nothing(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut never = IpamSite::start(&h).await;
    let mut site = IpamSite::start(&h).await;
    let what = "D-RELEASE-2: it is not held";
    for grant in never.pools("D-RELEASE-2").await {
        let ip = grant.pool.nth(9).expect("the pool has more addresses");
        site.release(&Grant::Address(grant.clone(), ip), what).await;
        site.release(&Grant::Pool(grant), what).await;
    }
    for grant in site.pools("D-RELEASE-2").await {
        let [held, other] = [7, 9].map(|n| grant.pool.nth(n).expect("the pool has more addresses"));
        if !site.sample().addresses {
            continue;
        }
        site.has_address(&IpamSite::fixed_of(&grant, held), "D-RELEASE-2").await;
        let before = site.harness().outside();
        site.has_address(&IpamSite::fixed_of(&grant, other), "D-RELEASE-2").await;
        site.release_address(&grant, other, "D-RELEASE-2").await;
        for _ in 0..2 {
            site.release(&Grant::Address(grant.clone(), other), what).await;
            site.restart().await;
        }
        assert_eq!(site.harness().outside(), before, "{what}: and what others hold has changed");
        let again = site.address(&IpamSite::fixed_of(&grant, held)).await;
        expect_refused(again, &[ErrorKind::InUse], &[], "D-RELEASE-2: another address was given back");
    }
    Verdict::Kept
}
