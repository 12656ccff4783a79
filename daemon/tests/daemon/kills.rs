//! Nothing acknowledged is lost, however often the daemon is killed.

use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::Arc;

use netkeep::demo::{DemoOptions, GlobalStore, Silent, run};
use netkeep_store::StoreUrl;
use netkeep_testcontainers::{Etcd, Family, Options};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Home, eventually, program};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_under_load_lose_and_leak_nothing() {
    let options = DemoOptions {
        rounds: 100,
        tasks: 4,
        networks: 2,
        changes: 48,
        ..DemoOptions::new(program().to_owned(), 0x6e65_746b_6565_7000)
    };
    let verdict = run(&options, Arc::new(Silent)).await.unwrap();
    assert!(verdict.is_clean(), "{verdict:#?}");
    assert_eq!(verdict.rounds, 100);
    assert_eq!(verdict.recoveries.len(), 100);
    assert!(verdict.acknowledged >= 100 * 12, "the load was too small to prove anything: {verdict:?}");
    assert!(verdict.cut_off >= 100, "the kills came when nothing was under way: {verdict:?}");
    assert!(verdict.cut_off_yet_made > 0, "no kill came between a commit and its answer: {verdict:?}");
    assert!(verdict.expected > 0 && verdict.found == verdict.expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_forgets_is_caught() {
    let options = DemoOptions {
        local: Some(StoreUrl::parse("memory://").unwrap()),
        rounds: 2,
        tasks: 2,
        changes: 40,
        ..DemoOptions::new(program().to_owned(), 1)
    };
    let verdict = run(&options, Arc::new(Silent)).await.unwrap();
    assert!(!verdict.is_clean());
    assert!(verdict.expected > 0 && verdict.found == 0, "{verdict:#?}");
    assert!(verdict.lost.len() as u64 >= verdict.expected, "{verdict:#?}");
    let kept = verdict.folder.expect("the evidence stays");
    assert!(kept.join("daemon.log").exists());
    std::fs::remove_dir_all(kept).unwrap();
}

#[test]
fn the_demo_is_a_command() {
    let home = Home::new();
    let ran = home.run(&[
        "demo",
        "--rounds",
        "2",
        "--tasks",
        "3",
        "--networks",
        "2",
        "--changes",
        "40",
        "--seed",
        "7",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in ["Rounds", "acknowledged", "lost", "Leaked", "realized notes", "seed 7"] {
        assert!(ran.out.contains(part), "no {part}: {ran:?}");
    }
    let verdict = home.json(&["demo", "--rounds", "1", "--changes", "20"]);
    assert_eq!((&verdict["rounds"], &verdict["lost"]), (&1.into(), &serde_json::json!([])));
    home.run(&["demo", "--rounds", "0"]).failed(6, &["rounds", "from 1 to 10000"]);
}

/// On the family that `NETKEEP_DEMO` names; without it they take turns, one each hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: cargo xtask test"]
async fn several_hosts_on_servers_that_are_killed_lose_leak_and_double_nothing() {
    let family = Family::in_turn("NETKEEP_DEMO").unwrap();
    let long = std::env::var("NETKEEP_LONG").is_ok_and(|value| value == "1");
    let options = DemoOptions {
        rounds: if long { 20 } else { 2 },
        tasks: 4,
        changes: 80,
        global: Some(GlobalStore::Own(family)),
        ..DemoOptions::new(program().to_owned(), rand::random())
    };
    let verdict = run(&options, Arc::new(Silent)).await.unwrap();
    println!("{family}: {verdict:?}");
    assert!(verdict.is_clean(), "{family}: {verdict:#?}");
    assert_eq!(
        (verdict.hosts, verdict.rounds, verdict.returns.len()),
        (3, options.rounds, verdict.recoveries.len())
    );
    assert_eq!((verdict.frozen, verdict.servers_killed), (options.rounds, options.rounds));
    let least = u64::from(options.rounds) * 20;
    assert!(verdict.acknowledged >= least, "the load was too small to prove anything: {verdict:?}");
    assert!(verdict.expected > 0, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: cargo xtask test"]
async fn the_servers_of_a_store_that_is_named_are_left_alone() {
    let servers = Etcd::start(Options::single()).await.unwrap();
    let url = format!("etcd://{}/netkeep", servers.endpoints()[0]);
    let home = Home::new();
    let demo = ["demo", "--global", &url, "--hosts", "2", "--rounds", "1", "--tasks", "3", "--changes", "40"];
    let ran = tokio::task::block_in_place(|| home.run(&demo));
    assert_eq!(ran.code, 0, "{ran:?}");
    let row = |name: &str, value: &str| {
        let found = ran.out.lines().any(|line| line.trim().starts_with(name) && line.ends_with(value));
        assert!(found, "no {name:?} with {value:?}: {ran:?}");
    };
    row("Hosts on one store", " 2");
    row("servers of the store killed", " 0");
    row("Doubled", " 0");
    row("Leaked", " 0");
}

#[test]
fn a_store_that_hosts_cannot_share_is_refused() {
    let home = Home::new();
    for (global, says) in [("etdc", "etcd, consul, zookeeper"), ("redb:///tmp/x", "no servers")] {
        home.run(&["demo", "--global", global]).failed(6, &["--global", says]);
    }
    home.run(&["demo", "--global", "etcd://h1", "--hosts", "9"]).failed(6, &["hosts", "from 1 to 8"]);
}

#[test]
fn an_end_of_the_demo_is_the_end_of_its_daemon() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let home = Home::new();
        let mut demo = home
            .command()
            .args(["demo", "--rounds", "10000"])
            .env("TMPDIR", home.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let socket = eventually("the demo has a daemon", || {
            let folders = std::fs::read_dir(home.path("")).unwrap().map(|found| found.unwrap().path());
            folders
                .map(|folder| folder.join("netkeep.sock"))
                .find(|socket| UnixStream::connect(socket).is_ok())
        });
        kill(Pid::from_raw(demo.id().try_into().unwrap()), signal).unwrap();
        let status = eventually("the demo ends", || demo.try_wait().unwrap());
        assert!(!status.success(), "{signal}: {status}");
        eventually("its daemon ends", || UnixStream::connect(&socket).is_err().then_some(()));
        let kept = socket.parent().unwrap().exists();
        assert_eq!(kept, signal == Signal::SIGKILL, "only who is killed cannot clean up");
    }
}
