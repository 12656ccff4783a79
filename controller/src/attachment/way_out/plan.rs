//! What the next way out is to publish.

use netkeep_drivers::{Answer, JoinState, Plan};
use netkeep_model::{
    Claim, DriverKind, Endpoint, EndpointKey, Network, OperationId, Owner, PortBinding, RealizedKey, Sandbox,
    SandboxId, Scope, Way, WayOut,
};
use netkeep_store::datastore::{Transaction, Versioned};

use super::record::{held, queues, way_out, write};
use crate::attachment::drafts::Drafts;
use crate::attachment::here;
use crate::attachment::place::{Place, wish_as_way_out};
use crate::endpoint::honours;
use crate::operation::{Assembly, Taken, realized};
use crate::{Error, Result};

/// What the driver of an endpoint has decided to publish.
pub(super) struct Planned {
    of: Place,
    network: Versioned<Network>,
    endpoint: Versioned<Endpoint>,
    sandbox: Versioned<Sandbox>,
    drafts: Drafts,
    way: Way,
    gives: Vec<(Claim, Owner)>,
}

impl Planned {
    /// Asks the driver of the endpoint; `None` if it publishes nothing.
    ///
    /// # Errors
    ///
    /// What the driver says; [`ErrorKind::Internal`](crate::ErrorKind::Internal) if it decides what it must not.
    pub(super) async fn new(
        place: &Place,
        sandbox: SandboxId,
        key: EndpointKey,
        taken: &[Taken],
    ) -> Result<Option<Self>> {
        let of = place.of_other(key);
        let found = of.read(|known| {
            let network = known.of.tables.networks.get(&key.network)?;
            let endpoint = known.of.tables.endpoints.get(&key)?;
            let sandbox = known.local.tables.sandboxes.get(&sandbox)?;
            let mut state = known.join_state(network, endpoint, sandbox);
            wish_as_way_out(&mut state.endpoint.endpoint, &sandbox.record);
            Some((network.clone(), endpoint.clone(), sandbox.clone(), state))
        });
        let Some((network, endpoint, sandbox, state)) = found else {
            return Err(Error::not_found(format!(
                "endpoint {} or its sandbox was removed meanwhile",
                key.endpoint
            )));
        };
        let kind = &network.record.driver;
        let driver = place.local.registry.resolve_network(kind).await?;
        let Some(external) = driver.external() else { return Ok(None) };
        // What is published now is given back by the same commit as far as this takes it.
        let gives = held(way_out(place, sandbox.id).as_ref(), sandbox.id);
        let drafts = Drafts::new(&of, taken).giving(gives.clone());
        let plan = external.plan_program(&drafts.view(kind), &state).await?;
        let bindings = settled(&plan, &state, kind)?;
        if bindings.is_empty() && plan.claims.is_empty() && plan.records.is_empty() && !plan.ensure {
            return Ok(None);
        }
        drafts.accept(&plan, state.object(), kind)?;
        let way = Way {
            network: key.network,
            endpoint: key.endpoint,
            bindings,
            claims: plan.claims,
            ensure: plan.ensure,
        };
        Ok(Some(Self { of, network, endpoint, sandbox, drafts, way, gives }))
    }

    /// Records it as what is published now, in one commit with what it takes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if something is not any more as it was when it was planned;
    /// what the store answers.
    pub(super) async fn commit(self) -> Result<()> {
        let site = &self.of.local.site;
        let mut names = self.drafts.local.queues();
        names.extend(queues(&self.gives));
        let _turn = site.queues.turn(names).await;
        let mut tx = Transaction::new();
        tx.unchanged(&self.sandbox)?;
        if !self.of.is_shared() {
            tx.unchanged(&self.endpoint)?;
        }
        {
            let state = site.replica.read();
            let on = RealizedKey(self.way.join(self.sandbox.id));
            if self.way.ensure && !state.tables.realized.contains_key(&on) {
                let note = match self.of.is_shared() {
                    true => here::noted(&self.of, &self.network),
                    false => realized(site, &self.network.record.driver, serde_json::Value::Null),
                };
                tx.create(&on, &note)?;
            }
            Assembly::new(&state, OperationId::generate()).take(&self.drafts.local, &mut tx)?;
            let read = state.tables.ways_out.get(&self.sandbox.id);
            let before = read.map(|read| read.record.now.clone());
            write(read, self.sandbox.id, Some(&WayOut { now: self.way, before }), &mut tx)?;
        }
        site.commit(tx).await?;
        Ok(())
    }
}

/// The bindings of a plan, if they are what is wanted.
fn settled(plan: &Plan<Vec<PortBinding>>, state: &JoinState, kind: &DriverKind) -> Result<Vec<PortBinding>> {
    let Answer::Now(bindings) = &plan.answer else {
        return Err(Error::internal(format!("driver {kind} is to be called for ports, which are planned")));
    };
    let endpoint = &state.endpoint.endpoint;
    let wanted = endpoint.bindings_wanted.get(endpoint.bindings.len()..).unwrap_or_default();
    let fit = bindings.len() <= wanted.len()
        && bindings.iter().zip(wanted).all(|(settled, wanted)| honours(settled, wanted));
    if !fit {
        return Err(Error::internal(format!("driver {kind} overrides bindings that were asked for")));
    }
    let is_shared = |claim: &&Claim| matches!(claim, Claim::Pool { .. } | Claim::Address { .. });
    if let Some(claim) = plan.claims.iter().find(is_shared) {
        return Err(Error::internal(format!("driver {kind} claims {claim} to publish ports")));
    }
    if let Some(record) = plan.records.iter().find(|record| record.scope != Scope::Local) {
        return Err(Error::internal(format!(
            "driver {kind} wants to keep record {} of ports, which are of this host, in the store of all",
            record.name
        )));
    }
    Ok(bindings.clone())
}
