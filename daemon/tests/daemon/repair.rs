//! Check, plan, repair and quarantine, from the command line.

use netkeep_store::{Backend, Key, OpenOptions, StoreUrl, Txn};
use netkeep_store_redb::RedbBackend;
use serde_json::{Value, json};

use crate::harness::Home;

/// An id of what is not there.
const GONE: &str = "0123456789abcdef0123018bcfe56800";
/// The key of a number that nobody holds.
const LEAKED: &str = "numbers/vni/0000000000000042";

/// Writes this into the store of a daemon that does not run.
pub(crate) fn write(home: &Home, key: &str, value: &str) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let url: StoreUrl = format!("redb://{}", home.store().display()).parse().unwrap();
        let store = RedbBackend.open(&url, &OpenOptions::default()).await.unwrap().store;
        store.commit(&Txn::new().put(Key::parse(key).unwrap(), value.to_owned())).await.unwrap();
        store.close().await.unwrap();
    });
}

fn leak(home: &Home) {
    let owner = json!({"is": "endpoint", "network": GONE, "endpoint": GONE});
    let record = json!({"kind": "number", "version": 1, "record": {"owner": owner}});
    write(home, LEAKED, &record.to_string());
}

#[test]
fn a_leak_is_found_planned_shown_and_mended() {
    let home = Home::new();
    leak(&home);
    let daemon = home.daemon();
    home.ok(&["network", "create", "blue"]);
    let file = home.path("plan.json");
    let plan = file.to_str().unwrap();
    let found = home.run(&["check", "--plan", plan]);
    assert!(found.code == 7 && found.out.contains(LEAKED), "{found:?}");
    home.run(&["check", "--plan", plan]).failed(6, &["plan.json"]);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let revision = &written["stores"][0]["repairs"][0]["operations"][0]["revision"];
    assert_eq!(
        written["stores"][0]["repairs"][0]["operations"][0],
        json!({"do": "delete", "key": LEAKED, "revision": revision})
    );

    let shown = home.ok(&["repair", "--plan", plan]);
    assert!(shown.contains("would be done") && shown.contains("--apply"), "{shown}");
    assert_eq!(home.run(&["check"]).code, 7, "nothing was changed");
    let done = home.ok(&["repair", "--plan", plan, "--apply"]);
    assert!(done.contains("delete numbers/vni/") && done.contains("done"), "{done}");
    assert!(home.ok(&["check"]).contains("nothing wrong"));

    // What it was made for is gone.
    let again = home.run(&["repair", "--plan", plan]);
    assert!(again.code == 4 && again.out.contains("would be refused"), "{again:?}");
    home.run(&["repair", "--plan", plan, "--apply"]).failed(4, &["nothing was done", LEAKED]);
    std::fs::write(&file, "{\"version\": 1, \"stores\": [], \"force\": true}").unwrap();
    home.run(&["repair", "--plan", plan]).failed(6, &["plan.json", "force"]);
    daemon.stop();

    let other = Home::new();
    let _other_daemon = other.daemon();
    std::fs::write(&file, written.to_string()).unwrap();
    other.run(&["repair", "--plan", plan, "--apply"]).failed(4, &["the plan is for local store"]);
}

#[test]
fn pain_21_what_cannot_be_read_leaves_only_into_a_file() {
    let home = Home::new();
    let key = format!("networks/{GONE}");
    write(&home, &key, "gibberish");
    let daemon = home.daemon();
    assert_eq!(home.run(&["check"]).code, 7);
    let listed = home.ok(&["quarantine", "ls"]);
    assert!(listed.contains(&key) && listed.contains('9'), "{listed}");
    let (file, other) = (home.path("taken.json"), home.path("none/taken.json"));
    home.run(&["quarantine", "take", "networks/x", file.to_str().unwrap()]).failed(3, &["networks/x"]);
    home.run(&["quarantine", "take", &key, other.to_str().unwrap()]).failed(6, &["none/taken.json"]);
    assert_eq!(home.json(&["quarantine", "ls"])[0]["bytes"], 9, "it is there as long as it is in no file");
    home.ok(&["quarantine", "take", &key, file.to_str().unwrap()]);
    let taken: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((&taken["key"], &taken["value"]), (&json!(key), &json!("676962626572697368")));
    assert!(home.ok(&["check"]).contains("nothing wrong"));
    assert_eq!(home.json(&["quarantine", "ls"]), json!([]));
    daemon.stop();
}
