//! Asking a node whether it serves and whether it leads.

use std::io;

use crate::{Family, http};

/// The ports by which a node is reached on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) client: u16,
    pub(crate) secure: u16,
    pub(crate) admin: u16,
}

/// Whether a node serves: reads that see every write are answered. If not, the text says why.
pub(crate) async fn serves(family: Family, reach: Reach) -> Result<(), String> {
    let refused = |error: io::Error| error.to_string();
    match family {
        Family::Etcd => match http::get(reach.admin, "/health").await.map_err(refused)? {
            (200, body) if body.contains("true") => Ok(()),
            (status, body) => Err(format!("status {status}: {body}")),
        },
        Family::Consul => {
            // 404: there is no such key. 403: there are access lists. Both need a leader.
            match http::get(reach.client, "/v1/kv/netkeep-ready?consistent").await.map_err(refused)? {
                (200 | 403 | 404, _) => Ok(()),
                (status, body) => Err(format!("status {status}: {body}")),
            }
        }
        Family::ZooKeeper => {
            let answer = http::ask(reach.client, "srvr").await.map_err(refused)?;
            mode(&answer).map(|_| ()).ok_or(answer)
        }
    }
}

/// What a node says about who leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// It does itself.
    Itself,
    /// The one with this address does.
    Address(String),
    /// Another, or nobody that it knew.
    NotItself,
}

/// Asks a node who leads; nothing if it does not answer.
pub(crate) async fn leads(family: Family, reach: Reach) -> Option<Leads> {
    match family {
        Family::Etcd => {
            let (_, figures) = http::get(reach.admin, "/metrics").await.ok()?;
            let leads = figures.lines().any(|line| line == "etcd_server_is_leader 1");
            Some(if leads { Leads::Itself } else { Leads::NotItself })
        }
        Family::Consul => {
            let (status, body) = http::get(reach.client, "/v1/status/leader").await.ok()?;
            let address = body.trim().trim_matches('"');
            let known = status == 200 && !address.is_empty();
            Some(if known { Leads::Address(address.to_owned()) } else { Leads::NotItself })
        }
        Family::ZooKeeper => {
            let answer = http::ask(reach.client, "srvr").await.ok()?;
            let leads = matches!(mode(&answer), Some("leader" | "standalone"));
            Some(if leads { Leads::Itself } else { Leads::NotItself })
        }
    }
}

/// The mode that ZooKeeper names, if it serves at all.
fn mode(answer: &str) -> Option<&str> {
    answer.lines().find_map(|line| line.strip_prefix("Mode: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zookeeper_names_its_mode_only_while_it_serves() {
        assert_eq!(mode("Zookeeper version: 3.9.3\nMode: follower\nNode count: 5\n"), Some("follower"));
        assert_eq!(mode("This ZooKeeper instance is not currently serving requests\n"), None);
    }
}
