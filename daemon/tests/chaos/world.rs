//! What all callers know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netkeep_controller::EndpointInfo;
use netkeep_model::{ContainerId, Id, NetworkId, NetworkName, SandboxId};
use rand::RngExt;
use rand::rngs::SmallRng;
use tokio::time::Instant;

use crate::evictions::{Besides, Call};
use crate::holding::Holding;
use crate::host::Host;

/// What all callers know.
pub(crate) struct World {
    pub(crate) hosts: Arc<Vec<Host>>,
    /// The network that stays, in which all endpoints are.
    pub(crate) network: NetworkId,
    origin: std::time::Instant,
    calls: Mutex<Vec<Call>>,
    /// What was acknowledged and is not being deleted.
    there: Mutex<BTreeMap<Id, Made>>,
    /// The host and the sandbox into which endpoints were seen to go last.
    inside: Mutex<BTreeMap<Id, (usize, SandboxId)>>,
    /// What went wrong.
    wrong: Mutex<Vec<String>>,
    pub(crate) counts: Counts,
    pub(crate) until: Instant,
}

/// How much was done.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) acknowledged: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// Attempts that had to be made again.
    pub(crate) repeated: AtomicU64,
    pub(crate) joined: AtomicU64,
    pub(crate) left: AtomicU64,
}

/// Something that was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) thing: Thing,
    /// Whether somebody deletes it, and lets others do so too.
    pub(crate) shared: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Thing {
    Endpoint(Box<EndpointInfo>),
    Network(NetworkId, NetworkName),
    /// Of this host.
    Sandbox(SandboxId, ContainerId, usize),
}

impl World {
    pub(crate) fn new(hosts: Arc<Vec<Host>>, network: NetworkId, lasting: Duration) -> Self {
        Self {
            hosts,
            network,
            origin: std::time::Instant::now(),
            calls: Mutex::default(),
            there: Mutex::default(),
            inside: Mutex::default(),
            wrong: Mutex::default(),
            counts: Counts::default(),
            until: Instant::now() + lasting,
        }
    }

    /// When the time of the histories begins.
    pub(crate) fn origin(&self) -> std::time::Instant {
        self.origin
    }

    /// Now, in the time of the histories.
    pub(crate) fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Notes a call through a host that began then and has been answered by now.
    pub(crate) fn answered(
        &self,
        host: usize,
        begun: Duration,
        objects: Vec<String>,
        answer: impl Into<Option<Holding>>,
        besides: impl Into<Option<Besides>>,
    ) {
        let (answer, besides) = (answer.into(), besides.into());
        let call = Call { host: self.hosts[host].id(), begun, ended: self.now(), objects, answer, besides };
        self.calls.lock().unwrap().push(call);
    }

    /// Notes that a call was made and has not ended well.
    pub(crate) fn note(&self, wrong: String) {
        self.wrong.lock().unwrap().push(wrong);
    }

    /// Notes that this is there.
    pub(crate) fn made(&self, thing: Thing) {
        self.there.lock().unwrap().insert(thing.id(), Made { thing, shared: false });
    }

    /// Whether this is there, and nobody else deletes it.
    pub(crate) fn stays(&self, id: Id) -> bool {
        self.there.lock().unwrap().get(&id).is_some_and(|made| !made.shared)
    }

    /// Any of those that are wanted.
    pub(crate) fn any(&self, random: &mut SmallRng, wanted: impl Fn(&Thing) -> bool) -> Option<Thing> {
        let there = self.there.lock().unwrap();
        let wanted: Vec<_> = there.values().filter(|made| wanted(&made.thing)).collect();
        let place = random.random_range(0..wanted.len().max(1));
        wanted.get(place).map(|made| made.thing.clone())
    }

    /// Any of those that are wanted, to be deleted. Others do so too if it is `shared`.
    pub(crate) fn take(
        &self,
        random: &mut SmallRng,
        shared: bool,
        wanted: impl Fn(&Thing) -> bool,
    ) -> Option<Made> {
        let id = self.any(random, wanted)?.id();
        let mut there = self.there.lock().unwrap();
        let made = there.get_mut(&id)?;
        made.shared |= shared;
        let made = made.clone();
        if !made.shared {
            there.remove(&id);
        }
        Some(made)
    }

    /// All that is there, to be deleted.
    pub(crate) fn take_all(&self) -> Vec<Made> {
        std::mem::take(&mut *self.there.lock().unwrap()).into_values().collect()
    }

    /// What was to be deleted and stays.
    pub(crate) fn put_back(&self, made: Made) {
        self.there.lock().unwrap().insert(made.thing.id(), made);
    }

    /// What was deleted.
    pub(crate) fn gone(&self, id: Id) {
        self.there.lock().unwrap().remove(&id);
    }

    /// Where an endpoint is, if that is known.
    pub(crate) fn put_inside(&self, endpoint: Id, sandbox: Option<(usize, SandboxId)>) {
        let mut inside = self.inside.lock().unwrap();
        match sandbox {
            Some(sandbox) => drop(inside.insert(endpoint, sandbox)),
            None => drop(inside.remove(&endpoint)),
        }
    }

    /// Any endpoint that is in a sandbox of this host, as far as is known, and that sandbox.
    pub(crate) fn any_inside(&self, random: &mut SmallRng, host: usize) -> Option<(Id, SandboxId)> {
        let inside = self.inside.lock().unwrap();
        let here: Vec<_> = inside.iter().filter(|(_, (of, _))| *of == host).collect();
        here.get(random.random_range(0..here.len().max(1)))
            .map(|(endpoint, (_, sandbox))| (**endpoint, *sandbox))
    }

    /// The endpoint with this id, if it is there.
    pub(crate) fn endpoint(&self, id: Id) -> Option<Box<EndpointInfo>> {
        match self.there.lock().unwrap().get(&id)?.thing.clone() {
            Thing::Endpoint(endpoint) => Some(endpoint),
            Thing::Network(..) | Thing::Sandbox(..) => None,
        }
    }

    /// The names and addresses that calls were about by now.
    pub(crate) fn objects(&self) -> BTreeSet<String> {
        self.calls.lock().unwrap().iter().flat_map(|call| call.objects.iter().cloned()).collect()
    }

    /// All calls by now, and what went wrong.
    pub(crate) fn end(&self) -> (Vec<Call>, Vec<String>) {
        (std::mem::take(&mut *self.calls.lock().unwrap()), std::mem::take(&mut *self.wrong.lock().unwrap()))
    }
}

impl Counts {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Thing {
    /// Its id, which is that of the request that has made it.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Endpoint(made) => made.id.into(),
            Self::Network(id, _) => (*id).into(),
            Self::Sandbox(id, ..) => (*id).into(),
        }
    }

    /// The names and addresses that it holds.
    pub(crate) fn objects(&self) -> Vec<String> {
        match self {
            Self::Endpoint(made) => objects(made),
            Self::Network(_, name) => vec![name.to_string()],
            Self::Sandbox(_, container, _) => vec![container.to_string()],
        }
    }
}

/// The name and the address of an endpoint.
pub(crate) fn objects(endpoint: &EndpointInfo) -> Vec<String> {
    let address = endpoint.endpoint.interfaces[0].ipv4.unwrap().addr();
    vec![endpoint.endpoint.name.to_string(), address.to_string()]
}
