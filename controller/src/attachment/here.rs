//! What this host has of a network of global scope: made before its first use here, gone after the last.

use std::collections::BTreeMap;
use std::sync::Arc;

use netkeep_drivers::{Answer, EnsureError, NetworkDriver, Object};
use netkeep_model::{Claim, Network, NetworkId, OperationId, Owner, Realized, RealizedKey, Scope};
use netkeep_store::datastore::{Transaction, Versioned};
use tokio::sync::watch;

use super::drafts::Drafts;
use super::place::Place;
use crate::network::{driver_of, remove};
use crate::operation::{
    Assembly, Attempts, MAX_TAKEN, SiteNotes, Taken, network_queue, queues, realized, release, remove_records,
};
use crate::{Error, ErrorKind, Result};

/// The networks of global scope that are whole on this host: their drivers hear of their tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interest(Arc<watch::Sender<Networks>>);

/// Networks, each with a number that is another one once it was made anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks {
    pub(crate) since: BTreeMap<NetworkId, u64>,
    next: u64,
}

impl Interest {
    /// From now on.
    fn begin(&self, network: NetworkId) {
        self.0.send_if_modified(|networks| {
            let new = !networks.since.contains_key(&network);
            if new {
                networks.begin(network);
            }
            new
        });
    }

    /// From now on, and from the beginning: the driver may have forgotten what it was told.
    pub(super) fn begin_anew(&self, network: NetworkId) {
        self.0.send_modify(|networks| networks.begin(network));
    }

    /// No more.
    fn end(&self, network: NetworkId) {
        self.0.send_if_modified(|networks| networks.since.remove(&network).is_some());
    }

    /// What it is, and when it changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Networks> {
        self.0.subscribe()
    }
}

impl Networks {
    fn begin(&mut self, network: NetworkId) {
        self.next += 1;
        self.since.insert(network, self.next);
    }
}

/// Makes this host ready for the network, unless it is.
///
/// # Errors
///
/// Why the driver does not make it; then nothing is left of it here.
pub(super) async fn enter(place: &Place, network: &Versioned<Network>) -> Result<()> {
    let site = &place.local.site;
    let on = Object::Network(network.id);
    let _turn = site.queues.turn([network_queue(network.id)]).await;
    let driver = place.local.registry.resolve_network(&network.record.driver).await?;
    if site.replica.read().tables.realized.contains_key(&RealizedKey(on)) {
        if site.making.is_left(on) {
            let made = site.making.begin(on);
            if let Err(error) = ensure(place, network, &*driver).await {
                let (_, error) = undo(place, network.id, error).await?;
                made.done();
                return Err(error);
            }
            made.done();
            place.local.interest.begin_anew(network.id);
        }
        place.local.interest.begin(network.id);
        return Ok(());
    }
    let mut attempts = Attempts::default();
    let mut taken: Vec<Taken> = Vec::new();
    loop {
        let made = site.making.begin(on);
        match first_use(place, network, &*driver, &taken).await {
            Ok(()) => {
                made.done();
                place.local.interest.begin(network.id);
                return Ok(());
            }
            Err(First::Failed(error)) => {
                if error.kind() != ErrorKind::Unknown {
                    made.done();
                }
                attempts.again(error).await?;
            }
            Err(First::Refused(refused)) => {
                let (claim, error) = undo(place, network.id, refused).await?;
                made.done();
                match claim {
                    Some(claim) if taken.len() < MAX_TAKEN => {
                        taken.push(Taken { claim, why: error.to_string() });
                    }
                    _ => return Err(error),
                }
            }
        }
    }
}

/// Why a first use did not succeed.
enum First {
    /// Nothing was written.
    Failed(Error),
    /// It was written, and the driver does not make it.
    Refused(EnsureError),
}

