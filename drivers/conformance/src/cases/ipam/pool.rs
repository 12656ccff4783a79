//! Which pools are given.

use std::sync::Arc;

use ipnet::IpNet;
use netkeep_drivers::{ErrorKind, PoolRequest};
use netkeep_model::{Pool, Space};

use super::UNNAMED;
use crate::Verdict;
use crate::ipam::site::{expect_refused, shown};
use crate::ipam::{FreePools, IpamHarness, IpamSite};

/// A list of pools that is longer is not gone through.
const MANY: usize = 100;

/// D-POOL-1: The space, the family, the pool and the part of it are those that were asked for; each grant is
/// judged so.
pub async fn a_pool_is_given_as_asked(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let sample = site.sample();
    for space in site.spaces() {
        for v6 in [false, true] {
            if site.free(&space).count(v6) != Some(0) {
                let request = PoolRequest { space: space.clone(), ..site.any_pool(v6) };
                site.has_pool(&request, "D-POOL-1").await;
            }
        }
        if sample.named {
            for (pool, sub) in [
                ("10.99.0.0/24", None),
                ("10.98.0.0/24", Some("10.98.0.64/26")),
                ("10.97.0.0/24", Some("10.97.0.0/24")),
                ("fd99::/64", None),
                ("fd98::/64", Some("fd98::8000/113")),
            ] {
                // The family of a pool that is named is its own.
                let v6 = pool.starts_with("10.");
                let request = PoolRequest { space: space.clone(), v6, ..site.named(pool, sub) };
                site.has_pool(&request, "D-POOL-1").await;
            }
        }
    }
    Verdict::Kept
}

/// D-POOL-2: A named pool, or a part of one, that overlaps another pool of its space is refused by name; one that
/// does not is given.
pub async fn pools_of_one_space_never_overlap(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().named {
        return UNNAMED;
    }
    for (there, asked, overlaps) in [
        ("10.96.0.0/12", "10.96.0.0/12", true),
        ("10.96.0.0/12", "10.96.0.0/16", true),
        ("10.96.0.0/12", "10.99.77.0/24", true),
        ("10.96.0.0/12", "10.111.255.255/32", true),
        ("10.96.0.0/12", "10.0.0.0/8", true),
        ("10.96.0.0/12", "10.112.0.0/12", false),
        ("10.96.0.0/12", "10.95.255.0/24", false),
        ("10.99.0.0/24", "10.99.0.0/23", true),
        ("10.99.0.0/24", "10.99.1.0/24", false),
        ("10.0.0.0/8", "fd00::/8", false),
        ("fd99::/64", "fd99::/64", true),
        ("fd99::/64", "fd99::/48", true),
        ("fd99::/64", "fd99::1:0/112", true),
        ("fd99::/64", "fd99:0:0:1::/64", false),
    ] {
        let mut site = IpamSite::start(&h).await;
        site.has_pool(&site.named(there, None), "D-POOL-2").await;
        let what = format!("D-POOL-2: {asked} beside {there}");
        if overlaps {
            let whole = site.pool(&site.named(asked, None)).await;
            expect_refused(whole, &[ErrorKind::Overlap], &[asked], &what);
            if asked != there {
                let part = site.pool(&site.named(asked, Some(asked))).await;
                expect_refused(part, &[ErrorKind::Overlap], &[asked], &format!("{what}, as its own part"));
            }
        } else {
            site.has_pool(&site.named(asked, None), &what).await;
        }
    }
    Verdict::Kept
}

/// D-POOL-2: What is held in one space hinders nobody in another.
pub async fn pools_of_two_spaces_leave_each_other_alone(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let spaces = site.spaces();
    if spaces.len() < 2 || !site.sample().named {
        return Verdict::NotOf("it has one space, or takes no pool by name");
    }
    for space in spaces {
        for text in ["10.99.0.0/24", "fd99::/64"] {
            let request = PoolRequest { space: space.clone(), ..site.named(text, None) };
            let what = "D-POOL-2: pools of another space are held";
            let grant = site.has_pool(&request, what).await;
            let ip = grant.pool.nth(7).expect("the pool has more addresses");
            if site.sample().addresses {
                site.has_address(&IpamSite::fixed_of(&grant, ip), what).await;
            }
        }
    }
    Verdict::Kept
}

