//! The choice of pools and addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netkeep_model::{Claim, Pool};

use super::BuiltinIpam;
use super::options::order;
use super::predefined::Taken;
use super::range::{choosable, usable};
use crate::{
    AddressGrant, AddressRequest, Answer, Error, ErrorKind, Order, Plan, PlanView, PoolGrant, PoolRequest,
    PoolView, Purpose, Result, Want,
};

pub(super) fn pool(
    driver: &BuiltinIpam,
    view: &dyn PlanView,
    request: &PoolRequest,
) -> Result<Plan<PoolGrant>> {
    order(&request.options)?;
    let pools = view.pools(&request.space);
    let pool = match (request.pool, request.sub) {
        (None, Some(sub)) => {
            return Err(Error::invalid(format!(
                "sub-pool {sub} is asked for without its pool; name the pool that it is a part of"
            )));
        }
        (None, None) => {
            let taken = pools.iter().map(|view| view.pool.net()).chain(request.avoid.iter().copied());
            driver.choose(&request.space, request.v6, &Taken::new(taken))?
        }
        (Some(pool), sub) => {
            check_free(&request.space, &pools, pool, sub)?;
            pool
        }
    };
    let space = request.space.clone();
    let claim = Claim::Pool { space: space.clone(), pool, sub: request.sub };
    let grant = PoolGrant { space, pool, sub: request.sub, gateway: None, metadata: BTreeMap::new() };
    Ok(Plan { answer: Answer::Now(grant), records: Vec::new(), claims: vec![claim], ensure: false })
}

/// Refuses a named pool, or a part of it, that may not be given beside those that there are.
fn check_free(space: &netkeep_model::Space, pools: &[PoolView], pool: Pool, sub: Option<Pool>) -> Result<()> {
    let overlap = |what: String| Err(Error::new(ErrorKind::Overlap, what));
    if let Some(sub) = sub
        && !pool.covers(sub)
    {
        return Err(Error::invalid(format!("sub-pool {sub} does not lie in its pool {pool}")));
    }
    for there in pools.iter().filter(|there| there.pool.overlaps(pool)) {
        if there.pool != pool {
            return overlap(format!("pool {pool} overlaps pool {} of space {space}", there.pool));
        }
        match sub {
            Some(sub) if there.subs.contains(&sub) => {
                return overlap(format!("sub-pool {sub} of pool {pool} is already taken in space {space}"));
            }
            Some(_) => {}
            None if there.whole => {
                return overlap(format!("pool {pool} is already taken in space {space}"));
            }
            None => {
                return overlap(format!(
                    "pool {pool} stands in space {space} for its sub-pools {}; ask for another sub-pool of it",
                    list(&there.subs)
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn address(view: &dyn PlanView, request: &AddressRequest) -> Result<Plan<AddressGrant>> {
    let order = order(&request.options)?;
    let AddressRequest { pool, sub, .. } = *request;
    if let Some(sub) = sub
        && !pool.covers(sub)
    {
        return Err(Error::invalid(format!("sub-pool {sub} does not lie in its pool {pool}")));
    }
    // The pools of a network are held by the network, which the operation guards.
    if request.purpose == Purpose::Client {
        check_given(view, request)?;
    }
    let claim = match request.address {
        Some(ip) => fixed(view, request, ip)?,
        None => any(view, request, order)?,
    };
    let Claim::Address { ip, .. } = claim else {
        return Err(Error::new(
            ErrorKind::Internal,
            format!("the view answers {claim} to a want of an address"),
        ));
    };
    let address = pool.with_prefix(ip).ok_or_else(|| {
        Error::new(ErrorKind::Internal, format!("the view answers address {ip}, which is not in pool {pool}"))
    })?;
    let grant = AddressGrant { address: Some(address), metadata: BTreeMap::new() };
    Ok(Plan { answer: Answer::Now(grant), records: Vec::new(), claims: vec![claim], ensure: false })
}

/// Refuses a pool that nobody holds, and one that stands only for its sub-pools.
fn check_given(view: &dyn PlanView, request: &AddressRequest) -> Result<()> {
    let AddressRequest { space, pool, sub, .. } = request;
    let Some(there) = view.pool(space, *pool) else {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no pool {pool} in space {space}")));
    };
    match sub {
        Some(sub) if there.subs.contains(sub) => Ok(()),
        Some(sub) => Err(Error::new(
            ErrorKind::NotFound,
            format!("pool {pool} of space {space} has no sub-pool {sub}; it has {}", list(&there.subs)),
        )),
        None if there.whole => Ok(()),
        None => Err(Error::invalid(format!(
            "pool {pool} of space {space} gives no addresses itself; it stands for its sub-pools {}: name one",
            list(&there.subs)
        ))),
    }
}

fn fixed(view: &dyn PlanView, request: &AddressRequest, ip: IpAddr) -> Result<Claim> {
    let AddressRequest { space, pool, .. } = request;
    if !pool.contains(ip) {
        return Err(Error::new(ErrorKind::OutOfRange, format!("address {ip} is not in pool {pool}")));
    }
    match usable(*pool) {
        None => {
            return Err(Error::invalid(format!(
                "address {ip} cannot be given: pool {pool} has no usable address"
            )));
        }
        Some(range) if ip < range.first || range.last < ip => {
            let what = if ip == pool.first() { "network" } else { "broadcast" };
            return Err(Error::invalid(format!(
                "address {ip} is the {what} address of pool {pool}; those from {} to {} can be given",
                range.first, range.last
            )));
        }
        Some(_) => {}
    }
    let claim = Claim::Address { space: space.clone(), pool: *pool, ip };
    match view.holder(&claim) {
        None => Ok(claim),
        Some(owner) => Err(Error::new(
            ErrorKind::InUse,
            format!("address {ip} of pool {pool} in space {space} is held by {owner}"),
        )),
    }
}

fn any(view: &dyn PlanView, request: &AddressRequest, order: Option<Order>) -> Result<Claim> {
    let AddressRequest { space, pool, sub, .. } = request;
    let order = match request.purpose {
        Purpose::Gateway => Order::Lowest,
        Purpose::Auxiliary | Purpose::Endpoint | Purpose::Client => order.unwrap_or_default(),
    };
    let want = choosable(*pool, *sub).map(|range| Want::Address {
        space: space.clone(),
        pool: *pool,
        from: range.first,
        to: range.last,
        order,
    });
    want.and_then(|want| view.free(&want)).ok_or_else(|| {
        let part = sub.map_or(String::new(), |sub| format!("sub-pool {sub} of "));
        Error::new(
            ErrorKind::NoFreeAddress,
            format!("{part}pool {pool} in space {space} has no free address"),
        )
    })
}

fn list(pools: &[Pool]) -> String {
    if pools.is_empty() {
        return "none".to_owned();
    }
    pools.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
