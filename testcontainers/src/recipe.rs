//! What it takes to start a node: the arguments and files of its server, as the server itself sees its place.

use crate::ports::Port;
use crate::{Family, Options, consul, etcd, zookeeper};

/// Where a node runs, as its own server sees it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Which of the members it is, from 0.
    pub(crate) index: usize,
    /// The address to listen on.
    pub(crate) bind: String,
    /// The folder of its data.
    pub(crate) data: String,
    /// The folder of its configuration.
    pub(crate) conf: String,
    /// The folders in which the libraries of its Java machine may lie.
    pub(crate) jars: String,
    /// The ports to listen on.
    pub(crate) ports: Ports,
    /// The port by which clients reach it on 127.0.0.1.
    pub(crate) client_outside: u16,
    /// All members, itself included.
    pub(crate) members: Vec<Member>,
}

/// The ports of one node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// Clients.
    pub(crate) client: u16,
    /// Clients that speak TLS.
    pub(crate) secure: u16,
    /// Health and figures, where they have a port of their own.
    pub(crate) admin: u16,
    /// What the members agree by.
    pub(crate) peer: u16,
    /// What the members find each other or vote by, where that is another port.
    pub(crate) gossip: u16,
}

impl Ports {
    /// How many a node may need.
    pub(crate) const COUNT: usize = 5;

    /// The ports of a node that shares its machine with others: these, of which there are [`COUNT`](Self::COUNT).
    pub(crate) fn of(held: &[Port]) -> Self {
        let [client, secure, admin, peer, gossip] = held else {
            unreachable!("ports come in chunks of {}", Self::COUNT);
        };
        Self {
            client: client.number(),
            secure: secure.number(),
            admin: admin.number(),
            peer: peer.number(),
            gossip: gossip.number(),
        }
    }
}

/// How the others reach a member.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) host: String,
    pub(crate) peer: u16,
    pub(crate) gossip: u16,
}

/// How to start one node.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The program, by its plain name.
    pub(crate) program: &'static str,
    pub(crate) args: Vec<String>,
    /// Files for the folder of the configuration, by name.
    pub(crate) conf: Vec<(String, Vec<u8>)>,
    /// Files that the folder of the data must begin with, by name.
    pub(crate) data: Vec<(String, Vec<u8>)>,
}

impl Place {
    /// The name of a member, from its index.
    pub(crate) fn name(index: usize) -> String {
        format!("n{}", index + 1)
    }

    /// Puts what this place has for what stands in braces.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("{conf}", &self.conf)
            .replace("{data}", &self.data)
            .replace("{bind}", &self.bind)
            .replace("{client}", &self.ports.client.to_string())
            .replace("{secure}", &self.ports.secure.to_string())
    }
}

impl Recipe {
    /// How to start the node of that family at that place.
    pub(crate) fn new(family: Family, place: &Place, options: &Options) -> Self {
        let mut recipe = match family {
            Family::Etcd => etcd::recipe(place, options),
            Family::Consul => consul::recipe(place, options),
            Family::ZooKeeper => zookeeper::recipe(place, options),
        };
        recipe.conf.extend(options.files.iter().map(|(name, content)| (name.clone(), content.clone())));
        recipe
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The place of the first of `nodes`, with ports from `base` on.
    pub(crate) fn place(nodes: u16, base: u16) -> Place {
        let ports = |index: u16| Ports {
            client: base + index * 10,
            secure: base + index * 10 + 1,
            admin: base + index * 10 + 2,
            peer: base + index * 10 + 3,
            gossip: base + index * 10 + 4,
        };
        let members = (0..nodes).map(|index| Member {
            host: "127.0.0.1".to_owned(),
            peer: ports(index).peer,
            gossip: ports(index).gossip,
        });
        Place {
            index: 0,
            bind: "127.0.0.1".to_owned(),
            data: "/d".to_owned(),
            conf: "/c".to_owned(),
            jars: "/j".to_owned(),
            ports: ports(0),
            client_outside: base,
            members: members.collect(),
        }
    }

    #[test]
    fn what_stands_in_braces_is_filled_in() {
        let text = "--cert-file={conf}/server.pem on {bind}:{secure} beside {client}, {other}";
        let filled = place(1, 2000).fill(text);
        assert_eq!(filled, "--cert-file=/c/server.pem on 127.0.0.1:2001 beside 2000, {other}");
    }

    #[test]
    fn files_of_the_caller_go_to_the_configuration() {
        let options = Options { files: [("a.pem".to_owned(), b"key".to_vec())].into(), ..Options::single() };
        for family in Family::ALL {
            let recipe = Recipe::new(family, &place(1, 2000), &options);
            assert!(recipe.conf.contains(&("a.pem".to_owned(), b"key".to_vec())), "{family}");
        }
    }
}
