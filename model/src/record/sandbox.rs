//! Sandboxes.

use std::net::IpAddr;
use std::path::PathBuf;

use netkeep_store::datastore::{Local, Record};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{
    BootId, ContainerId, EndpointId, Labels, NetworkId, Options, Phase, PortBinding, SandboxId, Timestamp,
    TransportPort,
};

/// The network side of a container on this host, at `sandboxes/<sandbox>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sandbox {
    /// The container.
    pub container: ContainerId,
    /// When it was made.
    pub created: Timestamp,
    /// The boot in which its namespace was made; in another boot the namespace is gone.
    pub boot: BootId,
    /// Whether it is whole.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: Phase,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: SandboxRole,
    /// Where its network namespace is; may come later.
    #[serde(default, skip_serializing_if = "is_default")]
    pub key: Option<String>,
    /// Whether the container runtime makes the namespace and says later where it is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external_key: bool,
    /// Whether it is the namespace of the host.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_network: bool,
    /// The host name inside.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_name: String,
    /// The domain name inside.
    #[serde(default, skip_serializing_if = "is_default")]
    pub domain_name: String,
    /// The hosts file that is kept for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hosts_path: Option<PathBuf>,
    /// The hosts file that is copied from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub origin_hosts_path: Option<PathBuf>,
    /// The resolv.conf that is kept for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolv_conf_path: Option<PathBuf>,
    /// The resolv.conf that is copied from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub origin_resolv_conf_path: Option<PathBuf>,
    /// Further lines of the hosts file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extra_hosts: Vec<ExtraHost>,
    /// Name servers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dns: Vec<DnsServer>,
    /// Search domains.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dns_search: Vec<String>,
    /// Options of the resolver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dns_options: Vec<String>,
    /// What drivers are told at each join.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Options,
    /// The endpoints in it, as they have joined.
    #[serde(default, skip_serializing_if = "is_default")]
    pub endpoints: Vec<SandboxEndpoint>,
    /// The ports on which the container is said to listen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exposed_ports: Vec<TransportPort>,
    /// The ports that the host is to publish.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bindings_wanted: Vec<PortBinding>,
    /// What people attach to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: Labels,
}

impl Record for Sandbox {
    type Home = Local;
    type Id = SandboxId;
    const KIND: &'static str = "sandbox";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "sandboxes";
}

/// What a sandbox is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum SandboxRole {
    /// A container.
    #[default]
    Container,
    /// The published ports of services.
    Ingress,
    /// The load balancer of a network.
    LoadBalancer {
        /// The network.
        network: NetworkId,
    },
}

/// An endpoint in a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SandboxEndpoint {
    /// The network.
    pub network: NetworkId,
    /// The endpoint.
    pub endpoint: EndpointId,
}

/// A line of a hosts file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExtraHost {
    /// The name.
    pub name: String,
    /// Its address.
    pub ip: IpAddr,
}

/// A name server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DnsServer {
    /// Its address.
    pub ip: IpAddr,
    /// Whether it is asked from the namespace of the host, because only that reaches it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_host: bool,
}

impl Sandbox {
    /// A sandbox with only what it must have.
    pub fn new(container: ContainerId, boot: BootId, created: Timestamp) -> Self {
        Self {
            container,
            created,
            boot,
            phase: Phase::Ready,
            role: SandboxRole::Container,
            key: None,
            external_key: false,
            host_network: false,
            host_name: String::new(),
            domain_name: String::new(),
            hosts_path: None,
            origin_hosts_path: None,
            resolv_conf_path: None,
            origin_resolv_conf_path: None,
            extra_hosts: Vec::new(),
            dns: Vec::new(),
            dns_search: Vec::new(),
            dns_options: Vec::new(),
            options: Options::new(),
            endpoints: Vec::new(),
            exposed_ports: Vec::new(),
            bindings_wanted: Vec::new(),
            labels: Labels::new(),
        }
    }
}
