//! Moving stores by the command line.

use serde_json::json;

use crate::harness::Home;

/// A home whose daemon has made something and was stopped.
fn used() -> Home {
    let home = Home::new();
    let daemon = home.daemon();
    home.ok(&["network", "create", "blue", "--subnet", "10.1.0.0/24"]);
    home.ok(&["endpoint", "create", "blue", "web"]);
    daemon.stop();
    home
}

fn url(home: &Home, name: &str) -> String {
    format!("redb://{}", home.path(name).display())
}

#[test]
fn a_copied_store_serves_as_the_first_did() {
    let home = used();
    let (from, to) = (url(&home, "local.redb"), url(&home, "copy.redb"));
    let copied = home.json(&["store", "copy", &from, &to]);
    assert!(copied["keys"].as_u64().unwrap() >= 6, "{copied}");
    assert_eq!(copied["written"], copied["keys"]);
    assert_eq!(home.ok(&["store", "diff", &from, &to]).trim(), "the two hold the same");

    std::fs::rename(home.path("copy.redb"), home.store()).unwrap();
    let daemon = home.daemon();
    assert_eq!(home.json(&["endpoint", "inspect", "blue", "web"])[0]["name"], "web");
    home.ok(&["check"]);
    home.ok(&["endpoint", "create", "blue", "db"]);
    home.run(&["store", "diff", &from, &to]).failed(5, &["in use by process"]);
    daemon.stop();
}

#[test]
fn an_exported_store_can_be_imported_once() {
    let home = used();
    let (from, to) = (url(&home, "local.redb"), url(&home, "copy.redb"));
    let file = home.path("export.jsonl");
    let file = file.to_str().unwrap();
    let exported = home.json(&["store", "export", &from, file]);
    home.run(&["store", "export", &from, file]).failed(6, &["export.jsonl", "exists"]);
    let imported = home.json(&["store", "import", file, &to]);
    assert_eq!(imported["keys"], exported["keys"]);
    home.ok(&["store", "diff", &from, &to]);
    home.run(&["store", "import", file, &to]).failed(4, &["not empty"]);

    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(home.path("damaged"), text.replace("blue", "blux")).unwrap();
    let damaged = home.path("damaged");
    let third = url(&home, "third.redb");
    home.run(&["store", "import", damaged.to_str().unwrap(), &third]).failed(6, &["damaged", "checksum"]);
    assert!(!home.path("third.redb").exists(), "a refused import has made a store");
}

#[test]
fn stores_that_differ_are_said_to() {
    let home = used();
    let (left, right) = (url(&home, "local.redb"), url(&home, "copy.redb"));
    home.ok(&["store", "copy", &left, &right]);
    let daemon = home.daemon();
    home.ok(&["endpoint", "rm", "blue", "web"]);
    home.ok(&["network", "create", "red", "--subnet", "10.2.0.0/24"]);
    daemon.stop();
    let ran = home.run(&["--json", "store", "diff", &left, &right]);
    assert_eq!(ran.code, 7, "{ran:?}");
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let keys =
        |side: &str| found[side].as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(keys("left").iter().any(|key| key.contains("network-names/red")), "{found}");
    assert!(keys("right").iter().any(|key| key.contains("/web")), "{found}");
    assert!(home.run(&["store", "diff", &left, &right]).out.contains("only in redb://"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let home = used();
    let from = url(&home, "local.redb");
    home.run(&["store", "copy", &from, &from]).failed(6, &["already open"]);
    home.run(&["store", "copy", "nowhere://h", &from]).failed(6, &["nowhere", "redb"]);
    home.run(&["store", "accept", &from]).failed(6, &["not on servers"]);
    home.run(&["store", "import", "/nowhere/file", &from]).failed(6, &["/nowhere/file"]);
    assert_eq!(home.run(&["store", "accept", &from, "--id", "12"]).code, 2);
    assert_eq!(json!(home.run(&["store"]).code), 2);
}
