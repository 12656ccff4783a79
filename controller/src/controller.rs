//! The controller.

use std::sync::Arc;
use std::time::Duration;

use netkeep_drivers::registry::DriverRegistry;
use netkeep_model::{Pool, Scope, Space, StoreClient, StoreClientKey};
use netkeep_store::datastore::Records;
use tokio_util::task::TaskTracker;

use crate::attachment::Interest;
use crate::fence::RunFence;
use crate::global::{GlobalSide, Parts};
use crate::metrics::Metrics;
use crate::replica::Replica;
use crate::sides::{For, Place, Sides, Wanted};
use crate::site::Site;
use crate::{
    AddressInfo, AddressRequestSpec, CheckReport, ControllerConfig, ControllerStatus, EndpointInfo,
    EndpointSpec, Error, GlobalState, NetworkInfo, NetworkSpec, Operation, PoolInfo, PoolRequestSpec,
    RecoveryReport, Result, check, endpoint, host, ipam, lookup, network, recovery, status,
};

/// Networks and endpoints that keep.
///
/// Every change is one transaction, or a few of which each leaves a state that recovery can finish or undo.
/// Reads are answered from memory. A handle is cheap to clone.
///
/// Networks of local scope live in the store of this host, those of global scope in the store that all hosts share,
/// if there is one. A name or the beginning of an id that fits a network in each is answered with
/// [`Ambiguous`](crate::ErrorKind::Ambiguous) and both ids. While the global store cannot be had, whatever needs it
/// is answered with [`Unavailable`](crate::ErrorKind::Unavailable) at once, and the rest goes on.
///
/// # Cancellation
///
/// A change that was begun runs to its end in a task of its own, whether or not its caller waits.
#[derive(Clone, Debug)]
pub struct Controller {
    shared: Arc<Shared>,
}

/// What all handles share.
#[derive(Debug)]
struct Shared {
    sides: Sides,
    recovery: RecoveryReport,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
}

/// One of the two stores with what serves the networks in it: what every operation works with.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) site: Site,
    pub(crate) registry: DriverRegistry,
    /// Whose tables the drivers hear of.
    pub(crate) interest: Interest,
}

impl Controller {
    /// Opens a controller: begins a new run of this host, reads the store, and recovers what an earlier run has
    /// left in between. The global store, if there is one, is opened in the background: nothing waits for it.
    ///
    /// Cancel safe: what was recovered by then stays recovered.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) and what else the store of this host answers. A
    /// record that cannot be read is no error: it is quarantined and reported.
    pub async fn open(config: ControllerConfig) -> Result<Self> {
        let ControllerConfig { local, global, registry, snapshot, boot, hosts: hosts_config } = config;
        let known = match global {
            // What cannot be read was said when the store was opened.
            Some(_) => local.read::<StoreClient>(&StoreClientKey).await.ok().flatten(),
            None => None,
        };
        let known = known.and_then(|kept| kept.record.known);
        let boot = boot.map_or_else(host::this_boot, Ok)?;
        let (this_host, before) = host::begin_run(&local, boot.clone()).await?;
        let store = Arc::clone(local.store());
        let replica = Replica::follow(&store, Scope::Local, this_host.record.host).await?;
        let fence = RunFence::new(Arc::clone(&store), registry.local_fence().clone(), &this_host)?;
        let site = Site::new(store, Scope::Local, replica, fence, boot.clone());
        let host = site.actor;
        let local = Arc::new(Inner { site, registry: registry.clone(), interest: Interest::default() });
        let mut recovery = recovery::recover(&local, before.rebooted).await?;
        recovery.quarantined.extend(before.unreadable);
        let global = match global {
            Some(global) => {
                let (hosts, local) = (hosts_config, Arc::clone(&local));
                let parts = Parts { global, registry, host, boot, snapshot, hosts, local };
                Some(GlobalSide::begin(parts, known.as_ref()).await?)
            }
            None => None,
        };
        let sides = Sides { local, global };
        let (metrics, tasks) = (Arc::default(), TaskTracker::new());
        Ok(Self { shared: Arc::new(Shared { sides, recovery, metrics, tasks }) })
    }

    /// What recovery found and did in the store of this host when this controller was opened. What it did in the
    /// global one is in the [status](ControllerStatus::global).
    pub fn recovery(&self) -> RecoveryReport {
        self.shared.recovery.clone()
    }

