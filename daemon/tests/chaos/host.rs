//! A host: a daemon with a home of its own, and a way of its own to each server.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use netkeep::client::Client;
use netkeep_controller::GlobalState;
use netkeep_model::{HostId, Incarnation};
use netkeep_testcontainers::{Cluster, Proxy};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long anything may take once nothing fails any more.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How long a host counts as up after its last sign of life; Consul makes ten seconds of it.
const LEASE: &str = "5s";

/// A daemon of a host, killed when this is dropped.
pub(crate) struct Host {
    folder: TempDir,
    client: Client,
    child: Mutex<Option<Child>>,
    ways: Vec<Proxy>,
    id: OnceLock<HostId>,
}

impl Host {
    /// A host whose global store is below `root` of these servers, and whose daemon runs.
    pub(crate) async fn start(cluster: &Cluster, root: &str) -> Self {
        let mut ways = Vec::new();
        for server in cluster.endpoints() {
            ways.push(Proxy::before(server).await.unwrap());
        }
        let servers: Vec<_> = ways.iter().map(Proxy::endpoint).collect();
        let global = format!("{}://{}/{root}", cluster.family().name(), servers.join(","));
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "local = \"redb://{}\"\nglobal = \"{global}\"\nhost-lease = \"{LEASE}\"\nlog.level = \"warn\"\n",
            folder.path().join("local.redb").display()
        );
        std::fs::write(folder.path().join("netkeep.toml"), config).unwrap();
        let client = Client::new(folder.path().join("netkeep.sock")).unwrap();
        let host = Self { folder, client, child: Mutex::default(), ways, id: OnceLock::new() };
        host.revive().await;
        let status = host.client.status().await.unwrap();
        host.id.set(status.controller.host).unwrap();
        host
    }

    /// Which host it is.
    pub(crate) fn id(&self) -> HostId {
        *self.id.get().unwrap()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What its daemons have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Starts the daemon, and waits until it answers.
    pub(crate) async fn revive(&self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.file("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_netkeep"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NETKEEP_"))
        {
            command.env_remove(name);
        }
        let child = command
            .env_remove("NOTIFY_SOCKET")
            .arg("daemon")
            .arg("--config")
            .arg(self.file("netkeep.toml"))
            .arg("--socket")
            .arg(self.file("netkeep.sock"))
            .arg("--until-stdin-ends")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        *self.child.lock().await = Some(child);
        let begun = Instant::now();
        while self.client.version().await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "a daemon does not answer: {}", self.log());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills the daemon.
    pub(crate) async fn kill(&self) {
        self.child.lock().await.as_mut().unwrap().kill().await.unwrap();
    }

    /// Freezes the daemon, or lets it go on.
    pub(crate) async fn freeze(&self, frozen: bool) {
        let pid = self.child.lock().await.as_ref().unwrap().id().unwrap();
        let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
        kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
    }

    /// Lets nothing pass between it and the servers, or everything again.
    pub(crate) fn cut_off(&self, cut: bool) {
        self.ways.iter().for_each(|way| way.set_cut(cut));
    }

    /// Loses what the servers answer to it, or does so no more.
    pub(crate) fn deafen(&self, deaf: bool) {
        self.ways.iter().for_each(|way| way.set_deaf(deaf));
    }

    /// Waits until it serves networks of global scope.
    pub(crate) async fn in_sync(&self) {
        self.in_sync_after(Incarnation::ZERO).await;
    }

    /// Waits until a later run than this one does.
    pub(crate) async fn in_sync_after(&self, run: Incarnation) {
        let begun = Instant::now();
        loop {
            let status = self.client.status().await.unwrap_or_else(|error| panic!("{error}: {}", self.log()));
            let global = status.controller.global.unwrap();
            if global.state == GlobalState::InSync && global.incarnation.is_some_and(|now| now > run) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "not in sync: {global:?}: {}", self.log());
            sleep(Duration::from_millis(20)).await;
        }
    }
}
