//! Creating a network.

use std::sync::Arc;

use netkeep_drivers::{Answer, IpamInfo, Mode, NetworkDriver, NetworkRequest, Object};
use netkeep_model::{
    Id, IpamKind, Network, NetworkId, NetworkIpam, NetworkNameRecord, OperationId, Owner, Phase, RealizedKey,
    RequestedPool, Scope, Space,
};
use netkeep_store::datastore::{Any, Record, Transaction, Versioned};
use netkeep_store::{Guard, Revision};

use super::delete::finish;
use super::pools::Pools;
use super::realize::{Outcome, make_whole, realize, settle, undo_creation};
use super::{DEFAULT_IPAM, info, specification};
use crate::controller::Inner;
use crate::operation::{
    Adopt, Assembly, Attempts, Draft, MAX_TAKEN, Taken, View, cut, fits, network_queue, realized,
    space_queue, wanted_here,
};
use crate::{Error, ErrorKind, NetworkInfo, NetworkSpec, Result};

/// Creates a network.
pub(crate) async fn create(inner: &Arc<Inner>, spec: NetworkSpec) -> Result<NetworkInfo> {
    specification::validate(&spec)?;
    let id = NetworkId::from(spec.request.map_or_else(Id::generate, Id::from));
    let _turn = inner.site.queues.turn([network_queue(id)]).await;
    let mut attempts = Attempts::default();
    let mut taken = Vec::new();
    loop {
        inner.site.settle().await?;
        match repeated(inner, &spec, id)? {
            Before::Nothing => {}
            Before::Made(found) => return Ok(*found),
            Before::Left => match make_whole(inner, id).await? {
                Outcome::Created(made) => return Ok(*made),
                Outcome::Taken(_, error) => return Err(error),
            },
            // Whoever has begun it has given up: nobody else is in the queue.
            Before::Begun => match finish(inner, id).await {
                Ok(()) => {}
                Err(error) => {
                    attempts.again(error).await?;
                    continue;
                }
            },
        }
        let creation = Creation { inner, spec: &spec, id, operation: OperationId::generate(), taken: &taken };
        match creation.attempt().await {
            Ok(Outcome::Created(created)) => return Ok(*created),
            Ok(Outcome::Taken(claim, error)) => {
                if taken.len() == MAX_TAKEN {
                    return Err(error);
                }
                taken.push(Taken { claim, why: error.to_string() });
            }
            Err(error) => attempts.again_at(&inner.site, error).await?,
        }
    }
}

/// What this request has done before.
enum Before {
    Nothing,
    /// It has made this network.
    Made(Box<NetworkInfo>),
    /// It has written the network, and not made it on this host to the end.
    Left,
    /// It has begun to write the network.
    Begun,
}

fn repeated(inner: &Inner, spec: &NetworkSpec, id: NetworkId) -> Result<Before> {
    let state = inner.site.replica.read();
    if let Some(found) = state.tables.networks.get(&id) {
        specification::check_repeated(&state, spec, &found.record)?;
        return match found.record.phase {
            Phase::Ready if inner.site.making.is_left(Object::Network(id)) => Ok(Before::Left),
            Phase::Ready => Ok(Before::Made(Box::new(info(found)))),
            Phase::Creating { .. } => Ok(Before::Begun),
            Phase::Deleting { .. } => Err(Error::new(
                ErrorKind::InUse,
                format!("network {:?} is in between; delete it", found.record.name.as_str()),
            )),
        };
    }
    if let Some(found) = state.tables.network_names.get(&spec.name) {
        return Err(Error::new(
            ErrorKind::Exists,
            format!(
                "name: there is a network {:?} already, with id {}",
                spec.name.as_str(),
                found.record.network
            ),
        ));
    }
    Ok(Before::Nothing)
}

struct Creation<'a> {
    inner: &'a Arc<Inner>,
    spec: &'a NetworkSpec,
    id: NetworkId,
    operation: OperationId,
    taken: &'a [Taken],
}

