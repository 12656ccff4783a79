//! A folder with a daemon in it, its command line, and its socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A folder with everything that a daemon needs, and nothing of this machine's configuration.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// A daemon that runs in a [`Home`]; killed when it is dropped.
pub(crate) struct Daemon<'a> {
    home: &'a Home,
    child: Child,
}

/// What a command line said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// Waits until `done` answers something.
pub(crate) fn eventually<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = done() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("{what}: not within {PATIENCE:?}");
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.configure("");
        home
    }

    /// Writes the configuration file: where the store is, and this.
    pub(crate) fn configure(&self, more: &str) {
        let local = format!("local = \"redb://{}\"\n", self.store().display());
        std::fs::write(self.path("netkeep.toml"), local + more).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("local.redb")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("netkeep.sock")
    }

    /// The program, with the configuration and the socket of this home, and without this machine's variables.
    pub(crate) fn command(&self) -> Command {
        let mut command = bare_command();
        command.arg("--config").arg(self.path("netkeep.toml")).arg("--socket").arg(self.socket());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command().args(arguments))
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Runs a command that must succeed, and reads the JSON that it printed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let out = self.ok(&[&["--json"], arguments].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }

    /// Lets the machine begin again, as far as daemons of this home see: the next one finds another boot id.
    pub(crate) fn reboot(&self) {
        let number = rand::random::<u128>();
        let id = format!("{number:032x}\n");
        let id: Vec<_> = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].to_vec();
        std::fs::write(self.boot_id(), id.join("-")).unwrap();
    }

    fn boot_id(&self) -> PathBuf {
        self.path("boot-id")
    }

    /// The program, on a machine that has begun again if it has.
    fn command_since_boot(&self) -> Command {
        let command = self.command();
        if !self.boot_id().exists() {
            return command;
        }
        let mut other = Command::new("unshare");
        other.args([
            "--mount",
            "sh",
            "-c",
            "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"",
        ]);
        other.arg(self.boot_id()).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => other.env(name, value),
                None => other.env_remove(name),
            };
        }
        other
    }

    /// Starts a daemon and waits until it answers.
    pub(crate) fn daemon(&self) -> Daemon<'_> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let child = self.command_since_boot().arg("daemon").stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let mut daemon = Daemon { home: self, child };
        eventually("the daemon answers", || {
            if let Some(status) = daemon.child.try_wait().unwrap() {
                panic!("the daemon ended with {status}: {}", self.log());
            }
            (self.run(&["status"]).code == 0).then_some(())
        });
        daemon
    }

    /// Waits until the daemon serves networks of global scope, and returns its status then.
    pub(crate) fn in_sync(&self) -> Value {
        self.comes_to("in-sync")
    }

    /// Waits until the daemon stands so to the global store, and returns its status then.
    pub(crate) fn comes_to(&self, state: &str) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.json(&["status"]);
            if status["controller"]["global"]["state"] == state {
                return status;
            }
            let waited = begun.elapsed();
            assert!(waited < PATIENCE, "not {state} after {waited:?}: {status}; the log: {}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// What the daemons of this home have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Sends a request to the socket as it is, and reads the answer.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Answer {
        let answer = self.exchange(method, path, body);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, body: serde_json::from_str(body).unwrap_or(Value::Null) }
    }

    /// The body of an answer that is no JSON.
    pub(crate) fn page(&self, path: &str) -> String {
        self.exchange("GET", path, "").split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: netkeep\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Daemon<'_> {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with SIGKILL and waits for its end.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal and waits for its end.
    pub(crate) fn signal(mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.pid().try_into().unwrap()), signal).unwrap();
        let child = &mut self.child;
        eventually("the daemon ends", || child.try_wait().unwrap())
    }

    /// Stops it with SIGTERM, which it must obey.
    pub(crate) fn stop(self) {
        let home = self.home;
        let status = self.signal(Signal::SIGTERM);
        assert!(status.success(), "{status}: {}", home.log());
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ran {
    /// Asserts how it failed: the exit code, nothing printed, and an error with all these parts.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "a failure prints nothing");
        for part in parts {
            assert!(self.err.contains(part), "no {part:?} in {}", self.err);
        }
    }
}

/// The program without arguments, and without this machine's variables.
pub(crate) fn bare_command() -> Command {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NETKEEP_")) {
        command.env_remove(name);
    }
    command.env_remove("NOTIFY_SOCKET");
    command
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    Ran {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_netkeep"))
}