impl<E: Into<Error>> From<E> for First {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

async fn first_use(
    place: &Place,
    network: &Versioned<Network>,
    driver: &dyn NetworkDriver,
    taken: &[Taken],
) -> Result<(), First> {
    let site = &place.local.site;
    let kind = &network.record.driver;
    let on = Object::Network(network.id);
    let drafts = Drafts::new(place, taken);
    let state = place.read(|known| known.network_state(network));
    let plan = driver.plan_here(&drafts.view(kind), &state).await.map_err(Error::from)?;
    if plan.answer == Answer::FromCall || plan.records.iter().any(|record| record.scope == Scope::Global) {
        return Err(First::Failed(Error::internal(format!(
            "driver {kind} decides about {on} for more than this host"
        ))));
    }
    drafts.accept(&plan, on, kind)?;
    let turn = site.queues.turn(drafts.local.queues()).await;
    let mut tx = Transaction::new();
    tx.create(&RealizedKey(on), &noted(place, network))?;
    Assembly::new(&site.replica.read(), OperationId::generate()).take(&drafts.local, &mut tx)?;
    site.commit(tx).await?;
    drop((turn, drafts));
    if plan.ensure { ensure(place, network, driver).await.map_err(First::Refused) } else { Ok(()) }
}

/// What is written before this host makes something of a network of global scope.
pub(super) fn noted(place: &Place, network: &Versioned<Network>) -> Realized {
    let told = serde_json::Value::Null;
    Realized { scope: Scope::Global, ..realized(&place.local.site, &network.record.driver, told) }
}

async fn ensure(
    place: &Place,
    network: &Versioned<Network>,
    driver: &dyn NetworkDriver,
) -> Result<(), EnsureError> {
    let notes = SiteNotes { site: &place.local.site, driver: &network.record.driver };
    let state = place.read(|known| known.network_state(network));
    driver.ensure_network(&notes, &state).await.map(drop)
}

/// Undoes a first use that the driver has not made, as its error says; returns what a stranger holds, and the error.
async fn undo(place: &Place, network: NetworkId, error: EnsureError) -> Result<(Option<Claim>, Error)> {
    if let EnsureError::Unknown(_) = &error {
        take_down(place, network).await?;
    }
    forget(place, network).await?;
    Ok(match error {
        EnsureError::Taken(claim, error) => (Some(claim), error.into()),
        EnsureError::Refused(error) | EnsureError::Unknown(error) => (None, error.into()),
    })
}

/// Takes the network off this host if nothing here uses it any more.
///
/// # Errors
///
/// Why it is still there: it is tried again.
pub(super) async fn exit(place: &Place, network: NetworkId) -> Result<()> {
    let site = &place.local.site;
    let on = Object::Network(network);
    let _turn = site.queues.turn([network_queue(network)]).await;
    if site.making.is_used(network) || !is_idle(place, network) {
        return Ok(());
    }
    place.local.interest.end(network);
    let made = site.making.begin(on);
    take_down(place, network).await?;
    forget(place, network).await?;
    made.done();
    Ok(())
}

/// True if something of the network is here, and nothing of an endpoint of it.
pub(super) fn is_idle(place: &Place, network: NetworkId) -> bool {
    let state = place.local.site.replica.read();
    let mut noted = state.tables.realized.values().filter(|read| read.id.0.network() == network);
    let mut intents = state.tables.intents.values();
    noted.clone().any(|read| read.record.scope == Scope::Global)
        && noted.all(|read| read.id.0 == Object::Network(network))
        && intents.all(|read| read.record.object.network() != network)
}

async fn take_down(place: &Place, network: NetworkId) -> Result<()> {
    let on = Object::Network(network);
    let Some(kind) = place.driver_kind(on) else { return Ok(()) };
    let Some(driver) = driver_of(&place.local, &kind).await? else {
        tracing::warn!(%network, driver = %kind, "its driver is not loaded; what it has made stays, noted");
        return Ok(());
    };
    let notes = SiteNotes { site: &place.local.site, driver: &kind };
    remove(&*driver, &notes, place.read(|known| known.remains(&kind, on))).await
}

/// Removes what this host has noted, claimed and recorded of the network.
async fn forget(place: &Place, network: NetworkId) -> Result<()> {
    let site = &place.local.site;
    let owner = Owner::Network { network };
    let mut attempts = Attempts::default();
    loop {
        let names = queues(&site.replica.read(), &owner);
        let _turn = site.queues.turn(names).await;
        let mut tx = Transaction::new();
        {
            let state = site.replica.read();
            release(&state, &owner, &mut tx)?;
            remove_records(&state, &place.local.registry, &Object::Network(network), &mut tx)?;
        }
        if tx.is_empty() {
            return Ok(());
        }
        match site.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}
