//! etcd: the fixture, and how a node of it is started.

use std::ops::Deref;

use tokio::sync::OnceCell;

use crate::recipe::{Place, Recipe};
use crate::{Cluster, Family, Options, Result};

/// One or three etcd servers that are gone when this is dropped. What can be done to them: [`Cluster`].
#[derive(Debug)]
pub struct Etcd(Cluster);

impl Etcd {
    /// Starts servers and waits until all of them serve.
    ///
    /// Cancelling it leaves nothing behind: what was started by then is ended.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start`].
    pub async fn start(options: Options) -> Result<Self> {
        Cluster::start(Family::Etcd, options).await.map(Self)
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
        static SHARED: OnceCell<Etcd> = OnceCell::const_new();
        SHARED.get_or_try_init(|| Self::start(Options::single())).await
    }
}

impl Deref for Etcd {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.0
    }
}

/// How to start one node.
pub(crate) fn recipe(place: &Place, options: &Options) -> Recipe {
    let bind = &place.bind;
    let ports = place.ports;
    let peer = |index: usize| {
        let member = &place.members[index];
        format!("http://{}:{}", member.host, member.peer)
    };
    let mut clients = format!("http://{bind}:{}", ports.client);
    if options.secure {
        clients.push_str(&format!(",https://{bind}:{}", ports.secure));
    }
    let cluster: Vec<String> =
        (0..place.members.len()).map(|index| format!("{}={}", Place::name(index), peer(index))).collect();
    let mut args = vec![
        format!("--name={}", Place::name(place.index)),
        format!("--data-dir={}/etcd", place.data),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls=http://127.0.0.1:{}", place.client_outside),
        format!("--listen-peer-urls=http://{bind}:{}", ports.peer),
        format!("--initial-advertise-peer-urls={}", peer(place.index)),
        format!("--initial-cluster={}", cluster.join(",")),
        "--initial-cluster-token=netkeep".to_owned(),
        // Health and figures without TLS and without a password, whatever the clients need.
        format!("--listen-metrics-urls=http://{bind}:{}", ports.admin),
        "--logger=zap".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    args.extend(options.extra_args.iter().map(|argument| place.fill(argument)));
    Recipe { program: "etcd", args, conf: Vec::new(), data: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::tests::place;

    #[test]
    fn a_single_node_is_its_own_cluster() {
        let recipe = recipe(&place(1, 2000), &Options::single());
        assert!(recipe.args.contains(&"--initial-cluster=n1=http://127.0.0.1:2003".to_owned()));
        assert!(recipe.args.contains(&"--listen-client-urls=http://127.0.0.1:2000".to_owned()));
    }

    #[test]
    fn three_nodes_name_each_other_and_extra_arguments_come_last() {
        let options = Options {
            secure: true,
            extra_args: vec!["--cert-file={conf}/a.pem".to_owned()],
            ..Options::three()
        };
        let recipe = recipe(&place(3, 2000), &options);
        let cluster =
            "--initial-cluster=n1=http://127.0.0.1:2003,n2=http://127.0.0.1:2013,n3=http://127.0.0.1:2023";
        assert!(recipe.args.contains(&cluster.to_owned()), "{:?}", recipe.args);
        assert_eq!(recipe.args[2], "--listen-client-urls=http://127.0.0.1:2000,https://127.0.0.1:2001");
        assert_eq!(recipe.args.last().unwrap(), "--cert-file=/c/a.pem");
    }
}
