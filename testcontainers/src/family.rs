//! The three families of servers, and what each is called where.

use std::fmt;

use crate::{Error, Result};

/// One line per family; `cargo xtask servers` reads the same.
const SERVERS: &str = include_str!("../servers.txt");

/// A family of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// etcd, version 3.
    Etcd,
    /// HashiCorp Consul.
    Consul,
    /// Apache ZooKeeper.
    ZooKeeper,
}

impl Family {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Etcd, Self::Consul, Self::ZooKeeper];

    /// The one that a test runs on for which one is enough: the one that this variable of the environment names; without
    /// it they take turns, one each hour.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if the variable names none.
    pub fn in_turn(variable: &str) -> Result<Self> {
        match std::env::var(variable) {
            Ok(name) => Self::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| {
                let known = Self::ALL.map(Self::name).join(", ");
                Error::invalid(format!("{variable} is {name:?}; it can be {known}"))
            }),
            Err(_) => {
                let hours = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(0, |since| since.as_secs() / 3600);
                Ok(Self::ALL[usize::try_from(hours % 3).unwrap_or_default()])
            }
        }
    }

    /// The name in lower case, as in URLs and folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Consul => "consul",
            Self::ZooKeeper => "zookeeper",
        }
    }

    /// The version of the server that `cargo xtask servers` provides.
    pub fn version(self) -> &'static str {
        SERVERS
            .lines()
            .find_map(|line| line.strip_prefix(self.name())?.split_whitespace().next())
            .expect("servers.txt has a line for each family")
    }

    /// The folder of the unpacked server, below that of all servers.
    pub(crate) fn folder(self) -> String {
        format!("{self}-{}", self.version())
    }

    /// The variable of the environment that gives the endpoints of a server that runs already.
    pub(crate) fn endpoints_variable(self) -> &'static str {
        match self {
            Self::Etcd => "NETKEEP_ETCD",
            Self::Consul => "NETKEEP_CONSUL",
            Self::ZooKeeper => "NETKEEP_ZOOKEEPER",
        }
    }

    /// The image to run, by name and tag, and whether the engine may pull it.
    pub(crate) fn image(self, variable: impl Fn(&str) -> Option<String>) -> Result<Image> {
        if let Some(image) = variable(&format!("{}_IMAGE", self.endpoints_variable())) {
            return Image::parse(&image, true);
        }
        let version = self.version();
        match variable("NETKEEP_IMAGES").as_deref() {
            None | Some("local") => Image::parse(&format!("netkeep-test/{self}:{version}"), false),
            Some("official") => {
                let name = match self {
                    Self::Etcd => format!("quay.io/coreos/etcd:v{version}"),
                    Self::Consul => format!("docker.io/library/consul:{version}"),
                    Self::ZooKeeper => format!("docker.io/library/zookeeper:{version}"),
                };
                Image::parse(&name, true)
            }
            Some(other) => {
                Err(Error::invalid(format!("NETKEEP_IMAGES is {other:?}; it can be local or official")))
            }
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An image by name and tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) tag: String,
    /// Whether it may come from a registry.
    pub(crate) pull: bool,
}

impl Image {
    fn parse(text: &str, pull: bool) -> Result<Self> {
        match text.rsplit_once(':') {
            Some((name, tag)) if !name.is_empty() && !tag.is_empty() && !tag.contains('/') => {
                Ok(Self { name: name.to_owned(), tag: tag.to_owned(), pull })
            }
            _ => Err(Error::invalid(format!("the image {text:?} has no tag; name:tag is right"))),
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn each_family_has_a_version() {
        for family in Family::ALL {
            assert!(family.version().split('.').count() == 3, "{family} {}", family.version());
        }
    }

    #[test]
    fn images_come_from_here_unless_the_environment_says_otherwise() {
        let local = Family::Etcd.image(|_| None).unwrap();
        assert_eq!(local.to_string(), format!("netkeep-test/etcd:{}", Family::Etcd.version()));
        assert!(!local.pull);
        let official = |name: &str| (name == "NETKEEP_IMAGES").then(|| "official".to_owned());
        assert!(Family::Consul.image(official).unwrap().pull);
        let own = |name: &str| (name == "NETKEEP_ZOOKEEPER_IMAGE").then(|| "host:5000/zk:3.9".to_owned());
        assert_eq!(Family::ZooKeeper.image(own).unwrap().tag, "3.9");
    }

    #[test]
    fn an_image_without_a_tag_is_refused() {
        for text in ["etcd", "host:5000/etcd", ":1", "etcd:"] {
            let error = Family::Etcd.image(|_| Some(text.to_owned())).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
