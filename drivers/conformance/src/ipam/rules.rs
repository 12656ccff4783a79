//! What every grant has to keep to.

use std::net::IpAddr;

use netkeep_drivers::{AddressGrant, AddressRequest, Answer, Plan, PoolGrant, PoolRequest};
use netkeep_model::{Claim, Pool};

use super::FreePools;
use super::site::{IpamSite, claim_of_address, claims_of_pool, shown};

/// Panics if a plan, whatever its answer, breaks a clause.
pub(crate) fn check_plan<T>(site: &IpamSite, plan: &Plan<T>) {
    let from_call = matches!(plan.answer, Answer::FromCall);
    assert_eq!(
        from_call,
        site.is_called(),
        "D-ASK-1: whether a plan is answered from a call, and whether the driver says that it is called"
    );
    assert_eq!(
        plan.ensure, from_call,
        "D-ASK-1: whether a plan wants to be ensured, and whether it is answered from a call"
    );
    assert!(
        plan.records.is_empty(),
        "D-IPAM-2: a plan of an IPAM driver has records, and nothing to hang them on"
    );
    let claims_itself = !from_call || plan.claims.is_empty();
    assert!(claims_itself, "D-IPAM-2: {:?} is claimed before the call has answered", plan.claims);
}

/// Panics if a pool is not what was asked for. `claims` are those of the plan, if the driver plans.
pub(crate) fn check_pool(
    site: &IpamSite,
    request: &PoolRequest,
    grant: &PoolGrant,
    claims: Option<&[Claim]>,
) {
    let (asked, given) = (shown(request), grant.pool);
    assert_eq!(grant.space, request.space, "D-POOL-1: {asked} was asked for; the space of what was given");
    assert_eq!(grant.sub, request.sub, "D-POOL-1: {asked} was asked for; the sub-pool that was given");
    match request.pool {
        Some(pool) => assert_eq!(given, pool, "D-POOL-1: {asked} was asked for; the pool that was given"),
        None => assert_eq!(
            given.is_ipv6(),
            request.v6,
            "D-POOL-1: {asked} was asked for, and {given} was given; whether it is of IPv6"
        ),
    }
    if let Some(gateway) = grant.gateway {
        let fits = is_usable(given, gateway);
        assert!(
            fits,
            "D-POOL-1: gateway {gateway}, which comes with {given}, is no address that it can give"
        );
    }
    let shared = site.free(&request.space) == FreePools::Shared;
    if !shared {
        check_overlap(site, request, grant);
    }
    if let Some(claims) = claims {
        let due = if shared { Vec::new() } else { claims_of_pool(grant) };
        assert_eq!(claims, due, "D-IPAM-2: what is claimed with pool {given}, and what is due");
    }
}

fn check_overlap(site: &IpamSite, request: &PoolRequest, grant: &PoolGrant) {
    let given = grant.pool;
    let clause = if request.pool.is_some() { "D-POOL-2" } else { "D-POOL-3" };
    for there in site.ledger.pools(&grant.space) {
        if there.pool != given {
            let apart = !there.pool.overlaps(given);
            assert!(apart, "{clause}: {given} is given beside {}, which it overlaps", there.pool);
            continue;
        }
        match grant.sub {
            None if there.whole => panic!("{clause}: {given} is given, and it is held"),
            None => panic!("D-POOL-6: {given} is given as a whole, and {:?} of it are held", there.subs),
            Some(sub) => assert!(!there.subs.contains(&sub), "D-POOL-6: {sub} of {given} is given twice"),
        }
    }
    let reached = request.avoid.iter().find(|net| Pool::around(**net).overlaps(given));
    if let (None, Some(reached)) = (request.pool, reached) {
        panic!("D-POOL-3: {given} is given, and the host reaches {reached} already");
    }
}

/// Panics if an address is not what was asked for. `claims` are those of the plan, if the driver plans.
pub(crate) fn check_address(
    site: &IpamSite,
    request: &AddressRequest,
    grant: &AddressGrant,
    claims: Option<&[Claim]>,
) {
    let (pool, gives) = (request.pool, site.sample().addresses);
    let Some(net) = grant.address else {
        assert!(!gives, "D-ADDRESS-8: the driver gives addresses, and none of pool {pool}");
        let claims = claims.unwrap_or_default();
        assert!(claims.is_empty(), "D-ADDRESS-8: no address is given, and {claims:?} is claimed");
        return;
    };
    let ip = net.addr();
    assert!(gives, "D-ADDRESS-8: the driver gives no addresses, and {ip} of pool {pool}");
    if let Some(fixed) = request.address {
        assert_eq!(
            ip, fixed,
            "D-ADDRESS-4: {fixed} of pool {pool} was asked for; the address that was given"
        );
    }
    assert!(pool.contains(ip), "D-ADDRESS-1: {ip} is given, which is not in pool {pool}");
    assert_eq!(
        net.prefix_len(),
        pool.prefix_len(),
        "D-ADDRESS-1: {net} is given of pool {pool}; the prefix length is that of the whole pool"
    );
    if let (None, Some(sub)) = (request.address, request.sub) {
        assert!(sub.contains(ip), "D-ADDRESS-1: {ip} is chosen, which is not in sub-pool {sub} of {pool}");
    }
    assert!(is_usable(pool, ip), "D-ADDRESS-3: {ip} is given, which pool {pool} reserves");
    let claim = claim_of_address(request, ip);
    let holder = site.ledger.holder(&claim);
    assert!(holder.is_none(), "D-ADDRESS-2: {ip} of pool {pool} is given, and it is held");
    if let Some(claims) = claims {
        assert_eq!(claims, [claim], "D-IPAM-2: what is claimed with address {ip}, and what is due");
    }
}

/// Whether a pool can give this address: its first one, and in IPv4 its last one, are reserved.
pub(crate) fn is_usable(pool: Pool, ip: IpAddr) -> bool {
    pool.contains(ip) && ip != pool.first() && (pool.is_ipv6() || ip != pool.last())
}