    /// Waits until networks of global scope are served, for changes too. Waits for ever if there is no global store.
    ///
    /// Cancel safe.
    pub async fn global_opened(&self) {
        match &self.shared.sides.global {
            Some(global) => global.opened().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until the global store is in another state than this one, and returns it. Waits for ever if there is no
    /// global store.
    ///
    /// Cancel safe.
    pub async fn global_turned(&self, from: GlobalState) -> GlobalState {
        match &self.shared.sides.global {
            Some(global) => global.turned(from).await,
            None => std::future::pending().await,
        }
    }

    /// Creates a network: one commit, unless it is too large for one or its driver has to be called. A repeated
    /// request returns the network that it made.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) names the field; [`Exists`](crate::ErrorKind::Exists) if the name
    /// is given, or if the request has made another network, with the field that differs;
    /// [`InUse`](crate::ErrorKind::InUse) for a pool that overlaps another or an address that is given;
    /// [`Exhausted`](crate::ErrorKind::Exhausted); [`Conflict`](crate::ErrorKind::Conflict) after too many
    /// attempts that met others; what the driver and the store answer.
    pub async fn create_network(&self, spec: NetworkSpec) -> Result<NetworkInfo> {
        self.change(Operation::CreateNetwork, Place::NewNetwork(spec.clone()), move |side| {
            let spec = spec.clone();
            async move { network::create(&side, spec).await }
        })
        .await
    }

    /// The network with this name, this id, or this beginning of an id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`Ambiguous`](crate::ErrorKind::Ambiguous) if the beginning of
    /// an id fits several; [`Corrupt`](crate::ErrorKind::Corrupt) if its record cannot be read.
    pub fn network(&self, name_or_id: &str) -> Result<NetworkInfo> {
        let side = self.shared.sides.of_network(name_or_id, For::Reading)?;
        let state = side.site.replica.read();
        let stale = self.shared.sides.stale(&side);
        lookup::network(&state, name_or_id).map(|found| NetworkInfo { stale, ..network::info(found) })
    }

    /// All networks, in the order in which they were made; of global scope those that are known now.
    pub fn networks(&self) -> Vec<NetworkInfo> {
        let mut networks: Vec<NetworkInfo> = Vec::new();
        for side in self.shared.sides.known() {
            let stale = self.shared.sides.stale(&side);
            let state = side.site.replica.read();
            let shown = |found| NetworkInfo { stale, ..network::info(found) };
            networks.extend(state.tables.networks.values().map(shown));
        }
        networks.sort_by_key(|network| network.id);
        networks
    }

    /// Deletes a network: two commits, unless it is too large.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`InUse`](crate::ErrorKind::InUse) names the endpoints, the
    /// addresses or the networks that use it; [`Forbidden`](crate::ErrorKind::Forbidden) is the driver's veto;
    /// what the driver and the store answer. After a failure in between, the network stays in its phase
    /// `deleting`: delete it again.
    pub async fn delete_network(&self, name_or_id: &str) -> Result<()> {
        let name_or_id = name_or_id.to_owned();
        self.change(Operation::DeleteNetwork, Place::Network(name_or_id.clone()), move |side| {
            let name_or_id = name_or_id.clone();
            async move { network::delete(&side, &name_or_id).await }
        })
        .await
    }

    /// Creates an endpoint: one commit, unless its driver has to be called. A repeated request returns the
    /// endpoint that it made.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// As [`Controller::create_network`]; [`NotFound`](crate::ErrorKind::NotFound) for the network.
    pub async fn create_endpoint(&self, network: &str, spec: EndpointSpec) -> Result<EndpointInfo> {
        let network = network.to_owned();
        self.change(Operation::CreateEndpoint, Place::Network(network.clone()), move |side| {
            let (network, spec) = (network.clone(), spec.clone());
            async move { endpoint::create(&side, &network, spec).await }
        })
        .await
    }

    /// The endpoint with this name, this id, or this beginning of an id, of a network.
    ///
    /// # Errors
    ///
    /// As [`Controller::network`].
    pub fn endpoint(&self, network: &str, name_or_id: &str) -> Result<EndpointInfo> {
        let side = self.shared.sides.of_network(network, For::Reading)?;
        let state = side.site.replica.read();
        let network = lookup::network(&state, network)?;
        let stale = self.shared.sides.stale(&side);
        let found = lookup::endpoint(&state, network, name_or_id)?;
        Ok(EndpointInfo { stale, ..endpoint::info(network, found) })
    }

    /// The endpoints of a network, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// As [`Controller::network`].
    pub fn endpoints(&self, network: &str) -> Result<Vec<EndpointInfo>> {
        let side = self.shared.sides.of_network(network, For::Reading)?;
        let state = side.site.replica.read();
        let network = lookup::network(&state, network)?;
        let stale = self.shared.sides.stale(&side);
        let shown = |found| EndpointInfo { stale, ..endpoint::info(network, found) };
        Ok(state.tables.endpoints_of(network.id).map(shown).collect())
    }

    /// What the driver has to say about an endpoint.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`Controller::network`]; what the driver answers.
    pub async fn endpoint_driver_info(
        &self,
        network: &str,
        name_or_id: &str,
    ) -> Result<netkeep_model::Options> {
        endpoint::driver_info(&self.shared.sides.of_network(network, For::Reading)?, network, name_or_id)
            .await
    }

    /// Deletes an endpoint: one commit, unless its driver has to be called.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`InUse`](crate::ErrorKind::InUse) if it is attached, and where;
    /// [`Forbidden`](crate::ErrorKind::Forbidden) is the driver's veto; what the driver and the store answer.
    pub async fn delete_endpoint(&self, network: &str, name_or_id: &str) -> Result<()> {
        let (network, name_or_id) = (network.to_owned(), name_or_id.to_owned());
        let sides = self.shared.sides.clone();
        self.change(Operation::DeleteEndpoint, Place::Network(network.clone()), move |side| {
            let (network, name_or_id, stores) = (network.clone(), name_or_id.clone(), sides.stores_of(&side));
            async move { endpoint::delete(&stores, &network, &name_or_id, false).await }
        })
        .await
    }

    /// The pools and sub-pools, by space.
    pub fn pools(&self) -> Vec<PoolInfo> {
        let sides = self.shared.sides.known();
        let shown = |side: &Arc<Inner>| {
            let stale = self.shared.sides.stale(side);
            let pools = ipam::pools(&side.site.replica.read());
            pools.into_iter().map(move |pool| PoolInfo { stale, ..pool })
        };
        sides.iter().flat_map(shown).collect()
    }

    /// The addresses that are given, of one space or all, of one pool or all.
    pub fn addresses(&self, space: Option<&Space>, pool: Option<&Pool>) -> Vec<AddressInfo> {
        let sides = self.shared.sides.known();
        let shown = |side: &Arc<Inner>| {
            let stale = self.shared.sides.stale(side);
            let addresses = ipam::addresses(&side.site.replica.read(), space, pool);
            addresses.into_iter().map(move |address| AddressInfo { stale, ..address })
        };
        sides.iter().flat_map(shown).collect()
    }

    /// Who holds an address, in one space or in each: found by the pool that it is in, without looking at others.
    /// Nothing where it is not given.
    pub fn holders(&self, space: Option<&Space>, address: std::net::IpAddr) -> Vec<AddressInfo> {
        let sides = self.shared.sides.known();
        let shown = |side: &Arc<Inner>| {
            let stale = self.shared.sides.stale(side);
            let found = ipam::given(&side.site.replica.read(), space, address);
            found.into_iter().map(move |address| AddressInfo { stale, ..address })
        };
        sides.iter().flat_map(shown).collect()
    }

    /// Takes a pool for a client: one commit. A repeated request returns the pool that it was given.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) names the field; [`InUse`](crate::ErrorKind::InUse) if it overlaps
    /// another; [`Exhausted`](crate::ErrorKind::Exhausted); what the driver and the store answer.
    pub async fn request_pool(&self, spec: PoolRequestSpec) -> Result<PoolInfo> {
        self.change(Operation::RequestPool, Place::Space(spec.space.clone(), Wanted::New), move |side| {
            let spec = spec.clone();
            async move { ipam::request_pool(&side, spec).await }
        })
        .await
    }

    /// Gives back a client's pool: two commits.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`InUse`](crate::ErrorKind::InUse) if it has addresses, or if a
    /// network holds it; what the store answers.
    pub async fn release_pool(&self, space: Space, pool: Pool, sub: Option<Pool>) -> Result<()> {
        self.change(Operation::ReleasePool, Place::Space(Some(space.clone()), Wanted::There), move |side| {
            let space = space.clone();
            async move { ipam::release_pool(&side, &space, pool, sub).await }
        })
        .await
    }

    /// Takes an address for a client: one commit. A repeated request returns the address that it was given.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// As [`Controller::request_pool`]; [`NotFound`](crate::ErrorKind::NotFound) for the pool.
    pub async fn request_address(&self, spec: AddressRequestSpec) -> Result<AddressInfo> {
        self.change(
            Operation::RequestAddress,
            Place::Space(Some(spec.space.clone()), Wanted::There),
            move |side| {
                let spec = spec.clone();
                async move { ipam::request_address(&side, spec).await }
            },
        )
        .await
    }

    /// Gives back a client's address: one commit.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`InUse`](crate::ErrorKind::InUse) if a network or an endpoint
    /// holds it; what the store answers.
    pub async fn release_address(&self, space: Space, pool: Pool, address: std::net::IpAddr) -> Result<()> {
        self.change(
            Operation::ReleaseAddress,
            Place::Space(Some(space.clone()), Wanted::There),
            move |side| {
                let space = space.clone();
                async move { ipam::release_address(&side, space, pool, address).await }
            },
        )
        .await
    }

    /// Waits until everything that anybody has committed before is known here, and returns the revision up to which
    /// it is: what is read after that is as new as this call. `scope` says of which store.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if there is no such store, if it cannot be had, or if it takes
    /// longer than `within`.
    pub async fn as_new_as_now(&self, scope: Scope, within: Duration) -> Result<u64> {
        let sides = &self.shared.sides;
        let side = match scope {
            Scope::Local => Arc::clone(&sides.local),
            Scope::Global => sides.of_hosts(For::Changing)?,
        };
        Ok(side.site.as_new_as_now(within).await?.get())
    }

    /// Looks for what must not be, in the stores themselves. What is wrong only while an operation is under way is
    /// not called wrong.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// What the store of this host answers. That the global one cannot be had is no error: it stands in the report.
    pub async fn check(&self) -> Result<CheckReport> {
        check::check(&self.shared.sides).await
    }

    /// How this controller is.
    pub fn status(&self) -> ControllerStatus {
        let Sides { local, global } = &self.shared.sides;
        ControllerStatus { global: global.as_ref().map(|global| global.status()), ..status::status(local) }
    }

    /// Waits for changes that were begun, and stops. The stores stay open.
    ///
    /// Cancel safe; call it again to wait again.
    pub async fn close(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        let Sides { local, global } = &self.shared.sides;
        if let Some(global) = global {
            global.close().await;
        }
        local.registry.local_fence().clear();
        local.site.replica.stop();
    }

    /// The stores with what serves them.
    pub(crate) fn sides(&self) -> &Sides {
        &self.shared.sides
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Makes a change at its place, in a task of its own.
    pub(crate) async fn change<T: Send + 'static, R: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: Operation,
        place: Place,
        change: impl Fn(Arc<Inner>) -> R + Send + Sync + 'static,
    ) -> Result<T> {
        self.run(operation, |sides| async move { sides.change(place, change).await }).await
    }

    /// Runs a change in a task of its own, so that a caller who goes away does not stop it.
    pub(crate) async fn run<T: Send + 'static, R: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: Operation,
        change: impl FnOnce(Sides) -> R,
    ) -> Result<T> {
        // Held while it looks, so that a close that comes between waits for this change.
        let _token = self.shared.tasks.token();
        if self.shared.tasks.is_closed() {
            return Err(Error::new(crate::ErrorKind::Closed, "the controller was closed"));
        }
        let (metrics, change) = (Arc::clone(&self.shared.metrics), change(self.shared.sides.clone()));
        let counted = async move { metrics.count(operation, change).await };
        match self.shared.tasks.spawn(counted).await {
            Ok(result) => result,
            Err(error) => {
                Err(Error::internal("the operation has ended without an answer").with_source(error))
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(global) = &self.sides.global {
            global.stop();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.site.replica.stop();
    }
}
