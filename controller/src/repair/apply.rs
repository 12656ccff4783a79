//! Doing what a plan says.

use std::collections::BTreeMap;
use std::sync::Arc;

use netkeep_model::{Alive, Gone, Host, Mark, RecordKind, Scope, StoreClient, ThisHost};
use netkeep_store::datastore::{Envelope, Record};
use netkeep_store::{Guard, Key, Prefix, Revision, Txn, Write};

use super::{Condition, Repair, RepairOperation, RepairOutcome, RepairPlan, RepairReport, StorePlan, work};
use crate::controller::Inner;
use crate::sides::Sides;
use crate::{Error, ErrorKind, Result};

/// What no plan writes: who is who, and who lives.
const NOT_REPAIRED: [&str; 6] =
    [ThisHost::KIND, StoreClient::KIND, Host::KIND, Alive::KIND, Gone::KIND, Mark::KIND];

/// The stores that a plan is about, each with what stood under every key when the plan was read.
struct Stores {
    sides: BTreeMap<Scope, (Arc<Inner>, BTreeMap<Key, Revision>)>,
}

/// Says what a plan would do, or does it: every repair wholly or not at all, in order, up to the first that fails.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for a plan that no check has made; [`ErrorKind::Unavailable`] if a store cannot be had;
/// [`ErrorKind::Forbidden`] if it is another one; [`ErrorKind::Conflict`] names the record that has changed since,
/// and nothing was done.
pub(crate) async fn repair(sides: &Sides, plan: &RepairPlan, apply: bool) -> Result<RepairReport> {
    if plan.version != RepairPlan::VERSION {
        return Err(Error::invalid(format!(
            "version: the plan has version {}; this daemon takes version {}",
            plan.version,
            RepairPlan::VERSION
        )));
    }
    let stores = Stores::open(sides, plan).await?;
    let mut report = RepairReport { applied: apply, repairs: Vec::new() };
    for store in &plan.stores {
        for repair in &store.repairs {
            check_allowed(store.scope, repair)?;
            let moved = stores.moved(store.scope, repair);
            if let (true, Some(moved)) = (apply, &moved) {
                let message = format!("nothing was done: {moved}; check again, and make a new plan");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            report.repairs.push(RepairOutcome {
                scope: store.scope,
                mends: repair.mends.clone(),
                does: repair.operations.iter().map(told).collect(),
                refused: moved,
            });
        }
    }
    if apply {
        let mut outcomes = report.repairs.iter_mut();
        let mut failed = false;
        for store in &plan.stores {
            for repair in &store.repairs {
                let Some(outcome) = outcomes.next() else { break };
                if failed {
                    outcome.refused = Some("not tried: one before it failed".to_owned());
                } else if let Err(error) = stores.apply(store.scope, repair).await {
                    tracing::warn!(scope = %store.scope, %error, "a repair was refused");
                    outcome.refused = Some(error.to_string());
                    failed = true;
                } else {
                    tracing::info!(scope = %store.scope, mends = ?outcome.mends, "repaired");
                }
            }
        }
    }
    Ok(report)
}

impl Stores {
    async fn open(sides: &Sides, plan: &RepairPlan) -> Result<Self> {
        let mut opened = Self { sides: BTreeMap::new() };
        for store in &plan.stores {
            if opened.sides.contains_key(&store.scope) {
                return Err(Error::invalid(format!("stores: the {} store stands in it twice", store.scope)));
            }
            let inner = opened.add(sides, store.scope).await?;
            check_identity(&inner, store).await?;
            for condition in store.repairs.iter().flat_map(|repair| &repair.conditions) {
                opened.add(sides, condition.scope).await?;
            }
        }
        Ok(opened)
    }

    async fn add(&mut self, sides: &Sides, scope: Scope) -> Result<Arc<Inner>> {
        if let Some((inner, _)) = self.sides.get(&scope) {
            return Ok(Arc::clone(inner));
        }
        let inner = match (scope, &sides.global) {
            (Scope::Local, _) => Arc::clone(&sides.local),
            (Scope::Global, Some(side)) => side.open()?,
            (Scope::Global, None) => {
                return Err(Error::invalid(
                    "stores: this host has no global store, and the plan is about one",
                ));
            }
        };
        let snapshot = inner.site.store().list(&Prefix::root()).await?;
        let there = snapshot.entries.into_iter().map(|entry| (entry.key, entry.revision)).collect();
        self.sides.insert(scope, (Arc::clone(&inner), there));
        Ok(inner)
    }

    /// What has changed since the plan was made, in words.
    fn moved(&self, scope: Scope, repair: &Repair) -> Option<String> {
        let rests = repair.conditions.iter().map(|condition| (condition.scope, condition.guard()));
        let changes = repair.operations.iter().map(|operation| (scope, operation.guard()));
        rests.chain(changes).find_map(|(scope, guard)| {
            let there = self.sides.get(&scope).and_then(|(_, there)| there.get(guard.key()).copied());
            (!guard.holds(there)).then(|| changed(scope, &guard, there))
        })
    }

    async fn apply(&self, scope: Scope, repair: &Repair) -> Result<()> {
        for Condition { scope: other, .. } in repair.conditions.iter().filter(|found| found.scope != scope) {
            let (inner, _) = self.side(*other)?;
            for condition in repair.conditions.iter().filter(|found| found.scope == *other) {
                let guard = condition.guard();
                let there = inner.site.store().get(guard.key()).await?.map(|entry| entry.revision);
                if !guard.holds(there) {
                    return Err(Error::new(ErrorKind::Conflict, changed(*other, &guard, there)));
                }
            }
        }
        let (inner, _) = self.side(scope)?;
        let rests = repair.conditions.iter().filter(|condition| condition.scope == scope);
        let mut txn = rests.map(Condition::guard).fold(Txn::new(), Txn::guard);
        for operation in &repair.operations {
            match operation {
                RepairOperation::Put { key, value, .. } => {
                    let bytes = serde_json::to_vec(value)
                        .map_err(|error| Error::invalid(format!("{key}: its value: {error}")))?;
                    let put = Write::Put { key: key.clone(), value: bytes.into(), lease: None };
                    txn = txn.guard(operation.guard()).write(put);
                }
                RepairOperation::Delete { key, .. } => {
                    txn = txn.guard(operation.guard()).delete(key.clone());
                }
                RepairOperation::Finish { .. }
                | RepairOperation::Release { .. }
                | RepairOperation::EvictAgain { .. }
                | RepairOperation::TakeDown { .. } => return work::run(inner, operation, txn.guards()).await,
            }
        }
        inner.site.settle().await?;
        inner.site.commit_txn(&txn).await?;
        Ok(())
    }

    fn side(&self, scope: Scope) -> Result<&(Arc<Inner>, BTreeMap<Key, Revision>)> {
        self.sides.get(&scope).ok_or_else(|| Error::internal("a store of the plan was not opened"))
    }
}

async fn check_identity(inner: &Inner, store: &StorePlan) -> Result<()> {
    let identity = inner.site.store().status().await?.identity;
    if identity == store.identity {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        format!(
            "the plan is for {} store {}, epoch {}, and this one is {}, epoch {}",
            store.scope, store.identity.id, store.identity.epoch, identity.id, identity.epoch
        ),
    ))
}

