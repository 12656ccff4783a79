//! Pools that clients ask for.

use std::sync::Arc;

use netkeep_drivers::PoolRequest;
use netkeep_model::{
    AddressRecord, Id, IpamKind, OperationId, Owner, Phase, Pool, PoolKey, RequestId, Space, SubPoolKey,
    Timestamp,
};
use netkeep_store::datastore::{Records, Transaction};

use super::list;
use crate::controller::Inner;
use crate::network::{DEFAULT_IPAM, answer};
use crate::operation::{Assembly, Attempts, Draft, HeldPools, Taking, View, request_queue, space_queue};
use crate::replica::State;
use crate::{Error, ErrorKind, PoolInfo, PoolRequestSpec, Result};

/// Takes a pool for a client.
pub(crate) async fn request_pool(inner: &Arc<Inner>, spec: PoolRequestSpec) -> Result<PoolInfo> {
    let request = spec.request.unwrap_or_else(|| RequestId::from(Id::generate()));
    let _request = inner.site.queues.turn([request_queue(request)]).await;
    inner.site.settle().await?;
    // Before the driver is asked for, which may be another one now.
    if let Some(found) = repeated(inner, &spec, request)? {
        return Ok(found);
    }
    let kind = spec.driver.clone().map_or_else(|| IpamKind::new(DEFAULT_IPAM), Ok)?;
    let ipam = inner.registry.resolve_ipam(&kind).await?;
    let space = spec.space.clone().unwrap_or_else(|| ipam.info().space(inner.site.scope).clone());
    let _space = inner.site.queues.turn([space_queue(&space)]).await;
    let owner = client(inner, request);
    let mut attempts = Attempts::default();
    loop {
        inner.site.settle().await?;
        if let Some(found) = repeated(inner, &spec, request)? {
            return Ok(found);
        }
        let draft = Draft::plain(&inner.site.replica);
        let attempt = async {
            let wanted = PoolRequest {
                space: space.clone(),
                pool: spec.pool,
                sub: spec.sub,
                v6: spec.ipv6,
                options: spec.options.clone(),
                avoid: Vec::new(),
            };
            let plan = ipam.plan_pool(&View::new(&draft, inner.site.scope, None), &wanted).await?;
            let grant = answer(&*ipam, &plan)?;
            for claim in &plan.claims {
                draft.take(Taking {
                    options: spec.options.clone(),
                    metadata: grant.metadata.clone(),
                    ipam: Some(kind.clone()),
                    ..Taking::new(claim.clone(), owner.clone())
                })?;
            }
            let mut tx = Transaction::new();
            Assembly::new(&inner.site.replica.read(), OperationId::generate()).take(&draft, &mut tx)?;
            if tx.is_empty() {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("driver: IPAM driver {kind} gives no pools to clients"),
                ));
            }
            inner.site.commit(tx).await?;
            shown(&inner.site.replica.read(), &grant.space, grant.pool, grant.sub)
        };
        match attempt.await {
            Ok(info) => return Ok(info),
            Err(error) => attempts.again_at(&inner.site, error).await?,
        }
    }
}

/// The client that asks now.
pub(super) fn client(inner: &Inner, request: RequestId) -> Owner {
    let actor = inner.site.actor;
    Owner::Client { host: actor.host, incarnation: actor.incarnation, since: Timestamp::now(), request }
}

/// True if `owner` is the client with this request.
pub(super) fn is_request(owner: &Owner, wanted: RequestId) -> bool {
    matches!(owner, Owner::Client { request, .. } if *request == wanted)
}

/// The pool that this request was given already, if it was.
fn repeated(inner: &Inner, spec: &PoolRequestSpec, request: RequestId) -> Result<Option<PoolInfo>> {
    if spec.request.is_none() {
        return Ok(None);
    }
    let state = inner.site.replica.read();
    let tables = &state.tables;
    let is_it = |owner: &Owner| is_request(owner, request);
    let whole = tables.pools.values().find(|read| read.record.owner.as_ref().is_some_and(is_it));
    let part = tables.sub_pools.values().find(|read| is_it(&read.record.owner));
    let (found, options) = match (whole, part) {
        (Some(read), _) => (list::pool(&state, read), &read.record.options),
        (None, Some(read)) => (list::sub_pool(&state, read), &read.record.options),
        (None, None) => return Ok(None),
    };
    let driver = tables.spaces.get(&found.space).map(|space| space.record.driver.as_str());
    let wanted = spec.driver.as_ref().map_or(DEFAULT_IPAM, IpamKind::as_str);
    let same = [
        ("driver", driver.is_none_or(|driver| driver == wanted)),
        ("space", spec.space.as_ref().is_none_or(|space| *space == found.space)),
        ("pool", spec.pool.is_none_or(|pool| pool == found.pool)),
        ("sub", spec.sub == found.sub),
        ("ipv6", spec.pool.is_some() || spec.ipv6 == found.pool.is_ipv6()),
        ("options", spec.options == *options),
    ];
    match same.iter().find(|(_, same)| !same) {
        None if found.phase.is_ready() => Ok(Some(found)),
        None => Err(Error::new(ErrorKind::InUse, format!("pool {} is being released", found.pool))),
        Some((field, _)) => Err(Error::new(
            ErrorKind::Exists,
            format!("request: it was given pool {} already, with another {field}", found.pool),
        )),
    }
}