/// The spaces and families in which so many pools can be chosen, with their number.
fn choices(site: &IpamSite, least: usize) -> Vec<(Space, bool, usize)> {
    let mut choices = Vec::new();
    for space in site.spaces() {
        for v6 in [false, true] {
            let count = site.free(&space).count(v6);
            choices.extend(count.filter(|count| *count >= least).map(|count| (space.clone(), v6, count)));
        }
    }
    choices
}

/// D-POOL-3: A pool that is chosen overlaps none of its space, wherever that came from, and nothing that the host
/// reaches already.
pub async fn a_free_pool_overlaps_nothing(h: Arc<dyn IpamHarness>) -> Verdict {
    let choices = choices(&IpamSite::start(&h).await, 3);
    if choices.is_empty() {
        return Verdict::NotOf("it has no pools to choose from");
    }
    for (space, v6, _) in choices {
        let mut site = IpamSite::start(&h).await;
        let any = PoolRequest { space: space.clone(), ..site.any_pool(v6) };
        let chosen = site.has_pool(&any, "D-POOL-3").await;
        // A part of what was chosen stands for what touches it.
        let half = half(chosen.pool);

        let mut site = IpamSite::start(&h).await;
        if site.sample().named {
            let named = PoolRequest { pool: Some(half), ..any.clone() };
            site.has_pool(&named, "D-POOL-3").await;
            site.has_pool(&any, "D-POOL-3: a pool that was named is held").await;
            // Who names a pool knows what the host reaches.
            let mut site = IpamSite::start(&h).await;
            let reached = PoolRequest { avoid: vec![half.net()], ..named };
            site.has_pool(&reached, "D-POOL-3: a pool is named that the host reaches already").await;
        }
        let mut site = IpamSite::start(&h).await;
        let avoid: Vec<IpNet> = vec![half.net()];
        for _ in 0..2 {
            let wary = PoolRequest { avoid: avoid.clone(), ..any.clone() };
            site.has_pool(&wary, "D-POOL-3: the host reaches a network already").await;
            site.restart().await;
        }
        let everything = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("these are networks"));
        let wary = PoolRequest { avoid: everything.to_vec(), ..any.clone() };
        let what = "D-POOL-3: the host reaches everything already";
        expect_refused(site.pool(&wary).await, &[ErrorKind::NoFreePool], &[], what);
    }
    Verdict::Kept
}

fn half(pool: Pool) -> Pool {
    let longer = (pool.prefix_len() + 1).min(pool.net().max_prefix_len());
    Pool::around(IpNet::new(pool.first(), longer).expect("the length is that of its family"))
}

/// D-POOL-4: `NoFreePool` is said when all are held, and only then: each of the driver's pools is given, and what
/// was given back is given again.
pub async fn pools_are_exhausted_when_none_is_free(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let mut judged = false;
    for (space, v6, count) in choices(&site, 0) {
        if count > MANY || site.free(&space) == FreePools::Shared {
            continue;
        }
        judged = true;
        let any = PoolRequest { space, ..site.any_pool(v6) };
        let what = format!("D-POOL-4: {}, of which there are {count}", shown(&any));
        let mut given = Vec::new();
        for n in 0..count {
            if n % 3 == 2 {
                site.restart().await;
            }
            given.push(site.has_pool(&any, &what).await);
        }
        for _ in 0..2 {
            expect_refused(site.pool(&any).await, &[ErrorKind::NoFreePool], &[], &what);
            site.restart().await;
        }
        for grant in given.iter().skip(count / 2).take(2) {
            site.release_pool(grant, &what).await;
            let again = site.has_pool(&any, &what).await;
            assert_eq!(again.pool, grant.pool, "{what}: the only one that is free");
            expect_refused(site.pool(&any).await, &[ErrorKind::NoFreePool], &[], &what);
        }
    }
    if judged { Verdict::Kept } else { Verdict::NotOf("its pools do not come to an end, or not soon") }
}

