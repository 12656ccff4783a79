//! The one pool.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use netkeep_model::{Pool, Space};

use super::SPACE;
use crate::{AddressGrant, AddressRequest, Error, Plan, PoolGrant, PoolRequest, Result};

pub(super) fn pool(request: &PoolRequest) -> Result<Plan<PoolGrant>> {
    check_space(&request.space)?;
    if let Some(pool) = request.pool {
        return Err(Error::invalid(format!("pool {pool}: IPAM driver null takes no pool; name none")));
    }
    if let Some(sub) = request.sub {
        return Err(Error::invalid(format!("sub-pool {sub}: IPAM driver null takes no sub-pool; name none")));
    }
    if request.v6 {
        return Err(Error::invalid("IPAM driver null has no IPv6 pool; ask for IPv4"));
    }
    let space = request.space.clone();
    Ok(Plan::answer(PoolGrant { space, pool: all(), sub: None, gateway: None, metadata: BTreeMap::new() }))
}

pub(super) fn address(request: &AddressRequest) -> Result<Plan<AddressGrant>> {
    check_space(&request.space)?;
    if request.pool != all() || request.sub.is_some() {
        let asked = request.sub.unwrap_or(request.pool);
        return Err(Error::invalid(format!("pool {asked}: the pool of IPAM driver null is {}", all())));
    }
    if let Some(ip) = request.address {
        return Err(Error::invalid(format!("address {ip}: IPAM driver null gives no addresses; name none")));
    }
    Ok(Plan::answer(AddressGrant { address: None, metadata: BTreeMap::new() }))
}

fn check_space(space: &Space) -> Result<()> {
    if space.as_str() == SPACE {
        return Ok(());
    }
    Err(Error::invalid(format!("space {space}: the space of IPAM driver null is {SPACE}")))
}

fn all() -> Pool {
    Pool::around(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0))
}
