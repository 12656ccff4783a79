//! What a fixture starts.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Error, Launcher, Result};

/// What a fixture starts: how many nodes, with what besides the usual.
///
/// In `extra_args` and `extra_config` these stand for what differs from launcher to launcher: `{conf}` for the
/// folder in which `files` lie, `{data}` for that of the data, `{bind}` for the address to listen on, `{client}`
/// and `{secure}` for the two ports of clients.
///
/// ```
/// use netkeep_testcontainers::Options;
///
/// let options = Options {
///     extra_args: vec!["--max-txn-ops=64".to_owned()],
///     ..Options::single()
/// };
/// assert_eq!(options.nodes, 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// One or three.
    pub nodes: usize,
    /// More arguments for the server; for ZooKeeper, for its Java machine (`-Dname=value`).
    pub extra_args: Vec<String>,
    /// More configuration: HCL for Consul, lines of `zoo.cfg` for ZooKeeper. It comes after what the fixture says
    /// and overrules it. etcd takes its configuration from arguments, and this must be empty.
    pub extra_config: String,
    /// Files that each node finds in `{conf}`, by name: certificates, keys, JAAS configuration.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Whether each node has a second port for clients, for TLS; [`Cluster::secure_endpoints`] names it. The
    /// certificate and the rest come by `files`, `extra_args` and `extra_config`. The first port stays without
    /// TLS: by it the fixture sees whether the node serves. The second only has to answer a handshake, so a
    /// certificate may be as bad as a test wants it.
    ///
    /// [`Cluster::secure_endpoints`]: crate::Cluster::secure_endpoints
    pub secure: bool,
    /// Whether containers share the network of this machine, so that nothing stands between a client and its server:
    /// for measurements. For a single node; processes have it so anyway.
    pub host_network: bool,
    /// Where to run, whatever the environment says. Without it the environment decides.
    pub launcher: Option<Launcher>,
    /// How long a node may take until it serves.
    pub ready_within: Duration,
}

impl Options {
    /// One node.
    pub fn single() -> Self {
        Self {
            nodes: 1,
            extra_args: Vec::new(),
            extra_config: String::new(),
            files: BTreeMap::new(),
            secure: false,
            host_network: false,
            launcher: None,
            ready_within: Duration::from_secs(60),
        }
    }

    /// Three nodes, of which any two are a quorum.
    pub fn three() -> Self {
        Self { nodes: 3, ..Self::single() }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.nodes != 1 && self.nodes != 3 {
            return Err(Error::invalid(format!("nodes is {}; it can be 1 or 3", self.nodes)));
        }
        if self.host_network && self.nodes != 1 {
            return Err(Error::invalid("host_network is for one node; three need addresses of their own"));
        }
        for name in self.files.keys() {
            let plain = !name.is_empty() && !name.starts_with('.') && !name.contains('/');
            if !plain {
                return Err(Error::invalid(format!("files has {name:?}; a name without a folder is right")));
            }
        }
        Ok(())
    }

    /// Whether anything is asked for that only a server of our own can have.
    pub(crate) fn is_plain(&self) -> bool {
        let plain = Self {
            nodes: self.nodes,
            host_network: self.host_network,
            ready_within: self.ready_within,
            ..Self::single()
        };
        *self == plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn one_and_three_are_the_numbers_of_nodes() {
        assert!(Options::single().check().is_ok());
        assert!(Options::three().check().is_ok());
        let error = Options { nodes: 2, ..Options::single() }.check().unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains("nodes is 2"), "{error}");
    }

    #[test]
    fn a_file_has_a_plain_name() {
        for name in ["", "../key.pem", ".hidden", "a/b"] {
            let files = [(name.to_owned(), Vec::new())].into();
            let error = Options { files, ..Options::single() }.check().unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{name:?}");
        }
    }

    #[test]
    fn plain_is_what_any_server_has() {
        assert!(Options::three().is_plain());
        assert!(!Options { secure: true, ..Options::single() }.is_plain());
        assert!(!Options { extra_args: vec!["-x".to_owned()], ..Options::single() }.is_plain());
    }
}
