//! Daemons of several hosts on one store on real servers.

use std::time::Instant;

use netkeep_testcontainers::{Cluster, Consul, Etcd, Options, ZooKeeper};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::harness::{Daemon, Home, eventually};

/// A host: a folder with a local store and a socket of its own, and a daemon that shares the global store.
struct Host {
    name: &'static str,
    home: Home,
}

impl Host {
    fn new(name: &'static str, global: &str) -> Self {
        let home = Home::new();
        home.configure(&format!("global = \"{global}\"\n"));
        Self { name, home }
    }

    fn names(&self, listing: &[&str]) -> Vec<String> {
        let listed = self.home.json(listing);
        let names = listed.as_array().unwrap().iter();
        names.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until this host sees just these networks.
    fn sees(&self, networks: &[&str]) {
        let mut wanted = networks.to_vec();
        wanted.sort_unstable();
        eventually(&format!("{} sees {wanted:?}", self.name), || {
            let mut seen = self.names(&["network", "ls"]);
            seen.sort_unstable();
            (seen == wanted).then_some(())
        });
    }

    /// Waits until this host sees this endpoint, and answers its address.
    fn meets(&self, network: &str, endpoint: &str) -> String {
        let seen = eventually(&format!("{} sees {endpoint} in {network}", self.name), || {
            let ran = self.home.run(&["--json", "endpoint", "inspect", network, endpoint]);
            (ran.code == 0).then_some(ran)
        });
        let shown: Value = serde_json::from_str(&seen.out).unwrap();
        shown[0]["interfaces"][0]["ipv4"].as_str().expect("it has an address").to_owned()
    }

    fn ok(&self, arguments: &[&str]) -> String {
        self.home.ok(arguments)
    }
}

/// What hosts that share a store promise each other, on these servers.
fn share(servers: &Cluster, scheme: &str) {
    let begun = Instant::now();
    let done = |what: &str| println!("{scheme}: {what} ({:.1?})", begun.elapsed());
    let url = format!("{scheme}://{}/hosts-{:08x}", servers.endpoints()[0], rand::random::<u32>());
    let (a, b) = (Host::new("a", &url), Host::new("b", &url));
    let (of_a, of_b) = (a.home.daemon(), b.home.daemon());
    for host in [&a, &b] {
        assert_eq!(host.home.in_sync()["global"]["backend"], scheme);
    }
    done("two hosts are in sync");
    each_uses_what_the_other_has_made(&a, &b, "10.1.0.0/24");
    each_uses_what_the_other_has_made(&b, &a, "10.2.0.0/24");

    done("each has seen, used and deleted what the other has made");
    let of_a = is_killed_and_comes_back(&a, &b, of_a);
    done("one was killed and has come back");
    outlive_the_servers(&a, &b, servers);
    done("both are in sync again after the servers were away");

    let c = Host::new("c", &url);
    let of_c = c.home.daemon();
    c.home.in_sync();
    c.sees(&["kept"]);
    assert_ne!(c.meets("kept", "of-a"), c.meets("kept", "of-b"));
    c.ok(&["endpoint", "create", "kept", "of-c"]);
    a.meets("kept", "of-c");
    for endpoint in c.names(&["endpoint", "ls", "kept"]) {
        c.ok(&["endpoint", "rm", "kept", &endpoint]);
    }
    c.ok(&["network", "rm", "kept"]);
    for host in [&a, &b, &c] {
        host.sees(&[]);
        host.ok(&["check"]);
    }
    done("a third has joined, used and deleted what the others had made");
    for daemon in [of_a, of_b, of_c] {
        daemon.stop();
    }
}

/// A network of `maker` is seen, used and deleted by `user`.
fn each_uses_what_the_other_has_made(maker: &Host, user: &Host, subnet: &str) {
    maker.ok(&["network", "create", "lent", "--scope", "global", "--driver", "manual", "--subnet", subnet]);
    maker.ok(&["endpoint", "create", "lent", "mine"]);
    // Without waiting for the watch.
    assert!(user.ok(&["--fresh", "endpoint", "ls", "lent"]).contains("mine"));
    user.sees(&["lent"]);
    user.ok(&["endpoint", "create", "lent", "yours"]);
    assert_ne!(user.meets("lent", "mine"), maker.meets("lent", "yours"), "two have one address");
    maker.home.run(&["network", "rm", "lent"]).failed(4, &["yours"]);
    user.ok(&["endpoint", "rm", "lent", "mine", "yours"]);
    user.ok(&["network", "rm", "lent"]);
    maker.sees(&[]);
}

/// Of two hosts that use a network one is killed; the other goes on, and so does the one when it is back.
fn is_killed_and_comes_back<'a>(victim: &'a Host, other: &Host, daemon: Daemon<'a>) -> Daemon<'a> {
    let network = ["--scope", "global", "--driver", "manual", "--subnet", "10.3.0.0/24"];
    victim.ok(&[&["network", "create", "kept"][..], &network].concat());
    victim.ok(&["endpoint", "create", "kept", "of-a"]);
    daemon.kill();
    other.sees(&["kept"]);
    other.ok(&["endpoint", "create", "kept", "of-b"]);
    other.meets("kept", "of-a");

    let daemon = victim.home.daemon();
    victim.home.in_sync();
    assert_ne!(victim.meets("kept", "of-b"), victim.meets("kept", "of-a"));
    victim.ok(&["endpoint", "create", "kept", "of-a-again"]);
    other.meets("kept", "of-a-again");
    daemon
}

/// The servers are killed and started again: what needs them is refused meanwhile, what does not goes on, and both
/// hosts get back by themselves.
fn outlive_the_servers(a: &Host, b: &Host, servers: &Cluster) {
    Handle::current().block_on(servers.kill(0)).unwrap();
    std::thread::scope(|threads| {
        for host in [a, b] {
            threads.spawn(|| goes_on_without_the_servers(host));
        }
    });
    Handle::current().block_on(servers.restart(0)).unwrap();
    for host in [a, b] {
        host.home.in_sync();
        host.meets("kept", "of-a-again");
    }
    let mut tried = 0;
    eventually("what needs the servers is done again", || {
        tried += 1;
        let after = format!("after-{tried}");
        (a.home.run(&["endpoint", "create", "kept", &after]).code == 0).then(|| b.meets("kept", &after))
    });
}

fn goes_on_without_the_servers(host: &Host) {
    let mut tried = 0;
    // The first ones may wait for an answer, until it is known that the servers are away.
    let refused = eventually("what needs the servers is refused", || {
        tried += 1;
        let ran = host.home.run(&["endpoint", "create", "kept", &format!("late-{}-{tried}", host.name)]);
        assert_ne!(ran.code, 0, "made without servers: {ran:?}");
        ran.err.contains("the global store: ").then_some(ran)
    });
    refused.failed(5, &["networks of global scope cannot be had now"]);
    host.home.comes_to("away");
    host.meets("kept", "of-a");
    host.ok(&["network", "create", "here", "--scope", "local"]);
    host.ok(&["network", "rm", "here"]);
}

/// Begins with servers of its own, since they are killed.
macro_rules! on_servers {
    ($($case:ident: $fixture:ident, $scheme:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "needs servers: cargo xtask test"]
        async fn $case() {
            let servers = $fixture::start(Options::single()).await.unwrap();
            tokio::task::block_in_place(|| share(&servers, $scheme));
        }
    )*};
}

on_servers! {
    two_daemons_share_etcd: Etcd, "etcd";
    two_daemons_share_consul: Consul, "consul";
    two_daemons_share_zookeeper: ZooKeeper, "zookeeper";
}
