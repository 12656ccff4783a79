//! Joining an endpoint and a sandbox.

use std::time::Duration;

use netkeep_drivers::{Answer, JoinRequest, Mode};
use netkeep_model::{
    Attachment, Claim, Endpoint, EndpointKey, Intent, IntentAction, Network, Object, OperationId, Owner,
    Phase, PublishedEntry, PublishedEntryKey, Realized, RealizedKey, Sandbox, SandboxId, TableEntry,
    Timestamp,
};
use netkeep_store::datastore::{Any, Transaction, Versioned};

use super::answer::settle;
use super::drafts::Drafts;
use super::end::with_inside;
use super::make::{Outcome, become_way_out, make, withdraw};
use super::place::Place;
use super::settle::settle_traces;
use super::{here, not_again, object, whereabouts};
use crate::operation::{Assembly, Attempts, MAX_TAKEN, Taken, network_queue, realized};
use crate::sandbox::sandbox_queue;
use crate::{EndpointInfo, Error, ErrorKind, Result, endpoint, network};

/// How long it may take to hear what other hosts have done.
const LEARNING: Duration = Duration::from_secs(5);

/// Joins an endpoint of `network` and a sandbox.
pub(super) async fn join(
    place: &Place,
    network: &str,
    name_or_id: &str,
    sandbox: &str,
) -> Result<EndpointInfo> {
    let (key, sandbox) = place.named(network, name_or_id, sandbox)?;
    let _sandbox = place.local.site.queues.turn([sandbox_queue(sandbox)]).await;
    let _turns = place.turns(key).await;
    let mut attempts = Attempts::default();
    let mut taken = Vec::new();
    loop {
        place.local.site.settle().await?;
        place.of.site.settle().await?;
        match attempt(place, key, sandbox, &taken).await {
            Ok(Outcome::Joined) => return shown(place, key),
            Ok(Outcome::Undone(Some(claim), error)) if taken.len() < MAX_TAKEN => {
                taken.push(Taken { claim, why: error.to_string() });
            }
            Ok(Outcome::Undone(_, error)) => return Err(error),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// The endpoint as it is now.
pub(super) fn shown(place: &Place, key: EndpointKey) -> Result<EndpointInfo> {
    place.read(|known| {
        let network = known.of.tables.networks.get(&key.network);
        let found = network.zip(known.of.tables.endpoints.get(&key));
        let info = found.map(|(network, found)| endpoint::info(network, found));
        info.ok_or_else(|| Error::not_found(format!("endpoint {} was removed meanwhile", key.endpoint)))
    })
}

async fn attempt(place: &Place, key: EndpointKey, sandbox: SandboxId, taken: &[Taken]) -> Result<Outcome> {
    // What an earlier try has left of this endpoint here is finished or undone first.
    settle_traces(place, key).await?;
    made_usable(place, key).await?;
    let (network, endpoint, sandbox) = usable(place, key, sandbox)?;
    if let Some(attachment) = &endpoint.record.attachment {
        if attachment.sandbox == sandbox.id && place.is_here(attachment) {
            return still_joined(place, key, sandbox.id).await;
        }
        return Err(Error::new(
            ErrorKind::InUse,
            format!(
                "endpoint {:?} is attached already: {}",
                endpoint.record.name.as_str(),
                whereabouts(attachment)
            ),
        ));
    }
    let operation = OperationId::generate();
    Joining { place, network, endpoint, sandbox, operation, taken }.run().await
}

/// Answers that they were joined before, if that is so by now: another host may have removed the endpoint, or evicted
/// this one, and nothing is committed here that would meet it.
async fn still_joined(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<Outcome> {
    if place.is_shared() {
        place.of.site.as_new_as_now(LEARNING).await?;
    }
    match place.attached(key, sandbox) {
        Some(_) => Ok(Outcome::Joined),
        None => {
            Err(Error::new(ErrorKind::Conflict, format!("endpoint {} was detached meanwhile", key.endpoint)))
        }
    }
}

/// Makes network and endpoint on this host if they were written and then left.
async fn made_usable(place: &Place, key: EndpointKey) -> Result<()> {
    let of = &place.of;
    if of.site.making.contains(key.network) {
        drop(of.site.queues.turn([network_queue(key.network)]).await);
    }
    if of.site.making.is_left(Object::Network(key.network)) {
        network::make_usable(of, key.network).await?;
    }
    if of.site.making.is_left(Object::Endpoint(key.network, key.endpoint)) {
        endpoint::make_usable(of, key).await?;
    }
    Ok(())
}

type Joined = (Versioned<Network>, Versioned<Endpoint>, Versioned<Sandbox>);

/// What is to be joined, if it may be.
fn usable(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<Joined> {
    let found = place.read(|known| {
        let network = known.of.tables.networks.get(&key.network).cloned();
        let endpoint = known.of.tables.endpoints.get(&key).cloned();
        (network.zip(endpoint), known.local.tables.sandboxes.get(&sandbox).cloned())
    });
    let (Some((network, endpoint)), Some(sandbox)) = found else {
        return Err(Error::not_found(format!(
            "endpoint {} or sandbox {sandbox} was removed meanwhile",
            key.endpoint
        )));
    };
    let between =
        |what: String| Err(Error::new(ErrorKind::InUse, format!("{what} is in between; delete it")));
    if !network.record.phase.is_ready() {
        return between(format!("network {:?}", network.record.name.as_str()));
    }
    if !endpoint.record.phase.is_ready() {
        return between(format!("endpoint {:?}", endpoint.record.name.as_str()));
    }
    if sandbox.record.boot != place.local.site.boot {
        return Err(Error::new(
            ErrorKind::Forbidden,
            format!("sandbox {} is of another boot of this host: its namespace is gone", sandbox.id),
        ));
    }
    Ok((network, endpoint, sandbox))
}

/// An intent of this run.
pub(super) fn intent(place: &Place, object: Object, action: IntentAction) -> Intent {
    let by = place.local.site.actor;
    Intent { action, object, by, since: Timestamp::now(), claims: Vec::new() }
}

struct Joining<'a> {
    place: &'a Place,
    network: Versioned<Network>,
    endpoint: Versioned<Endpoint>,
    sandbox: Versioned<Sandbox>,
    operation: OperationId,
    taken: &'a [Taken],
}

/// What the driver has decided.
struct Decided {
    attachment: Attachment,
    entries: Vec<TableEntry>,
    claims: Vec<Claim>,
    /// Whether this host has something to do, and whether the driver must be called.
    ensure: Option<Mode>,
}

impl Joining<'_> {
    async fn run(&self) -> Result<Outcome> {
        if self.place.is_shared() { self.in_two_stores().await } else { self.in_one_store().await }
    }

    fn object(&self) -> Object {
        object(self.endpoint.id, self.sandbox.id)
    }

    async fn decide(&self, drafts: &Drafts) -> Result<Decided> {
        let kind = &self.network.record.driver;
        let driver = self.place.local.registry.resolve_network(kind).await?;
        let request = JoinRequest {
            endpoint: self.place.read(|known| known.endpoint_state(&self.network, &self.endpoint)),
            sandbox: self.sandbox.id,
            sandbox_key: self.sandbox.record.key.clone(),
            options: self.sandbox.record.options.clone(),
        };
        let plan = driver.plan_join(&drafts.view(kind), &request).await?;
        drafts.accept(&plan, self.object(), kind)?;
        let actor = self.place.of.site.actor;
        let mut attachment = Attachment {
            container: Some(self.sandbox.record.container.clone()),
            ..Attachment::new(self.sandbox.id, actor, self.operation, Timestamp::now())
        };
        let (mut entries, mut ensure) = (Vec::new(), plan.ensure.then_some(Mode::Planned));
        match plan.answer {
            Answer::Now(answer) => entries = settle(&self.endpoint.record, &mut attachment, answer)?,
            Answer::FromCall if self.place.is_shared() => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("driver {kind} is to be called, which networks of global scope do not offer"),
                ));
            }
            Answer::FromCall => {
                attachment.phase = Phase::Creating { by: actor, operation: self.operation };
                ensure = Some(Mode::Called);
            }
        }
        if !self.place.is_shared() && !entries.is_empty() {
            return Err(Error::internal(format!(
                "driver {kind} publishes entries on a network of local scope, which has no tables"
            )));
        }
        Ok(Decided { attachment, entries, claims: plan.claims, ensure })
    }

    /// Everything in one commit; then the host.
    async fn in_one_store(&self) -> Result<Outcome> {
        let site = &self.place.local.site;
        let drafts = Drafts::new(self.place, self.taken);
        let decided = self.decide(&drafts).await?;
        let turn = site.queues.turn(drafts.local.queues()).await;
        let mut tx = Transaction::new();
        tx.unchanged(&self.network)?;
        self.attach(decided.attachment, &mut tx)?;
        tx.replace(&self.sandbox, &with_inside(&self.sandbox, self.endpoint.id, true))?;
        if decided.ensure.is_some() {
            let told = serde_json::Value::Null;
            let note = realized(site, &self.network.record.driver, told);
            tx.create(&RealizedKey(self.object()), &note)?;
        }
        Assembly::new(&site.replica.read(), self.operation).take(&drafts.local, &mut tx)?;
        let made = site.making.begin(self.object());
        if let Err(error) = site.commit(tx).await {
            if error.kind() != ErrorKind::Unknown {
                made.done();
            }
            return Err(error);
        }
        drop((drafts, turn));
        let outcome = match decided.ensure {
            Some(_) => make(self.place, self.endpoint.id, self.sandbox.id).await?,
            None => Outcome::Joined,
        };
        let outcome = become_way_out(self.place, self.endpoint.id, self.sandbox.id, outcome).await?;
        made.done();
        Ok(outcome)
    }

    /// The intent with what is of this host; the commit that decides; the host; the end of the intent.
    async fn in_two_stores(&self) -> Result<Outcome> {
        let (key, sandbox) = (self.endpoint.id, self.sandbox.id);
        let made = self.place.local.site.making.begin(self.object());
        if let Err(error) = here::enter(self.place, &self.network).await {
            made.done();
            return Err(not_again(error));
        }
        let drafts = Drafts::new(self.place, self.taken);
        let decided = match self.intend(&drafts).await {
            Ok(decided) => decided,
            Err(error) => {
                if error.kind() != ErrorKind::Unknown {
                    made.done();
                    here::exit(self.place, key.network).await.map_err(not_again)?;
                }
                return Err(error);
            }
        };
        if let Err(error) = self.publish(&drafts, decided).await {
            if error.kind() != ErrorKind::Unknown {
                withdraw(self.place, key, sandbox).await?;
                made.done();
                here::exit(self.place, key.network).await.map_err(not_again)?;
            }
            return Err(error);
        }
        drop(drafts);
        let outcome = make(self.place, key, sandbox).await?;
        let outcome = become_way_out(self.place, key, sandbox, outcome).await?;
        made.done();
        if let Outcome::Undone(..) = &outcome {
            here::exit(self.place, key.network).await.map_err(not_again)?;
        }
        Ok(outcome)
    }

    async fn intend(&self, drafts: &Drafts) -> Result<Decided> {
        let site = &self.place.local.site;
        let decided = self.decide(drafts).await?;
        let _turn = site.queues.turn(drafts.local.queues()).await;
        let mut tx = Transaction::new();
        tx.unchanged(&self.sandbox)?;
        let intent = Intent {
            claims: decided.claims.clone(),
            ..intent(self.place, self.object(), IntentAction::Make)
        };
        tx.create(&self.operation, &intent)?;
        self.note(Object::Endpoint(self.endpoint.id.network, self.endpoint.id.endpoint), &mut tx)?;
        self.note(self.object(), &mut tx)?;
        Assembly::new(&site.replica.read(), self.operation).take(&drafts.local, &mut tx)?;
        site.commit(tx).await?;
        Ok(decided)
    }

    /// Adds what is written before this host makes something.
    fn note(&self, on: Object, tx: &mut Transaction<Any>) -> Result<()> {
        let note: Realized = here::noted(self.place, &self.network);
        match self.place.local.site.replica.read().tables.realized.get(&RealizedKey(on)) {
            Some(read) => tx.replace(read, &Realized { notes: read.record.notes.clone(), ..note })?,
            None => tx.create(&RealizedKey(on), &note)?,
        }
        Ok(())
    }

    async fn publish(&self, drafts: &Drafts, decided: Decided) -> Result<()> {
        let site = &self.place.of.site;
        let mut tx = Transaction::new();
        tx.unchanged(&self.network)?;
        self.attach(decided.attachment, &mut tx)?;
        {
            let state = site.replica.read();
            if let Some(of) = &drafts.of {
                Assembly::new(&state, self.operation).take(of, &mut tx)?;
            }
            for TableEntry { table, key, value } in decided.entries {
                let id = PublishedEntryKey { network: self.network.id, table, key };
                if let Some(found) = state.tables.published.get(&id) {
                    return Err(Error::new(
                        ErrorKind::InUse,
                        format!("entry {}/{} is published by {}", id.table, id.key, found.record.owner),
                    ));
                }
                let entry = PublishedEntry { owner: Owner::from(self.object()), by: site.actor, value };
                tx.create(&id, &entry)?;
            }
        }
        site.commit(tx).await?;
        Ok(())
    }

    fn attach(&self, attachment: Attachment, tx: &mut Transaction<Any>) -> Result<()> {
        let next = Endpoint { attachment: Some(Box::new(attachment)), ..self.endpoint.record.clone() };
        tx.replace(&self.endpoint, &next)?;
        Ok(())
    }
}
