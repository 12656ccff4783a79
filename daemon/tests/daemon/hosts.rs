//! Hosts that share a store, from the command line.

use netkeep_testcontainers::Etcd;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Daemon, Home, eventually};

/// Waits until the daemon serves networks of global scope, and returns its host and its incarnation there.
fn served(home: &Home) -> (String, u64) {
    eventually("networks of global scope are served", || {
        let status = home.json(&["status"]);
        let global = &status["controller"]["global"];
        let served = global["state"] == "in-sync";
        served.then(|| {
            let host = status["controller"]["host"].as_str().unwrap().to_owned();
            (host, global["incarnation"].as_u64().unwrap())
        })
    })
}

fn send(daemon: &Daemon<'_>, signal: Signal) {
    kill(Pid::from_raw(daemon.pid().try_into().unwrap()), signal).unwrap();
}

/// Waits until `home` sees the other host in this state, and returns what it sees.
fn seen(home: &Home, host: &str, state: &str) -> Value {
    eventually(&format!("the host is {state}"), || {
        let shown = home.json(&["host", "inspect", host]);
        (shown[0]["state"] == state).then(|| shown[0].clone())
    })
}

#[test]
fn hosts_are_listed_and_shown() {
    let home = Home::new();
    home.configure(&format!(
        "global = \"redb://{}\"\nevict-after = \"2m\"\nhost-lease = \"20s\"\nadvertise-address = \"192.0.2.7\"\n",
        home.path("global.redb").display()
    ));
    let daemon = home.daemon();
    let (host, incarnation) = served(&home);
    home.ok(&["network", "create", "blue", "--scope", "global", "--subnet", "10.1.0.0/24"]);
    home.ok(&["endpoint", "create", "blue", "web"]);
    let table = home.ok(&["host", "ls"]);
    for part in ["HOST ID", &format!("{} *", &host[..12]), "alive", "192.0.2.7", env!("CARGO_PKG_VERSION")] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }
    assert_eq!(home.ok(&["host", "ls", "-q"]).trim(), host);
    let shown = home.ok(&["host", "inspect", &host[..12]]);
    for part in [host.as_str(), "alive", "web", "blue", "Boot"] {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
    let json = home.json(&["host", "inspect", &host]);
    assert_eq!((&json[0]["incarnation"], &json[0]["owns"]["endpoints"]), (&incarnation.into(), &1.into()));
    assert!(home.ok(&["status"]).contains("alive=1"));
    assert!(home.page("/v1/metrics").contains("netkeep_hosts{state=\"alive\"} 1"));
    assert!(home.page("/v1/metrics").contains("netkeep_host_lease_seconds 20\n"));
    home.run(&["host", "evict", &host, "--force"]).failed(4, &[&host, "this one"]);
    home.run(&["host", "inspect", "nobody"]).failed(3, &["nobody"]);
    let refused = home.request("POST", &format!("/v1/hosts/{host}/evict"), "{\"fource\": true}");
    assert_eq!(refused.status, 400, "{:?}", refused.body);
    daemon.stop();

    // An address that is not given any more is not kept.
    home.configure(&format!("global = \"redb://{}\"\n", home.path("global.redb").display()));
    let daemon = home.daemon();
    served(&home);
    assert_eq!(home.json(&["host", "inspect", &host])[0].get("address"), None);
    daemon.stop();

    let alone = Home::new();
    let daemon = alone.daemon();
    assert_eq!(alone.json(&["host", "ls"]), serde_json::json!([]));
    alone.run(&["host", "inspect", "any"]).failed(5, &["global"]);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask test"]
async fn a_daemon_that_is_frozen_while_it_is_evicted_begins_again_when_it_wakes() {
    let etcd = Etcd::shared().await.unwrap();
    let url = format!("etcd://{}/hosts-{:08x}", etcd.endpoints()[0], rand::random::<u32>());
    tokio::task::spawn_blocking(move || frozen(&url)).await.unwrap();
}

fn frozen(url: &str) {
    let homes = [Home::new(), Home::new()];
    for home in &homes {
        home.configure(&format!("global = \"{url}\"\n"));
    }
    let [one, other] = &homes;
    let (frozen, neighbour) = (one.daemon(), other.daemon());
    let (host, incarnation) = served(one);
    served(other);
    one.ok(&["network", "create", "blue", "--scope", "global", "--subnet", "10.1.0.0/28"]);
    for n in 0..5 {
        one.ok(&["endpoint", "create", "blue", &format!("e{n}")]);
    }
    let owned = || (seen(other, &host, "alive")["owns"]["endpoints"] == 5).then_some(());
    eventually("the other one sees what it owns", owned);
    other.run(&["host", "evict", &host]).failed(4, &[&host, "signs of life"]);

    // It freezes with requests under way: they are in its socket, and are done when it wakes.
    send(&frozen, Signal::SIGSTOP);
    let mut late: Vec<_> = (0..4)
        .map(|n| {
            let mut command = one.command();
            command.args(["endpoint", "create", "blue", &format!("late{n}")]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let done = other.json(&["host", "evict", &host, "--force"]);
    assert_eq!(
        (&done["evicted_through"], done["released"].as_array().unwrap().len()),
        (&incarnation.into(), 5)
    );
    assert_eq!(seen(other, &host, "evicted")["owns"]["endpoints"], 0);
    assert_eq!(other.json(&["endpoint", "ls", "blue"]), serde_json::json!([]));
    // All addresses are free: as many as the pool has, beside the gateway.
    for n in 0..13 {
        other.ok(&["endpoint", "create", "blue", &format!("n{n}")]);
    }
    other.run(&["endpoint", "create", "blue", "one-more"]).failed(4, &["blue"]);

    send(&frozen, Signal::SIGCONT);
    let again = eventually("it has begun again", || {
        let (_, now) = served(one);
        (now > incarnation).then_some(now)
    });
    for child in &mut late {
        assert!(!child.wait().unwrap().success(), "a write of the run that is over");
    }
    let shown = seen(other, &host, "alive");
    assert_eq!((&shown["incarnation"], &shown["evicted_through"]), (&again.into(), &incarnation.into()));
    assert_eq!(shown["owns"]["endpoints"], 0, "{shown}");
    assert_eq!(other.json(&["endpoint", "ls", "blue"]).as_array().unwrap().len(), 13);
    other.ok(&["endpoint", "rm", "blue", "n0"]);
    eventually("it sees the free address", || {
        (one.run(&["endpoint", "create", "blue", "again"]).code == 0).then_some(())
    });
    for home in &homes {
        home.ok(&["check"]);
    }
    frozen.stop();
    seen(other, &host, "gone");
    neighbour.stop();
}