/// D-POOL-5: A sub-pool is named with its pool and lies in it, or it is refused by name.
pub async fn sub_pools_lie_in_their_pool(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().named {
        return UNNAMED;
    }
    let mut site = IpamSite::start(&h).await;
    for (pool, sub) in [
        ("10.99.0.0/24", "10.99.1.0/26"),
        ("10.99.0.0/24", "10.99.0.0/23"),
        ("10.99.0.0/24", "fd99::/120"),
        ("fd99::/64", "fd99:0:0:1::/80"),
        ("fd99::/64", "fd99::/48"),
    ] {
        let what = format!("D-POOL-5: sub-pool {sub} of {pool}, in which it does not lie");
        let refused = site.pool(&site.named(pool, Some(sub))).await;
        expect_refused(refused, &[ErrorKind::Invalid], &[sub, pool], &what);
    }
    let alone = PoolRequest { pool: None, ..site.named("10.99.0.0/24", Some("10.99.0.64/26")) };
    let what = "D-POOL-5: a sub-pool without its pool";
    expect_refused(site.pool(&alone).await, &[ErrorKind::Invalid], &["10.99.0.64/26"], what);
    for sub in ["10.99.0.0/24", "10.99.0.64/26", "10.99.0.255/32"] {
        site.has_pool(&site.named("10.99.0.0/24", Some(sub)), "D-POOL-5: a sub-pool in its pool").await;
    }
    Verdict::Kept
}

/// D-POOL-6: A sub-pool is given once, beside others of its pool and beside the pool itself; a pool that stands for
/// its sub-pools is not given as a whole.
pub async fn each_sub_pool_is_given_once(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().named {
        return UNNAMED;
    }
    for (pool, first, others) in [
        ("10.99.0.0/24", "10.99.0.64/26", ["10.99.0.128/26", "10.99.0.0/25"]),
        ("fd99::/64", "fd99::4000/114", ["fd99::8000/114", "fd99::/113"]),
    ] {
        let mut site = IpamSite::start(&h).await;
        let what = format!("D-POOL-6: {first} of {pool} is held");
        let grant = site.has_pool(&site.named(pool, Some(first)), &what).await;
        let again = site.pool(&site.named(pool, Some(first))).await;
        expect_refused(again, &[ErrorKind::Overlap], &[first, pool], &what);
        let whole = site.pool(&site.named(pool, None)).await;
        expect_refused(whole, &[ErrorKind::Overlap], &[pool], &what);
        for other in others {
            site.has_pool(&site.named(pool, Some(other)), &what).await;
        }
        site.release_pool(&grant, &what).await;
        site.has_pool(&site.named(pool, Some(first)), "D-POOL-6: it was given back").await;

        let mut site = IpamSite::start(&h).await;
        site.has_pool(&site.named(pool, None), "D-POOL-6").await;
        site.has_pool(&site.named(pool, Some(first)), "D-POOL-6: its pool is held as a whole").await;
    }
    Verdict::Kept
}

/// D-POOL-7: A pool that was given back is not given again before all the others have been, if the driver promises
/// that.
pub async fn a_pool_that_was_given_back_rests(h: Arc<dyn IpamHarness>) -> Verdict {
    let site = IpamSite::start(&h).await;
    let choices: Vec<_> = choices(&site, 3).into_iter().filter(|(.., count)| *count <= MANY).collect();
    if choices.is_empty() || !site.sample().pools_rest {
        return Verdict::NotOf("it does not promise that, or has too many pools to see");
    }
    for (space, v6, count) in choices {
        let mut site = IpamSite::start(&h).await;
        let any = PoolRequest { space, ..site.any_pool(v6) };
        let what = format!("D-POOL-7: {}, of which there are {count}", shown(&any));
        let first = site.has_pool(&any, &what).await;
        site.release_pool(&first, &what).await;
        for _ in 1..count {
            let other = site.has_pool(&any, &what).await;
            assert_ne!(other.pool, first.pool, "{what}: the first one was given back, and others are free");
        }
        let last = site.has_pool(&any, &what).await;
        assert_eq!(last.pool, first.pool, "{what}: the only one that is free");
    }
    Verdict::Kept
}

/// D-POOL-8: What the driver does not offer, a named pool, a sub-pool, a family, is refused by name.
pub async fn what_is_not_offered_is_refused(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    let (sample, kinds) = (site.sample(), [ErrorKind::Invalid, ErrorKind::Unsupported]);
    let what = "D-POOL-8: the driver does not offer it";
    if !sample.named {
        for pool in ["10.99.0.0/24", "fd99::/64"] {
            expect_refused(site.pool(&site.named(pool, None)).await, &kinds, &[pool], what);
            let part = PoolRequest { pool: None, ..site.named(pool, Some(pool)) };
            expect_refused(site.pool(&part).await, &kinds, &[pool], what);
        }
    }
    if sample.local == FreePools::Shared {
        expect_refused(site.pool(&site.any_pool(true)).await, &kinds, &["IPv6"], what);
    }
    if sample.named && sample.local != FreePools::Shared {
        return Verdict::NotOf("it offers everything");
    }
    Verdict::Kept
}
