//! A real daemon, as a child of this process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use netkeep_controller::GlobalState;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::{DemoError, DemoOptions, PATIENCE};
use crate::client::{Client, ClientError};

/// A daemon that can be started, killed, and started again on the same store. It ends with this value, by SIGKILL, and
/// with this process, however that ends: its standard input is a pipe that we hold.
#[derive(Debug)]
pub(super) struct Daemon {
    program: PathBuf,
    folder: PathBuf,
    child: Option<Child>,
    client: Client,
}

impl Daemon {
    /// What the daemon logs, within its folder.
    pub(super) const LOG: &str = "daemon.log";
    const SOCKET: &str = "netkeep.sock";
    const CONFIG: &str = "netkeep.toml";

    /// One that keeps everything in this folder, and shares the store at `global` with others, if there is one.
    pub(super) fn new(options: &DemoOptions, folder: &Path, global: Option<&str>) -> Result<Self, DemoError> {
        std::fs::create_dir_all(folder).map_err(|error| DemoError::system("making a folder", error))?;
        let url = match &options.local {
            Some(url) => String::from(url.clone()),
            None => format!("redb://{}", escaped(&folder.join("local.redb"))),
        };
        // A file of its own, so that no configuration of this machine has a say.
        let mut config = format!("local = {url:?}\nlog.level = \"warn\"\n");
        if let Some(global) = global {
            config.push_str(&format!("global = {global:?}\n"));
        }
        std::fs::write(folder.join(Self::CONFIG), config)
            .map_err(|error| DemoError::system("writing a configuration", error))?;
        let client = Client::new(folder.join(Self::SOCKET)).map_err(DemoError::request("making a client"))?;
        Ok(Self { program: options.program.clone(), folder: folder.to_owned(), child: None, client })
    }

    /// A client of the daemon, also of those that are started later.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Starts it, and waits for its first answer. How long that took.
    pub(super) async fn start(&mut self) -> Result<Duration, DemoError> {
        const PAUSE: Duration = Duration::from_millis(1);
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(Self::LOG))
            .map_err(|error| DemoError::system("opening the log", error))?;
        let begun = Instant::now();
        let child = self
            .command()
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| DemoError::System(format!("starting {}", self.program.display()), error))?;
        let child = self.child.insert(child);
        while begun.elapsed() < PATIENCE {
            match self.client.version().await {
                Ok(_) => return Ok(begun.elapsed()),
                Err(ClientError::NoDaemon { .. }) => {}
                Err(error) => return Err(DemoError::request("asking a daemon that has just started")(error)),
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(DemoError::Daemon(format!("the daemon ended before it answered: {status}")));
            }
            sleep(PAUSE).await;
        }
        Err(DemoError::Daemon(format!("the daemon did not answer within {PATIENCE:?}")))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("NETKEEP_")) {
            command.env_remove(name);
        }
        command
            .env_remove("NOTIFY_SOCKET")
            .arg("daemon")
            .arg("--config")
            .arg(self.folder.join(Self::CONFIG))
            .arg("--socket")
            .arg(self.folder.join(Self::SOCKET))
            .arg("--until-stdin-ends")
            .stdin(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Waits until it serves networks of global scope. How long that took.
    pub(super) async fn in_sync(&self) -> Result<Duration, DemoError> {
        const PAUSE: Duration = Duration::from_millis(5);
        let begun = Instant::now();
        loop {
            let status =
                self.client.status().await.map_err(DemoError::request("asking a daemon how it is"))?;
            let Some(global) = status.controller.global else { return Ok(begun.elapsed()) };
            if global.state == GlobalState::InSync {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > PATIENCE {
                let why = global.reason.unwrap_or_default();
                return Err(DemoError::Daemon(format!(
                    "a daemon does not serve networks of global scope within {PATIENCE:?}: {why}"
                )));
            }
            sleep(PAUSE).await;
        }
    }

    /// Freezes it with SIGSTOP, or lets it go on.
    pub(super) fn freeze(&self, frozen: bool) -> Result<(), DemoError> {
        self.signal(if frozen { Signal::SIGSTOP } else { Signal::SIGCONT })
    }

    fn signal(&self, signal: Signal) -> Result<(), DemoError> {
        let id = self.child.as_ref().and_then(Child::id).and_then(|id| i32::try_from(id).ok());
        let Some(id) = id else { return Ok(()) };
        kill(Pid::from_raw(id), signal)
            .map_err(|error| DemoError::System(format!("sending {signal} to the daemon"), error.into()))
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub(super) async fn kill(&mut self) -> Result<(), DemoError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.start_kill().map_err(|error| DemoError::system("killing the daemon", error))?;
        child.wait().await.map_err(|error| DemoError::system("waiting for the daemon's end", error))?;
        Ok(())
    }

    /// Asks it to stop with SIGTERM and waits until it has.
    pub(super) async fn stop(&mut self) -> Result<(), DemoError> {
        self.signal(Signal::SIGTERM)?;
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let ended = timeout(PATIENCE, child.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => {
                Err(DemoError::Daemon(format!("the daemon, told to stop, ended with {status}")))
            }
            Ok(Err(error)) => Err(DemoError::system("waiting for the daemon's end", error)),
            Err(_) => Err(DemoError::Daemon(format!("the daemon did not stop within {PATIENCE:?}"))),
        }
    }
}

/// A path as it stands in a store URL.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().chars().fold(String::new(), |mut text, char| {
        match char {
            '%' => text.push_str("%25"),
            '?' => text.push_str("%3F"),
            '#' => text.push_str("%23"),
            '@' => text.push_str("%40"),
            other => text.push(other),
        }
        text
    })
}
