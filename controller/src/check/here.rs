//! I7 and I9: what this host has, and why.

use netkeep_model::{
    Endpoint, EndpointKey, Intent, IntentAction, Object, OperationId, Realized, Sandbox, Scope, WayOut,
};
use netkeep_store::datastore::{Record, Versioned};

use super::Invariant::{I7, I9};
use super::findings::{Beside, Findings};
use super::liveness::Seen;
use super::mend::Mend;
use crate::repair::{Condition, RepairOperation};

/// Attachments agree with the sandboxes of this host, and it has nothing without a reason.
pub(super) fn check(findings: &mut Findings<'_>) {
    attachments(findings);
    // Sandboxes, notes and intents are in the store of their host.
    if findings.state.scope() == Scope::Local {
        sandboxes(findings);
        ways_out(findings);
        notes(findings);
        intents(findings);
    }
}

fn attachments(findings: &mut Findings<'_>) {
    let Some(here) = findings.here() else { return };
    let (scope, mut left) = (here.scope(), Vec::new());
    for read in findings.state.tables.endpoints.values() {
        let Some(attachment) = &read.record.attachment else { continue };
        let sandbox = here.tables.sandboxes.get(&attachment.sandbox);
        let listed = sandbox.is_some_and(|sandbox| {
            let mut inside = sandbox.record.endpoints.iter();
            inside.any(|found| found.network == read.id.network && found.endpoint == read.id.endpoint)
        });
        let unreadable = here.tables.is_unreadable::<Sandbox>(&attachment.sandbox);
        if attachment.host.host == findings.alive.host && !listed && !unreadable {
            left.push((read, attachment.sandbox, sandbox));
        }
    }
    for (read, id, sandbox) in left {
        if let Some(intent) = findings.intent_on(read.id.network, read.id.endpoint) {
            let what = format!("its join or leave, operation {}, is under way", intent.id);
            findings.wait::<Endpoint>(&read.id, what);
            continue;
        }
        let revision = sandbox.map(Versioned::revision);
        let mend = Mend::by("detach it", |tx| {
            tx.replace(read, &Endpoint { attachment: None, ..read.record.clone() })?;
            if scope != findings.state.scope() {
                return Ok(vec![Condition { scope, key: Sandbox::key(&id)?, revision }]);
            }
            match sandbox {
                Some(sandbox) => tx.unchanged(sandbox)?,
                None => tx.absent::<Sandbox>(&id)?,
            }
            Ok(Vec::new())
        });
        let found = format!("it is attached to sandbox {id}, which does not have it");
        findings.note::<Endpoint>(I7, &read.id, found, mend);
    }
}

fn sandboxes(findings: &mut Findings<'_>) {
    for read in findings.state.tables.sandboxes.values() {
        let mut stray = Vec::new();
        for inside in &read.record.endpoints {
            let id = EndpointKey { network: inside.network, endpoint: inside.endpoint };
            let found = findings.found(&id);
            let attached = found.and_then(|(found, _)| found.record.attachment.as_ref());
            if attached.is_some_and(|attachment| attachment.sandbox == read.id) {
                continue;
            }
            let unknown = found.is_none() && findings.endpoint(id.network, id.endpoint) != Seen::Gone;
            if unknown || findings.intent_on(id.network, id.endpoint).is_some() {
                let what = format!("whether endpoint {} is attached to it cannot be told now", id.endpoint);
                findings.wait::<Sandbox>(&read.id, what);
            } else {
                stray.push(*inside);
            }
        }
        for inside in &stray {
            let mend = Mend::by("take the endpoint out", |tx| {
                let mut sandbox = read.record.clone();
                sandbox.endpoints.retain(|held| !stray.contains(held));
                tx.replace(read, &sandbox)?;
                let mut elsewhere = Vec::new();
                for inside in &stray {
                    let object = Object::Endpoint(inside.network, inside.endpoint);
                    elsewhere.extend(findings.because_gone(&object, tx)?);
                }
                Ok(elsewhere)
            });
            let found = format!("it has endpoint {}, which is not attached to it", inside.endpoint);
            findings.note::<Sandbox>(I7, &read.id, found, mend);
        }
    }
}