fn shown(state: &State, space: &Space, pool: Pool, sub: Option<Pool>) -> Result<PoolInfo> {
    let found = match sub {
        None => state
            .tables
            .pools
            .get(&PoolKey { space: space.clone(), pool })
            .map(|read| list::pool(state, read)),
        Some(sub) => state
            .tables
            .sub_pools
            .get(&SubPoolKey { space: space.clone(), master: pool, sub })
            .map(|read| list::sub_pool(state, read)),
    };
    found.ok_or_else(|| Error::not_found(format!("pool {} is not there", sub.unwrap_or(pool))))
}

/// Gives back a client's pool.
pub(crate) async fn release_pool(
    inner: &Arc<Inner>,
    space: &Space,
    pool: Pool,
    sub: Option<Pool>,
) -> Result<()> {
    let _turn = inner.site.queues.turn([space_queue(space)]).await;
    let mut attempts = Attempts::default();
    loop {
        inner.site.settle().await?;
        let attempt = async {
            let held = held(&inner.site.replica.read(), space, pool, sub)?;
            let phase = Phase::Deleting { by: inner.site.actor, operation: OperationId::generate() };
            let mut tx = Transaction::new();
            held.set_phase(phase, &mut tx)?;
            inner.site.commit(tx).await?;
            finish_release(inner, space, pool, sub).await
        };
        match attempt.await {
            Ok(()) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// The second half of a release: makes sure that no address is given, and removes the pool.
pub(crate) async fn finish_release(
    inner: &Arc<Inner>,
    space: &Space,
    pool: Pool,
    sub: Option<Pool>,
) -> Result<()> {
    let site = &inner.site;
    let held = held(&site.replica.read(), space, pool, sub)?;
    let given = site.records().list_below::<AddressRecord>(&[space.segment(), pool.segment()]).await?;
    let given: Vec<String> = given
        .records
        .iter()
        .filter(|read| read.record.sub == sub)
        .map(|read| format!("{} ({})", read.id.ip, read.record.owner))
        .collect();
    let mut tx = Transaction::new();
    if !given.is_empty() {
        held.set_phase(Phase::Ready, &mut tx)?;
        site.commit(tx).await?;
        return Err(Error::new(
            ErrorKind::InUse,
            format!("pool {} has addresses that are given: {}", sub.unwrap_or(pool), given.join(", ")),
        ));
    }
    held.remove(&site.replica.read(), &mut tx)?;
    site.commit(tx).await?;
    Ok(())
}

fn held(state: &State, space: &Space, pool: Pool, sub: Option<Pool>) -> Result<HeldPools> {
    let missing = || Error::not_found(format!("space {space} has no pool {}", sub.unwrap_or(pool)));
    let (held, owner) = match sub {
        None => {
            let read = state.tables.pools.get(&PoolKey { space: space.clone(), pool }).ok_or_else(missing)?;
            let owner = read.record.owner.clone().ok_or_else(|| {
                Error::new(ErrorKind::InUse, format!("pool {pool} stands only for its parts; release those"))
            })?;
            (HeldPools { pools: vec![read.clone()], ..HeldPools::default() }, owner)
        }
        Some(sub) => {
            let id = SubPoolKey { space: space.clone(), master: pool, sub };
            let read = state.tables.sub_pools.get(&id).ok_or_else(missing)?;
            (HeldPools { subs: vec![read.clone()], ..HeldPools::default() }, read.record.owner.clone())
        }
    };
    if !matches!(owner, Owner::Client { .. }) {
        return Err(Error::new(
            ErrorKind::InUse,
            format!("pool {} is held by {owner}; delete that instead", sub.unwrap_or(pool)),
        ));
    }
    Ok(held)
}
