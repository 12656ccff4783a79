//! Where servers run: in containers or as processes, behind one interface.

mod docker;
mod engine;
mod local;
mod network;
mod process;
mod relay;

use std::fmt;

use async_trait::async_trait;

use crate::folder::{Folder, NodeFolder};
use crate::ports::Port;
use crate::probe::Reach;
use crate::{Error, Family, Kind, Options, Result};

/// Where servers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Launcher {
    /// In containers of a Docker Engine.
    Docker,
    /// As processes of this machine, from unpacked folders.
    Local,
    /// Somewhere: the environment gives the endpoints, and nothing can be done to the servers.
    Given,
}

impl fmt::Display for Launcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Local => "local",
            Self::Given => "given",
        })
    }
}

/// One server. Whoever calls sees to it that the calls fit its state.
#[async_trait]
pub(crate) trait Node: fmt::Debug + Send + Sync {
    fn reach(&self) -> Reach;
    fn folder(&self) -> &NodeFolder;
    /// How the members call it: host and port, as Consul names its leader.
    async fn address(&self) -> Result<String>;
    /// Starts it, for the first time or again.
    async fn start(&self) -> Result<()>;
    async fn pause(&self) -> Result<()>;
    async fn resume(&self) -> Result<()>;
    /// Ends it at once.
    async fn kill(&self) -> Result<()>;
    /// Asks it to end, and ends it if it does not.
    async fn stop(&self) -> Result<()>;
    async fn isolate(&self) -> Result<()>;
    async fn heal(&self) -> Result<()>;
    async fn is_running(&self) -> Result<bool>;
    async fn logs(&self) -> Result<String>;
    /// Ends it and takes away what it is made of, but for its folder.
    async fn remove(&self) -> Result<()>;
}

/// What a launcher has made, not started yet.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) nodes: Vec<Box<dyn Node>>,
    pub(crate) network: Option<network::Network>,
    /// Goes when this goes.
    pub(crate) _folder: Folder,
    /// Held as long as the nodes may come back.
    pub(crate) _ports: Vec<Port>,
}

/// Decides where to run: what the options say, else the environment, else what can be had.
pub(crate) async fn choose(family: Family, options: &Options) -> Result<Launcher> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let wanted = match options.launcher {
        Some(launcher) => Some(launcher),
        None if variable(family.endpoints_variable()).is_some() => Some(Launcher::Given),
        None => named(variable("NETKEEP_LAUNCHER").as_deref())?,
    };
    match wanted {
        Some(Launcher::Given) => Ok(Launcher::Given),
        Some(Launcher::Docker) => {
            engine::check(family).await.map(|()| Launcher::Docker).map_err(|why| no_servers(family, &[why]))
        }
        Some(Launcher::Local) => {
            local::check(family).map(|()| Launcher::Local).map_err(|why| no_servers(family, &[why]))
        }
        None => match engine::check(family).await {
            Ok(()) => Ok(Launcher::Docker),
            Err(docker) => match local::check(family) {
                Ok(()) => Ok(Launcher::Local),
                Err(local) => Err(no_servers(family, &[docker, local])),
            },
        },
    }
}

/// Makes the nodes there.
pub(crate) async fn launch(launcher: Launcher, family: Family, options: &Options) -> Result<Launched> {
    match launcher {
        Launcher::Docker => docker::launch(family, options).await,
        Launcher::Local => local::launch(family, options).await,
        Launcher::Given => Err(Error::unsupported("a server that runs already is not launched")),
    }
}

fn named(launcher: Option<&str>) -> Result<Option<Launcher>> {
    match launcher {
        None => Ok(None),
        Some("docker") => Ok(Some(Launcher::Docker)),
        Some("local") => Ok(Some(Launcher::Local)),
        Some(other) => {
            Err(Error::invalid(format!("NETKEEP_LAUNCHER is {other:?}; it can be docker or local")))
        }
    }
}

fn no_servers(family: Family, why: &[String]) -> Error {
    let variable = family.endpoints_variable();
    Error::new(
        Kind::NoServers,
        format!(
            "there is no {family} to start: {}; `cargo xtask servers {family}` makes it, and {variable}=host:port \
             names one that runs",
            why.join("; ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_launcher_is_refused() {
        assert_eq!(named(None).unwrap(), None);
        assert_eq!(named(Some("local")).unwrap(), Some(Launcher::Local));
        let error = named(Some("podman")).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains("podman"), "{error}");
    }

    #[test]
    fn who_has_no_servers_is_told_how_to_get_them() {
        let error = no_servers(Family::Consul, &["no engine".to_owned(), "nothing unpacked".to_owned()]);
        assert_eq!(error.kind(), Kind::NoServers);
        for part in ["cargo xtask servers consul", "NETKEEP_CONSUL=", "no engine", "nothing unpacked"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