/// What is published of a sandbox is published by endpoints that are in it.
fn ways_out(findings: &mut Findings<'_>) {
    for read in findings.state.tables.ways_out.values() {
        let WayOut { now, before } = &read.record;
        for way in std::iter::once(now).chain(before) {
            let join = way.join(read.id);
            match findings.object(&join) {
                Seen::There => {}
                Seen::Unknown => {
                    findings.wait::<WayOut>(&read.id, format!("whether {join} is there cannot be told now"));
                }
                Seen::Gone => {
                    let mend = Mend::by("remove what is published by it", |tx| {
                        if way == now {
                            tx.delete(read)?;
                        } else {
                            tx.replace(read, &WayOut { before: None, ..read.record.clone() })?;
                        }
                        findings.because_gone(&join, tx)
                    });
                    let found = format!("{join}, which is its way out, is gone");
                    findings.note::<WayOut>(I7, &read.id, found, mend);
                }
            }
        }
        if before.is_some() {
            findings.wait::<WayOut>(&read.id, "the way out is moving".to_owned());
        }
    }
}

fn notes(findings: &mut Findings<'_>) {
    for read in findings.state.tables.realized.values() {
        let object = read.id.0;
        // What this host has made of an endpoint stays as long as the endpoint, whoever made the note.
        let seen = match object {
            Object::Join(network, endpoint, _) => findings.endpoint(network, endpoint),
            _ => findings.object(&object),
        };
        match seen {
            Seen::There => {}
            Seen::Unknown => {
                findings.wait::<Realized>(&read.id, format!("whether {object} is there cannot be told now"));
            }
            Seen::Gone => {
                let found = format!("{object}, which this host was told to make, is gone");
                let mend = match Realized::key(&read.id) {
                    Ok(key) => {
                        let down = RepairOperation::TakeDown { key, revision: read.revision().get() };
                        Mend::work("have its driver take it down", down, |tx| {
                            findings.because_gone(&object, tx)
                        })
                    }
                    Err(error) => Mend::by_hand(error.to_string()),
                };
                findings.note::<Realized>(I9, &read.id, found, mend);
            }
        }
    }
}

fn intents(findings: &mut Findings<'_>) {
    for read in findings.state.tables.intents.values() {
        let by = read.record.by;
        if by == findings.alive {
            findings
                .wait::<Intent>(&read.id, format!("the operation on {} is under way", read.record.object));
            continue;
        }
        if matches!(findings.beside, Beside::Unknown) {
            let what = "what became of it cannot be told while the global store cannot be had".to_owned();
            findings.wait::<Intent>(&read.id, what);
            continue;
        }
        let found = format!("its operation was begun by {by}, which is over");
        let mend = judge(findings, read);
        findings.note::<Intent>(I9, &read.id, found, mend);
    }
}

/// An intent of an earlier run whose operation was not decided, or is at its end, goes; what it has claimed has no
/// owner then.
fn judge(findings: &Findings<'_>, read: &Versioned<Intent>) -> Mend {
    let object = read.record.object;
    let endpoint = object.endpoint().map(|endpoint| EndpointKey { network: object.network(), endpoint });
    let attached = endpoint.and_then(|id| findings.found(&id)).and_then(|(found, _)| {
        found.record.attachment.as_ref().map(|attachment| (attachment.operation, attachment.sandbox))
    });
    let decided = match read.record.action {
        IntentAction::Make => attached.is_some_and(|(operation, _)| operation == read.id),
        IntentAction::Remove => attached.is_none() && findings.object(&object) == Seen::Gone,
    };
    let noted = findings.state.tables.realized.keys().any(|note| note.0 == object);
    if decided && is_unfinished(findings, read.record.action, attached, endpoint) || (!decided && noted) {
        return Mend::by_hand("restart the daemon, which brings it to its end");
    }
    Mend::by("remove the record of the operation, which is over", |tx| {
        tx.delete(read)?;
        findings.because_gone(&object, tx)
    })
}

/// True if a join was decided and its sandbox does not have the endpoint yet.
fn is_unfinished(
    findings: &Findings<'_>,
    action: IntentAction,
    attached: Option<(OperationId, netkeep_model::SandboxId)>,
    endpoint: Option<EndpointKey>,
) -> bool {
    let (IntentAction::Make, Some((_, sandbox)), Some(id)) = (action, attached, endpoint) else {
        return false;
    };
    let sandbox = findings.state.tables.sandboxes.get(&sandbox);
    sandbox.is_none_or(|sandbox| {
        let mut inside = sandbox.record.endpoints.iter();
        !inside.any(|held| held.network == id.network && held.endpoint == id.endpoint)
    })
}
