//! Sandboxes on the command line.

use crate::harness::Home;

#[test]
fn endpoints_join_sandboxes_and_leave_them() {
    let home = Home::new();
    let daemon = home.daemon();
    home.ok(&["network", "create", "blue", "--subnet", "10.1.0.0/24"]);
    let web = home.ok(&["endpoint", "create", "blue", "web", "-o", "com.netkeep.manual.interfaces=tap0"]);
    let sandbox = home.ok(&["sandbox", "create", "c0ffee"]);
    let (web, sandbox) = (web.trim(), sandbox.trim());
    assert_eq!(home.ok(&["endpoint", "join", "blue", "web", "c0ffee"]).trim(), web);
    daemon.kill();
    let _daemon = home.daemon();
    let shown = home.ok(&["endpoint", "inspect", "blue", "web"]);
    for part in [sandbox, "c0ffee", "tap0 as eth", "10.1.0.1"] {
        assert!(shown.contains(part), "no {part}: {shown}");
    }
    assert!(home.ok(&["endpoint", "ls", "blue"]).contains("c0ffee"));
    assert!(home.ok(&["sandbox", "inspect", "c0ffee"]).contains(web));
    home.run(&["endpoint", "rm", "blue", "web"]).failed(4, &["web", "c0ffee", sandbox]);
    home.run(&["sandbox", "rm", "c0ffee"]).failed(4, &["web", web]);
    let left = home.json(&["endpoint", "leave", "blue", "web", "c0ffee"]);
    assert_eq!(left.get("attachment"), None, "{left}");
    home.run(&["endpoint", "leave", "blue", "web", "c0ffee"]).failed(3, &["web"]);
    home.ok(&["endpoint", "join", "blue", "web", &sandbox[..12]]);
    home.ok(&["sandbox", "rm", "--force", "c0ffee"]);
    home.ok(&["sandbox", "create", "decaf"]);
    home.ok(&["endpoint", "join", "blue", "web", "decaf"]);
    home.ok(&["endpoint", "rm", "--force", "blue", "web"]);
    home.ok(&["check"]);
    home.ok(&["sandbox", "rm", "decaf"]);
    home.ok(&["network", "rm", "blue"]);
}

#[test]
fn sandboxes_are_made_listed_shown_and_deleted() {
    let home = Home::new();
    let daemon = home.daemon();
    let id = home.ok(&[
        "sandbox",
        "create",
        "c0ffee",
        "--hostname",
        "web",
        "--dns",
        "192.0.2.53",
        "--dns-search",
        "example.org",
        "--add-host",
        "db=10.1.0.9",
        "-p",
        "8080:80",
        "--label",
        "team=a",
        "-o",
        "some.option=x",
    ]);
    let id = id.trim();
    assert_eq!(id.len(), 32, "{id}");
    home.ok(&["sandbox", "create", "decaf", "--key", "/run/netns/decaf"]);
    let table = home.ok(&["sandbox", "ls"]);
    for part in ["SANDBOX ID", &id[..12], "c0ffee", "decaf", "/run/netns/decaf"] {
        assert!(table.contains(part), "no {part}: {table}");
    }
    assert!(home.ok(&["sandbox", "ls", "-q"]).lines().any(|line| line == id));

    assert_eq!(home.ok(&["sandbox", "key", "c0ffee", "/run/netns/c0ffee"]).trim(), id);
    let refused = home.run(&["sandbox", "key", &id[..12], "/elsewhere"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("/run/netns/c0ffee"), "{refused:?}");

    daemon.kill();
    let _daemon = home.daemon();
    let shown = home.ok(&["sandbox", "inspect", "c0ffee"]);
    for part in
        [id, "c0ffee", "/run/netns/c0ffee", "web", "192.0.2.53", "example.org", "db=10.1.0.9", "team=a"]
    {
        assert!(shown.contains(part), "no {part}: {shown}");
    }
    let json = home.json(&["sandbox", "inspect", "c0ffee"]);
    assert_eq!(json[0]["bindings_wanted"][0]["host_ports"], "8080", "{json}");
    assert_eq!(json[0]["options"]["some.option"], "x", "{json}");

    let twice = home.run(&["sandbox", "create", "c0ffee"]);
    assert_eq!(twice.code, 4, "{twice:?}");
    assert!(twice.err.contains(id), "{twice:?}");
    home.ok(&["sandbox", "rm", "c0ffee", "decaf"]);
    assert_eq!(home.run(&["sandbox", "inspect", "c0ffee"]).code, 3);
    assert_eq!(home.json(&["sandbox", "ls"]), serde_json::json!([]));
}
