//! How the servers are reached.

use std::time::Duration;

use netkeep_store::{Error, HostPort, LeasedDirectories, Limits, Prefix, Result};

use crate::{Credentials, Tls};

/// The servers of a store, and how they are used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ZooKeeperConfig {
    /// The servers; any of them will do. A server without a port listens at 2181.
    pub endpoints: Vec<HostPort>,
    /// Below which node everything lies. Default: the top.
    pub root: Prefix,
    /// The directories that hold leased keys only. Default: none.
    pub leased: LeasedDirectories,
    /// How long one request may take. Default: 5 s.
    pub request_timeout: Duration,
    /// How long connecting to one server may take, and how long a server may be silent before it is left.
    /// Default: 3 s.
    pub connect_timeout: Duration,
    /// How long the servers remember a connection that was cut; at least twice `connect_timeout`. Default: 10 s.
    pub session_timeout: Duration,
    /// The shortest lease that is granted. Default: 1 s.
    pub lease_min: Duration,
    /// The longest lease that is granted; at most the longest session that the servers give (`maxSessionTimeout`, 20
    /// ticks if it is not set), less [`LEASE_MARGIN`](ZooKeeperConfig::LEASE_MARGIN). Default: 30 s, which fits
    /// servers that tick every 2 s, as they do by default.
    pub lease_max: Duration,
    /// How connections are secured. Default: not at all.
    pub tls: Option<Tls>,
    /// Who this client is. Default: nobody.
    pub credentials: Option<Credentials>,
    /// Who may use the nodes that this client makes. Default: anyone.
    pub acl: Access,
}

/// Who may use the nodes that a client makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Whoever can connect.
    #[default]
    Anyone,
    /// Whoever has the credentials, or the certificate, of the client that has made them.
    Creator,
}

impl ZooKeeperConfig {
    /// By how much the session of a lease is longer than the lease.
    pub const LEASE_MARGIN: Duration = Duration::from_secs(1);
    /// The port of a server that was named without one.
    pub const PORT: u16 = 2181;

    /// The defaults, for these servers.
    pub fn new(endpoints: Vec<HostPort>, leased: LeasedDirectories) -> Self {
        Self {
            endpoints,
            root: Prefix::root(),
            leased,
            request_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            session_timeout: Duration::from_secs(10),
            lease_min: Duration::from_secs(1),
            lease_max: Duration::from_secs(30),
            tls: None,
            credentials: None,
            acl: Access::Anyone,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.endpoints.is_empty() {
            return Err(Error::invalid("no server is named; write zookeeper://host:port/path"));
        }
        if self.root.as_str() == "zookeeper" || self.root.as_str().starts_with("zookeeper/") {
            return Err(Error::invalid(format!(
                "the path /{} is ZooKeeper's own; choose another, such as /netkeep",
                self.root
            )));
        }
        // A key of 512 bytes must remain a path that the server takes; beyond this nobody has looked.
        if self.root.as_str().len() > 512 {
            return Err(Error::invalid(format!(
                "the path has {} bytes; it may have 512",
                self.root.as_str().len()
            )));
        }
        if self.session_timeout < self.connect_timeout * 2 {
            return Err(Error::invalid(format!(
                "session_timeout is {:?}, connect_timeout {:?}; a session lasts at least twice as long",
                self.session_timeout, self.connect_timeout
            )));
        }
        let (min, max) = (Limits::PORTABLE.lease_min, Limits::PORTABLE.lease_max);
        if self.lease_min < min || self.lease_max > max || self.lease_min >= self.lease_max {
            return Err(Error::invalid(format!(
                "leases of {:?} to {:?} cannot be offered; the bounds lie within {min:?} to {max:?}",
                self.lease_min, self.lease_max
            )));
        }
        Ok(())
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            lease_min: self.lease_min,
            lease_max: self.lease_max,
            // A process that dies just before its lease ends has kept its session until then. Servers round a
            // session up to a whole tick, and look for ended ones once a tick.
            lease_slack: self.lease_max + Self::LEASE_MARGIN + Duration::from_secs(4),
            ..Limits::PORTABLE
        }
    }

    pub(crate) fn address(endpoint: &HostPort) -> String {
        let port = endpoint.port.unwrap_or(Self::PORT);
        HostPort { host: endpoint.host.clone(), port: Some(port) }.to_string()
    }
}
