//! Wrong configurations: the daemon says what is wrong, and does not start.

use crate::harness::{Home, bare_command, ran};

const USAGE: i32 = 2;
const INVALID: i32 = 6;

#[test]
fn a_key_that_is_unknown_is_named_with_the_known_ones() {
    let home = Home::new();
    home.configure("sokcet = \"/tmp/a\"\n");
    home.run(&["daemon"]).failed(INVALID, &["netkeep.toml", "sokcet", "socket", "stop-timeout", "local"]);
    home.configure("[log]\nlevle = \"info\"\n");
    home.run(&["daemon"]).failed(INVALID, &["netkeep.toml", "levle", "level", "format"]);
    home.configure("[driver.manul]\na = 1\n");
    home.run(&["daemon"]).failed(INVALID, &["driver.manul", "no such driver", "manual"]);
    home.configure("[driver.manual]\nport-rnage = \"1-2\"\n");
    home.run(&["daemon"]).failed(INVALID, &["manual", "port-rnage", "port-range"]);
    assert!(!home.socket().exists());
}

#[test]
fn values_that_make_no_sense_are_named_with_their_place() {
    let home = Home::new();
    home.configure("[log]\nformat = \"xml\"\n");
    home.run(&["daemon"]).failed(INVALID, &["netkeep.toml", "\"xml\"", "\"json\""]);
    home.configure("[pools]\nlocal = [{ base = \"10.0.0.0/8\", size = 4 }]\n");
    home.run(&["daemon"]).failed(INVALID, &["netkeep.toml", "pools.local", "size 4", "10.0.0.0/8"]);
    home.configure("");
    home.run(&["daemon", "--log-level", "loud"]).failed(INVALID, &["--log-level", "\"loud\"", "debug"]);
    home.run(&["daemon", "--stop-timeout", "soon"])
        .failed(INVALID, &["--stop-timeout", "\"soon\"", "\"10s\""]);
    let ran = home.run(&["daemon", "--lcoal", "x"]);
    assert_eq!(ran.code, USAGE, "{ran:?}");
    assert!(ran.err.contains("--lcoal") && ran.err.contains("--local"), "{ran:?}");
}

#[test]
fn a_store_url_with_an_unknown_scheme_lists_the_known_ones() {
    let home = Home::new();
    home.run(&["daemon", "--local", "sqlite:///tmp/x"])
        .failed(INVALID, &["\"sqlite\"", "known: consul, etcd, memory, redb, zookeeper"]);
    home.run(&["daemon", "--local", "just-a-path"]).failed(INVALID, &["--local", "scheme://"]);
    home.run(&["daemon", "--local", "redb://host/x"]).failed(INVALID, &["host", "redb:///"]);
    home.run(&["daemon", "--local", "redb:///x?cahce-mib=1"]).failed(INVALID, &["cahce-mib", "cache-mib"]);
    home.run(&["daemon", "--local", "etcd://me:secret@host/x"]).failed(INVALID, &["credentials"]);
    assert!(!home.run(&["daemon", "--local", "etcd://me:secret@host/x"]).err.contains("secret@"));
}

#[test]
fn the_environment_has_its_say_and_its_errors() {
    let home = Home::new();
    let daemon = |name: &str, value: &str| ran(home.command().arg("daemon").env(name, value));
    daemon("NETKEEP_LOCAL", "sqlite:///x")
        .failed(INVALID, &["\"sqlite\"", "known: consul, etcd, memory, redb, zookeeper"]);
    daemon("NETKEEP_LOG_LEVEL", "loud").failed(INVALID, &["environment", "NETKEEP_LOG_LEVEL", "\"loud\""]);
    daemon("NETKEEP_STORE", "x").failed(INVALID, &["NETKEEP_STORE", "NETKEEP_LOCAL"]);
    // Credentials of a store on servers are that backend's: it is the one that misses the password.
    for (backend, user) in [("etcd", "NETKEEP_ETCD_USER"), ("zookeeper", "NETKEEP_ZOOKEEPER_USER")] {
        let global = format!("{backend}://127.0.0.1:1/netkeep");
        ran(home.command().args(["daemon", "--global", &global]).env(user, "me")).failed(
            INVALID,
            &["global store", user, &format!("{}_PASSWORD", user.trim_end_matches("_USER"))],
        );
    }
    ran(bare_command().args(["daemon"]).env("NETKEEP_CONFIG", home.path("absent.toml")))
        .failed(INVALID, &["absent.toml", "no such file"]);
    // A client finds the socket where the daemon would put it.
    ran(bare_command().args(["network", "ls"]).env("NETKEEP_SOCKET", home.path("env.sock")))
        .failed(5, &["env.sock", "no daemon answers"]);
    home.configure(&format!("socket = {:?}\n", home.path("file.sock")));
    ran(bare_command().args(["network", "ls"]).env("NETKEEP_CONFIG", home.path("netkeep.toml")))
        .failed(5, &["file.sock", "no daemon answers"]);
}

#[test]
fn predefined_pools_come_from_the_configuration() {
    let home = Home::new();
    home.configure("[pools]\nlocal = [{ base = \"10.50.0.0/23\", size = 24 }]\n");
    let _daemon = home.daemon();
    home.ok(&["network", "create", "one"]);
    home.ok(&["network", "create", "two"]);
    let pools = home.ok(&["ipam", "pools"]);
    assert!(pools.contains("10.50.0.0/24") && pools.contains("10.50.1.0/24"), "{pools}");
    home.run(&["network", "create", "three"]).failed(4, &["LocalDefault"]);
}
