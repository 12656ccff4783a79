//! What a network driver is asked, and what it answers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use netkeep_model::{
    Endpoint, EndpointId, InterfaceNames, InterfaceSpec, Network, NetworkId, Options, PortBinding, Route,
    SandboxId, TableEntry, TableName,
};

use crate::{EndpointState, NetworkState};

/// A network that is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkRequest {
    /// Which.
    pub id: NetworkId,
    /// Its record as it would be written; pools and gateways have been chosen.
    pub network: Network,
}

/// What a driver adds to a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkAnswer {
    /// Tables whose entries the driver wants to hear of.
    pub tables: Vec<TableName>,
    /// What the driver has settled, to be kept in the network's record and shown to people.
    pub allocated: BTreeMap<String, String>,
}

/// An endpoint that is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointRequest {
    /// Its network.
    pub network: NetworkState,
    /// Which.
    pub id: EndpointId,
    /// Its record as it would be written; addresses have been chosen.
    pub endpoint: Endpoint,
    /// Who asks.
    pub origin: Origin,
}

/// Who asks for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A caller of this host.
    Requested,
    /// Another host allocated it; this is a notice.
    Elsewhere,
}

/// What a driver adds to an endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointAnswer {
    /// The interfaces, in the order of the request; none if there is nothing to add to them. An answer fills only
    /// what was empty there: a value that the caller had set is honoured or refused, never overridden.
    pub interfaces: Vec<InterfaceSpec>,
    /// The port bindings that were settled, of those that were wanted.
    pub bindings: Vec<PortBinding>,
}

/// An attachment that is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinRequest {
    /// The endpoint.
    pub endpoint: EndpointState,
    /// The sandbox.
    pub sandbox: SandboxId,
    /// Where the sandbox's network namespace is; `None` until the runtime says so.
    pub sandbox_key: Option<String>,
    /// What the sandbox tells the driver.
    pub options: Options,
}

/// What a driver adds to an attachment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinAnswer {
    /// The names of the interfaces, outside and inside the sandbox.
    pub interfaces: Vec<InterfaceNames>,
    /// The gateways of the sandbox, one a family at most.
    pub gateways: Vec<IpAddr>,
    /// Routes of the sandbox.
    pub routes: Vec<Route>,
    /// True if the endpoint never wants a gateway of another network beside it.
    pub no_gateway_service: bool,
    /// The port bindings that were settled for as long as the attachment lasts, of those that the endpoint wants
    /// and does not have yet.
    pub bindings: Vec<PortBinding>,
    /// Entries that live as long as the attachment.
    pub table_entries: Vec<TableEntry>,
    /// The hosts file that the sandbox shall have instead of its own.
    pub hosts_path: Option<PathBuf>,
    /// The resolv.conf that the sandbox shall have instead of its own.
    pub resolv_conf_path: Option<PathBuf>,
}
