//! `cargo xtask servers`: etcd, Consul and ZooKeeper for the tests, put together from Debian's packages.

mod folder;
mod image;
mod packages;
mod release;

use std::time::Instant;

use anyhow::{Result, bail};

pub(crate) use folder::target;
pub use release::Release;

use crate::Workspace;

/// What `servers` is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which servers.
    pub releases: Vec<Release>,
    /// Where they are to run; without it, where `NETKEEP_LAUNCHER` says, else in containers if an engine answers,
    /// else as processes.
    pub place: Option<Place>,
}

/// Where servers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In containers of a Docker Engine.
    Docker,
    /// As processes, from folders below cargo's target folder.
    Local,
}

impl Place {
    /// The place that `NETKEEP_LAUNCHER` names; without it containers if an engine answers, else processes.
    fn choose(launcher: Option<&str>) -> Result<Self> {
        match launcher {
            Some("docker") => Ok(Self::Docker),
            Some("local") => Ok(Self::Local),
            None | Some("") if image::engine_answers() => Ok(Self::Docker),
            None | Some("") => Ok(Self::Local),
            Some(other) => bail!("NETKEEP_LAUNCHER is {other:?}; it can be docker or local"),
        }
    }

    /// As `NETKEEP_LAUNCHER` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Local => "local",
        }
    }
}

impl Wanted {
    /// Reads the words after `cargo xtask servers`: names of families, `--docker`, `--local`.
    ///
    /// # Errors
    ///
    /// If a word is none of these, or both places are named.
    pub fn parse(words: &[&str]) -> Result<Self> {
        let mut releases = Vec::new();
        let mut place = None;
        for word in words {
            let named = match *word {
                "--docker" => Some(Place::Docker),
                "--local" => Some(Place::Local),
                name => {
                    releases.push(Release::named(name)?);
                    None
                }
            };
            if named.is_some() && place.is_some() && named != place {
                bail!("--docker and --local are two places; call it once for each");
            }
            place = named.or(place);
        }
        if releases.is_empty() {
            releases = Release::all();
        }
        Ok(Self { releases, place })
    }
}

/// Makes what is not there yet, and says what is there and where. The place in which the servers now are.
///
/// On Debian, as the superuser, it installs the packages that it needs for this; otherwise it names them.
///
/// # Errors
///
/// If a server could not be made.
pub fn servers(workspace: &Workspace, wanted: &Wanted) -> Result<Place> {
    let place = match wanted.place {
        Some(place) => place,
        None => Place::choose(std::env::var("NETKEEP_LAUNCHER").ok().as_deref())?,
    };
    let into = target(workspace);
    for release in &wanted.releases {
        let begin = Instant::now();
        let (made, what) = match place {
            Place::Docker => image::provide(release, &into)?,
            Place::Local => folder::provide(release, &into)?,
        };
        let family = &release.family;
        if made {
            println!("servers: {family} {} made in {} s: {what}", release.version, begin.elapsed().as_secs());
        } else {
            println!("servers: {family} {} is there: {what}", release.version);
        }
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(words: &[&str]) -> Vec<String> {
        Wanted::parse(words).unwrap().releases.into_iter().map(|release| release.family).collect()
    }

    #[test]
    fn without_a_name_all_are_wanted() {
        assert_eq!(families(&[]), ["etcd", "consul", "zookeeper"]);
        assert_eq!(families(&["--local"]), ["etcd", "consul", "zookeeper"]);
        assert_eq!(families(&["zookeeper", "--local", "etcd"]), ["zookeeper", "etcd"]);
    }

    #[test]
    fn the_environment_may_name_the_place() {
        assert_eq!(Place::choose(Some("local")).unwrap(), Place::Local);
        assert_eq!(Place::choose(Some("docker")).unwrap(), Place::Docker);
        assert!(Place::choose(Some("podman")).unwrap_err().to_string().contains("podman"));
    }

    #[test]
    fn there_is_one_place() {
        assert_eq!(Wanted::parse(&["etcd"]).unwrap().place, None);
        assert_eq!(Wanted::parse(&["--docker"]).unwrap().place, Some(Place::Docker));
        assert!(Wanted::parse(&["--docker", "--local"]).is_err());
        let error = Wanted::parse(&["redis"]).unwrap_err();
        assert!(error.to_string().contains("redis") && error.to_string().contains("consul"), "{error}");
    }
}
