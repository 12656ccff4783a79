//! The store that the hosts share, with its servers.
//!
//! This is why the program depends on `netkeep-testcontainers`: who has only the released program should be able to see
//! it survive on real servers too, and those that it starts it can kill, wherever they run. The feature `demo` has it,
//! with the demo itself; a build for production may go without (`--no-default-features`) and then knows no container
//! engine.

use netkeep_store::StoreUrl;
use netkeep_testcontainers::{Cluster, Launcher, Options};

use super::{DemoError, GlobalStore};

/// The store that the hosts share. Servers that were started for it end with this value.
#[derive(Debug)]
pub(super) struct Servers {
    url: String,
    /// Those that the demo may kill.
    own: Option<Cluster>,
}

impl Servers {
    /// The store of a demo with this seed: below a root that no other uses.
    pub(super) async fn open(store: &GlobalStore, seed: u64) -> Result<Self, DemoError> {
        match store {
            GlobalStore::At(url) => Ok(Self { url: with_root_of(url, seed), own: None }),
            GlobalStore::Own(family) => {
                let cluster = Cluster::start(*family, Options::three()).await.map_err(DemoError::Servers)?;
                let url = format!("{family}://{}/netkeep-demo-{seed:016x}", cluster.endpoints().join(","));
                let own = (cluster.launcher() != Launcher::Given).then_some(cluster);
                Ok(Self { url, own })
            }
        }
    }

    /// Where the store is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How many servers may be killed.
    pub(super) fn nodes(&self) -> usize {
        self.own.as_ref().map_or(0, Cluster::nodes)
    }

    /// Kills one of them with SIGKILL.
    pub(super) async fn kill(&self, node: usize) -> Result<(), DemoError> {
        match &self.own {
            Some(cluster) => cluster.kill(node).await.map_err(DemoError::Servers),
            None => Ok(()),
        }
    }

    /// Starts one that was killed, and waits until it serves.
    pub(super) async fn restart(&self, node: usize) -> Result<(), DemoError> {
        match &self.own {
            Some(cluster) => cluster.restart(node).await.map_err(DemoError::Servers),
            None => Ok(()),
        }
    }
}

/// The URL with a root of this demo's own beside the one that it names.
fn with_root_of(url: &StoreUrl, seed: u64) -> String {
    let text = String::from(url.clone());
    let (place, options) = match text.split_once('?') {
        Some((place, options)) => (place, format!("?{options}")),
        None => (text.as_str(), String::new()),
    };
    let place = place.trim_end_matches('/');
    let joint = if url.path().trim_matches('/').is_empty() { "/netkeep" } else { "" };
    format!("{place}{joint}-demo-{seed:016x}{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_keeps_away_from_the_root_that_is_named() {
        for (url, root) in [
            ("etcd://h1:1,h2:2/a/b", "etcd://h1:1,h2:2/a/b-demo-00000000000000ff"),
            ("etcd://h1/", "etcd://h1/netkeep-demo-00000000000000ff"),
            ("consul://h1", "consul://h1/netkeep-demo-00000000000000ff"),
            ("etcd://h1/a?tls-ca=/c.pem", "etcd://h1/a-demo-00000000000000ff?tls-ca=/c.pem"),
        ] {
            let own = with_root_of(&StoreUrl::parse(url).unwrap(), 255);
            assert_eq!(StoreUrl::parse(&own).unwrap(), StoreUrl::parse(root).unwrap());
        }
    }
}
