//! What one task makes, keeps and deletes.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_model::{EndpointId, Id, NetworkId, Scope};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::entry::{EndpointEntry, NetworkEntry, Standing};
use super::{DemoError, DemoOptions, wish};

/// What one task knows: all networks and endpoints that it has asked for, and how far each is.
#[derive(Debug)]
pub(super) struct Share {
    task: u8,
    random: StdRng,
    serial: u32,
    most_endpoints: usize,
    scope: Scope,
    /// How many hosts there are, and the one that the task speaks with.
    hosts: usize,
    home: usize,
    /// The networks that all tasks use.
    shared: Vec<NetworkId>,
    pub(super) networks: BTreeMap<NetworkId, NetworkEntry>,
    pub(super) endpoints: BTreeMap<EndpointId, EndpointEntry>,
    /// What was deleted and acknowledged so.
    pub(super) gone: BTreeSet<Id>,
    /// Answers that make no sense after what went before.
    pub(super) surprises: Vec<String>,
}

/// What a task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    MakeNetwork(NetworkId),
    DeleteNetwork(NetworkId),
    MakeEndpoint(EndpointId),
    DeleteEndpoint(EndpointId),
    Join(EndpointId),
    Leave(EndpointId),
    /// The task's sandbox on a host.
    MakeSandbox(usize),
    DeleteSandbox(usize),
}

impl Share {
    /// How many networks of its own a task has at most.
    const MOST_NETWORKS: u8 = 2;

