//! Releasing what belonged to runs that were evicted.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use netkeep_model::{
    AddressRecord, Endpoint, EndpointKey, Host, HostId, Incarnation, NumberRecord, Object, Owner, Pool,
    PoolRecord, PublishedEntry, Space, SubPoolRecord,
};
use netkeep_store::Key;
use netkeep_store::datastore::{Any, Record, Transaction, Versioned};
use tokio::task::JoinSet;

use crate::controller::Inner;
use crate::operation::{self, Attempts, endpoint_queue, fits, remove_records};
use crate::replica::State;
use crate::{Error, ErrorKind, Result, endpoint, ipam, metrics, recovery};

/// How many endpoints are released at once.
const AT_ONCE: usize = 8;

/// What was released, and what was not, in words.
#[derive(Debug, Default)]
pub(crate) struct Released {
    pub(crate) done: Vec<String>,
    pub(crate) left: Vec<String>,
}

/// Releases everything that belongs to the runs of `host` up to `through`, which were evicted: in pieces, each of
/// which anyone may make, and several may try to at once. No driver is asked: what hangs on an object goes in its
/// commit, and what the host has made of it, the host takes down by its own notes when it is back.
///
/// # Errors
///
/// What the store answers. What cannot be released by itself is no error.
pub(crate) async fn release(inner: &Arc<Inner>, host: HostId, through: Incarnation) -> Result<Released> {
    let mut released = Released::default();
    let report = recovery::settle_phases(inner).await;
    released.done.extend(report.finished.into_iter().chain(report.undone));
    endpoints(inner, host, through, &mut released).await?;
    claims(inner, host, through, &mut released).await?;
    pools(inner, host, through, &mut released).await?;
    if !released.done.is_empty() {
        tracing::info!(%host, %through, released = released.done.len(), left = released.left.len(),
            "what belonged to an evicted host is released");
    }
    Ok(released)
}

impl Released {
    /// Takes down what became of one thing.
    ///
    /// # Errors
    ///
    /// The error, if with the next one it would be the same.
    fn note(&mut self, what: String, outcome: Result<bool>) -> Result<()> {
        match outcome {
            Ok(true) => self.done.push(what),
            Ok(false) => {}
            Err(error) => match error.kind() {
                ErrorKind::Unavailable | ErrorKind::Unknown | ErrorKind::Closed => return Err(error),
                _ => self.left.push(format!("{what}: {error}")),
            },
        }
        Ok(())
    }
}

/// The keys of what belongs to these runs, beginning anywhere, so that those who do the same do not meet.
fn owned(state: &State, host: HostId, through: Incarnation) -> VecDeque<Key> {
    let mut keys: VecDeque<Key> = state.runs.owned_by(host, through).cloned().collect();
    let begin = rand::random_range(0..keys.len().max(1));
    keys.rotate_left(begin);
    keys
}

async fn endpoints(
    inner: &Arc<Inner>,
    host: HostId,
    through: Incarnation,
    released: &mut Released,
) -> Result<()> {
    let mut keys = owned(&inner.site.replica.read(), host, through);
    keys.retain(|key| Endpoint::id(key).is_some());
    let mut tasks = JoinSet::new();
    while !keys.is_empty() || !tasks.is_empty() {
        while let Some(id) = if tasks.len() < AT_ONCE { keys.pop_front() } else { None } {
            let Some(id) = Endpoint::id(&id) else { continue };
            let inner = Arc::clone(inner);
            tasks.spawn(metrics::part_of_it(async move { (id, one_endpoint(&inner, id).await) }));
        }
        if let Some(done) = tasks.join_next().await {
            let (id, outcome) = done.map_err(|error| {
                Error::internal("a release has ended without an answer").with_source(error)
            })?;
            released.note(id.object().to_string(), outcome)?;
        }
    }
    Ok(())
}

