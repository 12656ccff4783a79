//! Creating an endpoint.

use std::collections::BTreeSet;
use std::sync::Arc;

use netkeep_drivers::{Answer, EndpointRequest, Mode, NetworkDriver, Object, Origin};
use netkeep_model::{
    Endpoint, EndpointId, EndpointKey, EndpointNameKey, EndpointNameRecord, Id, InterfaceSpec, Network,
    OperationId, Owner, Phase, RealizedKey,
};
use netkeep_store::datastore::{Transaction, Versioned};

use super::addresses::Addresses;
use super::answer::settle;
use super::realize::{Outcome, make_whole, realize};
use super::{always, finish, info, specification};
use crate::controller::Inner;
use crate::operation::{
    Adopt, Assembly, Attempts, Draft, MAX_TAKEN, Taken, View, check_size, endpoint_queue, network_queue,
    realized, wanted_here,
};
use crate::{EndpointInfo, EndpointSpec, Error, ErrorKind, Result, lookup, network};

/// Creates an endpoint.
pub(crate) async fn create(inner: &Arc<Inner>, network: &str, spec: EndpointSpec) -> Result<EndpointInfo> {
    check_size(&spec)?;
    let id = EndpointId::from(spec.request.map_or_else(Id::generate, Id::from));
    let network = lookup::network(&inner.site.replica.read(), network)?.id;
    let _turn = inner.site.queues.turn([endpoint_queue(network, id)]).await;
    let mut attempts = Attempts::default();
    let mut taken = Vec::new();
    loop {
        inner.site.settle().await?;
        if inner.site.making.contains(network) {
            drop(inner.site.queues.turn([network_queue(network)]).await);
        }
        let of = usable(inner, network)?;
        inner.site.whole(of.revision()).await?;
        if inner.site.making.is_left(Object::Network(network)) {
            network::make_usable(inner, network).await?;
        }
        let key = EndpointKey { network, endpoint: id };
        match repeated(inner, &of, &spec, key)? {
            Before::Nothing => {}
            Before::Made(found) => return Ok(*found),
            Before::Left => match make_whole(inner, &of, key).await? {
                Outcome::Created(made) => return Ok(*made),
                Outcome::Taken(_, error) => return Err(error),
            },
            // Whoever has begun it has given up: nobody else is in the queue.
            Before::Begun => match finish(inner, key, always).await {
                Ok(()) => {}
                Err(error) => {
                    attempts.again(error).await?;
                    continue;
                }
            },
        }
        let creation =
            Creation { inner, spec: &spec, of: &of, key, operation: OperationId::generate(), taken: &taken };
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

/// The network, if it may have endpoints.
fn usable(inner: &Inner, id: netkeep_model::NetworkId) -> Result<Versioned<Network>> {
    let state = inner.site.replica.read();
    let Some(network) = state.tables.networks.get(&id) else {
        return Err(Error::not_found(format!("network {id} was removed meanwhile")));
    };
    let name = network.record.name.as_str();
    if network.record.config_only {
        return Err(Error::new(
            ErrorKind::Forbidden,
            format!("network {name:?} only lends its configuration; it cannot have endpoints"),
        ));
    }
    match network.record.phase {
        Phase::Ready => Ok(network.clone()),
        Phase::Creating { .. } => {
            Err(Error::new(ErrorKind::InUse, format!("network {name:?} is still being created")))
        }
        Phase::Deleting { .. } => {
            Err(Error::new(ErrorKind::InUse, format!("network {name:?} is being deleted")))
        }
    }
}

/// What this request has done before.
enum Before {
    Nothing,
    /// It has made this endpoint.
    Made(Box<EndpointInfo>),
    /// It has written the endpoint, and not made it on this host to the end.
    Left,
    /// It has begun to write the endpoint.
    Begun,
}

fn repeated(inner: &Inner, of: &Versioned<Network>, spec: &EndpointSpec, key: EndpointKey) -> Result<Before> {
    let state = inner.site.replica.read();
    if let Some(found) = state.tables.endpoints.get(&key) {
        specification::check_repeated(spec, &found.record)?;
        return match found.record.phase {
            Phase::Ready if inner.site.making.is_left(Object::Endpoint(key.network, key.endpoint)) => {
                Ok(Before::Left)
            }
            Phase::Ready => Ok(Before::Made(Box::new(info(of, found)))),
            Phase::Creating { .. } => Ok(Before::Begun),
            Phase::Deleting { .. } => Err(Error::new(
                ErrorKind::InUse,
                format!("endpoint {:?} is in between; delete it", found.record.name.as_str()),
            )),
        };
    }
    let name = EndpointNameKey { network: of.id, name: spec.name.clone() };
    if let Some(found) = state.tables.endpoint_names.get(&name) {
        return Err(Error::new(
            ErrorKind::Exists,
            format!(
                "name: there is an endpoint {:?} in network {:?} already, with id {}",
                spec.name.as_str(),
                of.record.name.as_str(),
                found.record.endpoint
            ),
        ));
    }
    Ok(Before::Nothing)
}

struct Creation<'a> {
    inner: &'a Arc<Inner>,
    spec: &'a EndpointSpec,
    of: &'a Versioned<Network>,
    key: EndpointKey,
    operation: OperationId,
    taken: &'a [Taken],
}

impl Creation<'_> {
    async fn attempt(&self) -> Result<Outcome> {
        let site = &self.inner.site;
        let driver = self.inner.registry.resolve_network(&self.of.record.driver).await?;
        let mut endpoint = specification::record(self.spec, site.actor)?;
        let owner = Owner::Endpoint { network: self.key.network, endpoint: self.key.endpoint };
        let adopt = if self.spec.adopt { Adopt::Named(BTreeSet::new()) } else { Adopt::Nothing };
        let draft = Draft::new(&site.replica, adopt, self.taken);
        if driver.info().addresses {
            endpoint.interfaces = vec![self.interface(&endpoint, &owner, &draft).await?];
        } else if endpoint.requested != netkeep_model::RequestedAddresses::default() {
            return Err(Error::invalid(format!(
                "ipv4, ipv6, link_local, mac: endpoints of driver {} have no addresses; leave them out",
                self.of.record.driver
            )));
        }
        let ensure = self.plan(&*driver, &mut endpoint, &draft).await?;
        if ensure == Some(Mode::Called) {
            endpoint.phase = Phase::Creating { by: site.actor, operation: self.operation };
        }

        let turn = site.queues.turn(draft.queues()).await;
        let mut tx = Transaction::new();
        tx.unchanged(self.of)?;
        tx.create(&self.key, &endpoint)?;
        let name = EndpointNameKey { network: self.key.network, name: endpoint.name.clone() };
        tx.create(&name, &EndpointNameRecord { endpoint: self.key.endpoint })?;
        if ensure.is_some() {
            let told = serde_json::to_value(&endpoint).unwrap_or_default();
            let note = realized(site, &self.of.record.driver, told);
            tx.create(&RealizedKey(self.object()), &note)?;
        }
        Assembly::new(&site.replica.read(), self.operation).take(&draft, &mut tx)?;
        let made = ensure.map(|_| site.making.begin(self.object()));
        let revision = match site.commit(tx).await {
            Ok(revision) => revision,
            Err(error) => {
                if let Some(made) = made.filter(|_| error.kind() != ErrorKind::Unknown) {
                    made.done();
                }
                return Err(error);
            }
        };
        drop(draft);
        // Others need not wait for the driver; and what it refuses is taken out again in the same queues.
        drop(turn);
        let written = Versioned::written(self.key, endpoint, revision);
        match ensure.zip(made) {
            None => Ok(Outcome::Created(Box::new(info(self.of, &written)))),
            Some((mode, made)) => realize(self.inner, self.of, self.key, &*driver, mode, made).await,
        }
    }

    fn object(&self) -> Object {
        Object::Endpoint(self.key.network, self.key.endpoint)
    }

    async fn interface(&self, endpoint: &Endpoint, owner: &Owner, draft: &Draft) -> Result<InterfaceSpec> {
        let network = &self.of.record;
        let Some(kind) = &network.ipam.driver else {
            return Ok(InterfaceSpec { mac: endpoint.requested.mac, ..InterfaceSpec::default() });
        };
        let ipam = self.inner.registry.resolve_ipam(kind).await?;
        Addresses { network, ipam: &*ipam, owner, draft }.choose(endpoint).await
    }

    /// Asks the driver. Returns whether this host has something to do, and whether the driver must be called.
    async fn plan(
        &self,
        driver: &dyn NetworkDriver,
        endpoint: &mut Endpoint,
        draft: &Draft,
    ) -> Result<Option<Mode>> {
        let kind = &self.of.record.driver;
        let view = View::new(draft, self.of.record.scope, Some(kind));
        let request = EndpointRequest {
            network: network::state(&self.inner.site.replica.read(), self.of),
            id: self.key.endpoint,
            endpoint: endpoint.clone(),
            origin: Origin::Requested,
        };
        let plan = driver.plan_endpoint(&view, &request).await?;
        draft.accept(&plan, self.object(), kind)?;
        let wanted = wanted_here(self.of.record.scope, &plan, kind)?;
        if let Answer::Now(answer) = plan.answer {
            settle(endpoint, answer)?;
        }
        Ok(wanted)
    }
}
