//! Networks that give no addresses, and of which a host has one: what `host` and `null` share.

use std::fmt;

use async_trait::async_trait;
use netkeep_model::{Claim, Class, DriverKind, Endpoint, Network, Object, Options, Scope};

use crate::reserved::refuse_unknown;
use crate::{
    ClusterAllocator, Discovery, DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest, EndpointState,
    EnsureError, Error, ExternalConnectivity, HostNotes, HostState, JoinAnswer, JoinRequest, JoinState, Mode,
    NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState, Plan, PlanView, Remains, RemoveError, Result,
    TableDriver,
};

/// The option of the configuration that lets a network be deleted; not set unless it is given.
const REMOVABLE: &str = "removable";

pub(super) struct Unaddressed {
    info: DriverInfo,
    /// Begins the names of its options.
    namespace: String,
    removable: bool,
}

impl Unaddressed {
    pub(super) fn new(kind: &str, config: &Options) -> Result<Self> {
        config.refuse_unknown(&[REMOVABLE])?;
        Ok(Self {
            info: DriverInfo {
                kind: DriverKind::new(kind)?,
                built_in: true,
                data_scopes: vec![Scope::Local],
                connectivity: Scope::Local,
                mode: Mode::Planned,
                addresses: false,
                max_networks: Some(1),
            },
            namespace: format!("com.netkeep.{kind}."),
            removable: config.flag(REMOVABLE)?.unwrap_or(false),
        })
    }

    /// What the one network of a host holds, so that there is no second one.
    fn only(&self) -> Result<Claim> {
        Ok(Claim::Number { class: Class::new(&format!("{}-network", self.info.kind))?, n: 0 })
    }

    fn check_network(&self, network: &Network) -> Result<()> {
        let kind = &self.info.kind;
        self.info.scope(Some(network.scope))?;
        refuse_unknown(&network.options, &self.namespace, &[])?;
        if let Some(pool) = network.ipam.granted().next() {
            return Err(Error::invalid(format!(
                "pool {pool}: networks of driver {kind} give no addresses; name no pool"
            )));
        }
        Ok(())
    }

    fn check_endpoint(&self, endpoint: &Endpoint) -> Result<()> {
        let kind = &self.info.kind;
        refuse_unknown(&endpoint.options, &self.namespace, &[])?;
        let asked = &endpoint.requested;
        let refuse = |what: &str, value: String| {
            Err(Error::invalid(format!("{what} {value}: endpoints of driver {kind} have none; ask for none")))
        };
        let macs = endpoint.interfaces.iter().filter_map(|interface| interface.mac);
        if let Some(mac) = macs.chain(asked.mac).next() {
            return refuse("MAC address", mac.to_string());
        }
        let ipv4 = endpoint.interfaces.iter().filter_map(|interface| interface.ipv4).map(|net| net.addr());
        if let Some(ip) = ipv4.chain(asked.ipv4).next() {
            return refuse("IPv4 address", ip.to_string());
        }
        let ipv6 = endpoint.interfaces.iter().filter_map(|interface| interface.ipv6).map(|net| net.addr());
        if let Some(ip) = ipv6.chain(asked.ipv6).next() {
            return refuse("IPv6 address", ip.to_string());
        }
        let link_local = endpoint.interfaces.iter().flat_map(|interface| &interface.link_local);
        if let Some(net) = link_local.chain(&asked.link_local).next() {
            return refuse("link-local address", net.to_string());
        }
        if let Some(binding) = endpoint.bindings_wanted.first() {
            return refuse("published port", format!("{}/{}", binding.port, binding.protocol));
        }
        Ok(())
    }
}

#[async_trait]
impl NetworkDriver for Unaddressed {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    async fn plan_network(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>> {
        self.check_network(&request.network)?;
        let mut plan = Plan::answer(NetworkAnswer::default());
        if request.network.config_only {
            return Ok(plan);
        }
        let only = self.only()?;
        if view.holder(&only).is_some() {
            let kind = &self.info.kind;
            return Err(Error::forbidden(format!("only one instance of \"{kind}\" network is allowed")));
        }
        plan.claims.push(only);
        Ok(plan)
    }

    async fn plan_here(&self, _view: &dyn PlanView, _state: &NetworkState) -> Result<Plan<()>> {
        Ok(Plan::answer(()))
    }

    async fn plan_endpoint(
        &self,
        _view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        self.check_endpoint(&request.endpoint)?;
        Ok(Plan::answer(EndpointAnswer {
            interfaces: request.endpoint.interfaces.clone(),
            bindings: Vec::new(),
        }))
    }

    async fn plan_join(&self, _view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        refuse_unknown(&request.options, &self.namespace, &[])?;
        Ok(Plan::answer(join_answer()))
    }

    async fn may_remove(&self, _view: &dyn PlanView, what: &Object) -> Result<()> {
        if self.removable || !matches!(what, Object::Network(_)) {
            return Ok(());
        }
        let kind = &self.info.kind;
        Err(Error::forbidden(format!(
            "network of type \"{kind}\" cannot be deleted, unless driver {kind} is configured with {REMOVABLE} = true"
        )))
    }

    async fn ensure_network(
        &self,
        _notes: &dyn HostNotes,
        _state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        Ok(NetworkAnswer::default())
    }

    async fn ensure_endpoint(
        &self,
        _notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        Ok(EndpointAnswer { interfaces: state.endpoint.interfaces.clone(), bindings: Vec::new() })
    }

    async fn ensure_join(
        &self,
        _notes: &dyn HostNotes,
        _state: &JoinState,
    ) -> Result<JoinAnswer, EnsureError> {
        Ok(join_answer())
    }

    async fn remove(&self, _notes: &dyn HostNotes, _left: &Remains) -> Result<(), RemoveError> {
        Ok(())
    }

    async fn recover(
        &self,
        _notes: &dyn HostNotes,
        _wanted: HostState,
        _noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        Ok(DriverRecovery::default())
    }

    async fn endpoint_info(&self, _state: &EndpointState) -> Result<Options> {
        Ok(Options::new())
    }

    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        None
    }

    fn cluster(&self) -> Option<&dyn ClusterAllocator> {
        None
    }

    fn tables(&self) -> Option<&dyn TableDriver> {
        None
    }

    fn discovery(&self) -> Option<&dyn Discovery> {
        None
    }
}

/// Such a sandbox has the host's ways out, or none at all.
fn join_answer() -> JoinAnswer {
    JoinAnswer { no_gateway_service: true, ..JoinAnswer::default() }
}

impl fmt::Debug for Unaddressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unaddressed")
            .field("kind", &self.info.kind)
            .field("removable", &self.removable)
            .finish_non_exhaustive()
    }
}