/// Refuses what no check would plan: a plan may have been written by somebody else.
fn check_allowed(scope: Scope, repair: &Repair) -> Result<()> {
    let odd = |key: &Key, why: &str| Err(Error::invalid(format!("{key}: {why}")));
    let works = repair.operations.iter().filter(|operation| !operation.is_change()).count();
    if let Some(first) = repair.operations.first()
        && works > 0
        && repair.operations.len() > 1
    {
        return odd(first.key(), "an operation of the daemon stands alone in its repair");
    }
    for operation in &repair.operations {
        let key = operation.key();
        let Some(kind) = RecordKind::of_key(key) else {
            return odd(key, "no record has such a key; `netkeep quarantine take` takes it out");
        };
        // To evict once more says nothing new of a host.
        let is_eviction = matches!(operation, RepairOperation::EvictAgain { .. });
        if NOT_REPAIRED.contains(&kind.kind) && !is_eviction {
            return odd(key, "no plan changes who is who");
        }
        let mut twice = repair.operations.iter().filter(|other| other.key() == key);
        if twice.nth(1).is_some() {
            return odd(key, "it is changed twice in one repair");
        }
        if let RepairOperation::Put { value, .. } = operation {
            let envelope: std::result::Result<Envelope, _> = serde_json::from_value(value.clone());
            let is_record = envelope
                .is_ok_and(|envelope| envelope.kind == kind.kind && kind.recode(&envelope.record).is_ok());
            if !is_record {
                return odd(key, "what is to be written there is no record of its kind");
            }
        }
    }
    if repair.operations.is_empty() {
        return Err(Error::invalid(format!("repairs: one of the {scope} store does nothing")));
    }
    Ok(())
}

fn changed(scope: Scope, guard: &Guard, there: Option<Revision>) -> String {
    let saw = match guard {
        Guard::Unchanged(_, revision) => format!("as commit {revision} has left it"),
        Guard::Absent(_) => "absent".to_owned(),
    };
    let is = there.map_or_else(|| "it is gone".to_owned(), |there| format!("commit {there} has written it"));
    format!("the {scope} store has moved on: {} was {saw}, and now {is}", guard.key())
}

/// An operation in words.
fn told(operation: &RepairOperation) -> String {
    match operation {
        RepairOperation::Delete { key, revision } => format!("delete {key} at revision {revision}"),
        RepairOperation::Put { key, revision: Some(revision), .. } => {
            format!("rewrite {key} at revision {revision}")
        }
        RepairOperation::Put { key, revision: None, .. } => format!("write {key}, which is absent"),
        RepairOperation::Finish { key, revision } => format!("finish or undo {key} at revision {revision}"),
        RepairOperation::Release { key, revision } => format!("release {key} at revision {revision}"),
        RepairOperation::EvictAgain { key, revision } => {
            format!("release what {key} was evicted with, at revision {revision}")
        }
        RepairOperation::TakeDown { key, revision } => {
            format!("take down what {key} notes, at revision {revision}")
        }
    }
}
