//! A start in every state of a store on real servers.

use std::future::Future;

use netkeep_testcontainers::{Cluster, Etcd, Options};
use tokio::runtime::Handle;

use crate::harness::{Daemon, Home};

fn wait<T>(work: impl Future<Output = netkeep_testcontainers::Result<T>>) -> T {
    Handle::current().block_on(work).unwrap()
}

/// A daemon that was just started, and that serves the network of its host whatever the store does.
fn started(home: &Home) -> Daemon<'_> {
    let daemon = home.daemon();
    home.ok(&["network", "inspect", "here"]);
    home.ok(&["endpoint", "create", "here", "one"]);
    home.ok(&["endpoint", "rm", "here", "one"]);
    daemon
}

/// What was known last is read, and nothing is changed.
fn is_stale(home: &Home) {
    let status = home.json(&["status"]);
    assert!(status["controller"]["global"]["stale"]["revision"].as_u64() > Some(0), "{status}");
    let listed = home.json(&["network", "ls"]);
    let blue = listed.as_array().unwrap().iter().find(|network| network["name"] == "blue").unwrap();
    assert!(blue["stale"]["revision"].as_u64() > Some(0), "{blue}");
    assert!(home.ok(&["network", "ls"]).contains("global (stale, "));
    for listing in [&["endpoint", "ls", "blue"][..], &["ipam", "pools"], &["ipam", "addresses"]] {
        assert!(home.ok(listing).contains(" s old"), "{listing:?}: {}", home.ok(listing));
    }
    let addresses = home.json(&["ipam", "addresses", "--pool", "10.1.0.0/24"]);
    assert!(addresses[0]["stale"]["revision"].as_u64() > Some(0), "{addresses}");
    home.run(&["--fresh", "network", "ls"]).failed(5, &["the global store"]);
    assert_eq!(home.json(&["endpoint", "inspect", "blue", "web"])[0]["name"], "web");
    home.run(&["endpoint", "create", "blue", "late"]).failed(5, &["the global store"]);
    home.run(&["network", "inspect", "unknown"]).failed(5, &["unknown", "the global store"]);
}

/// Nothing of the store is used.
fn is_refused(home: &Home) {
    home.comes_to("refused");
    home.run(&["network", "inspect", "blue"]).failed(5, &["blue", "the global store"]);
    home.run(&["endpoint", "create", "blue", "late"]).failed(5, &["the global store"]);
}

fn every_state(servers: &Cluster) {
    let home = Home::new();
    let url = format!("etcd://{}/boot-{:08x}", servers.endpoints()[0], rand::random::<u32>());
    home.configure(&format!("global = \"{url}\"\n"));
    let daemon = home.daemon();
    home.in_sync();
    home.ok(&["network", "create", "here", "--scope", "local"]);
    daemon.stop();
    let copies = tempfile::tempdir().unwrap();
    let (older, newest) = (copies.path().join("older"), copies.path().join("newest"));
    wait(servers.stop(0));
    wait(servers.copy_data(0, &older));
    wait(servers.restart(0));

    let daemon = started(&home);
    home.in_sync();
    home.ok(&["network", "create", "blue", "--scope", "global", "--subnet", "10.1.0.0/24"]);
    home.ok(&["endpoint", "create", "blue", "web"]);
    daemon.stop();
    wait(servers.stop(0));
    wait(servers.copy_data(0, &newest));

    let daemon = started(&home);
    is_stale(&home);
    daemon.kill();
    println!("down: stale");

    wait(servers.replace_data(0, &older));
    wait(servers.restart(0));
    let daemon = started(&home);
    is_refused(&home);
    daemon.kill();
    println!("restored older: refused");

    wait(servers.stop(0));
    wait(servers.wipe(0));
    wait(servers.restart(0));
    let daemon = started(&home);
    is_refused(&home);
    daemon.kill();
    println!("wiped: refused");

    let other = Home::new();
    other.configure(&format!("global = \"{url}\"\n"));
    let stranger = other.daemon();
    other.in_sync();
    let daemon = started(&home);
    is_refused(&home);
    daemon.kill();
    stranger.stop();
    println!("foreign: refused");

    wait(servers.stop(0));
    wait(servers.replace_data(0, &newest));
    wait(servers.restart(0));
    let daemon = started(&home);
    home.in_sync();
    assert!(home.json(&["network", "inspect", "blue"])[0]["stale"].is_null());
    daemon.stop();
    println!("up: served");

    wait(servers.pause(0));
    let daemon = started(&home);
    is_stale(&home);
    println!("hanging: stale");
    wait(servers.resume(0));
    home.in_sync();
    home.ok(&["endpoint", "rm", "blue", "web"]);
    home.ok(&["network", "rm", "blue"]);
    home.ok(&["check"]);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask test"]
async fn a_start_in_every_state_of_etcd() {
    let servers = Etcd::start(Options::single()).await.unwrap();
    tokio::task::block_in_place(|| every_state(&servers));
}
