//! Which addresses are given.

use std::net::IpAddr;
use std::sync::Arc;

use netkeep_drivers::{AddressRequest, ErrorKind, Order, PoolGrant, Purpose};
use netkeep_model::Pool;

use super::plan::PURPOSES;
use super::{NO_ADDRESSES, UNNAMED};
use crate::Verdict;
use crate::ipam::site::{expect_refused, written};
use crate::ipam::{IpamHarness, IpamSite};

/// D-ADDRESS-1: An address that is chosen lies in its pool and sub-pool, however large, and has the prefix length of
/// the whole pool; each grant is judged so.
pub async fn a_free_address_lies_in_its_pool(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().addresses {
        return NO_ADDRESSES;
    }
    let mut site = IpamSite::start(&h).await;
    let mut grants = site.pools("D-ADDRESS-1").await;
    if site.sample().named {
        for (pool, sub) in [
            ("10.0.0.0/10", None),
            ("10.98.0.0/16", Some("10.98.77.0/24")),
            ("fd00::/16", None),
            ("fd98::/64", Some("fd98::8000/113")),
            ("fd97::/48", Some("fd97:0:0:10::/60")),
        ] {
            grants.push(site.has_pool(&site.named(pool, sub), "D-ADDRESS-1").await);
        }
    }
    for grant in grants {
        for purpose in PURPOSES {
            let request = AddressRequest { purpose, ..IpamSite::any_of(&grant) };
            site.has_address(&request, "D-ADDRESS-1").await;
            site.restart().await;
        }
    }
    Verdict::Kept
}

/// D-ADDRESS-2: No address is given while it is held: whatever it was given for, from whichever part of the pool,
/// by whichever instance.
pub async fn no_address_is_given_twice(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().addresses {
        return NO_ADDRESSES;
    }
    for (pool, subs) in
        [("10.99.0.0/27", ["10.99.0.0/28", "10.99.0.8/29"]), ("fd99::/123", ["fd99::/124", "fd99::8/125"])]
    {
        let mut site = IpamSite::start(&h).await;
        let mut parts = Vec::new();
        if site.sample().named {
            parts.push(site.has_pool(&site.named(pool, None), "D-ADDRESS-2").await);
            for sub in subs {
                parts.push(site.has_pool(&site.named(pool, Some(sub)), "D-ADDRESS-2").await);
            }
        } else {
            parts = site.pools("D-ADDRESS-2").await;
        }
        walk(&mut site, &parts).await;
    }
    Verdict::Kept
}

/// Takes and gives back, in an order that is the same each time.
async fn walk(site: &mut IpamSite, parts: &[PoolGrant]) {
    let mut held: Vec<(PoolGrant, IpAddr)> = Vec::new();
    let mut state = 1_u64;
    let mut dice = move |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % sides.max(1)
    };
    let mut given = 0;
    for _ in 0..300 {
        match dice(8) {
            0 => site.restart().await,
            1 | 2 if !held.is_empty() => {
                let (grant, ip) = held.swap_remove(dice(held.len()));
                site.release_address(&grant, ip, "D-ADDRESS-2").await;
            }
            _ => {
                let grant = &parts[dice(parts.len())];
                let purpose = PURPOSES[dice(PURPOSES.len())];
                let asked = AddressRequest { purpose, ..IpamSite::any_of(grant) };
                // Whether it is exhausted is another case's.
                if let Ok(answer) = site.address(&asked).await {
                    given += 1;
                    held.extend(answer.address.map(|net| (grant.clone(), net.addr())));
                }
            }
        }
    }
    assert!(given > 20, "D-ADDRESS-2: of 300 turns only {given} gave an address");
}

