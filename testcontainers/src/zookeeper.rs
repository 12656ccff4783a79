//! ZooKeeper: the fixture, and how a node of it is started.

use std::fmt::Write;
use std::ops::Deref;

use tokio::sync::OnceCell;

use crate::recipe::{Place, Recipe};
use crate::{Cluster, Family, Options, Result};

/// One or three ZooKeeper servers that are gone when this is dropped. What can be done to them: [`Cluster`].
///
/// A single node ticks every second, three nodes twice a second; sessions may last from 1 s to 60 s. The Java
/// machine compiles for a quick start; a benchmark wants `-XX:TieredStopAtLevel=4` in [`Options::extra_args`].
#[derive(Debug)]
pub struct ZooKeeper(Cluster);

impl ZooKeeper {
    /// Starts servers and waits until all of them serve.
    ///
    /// Cancelling it leaves nothing behind: what was started by then is ended.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start`].
    pub async fn start(options: Options) -> Result<Self> {
        Cluster::start(Family::ZooKeeper, options).await.map(Self)
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
        static SHARED: OnceCell<ZooKeeper> = OnceCell::const_new();
        SHARED.get_or_try_init(|| Self::start(Options::single())).await
    }
}

impl Deref for ZooKeeper {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.0
    }
}

/// What the server needs, and what it needs for TLS and SASL besides. A folder of libraries has more, among them
/// two that exclude each other, so each is named; one that is not there does no harm.
pub(crate) const JARS: [&str; 16] = [
    "zookeeper",
    "zookeeper-jute",
    "slf4j-api",
    "slf4j-simple",
    "metrics-core",
    "snappy-java",
    "netty-all",
    "netty-buffer",
    "netty-codec",
    "netty-common",
    "netty-handler",
    "netty-resolver",
    "netty-tcnative",
    "netty-transport",
    "netty-transport-native-epoll",
    "netty-transport-native-unix-common",
];

/// What the members agree on, and how they behave towards clients.
const CONFIG: &str = "\
admin.enableServer=false
4lw.commands.whitelist=*
maxClientCnxns=0
extendedTypesEnabled=true
minSessionTimeout=1000
maxSessionTimeout=60000
autopurge.purgeInterval=1
";

/// How to start one node.
pub(crate) fn recipe(place: &Place, options: &Options) -> Recipe {
    let ports = place.ports;
    let mut class_path: Vec<String> = JARS.iter().map(|jar| format!("{}/{jar}.jar", place.jars)).collect();
    // Where the official image has them.
    class_path.push("lib/*".to_owned());
    let mut args = vec![
        "-Xms64m".to_owned(),
        "-Xmx256m".to_owned(),
        "-XX:+UseSerialGC".to_owned(),
        // Quick to start; who measures adds `-XX:TieredStopAtLevel=4`.
        "-XX:TieredStopAtLevel=1".to_owned(),
        // Who calls in vain, since the others still start, calls again soon and not after up to a minute.
        "-Dzookeeper.fastleader.maxNotificationInterval=500".to_owned(),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn".to_owned(),
        "-Dorg.slf4j.simpleLogger.showDateTime=true".to_owned(),
    ];
    args.extend(options.extra_args.iter().map(|argument| place.fill(argument)));
    args.push("-cp".to_owned());
    args.push(class_path.join(":"));
    args.push("org.apache.zookeeper.server.quorum.QuorumPeerMain".to_owned());
    args.push(format!("{}/zoo.cfg", place.conf));

    // A member listens where it is said to be. Where the others must not reach it directly, all get a name for it
    // instead of its address, and the name means another address to itself than to them.
    let named = place.bind != "0.0.0.0" && place.members.len() > 1;
    let host = |index: usize| if named { Place::name(index) } else { place.members[index].host.clone() };
    let mut conf = Vec::new();
    if named {
        args.insert(0, format!("-Djdk.net.hosts.file={}/hosts", place.conf));
        let address =
            |index: usize| if index == place.index { &place.bind } else { &place.members[index].host };
        let hosts =
            (0..place.members.len()).map(|index| format!("{} {}\n", address(index), Place::name(index)));
        let localhost = "127.0.0.1 localhost\n".to_owned();
        conf.push(("hosts".to_owned(), hosts.chain([localhost]).collect::<String>().into_bytes()));
    }

    let mut config = format!("dataDir={}\n{CONFIG}", place.data);
    let mut data = Vec::new();
    let mut line = |text: String| writeln!(config, "{text}").expect("a text takes what is written");
    if place.members.len() == 1 {
        line("tickTime=1000".to_owned());
        line(format!("clientPort={}", ports.client));
        line(format!("clientPortAddress={}", place.bind));
    } else {
        line("tickTime=500\ninitLimit=20\nsyncLimit=8".to_owned());
        line(format!("clientPort={}", ports.client));
        line(format!("clientPortAddress={}", place.bind));
        for (index, member) in place.members.iter().enumerate() {
            line(format!("server.{}={}:{}:{}", index + 1, host(index), member.peer, member.gossip));
        }
        data.push(("myid".to_owned(), format!("{}\n", place.index + 1).into_bytes()));
    }
    if options.secure {
        line(format!("secureClientPort={}", ports.secure));
        line(format!("secureClientPortAddress={}", place.bind));
        line("serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory".to_owned());
    }
    if !options.extra_config.is_empty() {
        line(place.fill(&options.extra_config));
    }
    conf.push(("zoo.cfg".to_owned(), config.into_bytes()));
    Recipe { program: "java", args, conf, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::tests::place;

    fn config(recipe: &Recipe) -> String {
        String::from_utf8(recipe.conf.last().unwrap().1.clone()).unwrap()
    }

    #[test]
    fn a_single_node_has_no_members() {
        let recipe = recipe(&place(1, 2000), &Options::single());
        assert!(config(&recipe).contains("clientPort=2000\nclientPortAddress=127.0.0.1\n"));
        assert!(!config(&recipe).contains("server.1="));
        assert_eq!(recipe.data, []);
    }

    #[test]
    fn three_nodes_name_each_other_and_know_who_they_are() {
        let options = Options {
            secure: true,
            extra_args: vec!["-Da={conf}".to_owned()],
            extra_config: "ssl.keyStore.location={conf}/a.p12".to_owned(),
            ..Options::three()
        };
        let recipe = recipe(&place(3, 2000), &options);
        assert!(config(&recipe).contains("server.3=n3:2023:2024\n"));
        assert_eq!(recipe.conf[0].0, "hosts");
        assert!(config(&recipe).contains("secureClientPort=2001\n"));
        assert!(config(&recipe).ends_with("ssl.keyStore.location=/c/a.p12\n"));
        assert_eq!(recipe.data, [("myid".to_owned(), b"1\n".to_vec())]);
        assert!(recipe.args.contains(&"-Da=/c".to_owned()));
    }
}
