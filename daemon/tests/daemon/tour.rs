//! What a newcomer does first.

use serde_json::json;

use crate::harness::Home;

#[test]
fn networks_and_endpoints_are_made_listed_shown_and_deleted() {
    let home = Home::new();
    let _daemon = home.daemon();
    let network = home.ok(&[
        "network",
        "create",
        "blue",
        "--subnet",
        "10.1.0.0/24",
        "--subnet",
        "fd01::/64",
        "--gateway",
        "10.1.0.1",
        "--ip-range",
        "10.1.0.128/25",
        "--aux-address",
        "router=10.1.0.200",
        "--label",
        "team=a",
        "-o",
        "com.netkeep.manual.number=vni",
    ]);
    let network = network.trim();
    assert_eq!(network.len(), 32, "{network}");

    let table = home.ok(&["network", "ls"]);
    for part in ["NETWORK ID", &network[..12], "blue", "manual", "local", "10.1.0.0/24, fd01::/64"] {
        assert!(table.contains(part), "no {part}: {table}");
    }
    assert!(!table.contains(network), "ids are shortened: {table}");
    assert_eq!(home.ok(&["network", "ls", "-q"]).trim(), network);

    let endpoint =
        home.ok(&["endpoint", "create", "blue", "web", "-p", "127.0.0.1:8080:80/tcp", "--expose", "80"]);
    let endpoint = endpoint.trim();
    home.ok(&[
        "endpoint",
        "create",
        &network[..12],
        "db",
        "--ip",
        "10.1.0.130",
        "--ip6",
        "fd01::9",
        "--mac",
        "02:00:00:00:00:09",
    ]);
    let table = home.ok(&["endpoint", "ls", network]);
    for part in ["web", "db", "10.1.0.130/24", "fd01::9/64", "02:00:00:00:00:09", "127.0.0.1:8080->80/tcp"] {
        assert!(table.contains(part), "no {part}: {table}");
    }
    let web = home.json(&["endpoint", "inspect", "blue", "web"]);
    assert_eq!(web[0]["id"], endpoint);
    assert_eq!(web[0]["interfaces"][0]["ipv4"], "10.1.0.128/24", "{web}");
    let shown = home.ok(&["endpoint", "inspect", "blue", "web", "db"]);
    for part in [endpoint, "blue", "10.1.0.128/24", "10.1.0.130/24"] {
        assert!(shown.contains(part), "no {part}: {shown}");
    }
    let shown = home.ok(&["network", "inspect", "blue"]);
    for part in [network, "10.1.0.1", "router=10.1.0.200", "10.1.0.128/25", "team=a"] {
        assert!(shown.contains(part), "no {part}: {shown}");
    }

    let pools = home.ok(&["ipam", "pools"]);
    assert!(
        pools.contains("10.1.0.0/24") && pools.contains("10.1.0.128/25") && pools.contains("fd01::/64"),
        "{pools}"
    );
    let addresses = home.json(&["ipam", "addresses", "--pool", "10.1.0.0/24"]);
    let mut given: Vec<_> =
        addresses.as_array().unwrap().iter().map(|address| address["address"].clone()).collect();
    given.sort_by_key(ToString::to_string);
    assert_eq!(json!(given), json!(["10.1.0.1", "10.1.0.128", "10.1.0.130", "10.1.0.200"]));
    assert!(home.ok(&["ipam", "addresses"]).contains("fd01::9"));

    assert!(home.ok(&["check"]).contains("nothing wrong"));
    assert_eq!(home.ok(&["endpoint", "rm", "blue", "web", "db"]), "web\ndb\n");
    assert_eq!(home.ok(&["network", "rm", "blue"]), "blue\n");
    assert_eq!(home.json(&["network", "ls"]), json!([]));
    assert_eq!(home.json(&["ipam", "addresses"]), json!([]));
    assert_eq!(home.json(&["ipam", "pools"]), json!([]));
    assert!(home.ok(&["check"]).contains("nothing wrong"));
}

#[test]
fn a_killed_daemon_finds_everything_again() {
    let home = Home::new();
    let daemon = home.daemon();
    home.ok(&["network", "create", "blue", "--subnet", "10.1.0.0/24"]);
    home.ok(&["network", "create", "any"]);
    home.ok(&["endpoint", "create", "blue", "web", "-p", "80"]);
    let before = (home.json(&["network", "ls"]), home.json(&["endpoint", "ls", "blue"]));
    assert_eq!(before.0.as_array().unwrap().len(), 2);
    daemon.kill();

    home.run(&["network", "ls"]).failed(5, &["no daemon answers", "left behind", "netkeep daemon"]);
    let daemon = home.daemon();
    assert_eq!((home.json(&["network", "ls"]), home.json(&["endpoint", "ls", "blue"])), before);
    assert_eq!(home.json(&["status"])["controller"]["incarnation"], 2);
    daemon.stop();
    let _daemon = home.daemon();
    assert_eq!((home.json(&["network", "ls"]), home.json(&["endpoint", "ls", "blue"])), before);
}

#[test]
fn every_answer_can_be_json() {
    let home = Home::new();
    let daemon = home.daemon();
    let made = home.json(&["network", "create", "blue"]);
    assert_eq!(made["name"], "blue");
    assert_eq!(home.json(&["network", "inspect", "blue"])[0], made);
    assert_eq!(home.json(&["endpoint", "create", "blue", "web"])["network_name"], "blue");
    let status = home.json(&["status"]);
    assert_eq!(status["pid"], daemon.pid());
    assert_eq!(status["local"]["backend"], "redb");
    assert_eq!(status["controller"]["records"]["endpoint"], 1);
    let check = home.json(&["check"]);
    assert_eq!(check["violations"], json!([]));
    let version = home.json(&["version"]);
    assert_eq!(version["client"], version["daemon"]["version"]);
    assert_eq!(home.json(&["endpoint", "rm", "blue", "web"]), json!(["web"]));
    assert_eq!(home.json(&["network", "rm", "blue"]), json!(["blue"]));
}

#[test]
fn the_same_request_again_is_answered_with_the_same_thing() {
    let home = Home::new();
    let _daemon = home.daemon();
    let request = "00112233445566778899018bcfe56800";
    let create = ["network", "create", "blue", "--request", request];
    assert_eq!(home.ok(&create).trim(), request);
    assert_eq!(home.ok(&create).trim(), request);
    home.run(&[&create[..], &["--internal"]].concat()).failed(4, &["internal"]);
    let create = ["endpoint", "create", "blue", "web", "--request", "10112233445566778899018bcfe56800"];
    assert_eq!(home.ok(&create), home.ok(&create));
}

#[test]
fn what_needs_no_daemon_works_without_one() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.ok(&["completions", shell]);
        assert!(script.contains("netkeep") && script.contains("endpoint"), "{shell}");
    }
    assert!(home.ok(&["version"]).contains("none answers"));
    assert!(home.ok(&["--help"]).contains("Exit codes"));
    home.run(&["network", "ls"]).failed(5, &["no daemon answers", "there is no socket", "netkeep daemon"]);
    let ran = home.run(&["network", "destroy"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}
