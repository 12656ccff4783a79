//! A start in every state of a store on real servers.
//!
//! `NETKEEP_BOOT=etcd` (or `consul`, `zookeeper`) chooses the family; without it they take turns, one each hour.
//! `NETKEEP_LONG=1` measures what a daemon costs whose store is away.

use std::future::Future;
use std::time::{Duration, Instant};

use netkeep_testcontainers::{Cluster, Family, Options};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::harness::{Daemon, Home};

fn wait<T>(work: impl Future<Output = netkeep_testcontainers::Result<T>>) -> T {
    Handle::current().block_on(work).unwrap()
}

/// Starts a daemon after the end of the last one, then one after a reboot of its machine; each serves the network of its
/// host whatever the store does, then stands so to the store, and is killed.
fn started(home: &Home, state: &str, stands: impl Fn(&Daemon<'_>, &str)) {
    for rebooted in [false, true] {
        if rebooted {
            home.reboot();
        }
        let state = format!("{state}, after a {}", if rebooted { "reboot" } else { "restart" });
        let daemon = home.daemon();
        let begun = Instant::now();
        assert_eq!(home.request("GET", "/v1/networks/here", "").status, 200);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(30), "it waits for the store");
        println!("{state}: the network of this host was answered after {took:.1?}");
        let recovery = home.request("GET", "/v1/recovery", "").body;
        assert_eq!(recovery["rebooted"], rebooted, "{state}: {recovery}");
        home.ok(&["endpoint", "create", "here", "one"]);
        home.ok(&["endpoint", "rm", "here", "one"]);
        stands(&daemon, &state);
        daemon.kill();
    }
}

/// It follows the store, and nothing is stale.
fn is_served(home: &Home) {
    home.in_sync();
    assert!(home.json(&["network", "inspect", "blue"])[0]["stale"].is_null());
    home.ok(&["endpoint", "create", "blue", "late"]);
    home.ok(&["endpoint", "rm", "blue", "late"]);
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

/// Asks etcd about its users, as `token` if there is one.
fn ask_etcd(endpoint: &str, what: &str, body: &Value, token: &str) -> Value {
    let asked = reqwest::Client::new().post(format!("http://{endpoint}/v3/auth/{what}")).json(body);
    let answered = async {
        let answer = asked.header("Authorization", token).send().await?.error_for_status()?;
        answer.json().await
    };
    Handle::current().block_on(answered).unwrap_or_else(|error: reqwest::Error| panic!("{what}: {error}"))
}

/// The processor time that a process has used; the kernel tells it in hundredths of a second.
fn used(daemon: &Daemon<'_>) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.pid())).unwrap();
    // The name of the program, in brackets, may hold anything; the time is in fields 14 and 15 of the whole.
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    Duration::from_millis(
        10 * fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>(),
    )
}

/// In a long run, a daemon costs next to nothing while its store is away.
fn is_idle(daemon: &Daemon<'_>, state: &str) {
    if std::env::var("NETKEEP_LONG").is_ok_and(|value| value == "1") {
        let (before, watched) = (used(daemon), Duration::from_secs(20));
        std::thread::sleep(watched);
        let share = (used(daemon) - before).as_secs_f64() / watched.as_secs_f64();
        println!("{state}: {:.2} % of a core", share * 100.0);
        assert!(share < 0.05, "{state}: {share} of a core");
    }
}

fn every_state(family: Family, servers: &Cluster) {
    let home = Home::new();
    let url = format!("{family}://{}/boot-{:08x}", servers.endpoints()[0], rand::random::<u32>());
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

    let daemon = home.daemon();
    home.in_sync();
    home.ok(&["network", "create", "blue", "--scope", "global", "--subnet", "10.1.0.0/24"]);
    home.ok(&["endpoint", "create", "blue", "web"]);
    daemon.stop();
    started(&home, "up: served", |_, _| is_served(&home));
    if family == Family::Etcd {
        wrong_password(&home, &url, &servers.endpoints()[0]);
    }
    wait(servers.stop(0));
    wait(servers.copy_data(0, &newest));

    started(&home, "down: stale", |daemon, state| {
        is_stale(&home);
        is_idle(daemon, state);
    });

    wait(servers.replace_data(0, &older));
    wait(servers.restart(0));
    started(&home, "restored older: refused", |_, _| is_refused(&home));

    wait(servers.stop(0));
    wait(servers.wipe(0));
    wait(servers.restart(0));
    started(&home, "wiped: refused", |_, _| is_refused(&home));

    let other = Home::new();
    other.configure(&format!("global = \"{url}\"\n"));
    let stranger = other.daemon();
    other.in_sync();
    started(&home, "foreign: refused", |_, _| is_refused(&home));
    stranger.stop();

    wait(servers.stop(0));
    wait(servers.replace_data(0, &newest));
    wait(servers.restart(0));
    started(&home, "back: served", |_, _| is_served(&home));

    wait(servers.pause(0));
    started(&home, "hanging: stale", |daemon, state| {
        is_stale(&home);
        is_idle(daemon, state);
    });
    let daemon = home.daemon();
    wait(servers.resume(0));
    is_served(&home);
    home.ok(&["endpoint", "rm", "blue", "web"]);
    home.ok(&["network", "rm", "blue"]);
    home.ok(&["check"]);
    daemon.stop();
}

/// The store lets nobody in without a password, and the daemon has a wrong one.
fn wrong_password(home: &Home, url: &str, endpoint: &str) {
    let root = json!({"name": "root", "password": "right"});
    ask_etcd(endpoint, "user/add", &root, "");
    ask_etcd(endpoint, "user/grant", &json!({"user": "root", "role": "root"}), "");
    ask_etcd(endpoint, "enable", &json!({}), "");
    let file = home.path("auth");
    std::fs::write(&file, "root:wrong\n").unwrap();
    home.configure(&format!("global = \"{url}?auth-file={}\"\n", file.display()));
    started(home, "wrong password: refused, and stale", |daemon, state| {
        home.comes_to("refused");
        is_stale(home);
        is_idle(daemon, state);
    });
    let token = ask_etcd(endpoint, "authenticate", &root, "")["token"].as_str().unwrap().to_owned();
    ask_etcd(endpoint, "disable", &json!({}), &token);
    home.configure(&format!("global = \"{url}\"\n"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask test"]
async fn a_start_in_every_state_of_a_store_on_servers() {
    let family = Family::in_turn("NETKEEP_BOOT").unwrap();
    let servers = Cluster::start(family, Options::single()).await.unwrap();
    tokio::task::block_in_place(|| every_state(family, &servers));
}
