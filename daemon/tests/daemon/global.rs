//! A store that hosts share, from the command line.

use crate::harness::Home;

/// A home whose daemon has a global store in this file.
fn with_global(home: &Home, store: &std::path::Path) {
    home.configure(&format!("global = \"redb://{}\"\n", store.display()));
}

#[test]
fn networks_of_both_scopes_outlive_a_kill() {
    let home = Home::new();
    with_global(&home, &home.path("global.redb"));
    let daemon = home.daemon();
    let status = home.in_sync();
    assert_eq!(status["global"]["backend"], "redb");
    home.ok(&["network", "create", "here"]);
    home.ok(&["network", "create", "there", "--scope", "global", "--subnet", "10.1.0.0/24"]);
    home.ok(&["endpoint", "create", "there", "web"]);
    let listed = home.ok(&["network", "ls"]);
    for (name, scope) in [("here", "local"), ("there", "global")] {
        assert!(listed.lines().any(|line| line.contains(name) && line.contains(scope)), "{listed}");
    }
    daemon.kill();

    let daemon = home.daemon();
    let status = home.in_sync();
    assert_eq!(status["controller"]["global"]["records"]["network"], 1);
    assert_eq!(home.json(&["endpoint", "inspect", "there", "web"])[0]["name"], "web");
    assert!(home.ok(&["--fresh", "endpoint", "ls", "there"]).contains("web"));
    let counted = home.request("GET", "/v1/records", "").body;
    assert_eq!((&counted["records"]["network"], &counted["global"]["network"]), (&1.into(), &1.into()));
    let first = home.request("POST", "/v1/sync", "");
    let second = home.request("POST", "/v1/sync?scope=global", "");
    assert_eq!((first.status, second.status), (200, 200), "{first:?} {second:?}");
    assert!(second.body["global"].as_u64() > first.body["global"].as_u64(), "{first:?} {second:?}");
    assert!(first.body["local"].is_u64() && second.body.get("local").is_none(), "{first:?} {second:?}");
    let shown = home.ok(&["status"]);
    assert!(shown.contains("Global store") && shown.contains("in sync"), "{shown}");
    home.ok(&["endpoint", "create", "there", "db"]);
    assert!(shown.contains("Sign of life"), "{shown}");
    let page = home.page("/v1/metrics");
    crate::api::is_of_prometheus(&page);
    for line in [
        "netkeep_records{scope=\"global\",kind=\"network\"} 1",
        "netkeep_quarantined_records{scope=\"global\"} 0",
        "netkeep_in_sync{scope=\"global\"} 1",
        "netkeep_global_state{state=\"in-sync\"} 1",
        "netkeep_global_state{state=\"away\"} 0",
        "netkeep_replica_age_seconds{scope=\"global\"} 0",
        "# TYPE netkeep_host_lease_held gauge",
        "# TYPE netkeep_host_leases_lost_total counter",
        "netkeep_operations_total{scope=\"global\",operation=\"create_endpoint\",outcome=\"ok\"} 1",
        "netkeep_operation_commits_total{scope=\"global\",operation=\"create_endpoint\",store=\"global\"} 1",
        "netkeep_operation_commits_total{scope=\"global\",operation=\"create_endpoint\",store=\"local\"} 0",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in\n{page}");
    }
    assert!(page.contains("netkeep_store_operations_total{scope=\"global\",store=\"redb\""), "{page}");
    let checked = home.ok(&["check"]);
    assert!(checked.contains("local store: ") && checked.contains("global store: "), "{checked}");
    home.ok(&["network", "create", "here", "--scope", "global"]);
    home.run(&["network", "rm", "here"]).failed(4, &["both stores"]);
    home.ok(&["endpoint", "rm", "there", "db"]);
    home.ok(&["endpoint", "rm", "there", "web"]);
    home.ok(&["network", "rm", "there"]);
    daemon.stop();
}

#[test]
fn a_global_store_that_cannot_be_one_is_refused_at_the_start() {
    let home = Home::new();
    let unknown = home.run(&["daemon", "--global", "nowhere://h1/netkeep", "--log-level", "off"]);
    unknown.failed(6, &["global store nowhere://h1/netkeep", "nowhere", "redb"]);
    home.run(&["daemon", "--global", "h1"]).failed(6, &["--global"]);

    let other = Home::new();
    let shared = home.path("global.redb");
    with_global(&home, &shared);
    with_global(&other, &shared);
    let daemon = home.daemon();
    home.in_sync();
    other.run(&["daemon", "--log-level", "off"]).failed(5, &["global store", &daemon.pid().to_string()]);
    daemon.stop();
    let daemon = other.daemon();
    other.in_sync();
    daemon.stop();
}
