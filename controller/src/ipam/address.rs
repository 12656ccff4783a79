//! Addresses that clients ask for.

use std::net::IpAddr;
use std::sync::Arc;

use netkeep_drivers::{AddressRequest, Purpose};
use netkeep_model::{
    AddressKey, AddressRole, Id, OperationId, Owner, Pool, PoolKey, RequestId, Space, SubPoolKey,
};
use netkeep_store::datastore::Transaction;

use super::list;
use super::pool::{client, is_request};
use crate::controller::Inner;
use crate::network::take_address;
use crate::operation::{Assembly, Attempts, Draft, View, request_queue};
use crate::{AddressInfo, AddressRequestSpec, Error, ErrorKind, Result};

/// Takes an address for a client.
pub(crate) async fn request_address(inner: &Arc<Inner>, spec: AddressRequestSpec) -> Result<AddressInfo> {
    let request = spec.request.unwrap_or_else(|| RequestId::from(Id::generate()));
    let _turn = inner.site.queues.turn([request_queue(request)]).await;
    let owner = client(inner, request);
    let mut attempts = Attempts::default();
    loop {
        inner.site.settle().await?;
        if let Some(found) = repeated(inner, &spec, request)? {
            return Ok(found);
        }
        match attempt(inner, &spec, &owner).await {
            Ok(info) => return Ok(info),
            Err(error) => attempts.again_at(&inner.site, error).await?,
        }
    }
}

async fn attempt(inner: &Arc<Inner>, spec: &AddressRequestSpec, owner: &Owner) -> Result<AddressInfo> {
    let site = &inner.site;
    let mut tx = Transaction::new();
    let kind = {
        let state = site.replica.read();
        let id = PoolKey { space: spec.space.clone(), pool: spec.pool };
        let missing = |pool: Pool| Error::not_found(format!("space {} has no pool {pool}", spec.space));
        let pool = state.tables.pools.get(&id).ok_or_else(|| missing(spec.pool))?;
        let mut phase = pool.record.phase;
        tx.unchanged(pool)?;
        match spec.sub {
            Some(sub) => {
                let id = SubPoolKey { space: spec.space.clone(), master: spec.pool, sub };
                let read = state.tables.sub_pools.get(&id).ok_or_else(|| missing(sub))?;
                phase = read.record.phase;
                tx.unchanged(read)?;
            }
            None if pool.record.owner.is_none() => {
                return Err(Error::invalid(format!(
                    "pool: {} stands only for its parts and gives no addresses itself; name the part in sub",
                    spec.pool
                )));
            }
            None => {}
        }
        if !phase.is_ready() {
            return Err(Error::new(ErrorKind::InUse, format!("pool {} is being released", spec.pool)));
        }
        // A network whose creation or deletion is under way gives no addresses to clients, and endpoints never do.
        match &pool.record.owner {
            None | Some(Owner::Client { .. }) => {}
            Some(owner @ Owner::Network { network }) => match state.tables.networks.get(network) {
                Some(read) if read.record.phase.is_ready() => tx.unchanged(read)?,
                _ => return Err(not_given(spec.pool, owner, "which is not ready")),
            },
            Some(owner) => return Err(not_given(spec.pool, owner, "which gives none to others")),
        }
        let space = state.tables.spaces.get(&spec.space).ok_or_else(|| missing(spec.pool))?;
        space.record.driver.clone()
    };
    let ipam = inner.registry.resolve_ipam(&kind).await?;
    let draft = Draft::plain(&site.replica);
    let wanted = AddressRequest {
        space: spec.space.clone(),
        pool: spec.pool,
        sub: spec.sub,
        address: spec.address,
        purpose: Purpose::Client,
        mac: None,
        options: spec.options.clone(),
    };
    let plan = ipam.plan_address(&View::new(&draft, site.scope, None), &wanted).await?;
    let given = take_address(&draft, &*ipam, &plan, owner, AddressRole::Plain, spec.sub)?;
    let Some(given) = given else {
        return Err(Error::new(ErrorKind::Unsupported, format!("IPAM driver {kind} gives no addresses")));
    };
    Assembly::new(&site.replica.read(), OperationId::generate()).take(&draft, &mut tx)?;
    site.commit(tx).await?;
    let id = AddressKey { space: spec.space.clone(), master: spec.pool, ip: given.addr() };
    let state = site.replica.read();
    let read = state.tables.addresses.get(&id);
    read.map(list::address).ok_or_else(|| Error::not_found(format!("address {given} was released meanwhile")))
}

fn not_given(pool: Pool, owner: &Owner, why: &str) -> Error {
    Error::new(ErrorKind::InUse, format!("pool {pool} is held by {owner}, {why}"))
}

/// The address that this request was given already, if it was.
fn repeated(inner: &Inner, spec: &AddressRequestSpec, request: RequestId) -> Result<Option<AddressInfo>> {
    if spec.request.is_none() {
        return Ok(None);
    }
    let state = inner.site.replica.read();
    let Some(read) = state.tables.addresses.values().find(|read| is_request(&read.record.owner, request))
    else {
        return Ok(None);
    };
    let same = [
        ("space", read.id.space == spec.space),
        ("pool", read.id.master == spec.pool),
        ("sub", read.record.sub == spec.sub),
        ("address", spec.address.is_none_or(|ip| ip == read.id.ip)),
    ];
    match same.iter().find(|(_, same)| !same) {
        None => Ok(Some(list::address(read))),
        Some((field, _)) => Err(Error::new(
            ErrorKind::Exists,
            format!("request: it was given address {} already, with another {field}", read.id.ip),
        )),
    }
}

/// Gives back a client's address.
pub(crate) async fn release_address(
    inner: &Arc<Inner>,
    space: Space,
    pool: Pool,
    address: IpAddr,
) -> Result<()> {
    let id = AddressKey { space, master: pool, ip: address };
    let mut attempts = Attempts::default();
    loop {
        inner.site.settle().await?;
        let mut tx = Transaction::new();
        {
            let state = inner.site.replica.read();
            let Some(read) = state.tables.addresses.get(&id) else {
                return Err(Error::not_found(format!(
                    "address {address} of pool {pool} in space {} is not given",
                    id.space
                )));
            };
            if !matches!(read.record.owner, Owner::Client { .. }) {
                return Err(Error::new(
                    ErrorKind::InUse,
                    format!("address {address} is held by {}; delete that instead", read.record.owner),
                ));
            }
            tx.delete(read)?;
        }
        match inner.site.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}
