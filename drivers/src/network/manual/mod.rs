//! The network driver `manual`: for those who plumb themselves, such as managers of virtual machines, programs
//! like CNI plugins, and tests.
//!
//! It decides everything that a network or endpoint needs to be told, and touches nothing: addresses of any IPAM
//! driver, hardware addresses, interface names, gateways, routes, published ports, numbers, links, table entries.
//! Its networks are of local or global scope.
//!
//! - A hardware address that nobody asked for is made from the IPv4 address, or else from the endpoint's id; it
//!   is locally administered.
//! - A published port is the one that is asked for, or a free one of those that are, or any free one of the
//!   driver's range, sought first in a block of 256 ports that the endpoint's id determines, so that endpoints
//!   rarely meet. On a network of global scope ports are held from join to leave, else as long as the endpoint is.
//! - The options of a network or endpoint are checked, and kept with what was settled in its record `config`.
//!
//! The options are the constants of this module; an unknown option that begins with [`NAMESPACE`] is refused.

mod ensure;
mod lists;
mod mac;
mod options;
mod plan;
mod ports;
mod record;
mod recover;
mod tables;

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_model::{DriverKind, Object, Options, PortRange, Scope};

use crate::{
    ClusterAllocator, Discovery, DriverContext, DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest,
    EndpointState, EnsureError, ExternalConnectivity, HostNotes, HostState, JoinAnswer, JoinRequest,
    JoinState, Mode, NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState, Plan, PlanView, Remains,
    RemoveError, Result, TableDriver,
};

pub use options::{
    DATA, ENTRIES, GATEWAY, GATEWAY_SERVICE, INTERFACE_PREFIX, INTERFACES, LINK, LINK_SHARED, NAMESPACE,
    NOTE, NUMBER, NUMBER_RANGE, PORT_RANGE, ROUTES, TABLES,
};

/// What the driver is called.
pub const KIND: &str = "manual";

/// The ports among which a free one is sought unless the configuration says otherwise.
const FREE_PORTS: (u16, u16) = (32_768, 60_999);

/// The network driver `manual`; see the [module](self).
#[derive(Debug)]
pub struct Manual {
    info: DriverInfo,
    /// Any free port is one of these.
    free_ports: PortRange,
    tables: tables::Tables,
}

/// Registers the driver.
///
/// Cancel safe: it is registered or not.
///
/// # Errors
///
/// As [`Manual::new`] and [`Registrar::network`](crate::Registrar::network).
pub async fn init(context: DriverContext) -> Result<()> {
    let build = async |context: DriverContext| {
        let driver: Arc<dyn NetworkDriver> = Arc::new(Manual::new(&context.config)?);
        Ok(driver)
    };
    context.registrar.network(DriverKind::new(KIND)?, build).await
}

impl Manual {
    /// The driver with this configuration: [`PORT_RANGE`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) names the entry of the configuration that is wrong.
    pub fn new(config: &Options) -> Result<Self> {
        config.refuse_unknown(&[PORT_RANGE])?;
        let free_ports = match config.parsed(PORT_RANGE)? {
            Some(range) => range,
            None => PortRange::new(FREE_PORTS.0, FREE_PORTS.1)?,
        };
        Ok(Self {
            info: DriverInfo {
                kind: DriverKind::new(KIND)?,
                built_in: true,
                data_scopes: vec![Scope::Local, Scope::Global],
                connectivity: Scope::Global,
                mode: Mode::Planned,
                addresses: true,
                max_networks: None,
            },
            free_ports,
            tables: tables::Tables,
        })
    }
}

#[async_trait]
impl NetworkDriver for Manual {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    async fn plan_network(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>> {
        plan::network(view, request)
    }

    async fn plan_here(&self, view: &dyn PlanView, state: &NetworkState) -> Result<Plan<()>> {
        plan::here(view, state)
    }

    async fn plan_endpoint(
        &self,
        view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        plan::endpoint(self, view, request)
    }

    async fn plan_join(&self, view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        plan::join(self, view, request)
    }

    async fn may_remove(&self, _view: &dyn PlanView, _what: &Object) -> Result<()> {
        Ok(())
    }

    async fn ensure_network(
        &self,
        notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        ensure::network(notes, state).await?;
        let network = &state.network;
        Ok(NetworkAnswer { tables: network.tables.clone(), allocated: network.allocated.clone() })
    }

    async fn ensure_endpoint(
        &self,
        notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        ensure::endpoint(notes, state).await?;
        let endpoint = &state.endpoint;
        Ok(EndpointAnswer { interfaces: endpoint.interfaces.clone(), bindings: endpoint.bindings.clone() })
    }

    async fn ensure_join(&self, notes: &dyn HostNotes, state: &JoinState) -> Result<JoinAnswer, EnsureError> {
        ensure::join(notes, state).await?;
        let bindings = state.endpoint.endpoint.bindings.clone();
        Ok(JoinAnswer { bindings, ..plan::join_answer(&state.endpoint, &state.options)? })
    }

    /// Nothing was made, so nothing is left but the notes, which go with the success.
    async fn remove(&self, _notes: &dyn HostNotes, _left: &Remains) -> Result<(), RemoveError> {
        Ok(())
    }

    async fn recover(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        Ok(recover::recover(notes, &wanted, &noted).await)
    }

    async fn endpoint_info(&self, state: &EndpointState) -> Result<Options> {
        plan::endpoint_info(state)
    }

    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        None
    }

    fn cluster(&self) -> Option<&dyn ClusterAllocator> {
        None
    }

    fn tables(&self) -> Option<&dyn TableDriver> {
        Some(&self.tables)
    }

    fn discovery(&self) -> Option<&dyn Discovery> {
        None
    }
}