/// D-ADDRESS-3: The first address of a pool and, in IPv4, the last one are given to nobody, also if they are asked
/// for; those of a sub-pool are addresses as any other.
pub async fn reserved_addresses_are_not_given(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().addresses {
        return NO_ADDRESSES;
    }
    let mut site = IpamSite::start(&h).await;
    for grant in site.pools("D-ADDRESS-3").await {
        let (pool, first, last) = (grant.pool, grant.pool.first(), grant.pool.last());
        expect_reserved(&mut site, &grant, first).await;
        if pool.is_ipv6() {
            site.has_address(&IpamSite::fixed_of(&grant, last), "D-ADDRESS-3: the last of IPv6").await;
        } else {
            expect_reserved(&mut site, &grant, last).await;
        }
    }
    if !site.sample().named {
        return Verdict::Kept;
    }
    for text in ["10.98.0.0/31", "10.98.1.0/32", "fd98::/128"] {
        let grant = site.has_pool(&site.named(text, None), "D-ADDRESS-3").await;
        let what = format!("D-ADDRESS-3: {text}, of which all is reserved");
        let any = site.address(&IpamSite::any_of(&grant)).await;
        expect_refused(any, &[ErrorKind::NoFreeAddress], &[text], &what);
        expect_reserved(&mut site, &grant, grant.pool.first()).await;
    }
    for (pool, sub) in [("10.97.0.0/24", "10.97.0.64/26"), ("fd97::/64", "fd97::40/122")] {
        let grant = site.has_pool(&site.named(pool, Some(sub)), "D-ADDRESS-3").await;
        for ip in [written(sub).first(), written(sub).last()] {
            let what = format!("D-ADDRESS-3: an end of sub-pool {sub}");
            site.has_address(&IpamSite::fixed_of(&grant, ip), &what).await;
        }
    }
    Verdict::Kept
}

async fn expect_reserved(site: &mut IpamSite, grant: &PoolGrant, ip: IpAddr) {
    let what = format!("D-ADDRESS-3: {ip}, which pool {} reserves", grant.pool);
    for purpose in [Purpose::Gateway, Purpose::Endpoint] {
        let asked = AddressRequest { purpose, ..IpamSite::fixed_of(grant, ip) };
        expect_refused(site.address(&asked).await, &[ErrorKind::Invalid], &[&ip.to_string()], &what);
    }
}

/// D-ADDRESS-4: An address that is asked for is the one that is given, or it is refused: as `InUse` if it is held,
/// as `OutOfRange` if it is not in the pool.
pub async fn a_fixed_address_is_honoured_or_refused(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().addresses {
        return NO_ADDRESSES;
    }
    let mut site = IpamSite::start(&h).await;
    let strangers: [IpAddr; 4] =
        [[192, 0, 2, 7].into(), [10, 99, 1, 7].into(), v6("fd99:0:0:1::7"), v6("::7")];
    for grant in site.pools("D-ADDRESS-4").await {
        let pool = grant.pool;
        for (n, purpose) in [7, 1, 200, 9].into_iter().zip(PURPOSES) {
            let ip = pool.nth(n).expect("the pool has more addresses");
            let asked = AddressRequest { purpose, ..IpamSite::fixed_of(&grant, ip) };
            site.has_address(&asked, "D-ADDRESS-4").await;
            site.restart().await;
            let (text, of) = (ip.to_string(), pool.to_string());
            let what = format!("D-ADDRESS-4: {ip} of {pool}, which is held");
            expect_refused(site.address(&asked).await, &[ErrorKind::InUse], &[&text, &of], &what);
            site.release_address(&grant, ip, &what).await;
            site.has_address(&asked, "D-ADDRESS-4: it was given back").await;
        }
        for ip in strangers.into_iter().filter(|ip| !pool.contains(*ip)) {
            let (text, of) = (ip.to_string(), pool.to_string());
            let what = format!("D-ADDRESS-4: {ip}, which is not in {pool}");
            let refused = site.address(&IpamSite::fixed_of(&grant, ip)).await;
            expect_refused(refused, &[ErrorKind::OutOfRange], &[&text, &of], &what);
        }
    }
    if site.sample().named {
        let grant = site.has_pool(&site.named("10.98.0.0/24", Some("10.98.0.64/26")), "D-ADDRESS-4").await;
        // A sub-pool says where addresses are chosen freely.
        site.has_address(
            &IpamSite::fixed_of(&grant, [10, 98, 0, 7].into()),
            "D-ADDRESS-4: outside the sub-pool",
        )
        .await;
    }
    Verdict::Kept
}