    pub(super) fn new(task: u8, options: &DemoOptions) -> Self {
        Self {
            task,
            random: StdRng::seed_from_u64(
                options.seed ^ (u64::from(task) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            ),
            serial: 0,
            most_endpoints: options.endpoints_of_a_task(),
            scope: if options.global.is_some() { Scope::Global } else { Scope::Local },
            hosts: options.daemons(),
            home: usize::from(task) % options.daemons(),
            shared: Vec::new(),
            networks: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            gone: BTreeSet::new(),
            surprises: Vec::new(),
        }
    }

    /// Which task's it is.
    pub(super) fn task(&self) -> u8 {
        self.task
    }

    /// Has it speak with the next host from now on.
    pub(super) fn move_on(&mut self) {
        self.home = (self.home + 1) % self.hosts;
    }

    /// The host that a step is done through: that of the sandbox where there is one.
    pub(super) fn host_of(&self, step: Step) -> usize {
        match step {
            Step::Join(id) | Step::Leave(id) => {
                self.endpoints.get(&id).and_then(|entry| entry.joined).unwrap_or(self.home)
            }
            Step::MakeSandbox(host) | Step::DeleteSandbox(host) => host,
            _ => self.home,
        }
    }

    /// The task's sandboxes, to be made.
    pub(super) fn make_sandboxes(&mut self) -> Vec<Step> {
        (0..self.hosts).map(Step::MakeSandbox).collect()
    }

    /// The task's sandboxes, to be deleted.
    pub(super) fn delete_sandboxes(&mut self) -> Vec<Step> {
        (0..self.hosts).map(Step::DeleteSandbox).collect()
    }

    pub(super) fn use_networks(&mut self, shared: &[NetworkId]) {
        self.shared = shared.to_vec();
    }

    /// Asks for a network that all tasks will use.
    pub(super) fn shared_network(&mut self, number: u8) -> Result<Step, DemoError> {
        let (_, ipv6) = wish::pools(u8::MAX, number, self.scope).map_err(defect)?;
        let spec =
            wish::network(&format!("shared-{number}"), None, ipv6, false, self.scope).map_err(defect)?;
        Ok(self.ask_network(NetworkEntry { spec, standing: Standing::Asked, slot: None }))
    }

    /// Chooses what to do next, and notes that it is asked for.
    pub(super) fn next(&mut self) -> Result<Step, DemoError> {
        let full = self.endpoints.len() >= self.most_endpoints;
        let few = usize::from(Self::MOST_NETWORKS) > self.networks.len();
        match self.random.random_range(0..24) {
            0..2 if few => self.make_network(),
            2..4 if !self.networks.is_empty() => self.empty_or_delete_network(),
            4..8 if !self.endpoints.is_empty() => Ok(self.delete_some_endpoint()),
            8..12 if !self.endpoints.is_empty() => Ok(self.move_some_endpoint()),
            _ if full => Ok(self.delete_some_endpoint()),
            _ => self.make_endpoint(),
        }
    }

    fn make_network(&mut self) -> Result<Step, DemoError> {
        let taken: BTreeSet<_> = self.networks.values().filter_map(|network| network.slot).collect();
        let slot = (0..Self::MOST_NETWORKS).find(|slot| !taken.contains(slot));
        let (ipv4, ipv6) = wish::pools(self.task, slot.unwrap_or(0), self.scope).map_err(defect)?;
        let spec = wish::network(&self.name(), Some(ipv4), ipv6, true, self.scope).map_err(defect)?;
        Ok(self.ask_network(NetworkEntry { spec, standing: Standing::Asked, slot }))
    }

    fn ask_network(&mut self, entry: NetworkEntry) -> Step {
        let id = entry.spec.request.map_or_else(NetworkId::generate, |request| Id::from(request).into());
        self.networks.insert(id, entry);
        Step::MakeNetwork(id)
    }

    fn make_endpoint(&mut self) -> Result<Step, DemoError> {
        let own = self.networks.keys().copied();
        let homes: Vec<_> = self.shared.iter().copied().chain(own).collect();
        let network = homes[self.random.random_range(0..homes.len())];
        let noted = self.random.random_bool(0.25);
        let spec = wish::endpoint(&self.name(), noted, self.scope).map_err(defect)?;
        let id = spec.request.map_or_else(EndpointId::generate, |request| Id::from(request).into());
        self.endpoints.insert(id, EndpointEntry { network, spec, standing: Standing::Asked, joined: None });
        Ok(Step::MakeEndpoint(id))
    }

    /// Deletes one of the task's own networks, or an endpoint that is still in it.
    fn empty_or_delete_network(&mut self) -> Result<Step, DemoError> {
        let at = self.random.random_range(0..self.networks.len());
        let Some((id, entry)) = self.networks.iter_mut().nth(at) else { return self.make_endpoint() };
        let inside = self.endpoints.iter_mut().find(|(_, endpoint)| endpoint.network == *id);
        match inside {
            Some((endpoint, entry)) => Ok(delete_or_leave(*endpoint, entry)),
            None => {
                entry.standing.leave();
                Ok(Step::DeleteNetwork(*id))
            }
        }
    }

    fn delete_some_endpoint(&mut self) -> Step {
        let at = self.random.random_range(0..self.endpoints.len().max(1));
        match self.endpoints.iter_mut().nth(at) {
            Some((id, entry)) => delete_or_leave(*id, entry),
            // Only if there is none at all, which the callers rule out; asking for nothing is no harm.
            None => Step::DeleteEndpoint(EndpointId::generate()),
        }
    }

    /// Has an endpoint join the task's sandbox, or leave it.
    fn move_some_endpoint(&mut self) -> Step {
        let at = self.random.random_range(0..self.endpoints.len().max(1));
        let home = self.home;
        match self.endpoints.iter_mut().nth(at) {
            Some((id, entry)) if entry.joined.is_none() => {
                entry.standing.shift();
                entry.joined = Some(home);
                Step::Join(*id)
            }
            Some((id, entry)) => delete_or_leave(*id, entry),
            None => Step::DeleteEndpoint(EndpointId::generate()),
        }
    }

    /// Everything whose outcome is unknown, in an order in which it can be repeated.
    pub(super) fn unsettled(&self) -> Vec<Step> {
        let networks = self.networks.iter();
        let made = networks.clone().filter(|(_, network)| network.standing == Standing::Asked);
        let left = networks.filter(|(_, network)| matches!(network.standing, Standing::Leaving(_)));
        let endpoints = self.endpoints.iter().filter_map(|(id, endpoint)| match &endpoint.standing {
            Standing::Asked => Some(Step::MakeEndpoint(*id)),
            Standing::Moving(answer) if answer.endpoint.attachment.is_some() => Some(Step::Leave(*id)),
            Standing::Moving(_) => Some(Step::Join(*id)),
            Standing::Leaving(_) => Some(Step::DeleteEndpoint(*id)),
            Standing::Held(_) => None,
        });
        made.map(|(id, _)| Step::MakeNetwork(*id))
            .chain(endpoints)
            .chain(left.map(|(id, _)| Step::DeleteNetwork(*id)))
            .collect()
    }

    /// How many endpoints are in a sandbox.
    pub(super) fn joined(&self) -> usize {
        self.endpoints.values().filter(|entry| entry.joined.is_some()).count()
    }

    /// Has all endpoints leave their sandboxes.
    pub(super) fn part(&mut self) -> Vec<Step> {
        let joined = self.endpoints.iter_mut().filter(|(_, entry)| entry.joined.is_some());
        joined.map(|(id, entry)| delete_or_leave(*id, entry)).collect()
    }

    /// Asks for the deletion of all endpoints.
    pub(super) fn leave_endpoints(&mut self) -> Vec<Step> {
        self.endpoints.values_mut().for_each(|endpoint| endpoint.standing.leave());
        self.endpoints.keys().copied().map(Step::DeleteEndpoint).collect()
    }

    /// Asks for the deletion of all networks.
    pub(super) fn leave_networks(&mut self) -> Vec<Step> {
        self.networks.values_mut().for_each(|network| network.standing.leave());
        self.networks.keys().copied().map(Step::DeleteNetwork).collect()
    }

    fn name(&mut self) -> String {
        self.serial += 1;
        format!("task-{}-{}", self.task, self.serial)
    }
}

/// Asks for an endpoint to leave its sandbox, or for its deletion if it is in none.
fn delete_or_leave(id: EndpointId, entry: &mut EndpointEntry) -> Step {
    if entry.joined.is_some() {
        entry.standing.shift();
        Step::Leave(id)
    } else {
        entry.standing.leave();
        Step::DeleteEndpoint(id)
    }
}

fn defect(error: netkeep_model::Error) -> DemoError {
    DemoError::Options(format!("a wish of the demo is wrong: {error}"))
}
