//! A sandbox that is asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use netkeep_model::{
    BootId, ContainerId, DnsServer, ExtraHost, Labels, Options, PortBinding, RequestId, Sandbox, SandboxRole,
    Timestamp, TransportPort,
};
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// A sandbox that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxSpec {
    /// The container; no other sandbox of this host is of it.
    pub container: ContainerId,
    /// The request, which gives the sandbox its id: the same request again returns the sandbox that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// What it is for; a container unless said otherwise.
    #[serde(default, skip_serializing_if = "is_container")]
    pub role: SandboxRole,
    /// Where its network namespace is; may be set later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the container runtime makes the namespace and says later where it is.
    #[serde(default)]
    pub external_key: bool,
    /// Whether it is the namespace of the host.
    #[serde(default)]
    pub host_network: bool,
    /// The host name inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host_name: String,
    /// The domain name inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub domain_name: String,
    /// The hosts file that is kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts_path: Option<PathBuf>,
    /// The hosts file that is copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_hosts_path: Option<PathBuf>,
    /// The resolv.conf that is kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolv_conf_path: Option<PathBuf>,
    /// The resolv.conf that is copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_resolv_conf_path: Option<PathBuf>,
    /// Further lines of the hosts file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<ExtraHost>,
    /// Its name servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<DnsServer>,
    /// Its search domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_search: Vec<String>,
    /// Options of its resolver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_options: Vec<String>,
    /// What drivers are told at each join.
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub options: Options,
    /// Ports that the container listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposed: Vec<TransportPort>,
    /// Ports of the host that lead to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<PortBinding>,
    /// Labels for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
}

impl SandboxSpec {
    /// A sandbox of this container, and nothing else asked for.
    pub fn new(container: ContainerId) -> Self {
        Self {
            container,
            request: None,
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
            exposed: Vec::new(),
            bindings: Vec::new(),
            labels: Labels::new(),
        }
    }

    /// The record of the sandbox that is asked for.
    pub(super) fn record(&self, boot: BootId) -> Sandbox {
        Sandbox {
            role: self.role,
            key: self.key.clone(),
            external_key: self.external_key,
            host_network: self.host_network,
            host_name: self.host_name.clone(),
            domain_name: self.domain_name.clone(),
            hosts_path: self.hosts_path.clone(),
            origin_hosts_path: self.origin_hosts_path.clone(),
            resolv_conf_path: self.resolv_conf_path.clone(),
            origin_resolv_conf_path: self.origin_resolv_conf_path.clone(),
            extra_hosts: self.extra_hosts.clone(),
            dns: self.dns.clone(),
            dns_search: self.dns_search.clone(),
            dns_options: self.dns_options.clone(),
            options: self.options.clone(),
            exposed_ports: self.exposed.clone(),
            bindings_wanted: self.bindings.clone(),
            labels: self.labels.clone(),
            ..Sandbox::new(self.container.clone(), boot, Timestamp::now())
        }
    }

    /// Refuses a request that has made another sandbox than the one that is asked for now. A key that was set since
    /// is no difference.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Exists`] names the field that differs.
    pub(super) fn check_repeated(&self, found: &Sandbox) -> Result<()> {
        let wanted = self.record(found.boot.clone());
        let same = [
            ("container", wanted.container == found.container),
            ("role", wanted.role == found.role),
            ("key", wanted.key.is_none() || wanted.key == found.key),
            ("external_key", wanted.external_key == found.external_key),
            ("host_network", wanted.host_network == found.host_network),
            ("host_name", wanted.host_name == found.host_name),
            ("domain_name", wanted.domain_name == found.domain_name),
            ("hosts_path", wanted.hosts_path == found.hosts_path),
            ("origin_hosts_path", wanted.origin_hosts_path == found.origin_hosts_path),
            ("resolv_conf_path", wanted.resolv_conf_path == found.resolv_conf_path),
            ("origin_resolv_conf_path", wanted.origin_resolv_conf_path == found.origin_resolv_conf_path),
            ("extra_hosts", wanted.extra_hosts == found.extra_hosts),
            ("dns", wanted.dns == found.dns),
            ("dns_search", wanted.dns_search == found.dns_search),
            ("dns_options", wanted.dns_options == found.dns_options),
            ("options", wanted.options == found.options),
            ("exposed", wanted.exposed_ports == found.exposed_ports),
            ("bindings", wanted.bindings_wanted == found.bindings_wanted),
            ("labels", wanted.labels == found.labels),
        ];
        match same.iter().find(|(_, same)| !same) {
            None => Ok(()),
            Some((field, _)) => Err(Error::new(
                ErrorKind::Exists,
                format!(
                    "request: it has made a sandbox of container {:?} already, with another {field}",
                    found.container.as_str()
                ),
            )),
        }
    }
}

fn is_container(role: &SandboxRole) -> bool {
    *role == SandboxRole::Container
}
