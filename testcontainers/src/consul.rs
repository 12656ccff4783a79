//! Consul: the fixture, and how a node of it is started.

use std::ops::Deref;

use tokio::sync::OnceCell;

use crate::recipe::{Place, Recipe};
use crate::{Cluster, Family, Options, Result};

/// One or three Consul servers that are gone when this is dropped. What can be done to them: [`Cluster`].
///
/// A session may be as short as 2 s and one address may hold 2,000 connections; Consul's own bounds, 10 s and
/// 200, are for [`Options::extra_config`].
#[derive(Debug)]
pub struct Consul(Cluster);

impl Consul {
    /// Starts servers and waits until all of them serve.
    ///
    /// Cancelling it leaves nothing behind: what was started by then is ended.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start`].
    pub async fn start(options: Options) -> Result<Self> {
        Cluster::start(Family::Consul, options).await.map(Self)
    }

    /// The one server that the tests of a process share: a single node, started at the first call and ended with
    /// the process. Whoever freezes, kills or wipes a server starts one of its own.
    ///
    /// Cancelling it leaves nothing behind; the next call starts anew.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start`].
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Consul> = OnceCell::const_new();
        SHARED.get_or_try_init(|| Self::start(Options::single())).await
    }
}

impl Deref for Consul {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.0
    }
}

const CONFIG: &str = r#"performance { raft_multiplier = 1 }
disable_update_check = true
session_ttl_min = "2s"
limits { http_max_conns_per_client = 2000 }
"#;

/// How to start one node.
pub(crate) fn recipe(place: &Place, options: &Options) -> Recipe {
    let ports = place.ports;
    let secure = if options.secure { i32::from(ports.secure) } else { -1 };
    let mut args = vec![
        "agent".to_owned(),
        "-server".to_owned(),
        format!("-bootstrap-expect={}", place.members.len()),
        format!("-node={}", Place::name(place.index)),
        format!("-data-dir={}/consul", place.data),
        format!("-client={}", place.bind),
        format!("-http-port={}", ports.client),
        format!("-server-port={}", ports.peer),
        format!("-serf-lan-port={}", ports.gossip),
        "-serf-wan-port=-1".to_owned(),
        "-dns-port=-1".to_owned(),
        "-retry-interval=1s".to_owned(),
        "-log-level=warn".to_owned(),
        format!("-config-file={}/1-fixture.hcl", place.conf),
    ];
    if place.bind == "0.0.0.0" {
        // The members tell each other where they are; that must be an address, and the container has just one.
        args.push(r#"-bind={{ GetInterfaceIP "eth0" }}"#.to_owned());
    } else {
        args.push(format!("-bind={}", place.bind));
        args.push(format!("-advertise={}", place.members[place.index].host));
    }
    if place.members.len() > 1 {
        let all = place.members.iter();
        args.extend(all.map(|member| format!("-retry-join={}:{}", member.host, member.gossip)));
    }
    let mut conf = vec![(
        "1-fixture.hcl".to_owned(),
        format!("{CONFIG}ports {{\n  grpc = -1\n  https = {secure}\n}}\n").into_bytes(),
    )];
    if !options.extra_config.is_empty() {
        args.push(format!("-config-file={}/2-extra.hcl", place.conf));
        conf.push(("2-extra.hcl".to_owned(), place.fill(&options.extra_config).into_bytes()));
    }
    args.extend(options.extra_args.iter().map(|argument| place.fill(argument)));
    Recipe { program: "consul", args, conf, data: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::tests::place;

    #[test]
    fn a_single_node_expects_itself_alone() {
        let recipe = recipe(&place(1, 2000), &Options::single());
        assert!(recipe.args.contains(&"-bootstrap-expect=1".to_owned()));
        assert!(!recipe.args.iter().any(|argument| argument.starts_with("-retry-join")));
        assert_eq!(recipe.conf.len(), 1);
    }

    #[test]
    fn extra_configuration_is_read_after_ours() {
        let options = Options {
            secure: true,
            extra_config: "key_file = \"{conf}/key.pem\"".to_owned(),
            ..Options::three()
        };
        let recipe = recipe(&place(3, 2000), &options);
        let joins = recipe.args.iter().filter(|argument| argument.starts_with("-retry-join=127.0.0.1:"));
        assert_eq!(joins.count(), 3);
        assert_eq!(recipe.args.last().unwrap(), "-config-file=/c/2-extra.hcl");
        assert_eq!(recipe.conf[1].1, b"key_file = \"/c/key.pem\"");
        assert!(String::from_utf8_lossy(&recipe.conf[0].1).contains("https = 2001"));
    }
}
