//! The check of both stores.

use std::sync::Arc;
use std::time::Duration;

use netkeep_model::{HostRef, Scope};
use netkeep_store::{Identity, Prefix, Store, WatchItem};

use super::findings::{Beside, Findings};
use super::{
    CheckReport, GlobalCheck, UnderWay, Violation, evicted, here, holdings, names, objects, owners, pools,
};
use crate::repair::{Draft, group};
use crate::replica::State;
use crate::sides::Sides;
use crate::{Error, Result};

/// How long what looks wrong is left alone before it is looked at once more.
const BETWEEN: Duration = Duration::from_millis(50);

/// A store as it was at one revision.
struct Look {
    identity: Identity,
    revision: u64,
    records: usize,
    state: State,
}

/// What one look at a store has found.
struct Found {
    identity: Identity,
    revision: u64,
    records: usize,
    found: Vec<(Violation, Option<Draft>)>,
    under_way: Vec<UnderWay>,
}

/// Looks for what must not be in both stores. What is wrong only in passing, since an operation is in its middle or
/// the two stores were not read at one instant, is not wrong: whatever is found is looked at twice.
pub(crate) async fn check(sides: &Sides) -> Result<CheckReport> {
    let (local, global) = look(sides).await?;
    let is_clean = |found: &Found| found.found.is_empty();
    if is_clean(&local) && global.as_ref().is_none_or(|global| global.as_ref().is_ok_and(is_clean)) {
        return Ok(report(Scope::Local, local, global));
    }
    tokio::time::sleep(BETWEEN).await;
    let (mut again, mut shared) = look(sides).await?;
    again.keep_if_in(&local);
    if let (Some(Ok(shared)), Some(Ok(global))) = (&mut shared, &global) {
        shared.keep_if_in(global);
    }
    Ok(report(Scope::Local, again, shared))
}

async fn look(sides: &Sides) -> Result<(Found, Option<Result<Found, Error>>)> {
    let alive = sides.local.site.actor;
    let local = read(sides.local.site.store(), Scope::Local).await?;
    let global = match &sides.global {
        None => None,
        Some(side) => Some(match side.open() {
            Ok(inner) => {
                let looked = read(inner.site.store(), Scope::Global).await;
                looked.map(|looked| (looked, inner.site.actor))
            }
            Err(error) => Err(error),
        }),
    };
    let beside = match &global {
        None => Beside::Nothing,
        Some(Ok((global, _))) => Beside::Known(&global.state),
        Some(Err(_)) => Beside::Unknown,
    };
    let here = found(&local, beside, alive);
    let there = match &global {
        None => None,
        Some(Ok((global, alive))) => Some(Ok(found(global, Beside::Known(&local.state), *alive))),
        Some(Err(error)) => Some(Err(Error::new(error.kind(), error.to_string()))),
    };
    Ok((here, there))
}

async fn read(store: &Arc<dyn Store>, scope: Scope) -> Result<Look> {
    let identity = store.status().await?.identity;
    let snapshot = store.list(&Prefix::root()).await?;
    let (revision, records) = (snapshot.revision.get(), snapshot.entries.len());
    let mut state = State::of(scope);
    state.deliver(&WatchItem::Reset(snapshot));
    Ok(Look { identity, revision, records, state })
}

fn found(look: &Look, beside: Beside<'_>, alive: HostRef) -> Found {
    let mut findings = Findings::new(&look.state, beside, alive);
    owners::check(&mut findings);
    evicted::check(&mut findings);
    pools::check(&mut findings);
    holdings::check(&mut findings);
    names::check(&mut findings);
    objects::check(&mut findings);
    here::check(&mut findings);
    for unreadable in look.state.tables.unreadable.values() {
        let violation = Violation {
            invariant: super::Invariant::I8,
            key: unreadable.key.to_string(),
            found: unreadable.reason.clone(),
            mend: "restore the record from a backup, or take it out with `netkeep quarantine take`"
                .to_owned(),
        };
        findings.found.push((violation, None));
    }
    findings.found.sort_by(|(a, _), (b, _)| a.cmp(b));
    findings.under_way.sort();
    findings.under_way.dedup();
    let Findings { found, under_way, .. } = findings;
    Found {
        identity: look.identity.clone(),
        revision: look.revision,
        records: look.records,
        found,
        under_way,
    }
}

impl Found {
    /// Forgets what an earlier look has not found.
    fn keep_if_in(&mut self, earlier: &Self) {
        let before: std::collections::BTreeSet<_> =
            earlier.found.iter().map(|(found, _)| (found.invariant, &found.key, &found.found)).collect();
        self.found.retain(|(found, _)| before.contains(&(found.invariant, &found.key, &found.found)));
    }
}

fn report(scope: Scope, found: Found, global: Option<Result<Found, Error>>) -> CheckReport {
    let (violations, repairs) = group(scope, found.found);
    CheckReport {
        scope,
        identity: found.identity,
        revision: found.revision,
        records: found.records,
        violations,
        under_way: found.under_way,
        repairs,
        global: global.map(|global| match global {
            Ok(global) => GlobalCheck::Checked(Box::new(report(Scope::Global, global, None))),
            Err(error) => GlobalCheck::NotChecked(error.to_string()),
        }),
    }
}
