//! Wrong input to the command line: each with its message and its exit code.

use crate::harness::Home;

/// The state does not allow it.
const CONFLICT: i32 = 4;
const NOT_FOUND: i32 = 3;
const INVALID: i32 = 6;

#[test]
fn names_that_are_empty_or_illegal_are_refused() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.ok(&["network", "create", "blue"]);
    for name in ["", " a", "a\nb", "..", &"x".repeat(129)] {
        home.run(&["network", "create", name]).failed(INVALID, &["network name", "1 to 128 bytes"]);
        home.run(&["endpoint", "create", "blue", name]).failed(INVALID, &["endpoint name", "1 to 128 bytes"]);
    }
    home.ok(&["network", "create", "vendor/net:latest?#%"]);
    home.ok(&["endpoint", "create", "vendor/net:latest?#%", "сеть 1"]);
    home.ok(&["endpoint", "rm", "vendor/net:latest?#%", "сеть 1"]);
    home.ok(&["network", "rm", "vendor/net:latest?#%"]);
}

#[test]
fn a_name_is_given_once() {
    let home = Home::new();
    let _daemon = home.daemon();
    let id = home.ok(&["network", "create", "blue"]);
    home.run(&["network", "create", "blue"]).failed(CONFLICT, &["\"blue\"", "already", id.trim()]);
    let id = home.ok(&["endpoint", "create", "blue", "web"]);
    home.run(&["endpoint", "create", "blue", "web"]).failed(CONFLICT, &["\"web\"", "already", id.trim()]);
}

#[test]
fn an_unknown_driver_is_refused_with_the_known_ones() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.run(&["network", "create", "n", "-d", "brigde"])
        .failed(NOT_FOUND, &["brigde", "host", "manual", "null"]);
    home.run(&["network", "create", "n", "--ipam-driver", "dhcp"])
        .failed(NOT_FOUND, &["dhcp", "default", "null"]);
    home.run(&["network", "create", "n", "-d", ""]).failed(INVALID, &["driver kind"]);
    home.run(&["network", "create", "n", "-o", "com.netkeep.manual.mut=1"])
        .failed(INVALID, &["com.netkeep.manual.mut", "com.netkeep.manual.number"]);
}

#[test]
fn pools_that_make_no_sense_are_refused() {
    let home = Home::new();
    let _daemon = home.daemon();
    for (subnet, parts) in [
        ("10.1.0.0", &["--subnet", "10.1.0.0"][..]),
        ("10.1.0.0/33", &["--subnet", "10.1.0.0/33"]),
        ("ten/8", &["--subnet", "ten/8"]),
        ("10.1.0.5/24", &["--subnet", "10.1.0.5/24", "did you mean 10.1.0.0/24?"]),
        ("fd00::1/64", &["--subnet", "did you mean fd00::/64?"]),
    ] {
        home.run(&["network", "create", "n", "--subnet", subnet]).failed(INVALID, parts);
    }
    home.run(&["network", "create", "n", "--subnet", "10.1.0.0/24", "--gateway", "10.2.0.1"])
        .failed(INVALID, &["gateway 10.2.0.1", "10.1.0.0/24"]);
    home.run(&["network", "create", "n", "--subnet", "10.1.0.0/24", "--aux-address", "a=10.2.0.1"])
        .failed(INVALID, &["\"a\"", "10.2.0.1", "10.1.0.0/24"]);
    home.run(&["network", "create", "n", "--subnet", "10.1.0.0/24", "--ip-range", "10.2.0.0/25"])
        .failed(INVALID, &["10.2.0.0/25", "10.1.0.0/24"]);
    home.run(&["network", "create", "n", "--subnet", "10.1.0.0/24", "--gateway", "10.1.0.0"])
        .failed(INVALID, &["10.1.0.0"]);
    assert!(home.json(&["ipam", "pools"]).as_array().unwrap().is_empty(), "a refused network leaves nothing");
}