/// Removes an endpoint that an evicted run made, unless it is attached to another host, whose it becomes; detaches one
/// that another has made and that is attached to an evicted one. False if there is nothing to do any more.
async fn one_endpoint(inner: &Arc<Inner>, id: EndpointKey) -> Result<bool> {
    let _turn = inner.site.queues.turn([endpoint_queue(id.network, id.endpoint)]).await;
    let mut attempts = Attempts::default();
    loop {
        inner.site.settle().await?;
        let (owned, attached) = {
            let state = inner.site.replica.read();
            let Some(found) = state.tables.endpoints.get(&id).map(|read| &read.record) else {
                return Ok(false);
            };
            let is_evicted = |run| state.tables.is_evicted(run);
            (is_evicted(found.owner), found.attachment.as_ref().map(|attachment| is_evicted(attachment.host)))
        };
        let outcome = match (owned, attached) {
            // It works, and goes on to.
            (true, Some(false)) => hand_over(inner, id).await,
            (true, _) => {
                endpoint::remove_from_store(inner, id, |state, found| {
                    let attachment = found.attachment.as_ref();
                    attachment.is_none_or(|attachment| state.tables.is_evicted(attachment.host))
                })
                .await
            }
            (false, Some(true)) => detach(inner, id).await,
            (false, _) => return Ok(false),
        };
        match outcome {
            Ok(()) => return Ok(true),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// Makes an endpoint that of the run to which it is attached.
async fn hand_over(inner: &Inner, id: EndpointKey) -> Result<()> {
    let mut tx = Transaction::new();
    {
        let state = inner.site.replica.read();
        let Some(read) = state.tables.endpoints.get(&id) else { return Ok(()) };
        let Some(attachment) = &read.record.attachment else { return Ok(()) };
        tx.replace(read, &Endpoint { owner: attachment.host, ..read.record.clone() })?;
    }
    inner.site.commit(tx).await?;
    Ok(())
}

/// Takes an endpoint out of its sandbox, with all that it has as long as it is there.
async fn detach(inner: &Inner, id: EndpointKey) -> Result<()> {
    let mut tx = Transaction::new();
    {
        let state = inner.site.replica.read();
        let Some(read) = state.tables.endpoints.get(&id) else { return Ok(()) };
        let attachment = read.record.attachment.as_ref();
        // Somebody else may have done it, and a host that is up may have joined it since.
        let Some(attachment) = attachment.filter(|found| state.tables.is_evicted(found.host)) else {
            return Ok(());
        };
        let join = Object::Join(id.network, id.endpoint, attachment.sandbox);
        tx.replace(read, &Endpoint { attachment: None, ..read.record.clone() })?;
        operation::release(&state, &Owner::from(join), &mut tx)?;
        remove_records(&state, &inner.registry, &join, &mut tx)?;
    }
    inner.site.commit(tx).await?;
    Ok(())
}

/// The keys of what belongs to the runs of `host` that were evicted and could be released now. A pool stays as long as
/// others have something in it.
pub(crate) fn unreleased(state: &State, read: &Versioned<Host>) -> Vec<Key> {
    let tables = &state.tables;
    let through = read.record.evicted_through;
    let own: BTreeSet<&Key> = state.runs.owned_by(read.id, through).collect();
    let is_own = |key: netkeep_store::Result<Key>| key.is_ok_and(|key| own.contains(&key));
    let is_used = |space: &Space, pool: Pool, sub: Option<Pool>| {
        let mut given = tables.addresses_of(space, pool).filter(|read| read.record.sub == sub);
        let mut parts = tables.sub_pools_of(space, pool).filter(|_| sub.is_none());
        given.any(|read| !is_own(AddressRecord::key(&read.id)))
            || parts.any(|read| !is_own(SubPoolRecord::key(&read.id)))
    };
    let left = own.iter().filter(|key| match (PoolRecord::id(key), SubPoolRecord::id(key)) {
        (Some(id), _) => !is_used(&id.space, id.pool, None),
        (_, Some(id)) => !is_used(&id.space, id.master, Some(id.sub)),
        (None, None) => true,
    });
    left.map(|key| (*key).clone()).collect()
}

/// Addresses and numbers that clients hold, and entries of which the endpoint is gone.
async fn claims(
    inner: &Arc<Inner>,
    host: HostId,
    through: Incarnation,
    released: &mut Released,
) -> Result<()> {
    let mut attempts = Attempts::default();
    loop {
        inner.site.settle().await?;
        let (tx, what) = claims_of_one_commit(&inner.site.replica.read(), host, through)?;
        if tx.is_empty() {
            return Ok(());
        }
        match inner.site.commit(tx).await {
            Ok(_) => {
                released.done.extend(what);
                attempts = Attempts::default();
            }
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// As many as one commit takes.
fn claims_of_one_commit(
    state: &State,
    host: HostId,
    through: Incarnation,
) -> Result<(Transaction<Any>, Vec<String>)> {
    let tables = &state.tables;
    let (mut tx, mut what) = (Transaction::new(), Vec::new());
    for key in owned(state, host, through) {
        let mut next = tx.clone();
        if let Some(read) = AddressRecord::id(&key).and_then(|id| tables.addresses.get(&id)) {
            next.delete(read)?;
        } else if let Some(read) = NumberRecord::id(&key).and_then(|id| tables.numbers.get(&id)) {
            next.delete(read)?;
        } else if let Some(read) = PublishedEntry::id(&key).and_then(|id| tables.published.get(&id)) {
            next.delete(read)?;
        } else {
            continue;
        }
        if !fits(&next) {
            break;
        }
        tx = next;
        what.push(key.to_string());
    }
    Ok((tx, what))
}

/// Pools that clients hold, their parts first. One in which others hold addresses has to stay for now.
async fn pools(
    inner: &Arc<Inner>,
    host: HostId,
    through: Incarnation,
    released: &mut Released,
) -> Result<()> {
    let held: Vec<(Space, Pool, Option<Pool>)> = {
        let state = inner.site.replica.read();
        let keys: Vec<Key> = owned(&state, host, through).into();
        let parts = keys.iter().filter_map(SubPoolRecord::id);
        let wholes = keys.iter().filter_map(PoolRecord::id);
        let parts = parts.map(|id| (id.space, id.master, Some(id.sub)));
        parts.chain(wholes.map(|id| (id.space, id.pool, None))).collect()
    };
    for (space, pool, sub) in held {
        let what = format!("pool {} of space {space}", sub.unwrap_or(pool));
        let user = {
            let state = inner.site.replica.read();
            let mut given = state.tables.addresses_of(&space, pool).filter(|read| read.record.sub == sub);
            given.next().map(|read| format!("{what}: {} is held by {}", read.id.ip, read.record.owner))
        };
        if let Some(user) = user {
            released.left.push(user);
            continue;
        }
        let outcome = match ipam::release_pool(inner, &space, pool, sub).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        released.note(what, outcome)?;
    }
    Ok(())
}
