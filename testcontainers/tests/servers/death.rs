//! A test process that is killed leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netkeep_testcontainers::Family;

use crate::talk;

/// How long the traces of a dead process may remain.
const LIMIT: Duration = Duration::from_secs(60);

/// The example beside this test: it keeps a server until it dies.
fn keeper(family: Family) -> Command {
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/keep");
    assert!(
        example.is_file(),
        "{} is not built; cargo test -p netkeep-testcontainers does",
        example.display()
    );
    let mut command = Command::new(example);
    command.arg(family.name()).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The first endpoint, once the server is ready.
fn endpoint_of(child: &mut Child) -> String {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let lines: Vec<String> = lines.map(Result::unwrap).take_while(|line| line != "ready").collect();
    lines.first().expect("the example said where its server is").clone()
}

/// Folders and containers that have the number of the process in their names.
fn traces(pid: u32) -> Vec<String> {
    let mut traces = Vec::new();
    for base in std::fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        if base.file_name().to_string_lossy().starts_with("netkeep-testcontainers-") {
            let folders = std::fs::read_dir(base.path()).into_iter().flatten().flatten();
            traces.extend(folders.map(|folder| folder.file_name().to_string_lossy().into_owned()));
        }
    }
    for what in [["ps", "--all", "--format", "{{.Names}}"], ["network", "ls", "--format", "{{.Name}}"]] {
        // Without an engine there are no containers either.
        if let Ok(output) = Command::new("docker").args(what).output() {
            traces.extend(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
        }
    }
    traces.retain(|name| name.contains(&format!("-{pid}-")));
    traces
}

async fn dies(family: Family) {
    let mut child = keeper(family).spawn().unwrap();
    let endpoint = endpoint_of(&mut child);
    talk::write(family, &endpoint, "here").await;
    let pid = child.id();
    assert!(!traces(pid).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let end = Instant::now() + LIMIT;
    while !traces(pid).is_empty() {
        assert!(Instant::now() < end, "{:?} remain", traces(pid));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    talk::is_closed(&endpoint).await;
}

/// What a watchdog that was killed too could not remove, the next start finds.
async fn is_found_later(family: Family) {
    let mut child = keeper(family).spawn().unwrap();
    let endpoint = endpoint_of(&mut child);
    let pid = child.id();
    let watchdog = children(pid).into_iter().find(|child| command_of(*child).starts_with("sh -c"));
    let watchdog = nix::unistd::Pid::from_raw(watchdog.expect("there is a watchdog"));
    nix::sys::signal::kill(watchdog, nix::sys::signal::Signal::SIGKILL).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!traces(pid).is_empty(), "nobody was there to remove anything");

    let mut next = keeper(family).spawn().unwrap();
    endpoint_of(&mut next);
    assert_eq!(traces(pid), [""; 0]);
    talk::is_closed(&endpoint).await;
    drop(next.stdin.take());
    assert!(next.wait().unwrap().success());
    assert_eq!(traces(next.id()), [""; 0]);
}

fn children(pid: u32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let lists = tasks.map(|task| task.path().join("children"));
    let lists = lists.map(|list| std::fs::read_to_string(list).unwrap_or_default());
    lists
        .flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<i32>>())
        .collect()
}

fn command_of(pid: i32) -> String {
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&command).replace('\0', " ")
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
async fn a_killed_test_leaves_nothing() {
    for family in Family::ALL {
        dies(family).await;
    }
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
async fn what_remains_is_found_at_the_next_start() {
    is_found_later(Family::Etcd).await;
}