#[test]
fn pools_do_not_overlap() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.ok(&["network", "create", "blue", "--subnet", "10.1.0.0/24"]);
    home.run(&["network", "create", "red", "--subnet", "10.1.0.0/24"])
        .failed(CONFLICT, &["10.1.0.0/24", "taken"]);
    for subnet in ["10.1.0.128/25", "10.0.0.0/8"] {
        home.run(&["network", "create", "red", "--subnet", subnet])
            .failed(CONFLICT, &[subnet, "overlaps", "10.1.0.0/24"]);
    }
    home.ok(&["network", "create", "red", "--subnet", "10.1.1.0/24"]);
}

#[test]
fn addresses_are_inside_free_and_usable() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.ok(&["network", "create", "blue", "--subnet", "10.1.0.0/24"]);
    home.ok(&["endpoint", "create", "blue", "web", "--ip", "10.1.0.9"]);
    let create = |ip: &str| home.run(&["endpoint", "create", "blue", "db", "--ip", ip]);
    create("10.2.0.9").failed(INVALID, &["10.2.0.9", "10.1.0.0/24"]);
    create("10.1.0.9").failed(CONFLICT, &["10.1.0.9", "held by", "endpoint"]);
    create("10.1.0.1").failed(CONFLICT, &["10.1.0.1", "held by", "network"]);
    create("10.1.0.255").failed(INVALID, &["10.1.0.255", "broadcast"]);
    create("ten").failed(INVALID, &["--ip"]);
    home.run(&["endpoint", "create", "blue", "db", "--ip6", "fd00::1"]).failed(INVALID, &["fd00::1", "ipv6"]);
    home.run(&["endpoint", "create", "blue", "db", "--mac", "zz"]).failed(INVALID, &["--mac", "zz"]);
    home.run(&["endpoint", "create", "blue", "db", "-p", "80/icmp"]).failed(INVALID, &["--publish", "icmp"]);
    home.ok(&["endpoint", "create", "blue", "db", "-p", "8080:80"]);
    home.run(&["endpoint", "create", "blue", "cache", "-p", "127.0.0.1:8080:80"]).failed(CONFLICT, &["8080"]);
}

#[test]
fn a_pool_that_is_exhausted_says_so() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.ok(&["network", "create", "tiny", "--subnet", "10.1.0.0/30"]);
    home.ok(&["endpoint", "create", "tiny", "one"]);
    home.run(&["endpoint", "create", "tiny", "two"]).failed(CONFLICT, &["10.1.0.0/30", "no free address"]);
    home.ok(&["endpoint", "rm", "tiny", "one"]);
    home.ok(&["endpoint", "create", "tiny", "two"]);
}

#[test]
fn what_is_absent_or_in_use_is_not_deleted() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.run(&["network", "rm", "blue"]).failed(NOT_FOUND, &["\"blue\"", "not found"]);
    home.run(&["network", "inspect", "blue"]).failed(NOT_FOUND, &["\"blue\"", "not found"]);
    home.run(&["endpoint", "ls", "blue"]).failed(NOT_FOUND, &["network \"blue\""]);
    home.ok(&["network", "create", "blue"]);
    home.run(&["endpoint", "rm", "blue", "web"]).failed(NOT_FOUND, &["endpoint \"web\"", "not found"]);
    home.run(&["endpoint", "inspect", "blue", "web"]).failed(NOT_FOUND, &["endpoint \"web\""]);
    let id = home.ok(&["endpoint", "create", "blue", "web"]);
    home.run(&["network", "rm", "blue"]).failed(CONFLICT, &["active endpoints", "\"web\"", &id[..12]]);

    home.ok(&["network", "create", "red"]);
    let ran = home.run(&["network", "rm", "blue", "absent", "red"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (CONFLICT, "red\n"),
        "each is tried, the first failure decides: {ran:?}"
    );
    assert!(ran.err.contains("\"web\"") && ran.err.contains("\"absent\""), "{ran:?}");
}

#[test]
fn the_beginning_of_an_id_must_fit_one() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.ok(&["network", "create", "one", "--request", "abc12233445566778899018bcfe56800"]);
    home.ok(&["network", "create", "two", "--request", "abd12233445566778899018bcfe56800"]);
    assert_eq!(home.json(&["network", "inspect", "abc"])[0]["name"], "one");
    home.run(&["network", "inspect", "ab"])
        .failed(CONFLICT, &["\"ab\"", "ambiguous", "abc12233", "abd12233"]);
}
