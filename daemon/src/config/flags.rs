//! The configuration that stands on the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use netkeep_store::StoreUrl;

use super::{LogFilter, LogFormat, Span};

/// What the command line says; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The socket of the API.
    pub socket: Option<PathBuf>,
    /// The store of this host.
    pub local: Option<StoreUrl>,
    /// The store that this host shares with others.
    pub global: Option<StoreUrl>,
    /// How long another host may be gone before this one evicts it.
    pub evict_after: Option<Span>,
    /// How long this host counts as up after its last sign of life.
    pub host_lease: Option<Span>,
    /// The address at which the other hosts reach the endpoints of this one.
    pub advertise_address: Option<IpAddr>,
    /// How long a stop waits.
    pub stop_timeout: Option<Span>,
    /// What is logged.
    pub log_level: Option<LogFilter>,
    /// How a line of the log is written.
    pub log_format: Option<LogFormat>,
}