fn v6(text: &str) -> IpAddr {
    text.parse().expect("the suite writes its addresses rightly")
}

/// D-ADDRESS-5: `NoFreeAddress` is said when each address of the pool, or of the sub-pool, is held, and only then;
/// what was given back is given again.
pub async fn addresses_are_exhausted_when_none_is_free(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().addresses {
        return NO_ADDRESSES;
    }
    if !h.sample().named {
        return UNNAMED;
    }
    for (pool, sub, count) in [
        ("10.99.0.0/28", None, 14),
        ("10.99.0.0/30", None, 2),
        ("10.99.0.0/24", Some("10.99.0.64/29"), 8),
        ("10.99.0.0/24", Some("10.99.0.0/30"), 3),
        ("10.99.0.0/24", Some("10.99.0.254/31"), 1),
        ("fd99::/125", None, 7),
        ("fd99::/64", Some("fd99::40/125"), 8),
        ("fd99::/64", Some("fd99::/126"), 3),
    ] {
        let mut site = IpamSite::start(&h).await;
        let grant = site.has_pool(&site.named(pool, sub), "D-ADDRESS-5").await;
        let any = IpamSite::any_of(&grant);
        let what = format!("D-ADDRESS-5: {}, which can give {count} addresses", sub.unwrap_or(pool));
        let mut given = Vec::new();
        for n in 0..count {
            let purpose = if n == 0 { Purpose::Gateway } else { Purpose::Endpoint };
            let asked = AddressRequest { purpose, ..any.clone() };
            given.extend(site.has_address(&asked, &what).await);
        }
        for _ in 0..2 {
            expect_refused(site.address(&any).await, &[ErrorKind::NoFreeAddress], &[pool], &what);
            site.restart().await;
        }
        for ip in given.into_iter().skip(count / 2).take(2) {
            site.release_address(&grant, ip, &what).await;
            let again = site.has_address(&any, &what).await;
            assert_eq!(again, Some(ip), "{what}: the only one that is free");
            expect_refused(site.address(&any).await, &[ErrorKind::NoFreeAddress], &[pool], &what);
        }
        if let Some(outside) = sub.and_then(|_| written(pool).nth(30)) {
            site.has_address(&IpamSite::fixed_of(&grant, outside), &what).await;
        }
    }
    Verdict::Kept
}

/// D-ADDRESS-6: Of the free addresses that one is taken which the driver's options promise.
pub async fn addresses_follow_the_promised_order(h: Arc<dyn IpamHarness>) -> Verdict {
    let orders = (h.sample().orders)();
    if orders.is_empty() || !h.sample().named {
        return Verdict::NotOf("it promises no order, or takes no pool by name");
    }
    for (options, order) in orders {
        for (pool, usable) in [("10.99.0.0/28", 14), ("fd99::/124", 15)] {
            let mut site = IpamSite::start(&h).await;
            let grant = site.has_pool(&site.named(pool, None), "D-ADDRESS-6").await;
            let any = AddressRequest { options: options.clone(), ..IpamSite::any_of(&grant) };
            let what = format!("D-ADDRESS-6: {pool}, order {order:?}");
            let mut given = Vec::new();
            for _ in 0..6 {
                given.extend(site.has_address(&any, &what).await);
            }
            expect_numbers(grant.pool, &given, &[1, 2, 3, 4, 5, 6], &what);
            for ip in [given[1], given[3]] {
                site.release_address(&grant, ip, &what).await;
            }
            let mut then = Vec::new();
            for _ in 0..usable - 4 {
                then.extend(site.has_address(&any, &what).await);
            }
            let rest = 7..=usable;
            let expected: Vec<u128> = match order {
                Order::Next => rest.chain([2, 4]).collect(),
                Order::Lowest => [2, 4].into_iter().chain(rest).collect(),
            };
            expect_numbers(grant.pool, &then, &expected, &format!("{what}: two were given back"));
        }
    }
    Verdict::Kept
}

#[track_caller]
fn expect_numbers(pool: Pool, given: &[IpAddr], expected: &[u128], what: &str) {
    let given: Vec<u128> = given.iter().filter_map(|ip| pool.offset(*ip)).collect();
    assert_eq!(given, expected, "{what}: the addresses, counted from that of the pool");
}

