//! Calls about names and addresses, and what evictions make of them.

use std::collections::BTreeSet;
use std::time::Duration;

use netkeep_model::{HostId, HostRef, Id, Incarnation};

use crate::history::{Objects, Operation};
use crate::holding::Holding;

/// A call, as its caller saw it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The host whose daemon was asked, and asked again until it was known what was done.
    pub(crate) host: HostId,
    pub(crate) begun: Duration,
    pub(crate) ended: Duration,
    /// The names and addresses that it was about, those that are known.
    pub(crate) objects: Vec<String>,
    /// What was answered; `None` if that says nothing of them.
    pub(crate) answer: Option<Holding>,
    /// What an attempt may have done besides whose answer was lost, or said something else; by a run that is not known.
    pub(crate) besides: Option<Besides>,
}

/// What an attempt may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Besides {
    /// Made this. By a run that was not evicted it would have been found again.
    Made(Id),
    /// Let this one join this sandbox. `true`: also by the run that has answered.
    Joined(Id, Id, bool),
    /// Let this one leave this sandbox; if none is named, whichever it was in.
    Left(Id, Option<Id>),
    /// Let all leave this sandbox.
    Emptied(Id),
}

/// An eviction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Eviction {
    pub(crate) begun: Duration,
    /// When it was said that everything is released.
    pub(crate) ended: Duration,
    /// The last run that was evicted.
    pub(crate) through: HostRef,
}

impl Eviction {
    fn meets(&self, call: &Call) -> bool {
        self.begun <= call.ended && call.begun <= self.ended
    }
}

/// What happened to each name and address.
pub(crate) fn histories(calls: &[Call], evictions: &[Eviction]) -> Objects<Holding> {
    let mut objects = Objects::new();
    for call in calls {
        let what = happened(call, evictions);
        for object in &call.objects {
            objects.entry(object.clone()).or_default().extend(what.iter().cloned());
        }
    }
    for history in objects.values_mut() {
        let inside: BTreeSet<Id> =
            history.iter().filter_map(|operation| sandbox(&operation.action)).collect();
        let emptied = calls.iter().filter(
            |call| matches!(call.answer, Some(Holding::Emptied(which, _)) if inside.contains(&which)),
        );
        let emptied: Vec<_> = emptied.flat_map(|call| happened(call, evictions)).collect();
        history.extend(emptied);
        history.extend(evictions.iter().map(|eviction| {
            Operation::answered(eviction.begun, eviction.ended, Holding::Evicted(eviction.through))
        }));
    }
    objects
}

fn sandbox(action: &Holding) -> Option<Id> {
    match action {
        Holding::Joined(_, sandbox, _) => Some(*sandbox),
        _ => None,
    }
}

fn happened(call: &Call, evictions: &[Eviction]) -> Vec<Operation<Holding>> {
    let Call { host, begun, ended, .. } = *call;
    let met = |eviction: &&Eviction| eviction.meets(call);
    let mut happened = Vec::new();
    let answered_by = match &call.answer {
        Some(Holding::Given(_, Some(run)) | Holding::Joined(_, _, run)) => Some(run.incarnation),
        _ => None,
    };
    // What a run did that was evicted meanwhile, it did before the end of that.
    let of_host = evictions.iter().filter(|eviction| eviction.through.host == host);
    let earlier = of_host
        .clone()
        .filter(met)
        .filter(|eviction| answered_by.is_none_or(|answered_by| eviction.through.incarnation < answered_by));
    for eviction in earlier {
        let ended = ended.min(eviction.ended);
        let done = match call.besides {
            Some(Besides::Made(id)) => Holding::Given(id, Some(eviction.through)),
            Some(Besides::Joined(id, sandbox, _)) => Holding::Joined(id, sandbox, eviction.through),
            _ => continue,
        };
        happened.push(Operation::perhaps(begun, ended, done));
    }
    match call.besides {
        Some(Besides::Joined(id, sandbox, true)) => {
            // The run is the one that answers, or one that is evicted with it.
            let next = of_host
                .filter(|eviction| eviction.begun > ended)
                .map(|eviction| eviction.through.incarnation);
            let incarnation = answered_by.or(next.min()).unwrap_or(Incarnation::new(u64::MAX));
            let run = HostRef { host, incarnation };
            happened.push(Operation::perhaps(begun, ended, Holding::Joined(id, sandbox, run)));
        }
        Some(Besides::Left(id, sandbox)) => {
            happened.push(Operation::perhaps(begun, ended, Holding::Left(id, sandbox, Some(true))));
        }
        Some(Besides::Emptied(sandbox)) => {
            happened.push(Operation::perhaps(begun, ended, Holding::Emptied(sandbox, true)));
        }
        _ => {}
    }
    // What an eviction takes away at the same time, its caller may be told to have taken away.
    let both = evictions.iter().any(|eviction| eviction.meets(call));
    let answer = call.answer.clone().map(|answer| match answer {
        Holding::Freed(id, Some(true)) if both => Holding::Freed(id, None),
        Holding::Forced(id, Some(true)) if both => Holding::Forced(id, None),
        Holding::Left(id, sandbox, Some(true)) if both => Holding::Left(id, sandbox, None),
        answer => answer,
    });
    happened.extend(answer.map(|answer| Operation::answered(begun, ended, answer)));
    happened
}
