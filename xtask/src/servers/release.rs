//! Which server, in which version, from which suite and package of Debian.

use anyhow::{Context, Result};

/// The fixtures read the same file.
const SERVERS: &str = include_str!("../../../testcontainers/servers.txt");

/// One line of `testcontainers/servers.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// `etcd`, `consul` or `zookeeper`.
    pub family: String,
    /// The version of the server.
    pub version: String,
    /// The suite of Debian that has it.
    pub suite: String,
    /// The package therein.
    pub package: String,
}

impl Release {
    /// Every one.
    pub fn all() -> Vec<Self> {
        SERVERS.lines().filter_map(Self::read).collect()
    }

    /// That of a family.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub fn named(family: &str) -> Result<Self> {
        let all = Self::all();
        let known: Vec<String> = all.iter().map(|release| release.family.clone()).collect();
        let found = all.into_iter().find(|release| release.family == family);
        found.with_context(|| format!("there is no server {family:?}; there are {}", known.join(", ")))
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let family = words.next().filter(|word| !word.starts_with('#'))?;
        Some(Self { family, version: words.next()?, suite: words.next()?, package: words.next()? })
    }

    /// The image that the fixtures look for.
    pub fn image(&self) -> String {
        format!("netkeep-test/{}:{}", self.family, self.version)
    }

    /// The folder that the fixtures look for, below that of all servers.
    pub fn folder(&self) -> String {
        format!("{}-{}", self.family, self.version)
    }

    /// What must stand in a root for the server to be of this version: a command to run there, and what its output
    /// must contain.
    pub(super) fn proof(&self) -> (Vec<&'static str>, String) {
        match self.family.as_str() {
            "etcd" => (vec!["/usr/bin/etcd", "--version"], format!("etcd Version: {}", self.version)),
            "consul" => (vec!["/usr/bin/consul", "version"], format!("Consul v{}", self.version)),
            _ => (vec!["/bin/ls", "/usr/share/java"], format!("zookeeper-{}.jar", self.version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_all_four_words() {
        let lines = SERVERS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        assert_eq!(Release::all().len(), lines);
        assert_eq!(lines, 3);
    }

    #[test]
    fn names_are_those_that_the_fixtures_know() {
        let etcd = Release::named("etcd").unwrap();
        assert_eq!(etcd.image(), format!("netkeep-test/etcd:{}", etcd.version));
        assert_eq!(etcd.folder(), format!("etcd-{}", etcd.version));
    }
}
