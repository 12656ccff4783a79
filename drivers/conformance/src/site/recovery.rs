//! After a start.

use netkeep_drivers::{DriverRecovery, HostState, Remains, TableEvent};
use netkeep_model::{NetworkId, Object, Phase, Scope, TableEntry};

use super::{JoinPhase, Site};

impl Site {
    /// What a controller does after a start: finishes or undoes what was in between, lets the driver compare,
    /// removes the notes of what is gone, and tells the driver all table entries.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// What the driver says.
    ///
    /// # Panics
    ///
    /// If the report of the driver is not possible.
    pub async fn recover(&mut self) -> netkeep_drivers::Result<DriverRecovery> {
        self.settle().await;
        let (wanted, noted) = (self.wanted(), self.unwanted());
        self.compare(wanted, noted).await
    }

    /// The second half of [`recover`](Site::recover), with these things wanted and noted.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// What the driver says.
    ///
    /// # Panics
    ///
    /// If the report of the driver is not possible.
    pub async fn compare(
        &mut self,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> netkeep_drivers::Result<DriverRecovery> {
        let all = objects(&wanted);
        let done = self.driver.recover(&self.notes(), wanted, noted).await?;
        for what in &done.removed {
            assert!(
                !all.contains(what),
                "D-RECOVER-2: {what} is wanted, and the driver reports it as removed"
            );
            self.commit(format!("end of the notes on {what}"), || self.forget_here(*what)).await;
        }
        let here = self.local().here.clone();
        for network in here {
            self.tell(network, TableEvent::Reset(self.entries(network))).await?;
        }
        Ok(done)
    }

    /// Finishes or undoes what an earlier process has left in between.
    async fn settle(&mut self) {
        let joins: Vec<_> = self.local().joins.iter().map(|(on, join)| (*on, join.phase)).collect();
        for (on, phase) in joins {
            match (phase, self.is_attached(&on)) {
                (JoinPhase::Ready, _) => {}
                (JoinPhase::Intent, false) => {
                    self.commit(format!("end of {on}"), || self.forget(on)).await;
                }
                (JoinPhase::Intent, true) if !self.is_called() => {
                    let ready = JoinPhase::Ready;
                    self.commit(format!("end of the intent of {on}"), || self.set_join_phase(&on, ready))
                        .await;
                }
                (JoinPhase::Intent | JoinPhase::Creating | JoinPhase::Deleting, _) => {
                    // What cannot be taken down now is on its way out still, and is tried again.
                    let _ = self.take_down(on).await;
                }
            }
        }
        for (on, phase) in self.phases() {
            if phase.actor().is_some_and(|actor| actor.host == self.host.host) {
                let _ = self.take_down(on).await;
            }
        }
    }

    /// The endpoints, then the networks, that are not whole.
    fn phases(&self) -> Vec<(Object, Phase)> {
        let store = self.store();
        let endpoints = store
            .endpoints
            .iter()
            .map(|((network, endpoint), found)| (Object::Endpoint(*network, *endpoint), found.phase));
        let networks = store.networks.iter().map(|(network, found)| (Object::Network(*network), found.phase));
        endpoints.chain(networks).filter(|(_, phase)| !phase.is_ready()).collect()
    }

    /// What the driver shall have on this host.
    pub fn wanted(&self) -> HostState {
        let (networks, endpoints) = {
            let here = self.local().here.clone();
            let store = self.store();
            let used = |id: &NetworkId| self.scope == Scope::Local || here.contains(id);
            let networks = store.networks.iter().filter(|(id, found)| found.phase.is_ready() && used(id));
            let networks: Vec<_> = networks.map(|(id, _)| *id).collect();
            let endpoints = store.endpoints.iter().filter(|((network, _), found)| {
                found.phase.is_ready() && found.owner.host == self.host.host && networks.contains(network)
            });
            let endpoints: Vec<_> = endpoints.map(|(id, _)| *id).collect();
            (networks, endpoints)
        };
        let joins = self.local().joins.clone();
        let joins = joins.iter().filter(|(_, join)| join.phase == JoinPhase::Ready).map(|(on, _)| *on);
        HostState {
            networks: networks.iter().map(|id| self.network_state(*id)).collect(),
            endpoints: endpoints.iter().map(|(network, id)| self.endpoint_state(*network, *id)).collect(),
            joins: joins.map(|on| self.join_state(&on)).collect(),
        }
    }

    /// What this host has noted and nothing wants any more.
    pub fn unwanted(&self) -> Vec<Remains> {
        let wanted = objects(&self.wanted());
        let noted: Vec<Object> = self.local().notes.keys().copied().collect();
        noted.into_iter().filter(|on| !wanted.contains(on)).map(|on| self.remains(on)).collect()
    }

    /// Lets the driver hear of table entries of a network, if it has a table there.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// What the driver says.
    pub async fn tell(&self, network: NetworkId, event: TableEvent) -> netkeep_drivers::Result<()> {
        let subscribed = self.store().networks.get(&network).is_some_and(|found| !found.tables.is_empty());
        match self.driver.tables().filter(|_| subscribed) {
            Some(tables) => tables.on_table(&network, event).await,
            None => Ok(()),
        }
    }

    /// The entries that the joins of all hosts have published on a network.
    pub fn entries(&self, network: NetworkId) -> Vec<TableEntry> {
        let store = self.store();
        let of = store.entries.iter().filter(|((of, _, _), _)| *of == network);
        of.map(|((_, table, key), (_, value))| TableEntry {
            table: table.clone(),
            key: key.clone(),
            value: value.clone(),
        })
        .collect()
    }

    /// Every record goes, as after an eviction of this host, and so does every claim; the notes stay.
    pub fn forget_all(&self) {
        self.local().clear();
        self.global().clear();
    }
}

fn objects(state: &HostState) -> Vec<Object> {
    let networks = state.networks.iter().map(netkeep_drivers::NetworkState::object);
    let endpoints = state.endpoints.iter().map(netkeep_drivers::EndpointState::object);
    let joins = state.joins.iter().map(netkeep_drivers::JoinState::object);
    networks.chain(endpoints).chain(joins).collect()
}
