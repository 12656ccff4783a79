//! The controller.

use std::sync::{Arc, Mutex, PoisonError};

use netkeep_drivers::registry::DriverRegistry;
use netkeep_model::{Pool, Space};
use tokio_util::task::TaskTracker;

use crate::replica::Replica;
use crate::site::Site;
use crate::{
    AddressInfo, AddressRequestSpec, CheckReport, ControllerConfig, ControllerStatus, EndpointInfo,
    EndpointSpec, Error, NetworkInfo, NetworkSpec, PoolInfo, PoolRequestSpec, RecoveryReport, Result, check,
    endpoint, host, ipam, lookup, network, recovery, status,
};

/// Networks and endpoints that keep.
///
/// Every change is one transaction, or a few of which each leaves a state that recovery can finish or undo.
/// Reads are answered from memory. A handle is cheap to clone.
///
/// # Cancellation
///
/// A change that was begun runs to its end in a task of its own, whether or not its caller waits.
#[derive(Clone, Debug)]
pub struct Controller {
    inner: Arc<Inner>,
}

/// What all handles share, and every operation works with.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) site: Site,
    pub(crate) registry: DriverRegistry,
    recovery: Mutex<RecoveryReport>,
    tasks: TaskTracker,
}

impl Controller {
    /// Opens a controller: begins a new run of this host, reads the store, and recovers what an earlier run has
    /// left in between.
    ///
    /// Cancel safe: what was recovered by then stays recovered.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) and what else the store answers. A record that
    /// cannot be read is no error: it is quarantined and reported.
    pub async fn open(config: ControllerConfig) -> Result<Self> {
        let boot = config.boot.map_or_else(host::this_boot, Ok)?;
        let (this_host, unreadable) = host::begin_run(&config.local, boot).await?;
        let replica = Replica::follow(config.local.store()).await?;
        let site = Site::new(config.local, replica, &this_host)?;
        config.registry.local_fence().set(vec![site.fence().clone()])?;
        let controller = Self {
            inner: Arc::new(Inner {
                site,
                registry: config.registry,
                recovery: Mutex::default(),
                tasks: TaskTracker::new(),
            }),
        };
        let mut report = recovery::recover(&controller.inner).await?;
        report.quarantined.extend(unreadable);
        *controller.inner.recovery.lock().unwrap_or_else(PoisonError::into_inner) = report;
        Ok(controller)
    }

    /// What recovery found and did when this controller was opened.
    pub fn recovery(&self) -> RecoveryReport {
        self.inner.recovery.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        self.run(|inner| async move { network::create(&inner, spec).await }).await
    }

    /// The network with this name, this id, or this beginning of an id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`Ambiguous`](crate::ErrorKind::Ambiguous) if the beginning of
    /// an id fits several; [`Corrupt`](crate::ErrorKind::Corrupt) if its record cannot be read.
    pub fn network(&self, name_or_id: &str) -> Result<NetworkInfo> {
        let state = self.inner.site.replica.read();
        lookup::network(&state, name_or_id).map(network::info)
    }

    /// All networks, in the order in which they were made.
    pub fn networks(&self) -> Vec<NetworkInfo> {
        self.inner.site.replica.read().tables.networks.values().map(network::info).collect()
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
        self.run(|inner| async move { network::delete(&inner, &name_or_id).await }).await
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
        self.run(|inner| async move { endpoint::create(&inner, &network, spec).await }).await
    }

    /// The endpoint with this name, this id, or this beginning of an id, of a network.
    ///
    /// # Errors
    ///
    /// As [`Controller::network`].
    pub fn endpoint(&self, network: &str, name_or_id: &str) -> Result<EndpointInfo> {
        let state = self.inner.site.replica.read();
        let network = lookup::network(&state, network)?;
        Ok(endpoint::info(network, lookup::endpoint(&state, network, name_or_id)?))
    }

    /// The endpoints of a network, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// As [`Controller::network`].
    pub fn endpoints(&self, network: &str) -> Result<Vec<EndpointInfo>> {
        let state = self.inner.site.replica.read();
        let network = lookup::network(&state, network)?;
        Ok(state.tables.endpoints_of(network.id).map(|found| endpoint::info(network, found)).collect())
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
        endpoint::driver_info(&self.inner, network, name_or_id).await
    }

    /// Deletes an endpoint: one commit, unless its driver has to be called.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`InUse`](crate::ErrorKind::InUse) if it is attached;
    /// [`Forbidden`](crate::ErrorKind::Forbidden) is the driver's veto; what the driver and the store answer.
    pub async fn delete_endpoint(&self, network: &str, name_or_id: &str) -> Result<()> {
        let (network, name_or_id) = (network.to_owned(), name_or_id.to_owned());
        self.run(|inner| async move { endpoint::delete(&inner, &network, &name_or_id).await }).await
    }

    /// The pools and sub-pools, by space.
    pub fn pools(&self) -> Vec<PoolInfo> {
        ipam::pools(&self.inner.site.replica.read())
    }

    /// The addresses that are given, of one space or all, of one pool or all.
    pub fn addresses(&self, space: Option<&Space>, pool: Option<&Pool>) -> Vec<AddressInfo> {
        ipam::addresses(&self.inner.site.replica.read(), space, pool)
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
        self.run(|inner| async move { ipam::request_pool(&inner, spec).await }).await
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
        self.run(|inner| async move { ipam::release_pool(&inner, &space, pool, sub).await }).await
    }

    /// Takes an address for a client: one commit. A repeated request returns the address that it was given.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// As [`Controller::request_pool`]; [`NotFound`](crate::ErrorKind::NotFound) for the pool.
    pub async fn request_address(&self, spec: AddressRequestSpec) -> Result<AddressInfo> {
        self.run(|inner| async move { ipam::request_address(&inner, spec).await }).await
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
        self.run(|inner| async move { ipam::release_address(&inner, space, pool, address).await }).await
    }

    /// Looks for what must not be, in the store itself. Operations that are under way may show as in between.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub async fn check(&self) -> Result<CheckReport> {
        check::check(self.inner.site.store(), self.inner.site.actor).await
    }

    /// How this controller is.
    pub fn status(&self) -> ControllerStatus {
        status::status(&self.inner)
    }

    /// Waits for changes that were begun, and stops. The store stays open.
    ///
    /// Cancel safe; call it again to wait again.
    pub async fn close(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.registry.local_fence().clear();
        self.inner.site.replica.stop();
    }

    /// Runs a change in a task of its own, so that a caller who goes away does not stop it.
    async fn run<T: Send + 'static, R: Future<Output = Result<T>> + Send + 'static>(
        &self,
        change: impl FnOnce(Arc<Inner>) -> R,
    ) -> Result<T> {
        // Held while it looks, so that a close that comes between waits for this change.
        let _token = self.inner.tasks.token();
        if self.inner.tasks.is_closed() {
            return Err(Error::new(crate::ErrorKind::Closed, "the controller was closed"));
        }
        match self.inner.tasks.spawn(change(Arc::clone(&self.inner))).await {
            Ok(result) => result,
            Err(error) => {
                Err(Error::internal("the operation has ended without an answer").with_source(error))
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.site.replica.stop();
    }
}
