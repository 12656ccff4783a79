//! What a network driver is.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use netkeep_model::{
    HostId, NetworkId, Object, Options, PortBinding, TableEntry, TableKey, TableName, TableValue,
};

use crate::{
    DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest, EndpointState, EnsureError, HostNotes,
    HostState, JoinAnswer, JoinRequest, JoinState, NetworkAnswer, NetworkRequest, NetworkState, Plan,
    PlanView, Remains, RemoveError, Result,
};

/// A driver of networks.
///
/// - `plan_*` decides. It reads only through the view, keeps nothing, needs no kernel, may run on any host, and
///   runs again after a conflict.
/// - `ensure_*` and `remove` make **this** host agree with committed values. They are idempotent, unless the
///   driver's mode is [`Mode::Called`](crate::Mode::Called).
///
/// Values in, values out: the controller writes the records and claims of a plan in the same commit as the
/// object that they hang on, so that they can be removed with it even where the driver is not loaded.
///
/// # Cancellation
///
/// The controller runs every operation to its end in a task of its own; no method is cancelled by it except at
/// the end of the process. A driver must be right after that by [`recover`](NetworkDriver::recover).
#[async_trait]
pub trait NetworkDriver: fmt::Debug + Send + Sync + 'static {
    /// What is known of it without asking it anything.
    fn info(&self) -> &DriverInfo;

    /// Decides about a network. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) names the option that is wrong; what else stands
    /// against it.
    async fn plan_network(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>>;

    /// Decides what this host needs before its first use of a network that may come from another host: local
    /// records and claims only. Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`NetworkDriver::plan_network`].
    async fn plan_here(&self, view: &dyn PlanView, state: &NetworkState) -> Result<Plan<()>>;

    /// Decides about an endpoint. Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`NetworkDriver::plan_network`].
    async fn plan_endpoint(
        &self,
        view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>>;

    /// Decides about an attachment. Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`NetworkDriver::plan_network`].
    async fn plan_join(&self, view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>>;

    /// Whether an object may be removed: a veto, asked before any phase is written. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) is the veto.
    async fn may_remove(&self, view: &dyn PlanView, what: &Object) -> Result<()>;

    /// Makes this host agree with a network. May be cancelled by the end of the process at any point.
    ///
    /// # Errors
    ///
    /// See [`EnsureError`].
    async fn ensure_network(
        &self,
        notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError>;

    /// Makes this host agree with an endpoint. May be cancelled by the end of the process at any point.
    ///
    /// # Errors
    ///
    /// See [`EnsureError`].
    async fn ensure_endpoint(
        &self,
        notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError>;

    /// Makes this host agree with an attachment. May be cancelled by the end of the process at any point.
    ///
    /// # Errors
    ///
    /// See [`EnsureError`].
    async fn ensure_join(&self, notes: &dyn HostNotes, state: &JoinState) -> Result<JoinAnswer, EnsureError>;

    /// Takes down what is left of an object on this host; nothing left is a success. May be cancelled by the
    /// end of the process at any point.
    ///
    /// # Errors
    ///
    /// See [`RemoveError`].
    async fn remove(&self, notes: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError>;

    /// Brings this host back into agreement after a start: compares what is wanted, what was noted and what is
    /// there, and changes only what differs. Never flushes first. May be cancelled by the end of the process
    /// at any point; then it runs again.
    ///
    /// # Errors
    ///
    /// If nothing could be compared at all; what failed for one object is in the report.
    async fn recover(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery>;

    /// What the driver has to say about an endpoint, to be shown. Cancel safe.
    ///
    /// # Errors
    ///
    /// What stands against it.
    async fn endpoint_info(&self, state: &EndpointState) -> Result<Options>;

    // A driver that does not offer a facet need not speak of it. Nothing above has a default: there, each driver
    // has to decide.

    /// The facet of drivers that publish ports when an endpoint becomes its sandbox's way out. None unless the
    /// driver says otherwise. Whoever wraps a driver passes all facets on.
    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        None
    }

    /// The facet of drivers that allocate for a whole cluster. None unless the driver says otherwise.
    fn cluster(&self) -> Option<&dyn ClusterAllocator> {
        None
    }

    /// The facet of drivers that exchange table entries. None unless the driver says otherwise.
    fn tables(&self) -> Option<&dyn TableDriver> {
        None
    }

    /// The facet of drivers that need to know the other hosts. None unless the driver says otherwise.
    fn discovery(&self) -> Option<&dyn Discovery> {
        None
    }
}

/// Ports that are published while an endpoint is its sandbox's way out. What the sandbox wants to have published stands
/// in `bindings_wanted` of its endpoint then, after what the endpoint itself wants, and what was settled in its
/// `bindings`. When the way out moves, it is taken back from the old one first; a plan may claim what the old one holds.
#[async_trait]
pub trait ExternalConnectivity: Send + Sync {
    /// Decides which ports. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InUse`](crate::ErrorKind::InUse) names the port.
    async fn plan_program(&self, view: &dyn PlanView, state: &JoinState) -> Result<Plan<Vec<PortBinding>>>;

    /// Publishes them on this host. May be cancelled by the end of the process at any point.
    ///
    /// # Errors
    ///
    /// See [`EnsureError`].
    async fn ensure_program(
        &self,
        notes: &dyn HostNotes,
        state: &JoinState,
    ) -> Result<Vec<PortBinding>, EnsureError>;

    /// Takes them back. May be cancelled by the end of the process at any point.
    ///
    /// # Errors
    ///
    /// See [`RemoveError`].
    async fn revoke(&self, notes: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError>;
}

/// Allocation for a whole cluster: the planning half alone.
#[async_trait]
pub trait ClusterAllocator: Send + Sync {
    /// Decides what every host shall be told. Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`NetworkDriver::plan_network`].
    async fn allocate(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<BTreeMap<String, String>>>;

    /// Gives back what was taken outside the store. Cancel safe.
    ///
    /// # Errors
    ///
    /// See [`RemoveError`].
    async fn free(&self, state: &NetworkState) -> Result<(), RemoveError>;
}

/// The exchange of table entries between hosts.
#[async_trait]
pub trait TableDriver: Send + Sync {
    /// Hears of a change. Events of one network come one after the other. Cancel safe.
    ///
    /// # Errors
    ///
    /// Reported; the entry stands all the same.
    async fn on_table(&self, network: &NetworkId, event: TableEvent) -> Result<()>;

    /// What an entry says, to be shown.
    fn decode(&self, network: &NetworkId, entry: &TableEntry) -> Option<(Object, BTreeMap<String, String>)>;
}

/// A change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableEvent {
    /// Forget what you knew: these are all entries.
    Reset(Vec<TableEntry>),
    /// There is a new entry.
    Created(TableEntry),
    /// An entry has another value.
    Changed {
        /// The table.
        table: TableName,
        /// The key.
        key: TableKey,
        /// What it was.
        old: TableValue,
        /// What it is.
        new: TableValue,
    },
    /// An entry is gone; its last value.
    Removed(TableEntry),
}

/// News of other hosts.
#[async_trait]
pub trait Discovery: Send + Sync {
    /// Hears of a host that came, changed or went. Cancel safe.
    ///
    /// # Errors
    ///
    /// Reported.
    async fn on_host(&self, event: HostEvent) -> Result<()>;
}

/// A host that came, changed or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostEvent {
    /// It is there, at this address.
    Present {
        /// Which.
        host: HostId,
        /// Where it is reached.
        address: String,
        /// True for this host itself.
        this: bool,
    },
    /// It is gone.
    Gone(HostId),
}

fn _object_safe(_: &dyn NetworkDriver) {}