/// D-ADDRESS-7: A client gets no address of a pool, or of a sub-pool, that nobody was given.
pub async fn a_client_gets_nothing_of_a_pool_that_was_not_given(h: Arc<dyn IpamHarness>) -> Verdict {
    if !h.sample().addresses {
        return NO_ADDRESSES;
    }
    let mut site = IpamSite::start(&h).await;
    let kinds = [ErrorKind::NotFound, ErrorKind::Invalid];
    for grant in IpamSite::start(&h).await.pools("D-ADDRESS-7").await {
        let asked = AddressRequest { purpose: Purpose::Client, ..IpamSite::any_of(&grant) };
        let what = format!("D-ADDRESS-7: a client asks for an address of {}, which nobody has", grant.pool);
        expect_refused(site.address(&asked).await, &kinds, &[&grant.pool.to_string()], &what);
        let fixed = AddressRequest { address: grant.pool.nth(7), ..asked };
        expect_refused(site.address(&fixed).await, &kinds, &[&grant.pool.to_string()], &what);
    }
    if site.sample().named {
        let grant = site.has_pool(&site.named("10.98.0.0/24", Some("10.98.0.64/26")), "D-ADDRESS-7").await;
        let client = AddressRequest { purpose: Purpose::Client, ..IpamSite::any_of(&grant) };
        for sub in [None, Some(written("10.98.0.128/26"))] {
            let asked = AddressRequest { sub, ..client.clone() };
            let what = "D-ADDRESS-7: a client asks for an address of a part that nobody has";
            expect_refused(site.address(&asked).await, &kinds, &["10.98.0.0/24"], what);
        }
        site.has_address(&client, "D-ADDRESS-7: the sub-pool was given").await;
    }
    Verdict::Kept
}

/// D-ADDRESS-8: A driver that gives no addresses says so each time, and refuses one that is asked for; one that
/// gives some gives one each time.
pub async fn a_driver_without_addresses_gives_none(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    for grant in site.pools("D-ADDRESS-8").await {
        for purpose in PURPOSES {
            let any = AddressRequest { purpose, ..IpamSite::any_of(&grant) };
            site.has_address(&any, "D-ADDRESS-8").await;
            if !site.sample().addresses {
                let ip = grant.pool.nth(7).expect("the pool has more addresses");
                let fixed = AddressRequest { address: Some(ip), ..any };
                let kinds = [ErrorKind::Invalid, ErrorKind::Unsupported];
                let what = format!("D-ADDRESS-8: {ip}, of a driver that gives no addresses");
                expect_refused(site.address(&fixed).await, &kinds, &[&ip.to_string()], &what);
            }
        }
    }
    Verdict::Kept
}

/// D-ADDRESS-9: Where the driver promises it, a gateway that is chosen is the lowest free address, in whichever order
/// others are given.
pub async fn a_gateway_that_is_chosen_is_the_lowest(h: Arc<dyn IpamHarness>) -> Verdict {
    let sample = h.sample();
    if !sample.lowest_gateway || !sample.named {
        return Verdict::NotOf("it does not promise that, or takes no pool by name");
    }
    for (options, order) in (sample.orders)() {
        for pool in ["10.99.0.0/28", "fd99::/124"] {
            let mut site = IpamSite::start(&h).await;
            let grant = site.has_pool(&site.named(pool, None), "D-ADDRESS-9").await;
            let any = AddressRequest { options: options.clone(), ..IpamSite::any_of(&grant) };
            let what = format!("D-ADDRESS-9: {pool}, order {order:?}");
            let mut given = Vec::new();
            for _ in 0..4 {
                given.extend(site.has_address(&any, &what).await);
            }
            site.release_address(&grant, given[1], &what).await;
            let gateway = AddressRequest { purpose: Purpose::Gateway, ..any };
            let chosen = site.has_address(&gateway, &what).await;
            assert_eq!(chosen, Some(given[1]), "{what}: the gateway, when one of four was given back");
        }
    }
    Verdict::Kept
}
