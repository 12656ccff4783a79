//! How a daemon begins, shares and ends.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::Stdio;
use std::sync::Barrier;

use nix::sys::signal::Signal;

use crate::harness::{Home, PATIENCE, eventually};

#[test]
fn a_second_daemon_is_told_the_holder_and_the_first_lives_on() {
    let home = Home::new();
    let daemon = home.daemon();
    let pid = daemon.pid().to_string();
    home.run(&["daemon"]).failed(5, &["socket", &pid]);
    let other = home.path("other.sock");
    let mut second = home.command();
    second.args(["daemon", "--socket"]).arg(&other);
    let store = crate::harness::ran(second.args(["--log-level", "off"]));
    store.failed(5, &["local.redb", &pid, "in use"]);
    assert!(!other.exists());
    home.ok(&["network", "create", "blue"]);
    assert_eq!(home.json(&["status"])["pid"], daemon.pid());
}

#[test]
fn the_socket_is_for_owner_and_group() {
    let home = Home::new();
    let _daemon = home.daemon();
    let mode = home.socket().metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o660, "{mode:o}");
}

#[test]
fn both_signals_stop_it_in_order() {
    let home = Home::new();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let daemon = home.daemon();
        let status = daemon.signal(signal);
        assert_eq!(status.code(), Some(0), "{signal}: {}", home.log());
        assert!(!home.socket().exists(), "{signal}");
    }
    assert!(home.log().contains("stopped"));
}

#[test]
fn what_was_acknowledged_before_a_stop_under_load_is_there_after_it() {
    const TASKS: usize = 4;
    let home = Home::new();
    let daemon = home.daemon();
    home.ok(&["network", "create", "blue"]);
    let started = Barrier::new(TASKS + 1);
    let mut acknowledged = Vec::new();
    std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (home, started) = (&home, &started);
                scope.spawn(move || {
                    let mut made = Vec::new();
                    for n in 0..200 {
                        let name = format!("e{task}-{n}");
                        let ran = home.run(&["endpoint", "create", "blue", &name]);
                        match ran.code {
                            0 => made.push(name),
                            5 => break,
                            _ => panic!("{ran:?}"),
                        }
                        if n == 0 {
                            started.wait();
                        }
                    }
                    made
                })
            })
            .collect();
        started.wait();
        daemon.stop();
        acknowledged.extend(tasks.into_iter().flat_map(|task| task.join().unwrap()));
    });
    assert!(acknowledged.len() >= TASKS);
    let _daemon = home.daemon();
    let there = home.json(&["endpoint", "ls", "blue"]);
    let there: Vec<_> =
        there.as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap()).collect();
    for name in &acknowledged {
        assert!(there.contains(&name.as_str()), "{name} is lost");
    }
    assert!(home.ok(&["check"]).contains("nothing wrong"));
}

#[test]
fn the_service_manager_is_told() {
    let home = Home::new();
    let manager = UnixDatagram::bind(home.path("notify.sock")).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut child = home
        .command()
        .arg("daemon")
        .env("NOTIFY_SOCKET", home.path("notify.sock"))
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut heard = [0; 256];
    let mut hear = || {
        let length = manager.recv(&mut heard).unwrap();
        String::from_utf8_lossy(&heard[..length]).into_owned()
    };
    let ready = hear();
    let answers = home.run(&["status"]).code;
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    let stopping = hear();
    let status = child.wait().unwrap();
    assert!(ready.contains("READY=1"), "{ready}");
    assert_eq!(answers, 0, "ready means that it answers");
    assert!(stopping.contains("STOPPING=1"), "{stopping}");
    assert!(status.success());
}

#[test]
fn readiness_does_not_wait_for_the_global_store() {
    let home = Home::new();
    // Nobody listens there.
    home.configure("global = \"etcd://127.0.0.1:1/netkeep\"\n");
    let manager = UnixDatagram::bind(home.path("notify.sock")).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = home.command();
    command.arg("daemon").env("NOTIFY_SOCKET", home.path("notify.sock")).stdin(Stdio::null());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut heard = [0; 256];
    let length = manager.recv(&mut heard).unwrap();
    let ready = String::from_utf8_lossy(&heard[..length]).into_owned();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(ready.contains("READY=1") && ready.contains("could not be had yet"), "{ready}");

    home.configure(&format!("global = \"redb://{}\"\n", home.path("global.redb").display()));
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut told = Vec::new();
    while !told
        .last()
        .is_some_and(|last: &String| last.contains("STATUS=serving; the global store is in sync"))
    {
        let length = manager.recv(&mut heard).unwrap_or_else(|error| panic!("{error} after {told:?}"));
        told.push(String::from_utf8_lossy(&heard[..length]).into_owned());
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_daemon_can_be_tied_to_its_parent() {
    let home = Home::new();
    let mut child = home
        .command()
        .args(["daemon", "--until-stdin-ends"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it answers", || (home.run(&["status"]).code == 0).then_some(()));
    drop(child.stdin.take());
    let status = eventually("it ends with its standard input", || child.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn logs_can_be_json() {
    let home = Home::new();
    home.configure("[log]\nformat = \"json\"\n");
    home.daemon().stop();
    let log = home.log();
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string() && line["fields"]["message"].is_string(), "{line}");
    }
}

#[test]
fn a_request_that_never_ends_delays_a_stop_for_so_long_and_no_longer() {
    let home = Home::new();
    home.configure("stop-timeout = \"300ms\"\n");
    let daemon = home.daemon();
    let _endless = endless_request(&home);
    daemon.stop();
    assert!(home.log().contains("not finished in time"), "{}", home.log());
}

#[test]
fn a_second_signal_ends_the_waiting() {
    let home = Home::new();
    home.configure("stop-timeout = \"60m\"\n");
    let daemon = home.daemon();
    let _endless = endless_request(&home);
    let pid = nix::unistd::Pid::from_raw(daemon.pid().try_into().unwrap());
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    eventually("it is stopping", || home.log().contains("told to stop;").then_some(()));
    daemon.stop();
    assert!(home.log().contains("told to stop again"), "{}", home.log());
}

/// A request whose body does not come. The daemon has begun to read it.
fn endless_request(home: &Home) -> UnixStream {
    let mut stream = UnixStream::connect(home.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head =
        "POST /v1/networks HTTP/1.1\r\nHost: netkeep\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // "100 Continue" says that somebody waits for the body.
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    stream
}
