//! Store files that are not as they should be.

use netkeep_store::datastore::Record;
use netkeep_store::{Backend, OpenOptions, Prefix, StoreUrl, Txn};
use netkeep_store_redb::RedbBackend;
use serde_json::json;

use crate::harness::Home;

#[test]
fn a_foreign_file_is_refused_and_left_alone() {
    let home = Home::new();
    let foreign = "#!/bin/sh\necho this is somebody's script\n".repeat(200);
    std::fs::write(home.store(), &foreign).unwrap();
    let ran = home.run(&["daemon"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    ran.failed(6, &["local.redb", "local store redb://"]);
    assert_eq!(std::fs::read_to_string(home.store()).unwrap(), foreign);
    assert!(!home.socket().exists());
}

#[test]
fn what_cannot_be_read_is_refused() {
    let home = Home::new();
    std::fs::create_dir(home.store()).unwrap();
    home.run(&["daemon"]).failed(6, &["local.redb"]);
    std::fs::remove_dir(home.store()).unwrap();
    std::fs::write(home.path("file"), "").unwrap();
    let below = format!("redb://{}/below/local.redb", home.path("file").display());
    let ran = home.run(&["daemon", "--local", &below]);
    assert!(ran.code != 0 && ran.err.contains("below"), "{ran:?}");
}

#[test]
fn pain_2_a_damaged_record_is_quarantined_and_everything_else_goes_on() {
    let home = Home::new();
    let daemon = home.daemon();
    home.ok(&["network", "create", "blue", "--subnet", "10.1.0.0/24"]);
    home.ok(&["network", "create", "red", "--subnet", "10.2.0.0/24"]);
    home.ok(&["endpoint", "create", "blue", "web"]);
    home.ok(&["endpoint", "create", "red", "db"]);
    daemon.stop();
    let key = damage_an_endpoint(&home, "web");

    let _daemon = home.daemon();
    assert_eq!(home.json(&["network", "ls"]).as_array().unwrap().len(), 2);
    assert_eq!(home.json(&["endpoint", "inspect", "red", "db"])[0]["name"], "db");
    home.ok(&["endpoint", "create", "red", "cache"]);
    let status = home.json(&["status"]);
    assert!(status["controller"]["quarantine"].get(&key).is_some(), "{status}");
    assert!(home.ok(&["status"]).contains(&key));
    let recovery = home.request("GET", "/v1/recovery", "").body["quarantined"].to_string();
    assert!(recovery.contains(&key), "{recovery}");
    assert!(home.log().contains(&key), "{}", home.log());

    let check = home.run(&["check"]);
    assert_eq!(check.code, 7, "{check:?}");
    assert!(check.out.contains("I8") && check.out.contains(&key), "{check:?}");
    let report = home.run(&["--json", "check"]);
    assert_eq!(report.code, 7);
    let report: serde_json::Value = serde_json::from_str(&report.out).unwrap();
    assert!(
        report["violations"].as_array().unwrap().iter().any(|found| found["key"] == json!(key)),
        "{report}"
    );
    // What may hang on it is not freed.
    let addresses = home.ok(&["ipam", "addresses", "--pool", "10.1.0.0/24"]);
    assert_eq!(addresses.lines().count(), 3, "{addresses}");
    home.run(&["network", "rm", "blue"]).failed(4, &["\"blue\""]);
}

/// Overwrites the record of the endpoint that is called so, in the closed file. Its key.
fn damage_an_endpoint(home: &Home, name: &str) -> String {
    let url = StoreUrl::parse(&format!("redb://{}", home.store().display())).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = RedbBackend.open(&url, &OpenOptions::default()).await.unwrap().store;
        let root = Prefix::parse(netkeep_model::Endpoint::ROOT).unwrap();
        let listed = store.list(&root).await.unwrap();
        let found = listed
            .entries
            .iter()
            .find(|entry| String::from_utf8_lossy(&entry.value).contains(&format!("\"{name}\"")))
            .unwrap();
        store.commit(&Txn::new().put(found.key.clone(), "{\"half a rec")).await.unwrap();
        store.close().await.unwrap();
        found.key.to_string()
    })
}