impl Creation<'_> {
    async fn attempt(&self) -> Result<Outcome> {
        let inner = self.inner;
        let driver = inner.registry.resolve_network(&self.spec.driver).await?;
        let scope = driver.info().scope(self.spec.scope)?;
        if scope != inner.site.scope {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "scope: there is no global store; a network of global scope has nowhere to live",
            ));
        }
        let mut network = specification::record(self.spec, scope);
        let source = self.source()?;
        let requested = match &source {
            Some(source) => borrow(&mut network, source),
            None => specification::requested_pools(self.spec),
        };
        let owner = Owner::Network { network: self.id };

        let with_pools = driver.info().addresses && !network.config_only;
        let ipam_kind = network.ipam.driver.take().or_else(|| self.spec.ipam.driver.clone());
        let ipam =
            inner.registry.resolve_ipam(&ipam_kind.map_or_else(|| IpamKind::new(DEFAULT_IPAM), Ok)?).await?;
        let space = network.ipam.space.take().or_else(|| self.spec.ipam.space.clone());
        let space = space.unwrap_or_else(|| ipam.info().space(scope).clone());
        check_space(ipam.info(), &space, scope)?;
        let spaces: Option<&Space> = with_pools.then_some(&space);
        let space_turn = inner.site.queues.turn(spaces.map(space_queue)).await;
        let draft = Draft::new(&inner.site.replica, self.adopt(&space, &requested), self.taken);
        if with_pools {
            let options = match &source {
                Some(source) => source.record.ipam.options.clone(),
                None => self.spec.ipam.options.clone(),
            };
            let pools =
                Pools { ipam: &*ipam, space: &space, options: &options, owner: &owner, draft: &draft, scope };
            network.ipam = pools.choose(requested).await?;
        } else if network.config_only {
            network.ipam = self.lent(requested);
        } else if !self.spec.ipam.pools.is_empty() {
            return Err(Error::invalid(format!(
                "ipam.pools: networks of driver {} have no addresses; leave the pools out",
                self.spec.driver
            )));
        }

        let ensure =
            if network.config_only { None } else { self.plan(&*driver, &mut network, &draft).await? };
        let made = ensure.map(|_| inner.site.making.begin(Object::Network(self.id)));
        let revision = match self.commit(&mut network, &draft, source.as_ref(), ensure).await {
            Ok(revision) => revision,
            Err(error) => {
                if let Some(made) = made.filter(|_| error.kind() != ErrorKind::Unknown) {
                    made.done();
                }
                return Err(error);
            }
        };
        drop(draft);
        // Others need not wait for the driver; and what it refuses is taken out again in the same queue.
        drop(space_turn);
        let Some((mode, made)) = ensure.zip(made) else {
            let created = NetworkInfo { id: self.id, revision, stale: None, network };
            return Ok(Outcome::Created(Box::new(created)));
        };
        realize(inner, self.id, &*driver, mode, made).await
    }

    /// What clients hold and this network may take over: what it names.
    fn adopt(&self, space: &Space, requested: &[RequestedPool]) -> Adopt {
        if !self.spec.ipam.adopt {
            return Adopt::Nothing;
        }
        let named = requested.iter().filter_map(|wanted| Some((space.clone(), wanted.pool?, wanted.sub)));
        Adopt::Named(named.collect())
    }

    /// The network whose configuration is taken.
    fn source(&self) -> Result<Option<Versioned<Network>>> {
        let Some(name) = &self.spec.config_from else { return Ok(None) };
        let state = self.inner.site.replica.read();
        let found = crate::lookup::network(&state, name.as_str())?;
        if !found.record.config_only {
            return Err(Error::invalid(format!(
                "config_from: network {:?} does not lend its configuration; it was not made with config_only",
                name.as_str()
            )));
        }
        if !found.record.phase.is_ready() {
            return Err(Error::new(
                ErrorKind::InUse,
                format!("config_from: network {:?} is being deleted", name.as_str()),
            ));
        }
        Ok(Some(found.clone()))
    }

    /// What a network that only lends its configuration keeps of the pools: the wish.
    fn lent(&self, requested: Vec<RequestedPool>) -> NetworkIpam {
        NetworkIpam {
            driver: self.spec.ipam.driver.clone(),
            options: self.spec.ipam.options.clone(),
            space: self.spec.ipam.space.clone(),
            pools: requested
                .into_iter()
                .map(|requested| netkeep_model::NetworkPool { requested, ..Default::default() })
                .collect(),
        }
    }

    /// Asks the driver. Returns whether this host has something to do, and whether the driver must be called.
    async fn plan(
        &self,
        driver: &dyn NetworkDriver,
        network: &mut Network,
        draft: &Draft,
    ) -> Result<Option<Mode>> {
        let view = View::new(draft, network.scope, Some(&self.spec.driver));
        let request = NetworkRequest { id: self.id, network: network.clone() };
        let plan = driver.plan_network(&view, &request).await?;
        draft.accept(&plan, Object::Network(self.id), &self.spec.driver)?;
        let wanted = wanted_here(network.scope, &plan, &self.spec.driver)?;
        if let Answer::Now(answer) = plan.answer {
            settle(network, answer);
        }
        Ok(wanted)
    }

    /// Writes everything: in one commit if it fits, else in pieces under the phase `creating`.
    async fn commit(
        &self,
        network: &mut Network,
        draft: &Draft,
        source: Option<&Versioned<Network>>,
        ensure: Option<Mode>,
    ) -> Result<u64> {
        let site = &self.inner.site;
        let creating = Phase::Creating { by: site.actor, operation: self.operation };
        let turn = site.queues.turn(draft.queues()).await;
        let mut rest = Transaction::new();
        Assembly::new(&site.replica.read(), self.operation).take(draft, &mut rest)?;
        if ensure == Some(Mode::Called) {
            network.phase = creating;
        }
        let whole = {
            let mut whole = self.head(network, source, ensure)?;
            whole.merge(rest.clone())?;
            whole
        };
        if fits(&whole) {
            return Ok(site.commit(whole).await?.get());
        }

        let phase = std::mem::replace(&mut network.phase, creating);
        let revision = site.commit(self.head(network, source, ensure)?).await?;
        let written = self.commit_rest(network, phase, rest, revision).await;
        // What was written is taken out again in the same queues.
        drop(turn);
        match written {
            Err(error) if error.kind() != ErrorKind::Unknown => {
                undo_creation(self.inner, self.id).await?;
                Err(error)
            }
            written => written,
        }
    }

    /// The pieces of a network that is in its phase `creating` since `revision`, and its phase at last.
    async fn commit_rest(
        &self,
        network: &mut Network,
        phase: Phase,
        rest: Transaction<Any>,
        revision: Revision,
    ) -> Result<u64> {
        let site = &self.inner.site;
        let begun = Versioned::written(self.id, network.clone(), revision);
        for piece in cut(rest, &Guard::Unchanged(Network::key(&self.id)?, revision)) {
            site.commit_txn(&piece).await?;
        }
        if std::mem::replace(&mut network.phase, phase) == phase {
            return Ok(revision.get());
        }
        let mut last = Transaction::new();
        last.replace(&begun, network)?;
        Ok(site.commit(last).await?.get())
    }

    fn head(
        &self,
        network: &Network,
        source: Option<&Versioned<Network>>,
        ensure: Option<Mode>,
    ) -> Result<Transaction<Any>> {
        let mut head = Transaction::new();
        head.create(&self.id, network)?;
        head.create(&network.name, &NetworkNameRecord { network: self.id })?;
        if let Some(source) = source {
            head.unchanged(source)?;
        }
        if ensure.is_some() {
            let told = serde_json::to_value(network).unwrap_or_default();
            let note = realized(&self.inner.site, &self.spec.driver, told);
            head.create(&RealizedKey(Object::Network(self.id)), &note)?;
        }
        Ok(head)
    }
}

/// Refuses the space in which networks of the other scope have their pools unless they name one: it lives in the
/// other store.
fn check_space(ipam: &IpamInfo, space: &Space, scope: Scope) -> Result<()> {
    let (own, other) = match scope {
        Scope::Local => (&ipam.local_space, &ipam.global_space),
        Scope::Global => (&ipam.global_space, &ipam.local_space),
    };
    if space != own && space == other {
        return Err(Error::invalid(format!(
            "ipam.space: {space} is not for networks of {scope} scope; name {own}, or one of your own"
        )));
    }
    Ok(())
}

/// Takes the configuration of `source`, and returns the pools that it asks for.
fn borrow(network: &mut Network, source: &Versioned<Network>) -> Vec<RequestedPool> {
    let lent = &source.record;
    network.config_from = Some(source.id);
    network.options = lent.options.clone();
    network.labels = lent.labels.clone();
    network.ipv4 = lent.ipv4;
    network.ipv6 = lent.ipv6;
    network.ipam.driver = lent.ipam.driver.clone();
    network.ipam.space = lent.ipam.space.clone();
    lent.ipam.pools.iter().map(|pool| pool.requested.clone()).collect()
}
