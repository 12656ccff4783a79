//! One process of this machine: started, frozen, ended, awaited.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::{Error, Kind, Result};

/// How often the state of a process is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How long the kernel may take to freeze or bury a process.
const LIMIT: Duration = Duration::from_secs(30);

type Order = (Command, oneshot::Sender<io::Result<Child>>);

/// The thread from which every server is started. The kernel ends a server with the thread that started it, and
/// so that thread must live as long as this process.
static STARTER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, taken) = mpsc::channel::<Order>();
    let starter = move || {
        for (mut command, answer) in taken {
            if let Err(Ok(mut unwanted)) = answer.send(command.spawn()) {
                let _ = unwanted.kill().and_then(|()| unwanted.wait());
            }
        }
    };
    let thread = std::thread::Builder::new().name("servers-start".to_owned()).spawn(starter);
    thread.expect("a process that may start servers may start threads");
    orders
});

/// A process that ends when this one does.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program whose output is added to `log`.
    pub(crate) async fn start(program: &Path, args: &[String], folder: &Path, log: &Path) -> Result<Self> {
        let failed = |error| Error::failed(format!("cannot start {}", program.display()), error);
        let output = File::options().create(true).append(true).open(log).map_err(failed)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(args);
        command.current_dir(folder).stdin(Stdio::null());
        command.stdout(output.try_clone().map_err(failed)?).stderr(output);
        // A group of its own: the key that ends a test at a terminal must not end servers in their middle.
        command.process_group(0);
        let (answer, started) = oneshot::channel();
        STARTER.send((command, answer)).expect("the starter never ends");
        let child = started.await.expect("the starter answers each order").map_err(failed)?;
        Ok(Self { child })
    }

    /// The kernel's number for it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Freezes it, and returns when it stands still.
    pub(crate) async fn freeze(&mut self) -> Result<()> {
        self.signal(Signal::SIGSTOP)?;
        let id = self.child.id();
        self.wait_until("stand still", |_| stands_still(id)).await
    }

    /// Lets it go on.
    pub(crate) fn thaw(&mut self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Ends it at once, and returns when it is gone.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        if self.is_running() {
            self.signal(Signal::SIGKILL)?;
        }
        self.wait_until("end", |process| !process.is_running()).await
    }

    /// Asks it to end, and ends it if it has not by the deadline.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        if self.is_running() {
            self.signal(Signal::SIGTERM)?;
            if self.wait_until("end", |process| !process.is_running()).await.is_ok() {
                return Ok(());
            }
        }
        self.kill().await
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.child.id()).expect("the kernel's ids of processes are below 2^31");
        // Nobody else can have the id: it is free only after this one was awaited.
        kill(Pid::from_raw(id), signal)
            .map_err(|error| Error::failed(format!("cannot send {signal} to process {id}"), error))
    }

    async fn wait_until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) -> Result<()> {
        let end = Instant::now() + LIMIT;
        while !is_so(self) {
            if Instant::now() >= end {
                let id = self.child.id();
                let limit = LIMIT.as_secs();
                return Err(Error::new(
                    Kind::Failed,
                    format!("process {id} did not {what} within {limit} s"),
                ));
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // No matter if it has ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether all threads of a process are stopped.
fn stands_still(id: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else { return false };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The state stands after the name, which may hold anything.
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, folder: &Path) -> Process {
        let args = ["-c".to_owned(), script.to_owned()];
        Process::start(Path::new("sh"), &args, folder, &folder.join("log")).await.unwrap()
    }

    #[tokio::test]
    async fn a_process_is_frozen_thawed_and_killed() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("echo hello; exec sleep 600", folder.path()).await;
        process.freeze().await.unwrap();
        assert!(stands_still(process.child.id()));
        assert!(process.is_running());
        process.thaw().unwrap();
        process.kill().await.unwrap();
        assert!(!process.is_running());
        process.kill().await.unwrap();
    }

    #[tokio::test]
    async fn output_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("echo out; echo err >&2", folder.path()).await;
        process.wait_until("end", |process| !process.is_running()).await.unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("log")).unwrap(), "out\nerr\n");
    }

    #[tokio::test]
    async fn the_end_of_a_runtime_ends_no_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let start = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(shell("exec sleep 600", &path))
        };
        let mut process = std::thread::spawn(start).join().unwrap();
        // The kernel would have sent its signal by now; freezing needs a process that lives.
        process.freeze().await.unwrap();
        assert!(process.is_running());
    }
}
