//! Networks of our daemon beside those of a Docker Engine 20.10, both in one etcd.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use netkeep_testcontainers::{Cluster, Family, Launcher, Options};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use super::daemon::Daemon;
use crate::measure::{Contest, Pace, Racer, Slice, median, slice};
use crate::report::{Bar, Report, Row, counted};

/// The last release that keeps its networks in a store of one's choice.
const ENGINE: &str = "20.10.";
/// Its client wants the old API of etcd, and goes where etcd says that it is.
const FOR_ENGINE: [&str; 2] = ["--enable-v2=true", "--advertise-client-urls=http://127.0.0.1:2379"];
/// Where etcd is for those who share its network.
const ETCD: &str = "127.0.0.1:2379";
/// How many networks are there.
const SIZES: [usize; 3] = [1, 30, 100];
/// A tenth of the time.
const BAR: Bar = Bar::AtMost(0.1);
/// The network that comes and goes.
const FRESH: &str = "fresh";

/// Who has the networks: how they are made, and where they are.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    make: &'static str,
    below: &'static str,
    body: fn(&str) -> Value,
}

const OURS: Kind = Kind {
    name: "ours",
    make: "/v1/networks",
    below: "/v1/networks",
    body: |name| json!({ "name": name, "driver": "manual", "scope": "global" }),
};
const THEIRS: Kind = Kind {
    name: "the engine's",
    make: "/v1.41/networks/create",
    below: "/v1.41/networks",
    body: |name| json!({ "Name": name, "Driver": "overlay", "CheckDuplicate": true }),
};

/// Networks through both daemons, if there is such an engine, and the right to run it.
pub(crate) async fn docker(pace: Pace) -> Result<Report> {
    let mut report = Report::default();
    if let Some(reason) = missing().await {
        let name = format!("create network through the daemon, etcd, by Docker Engine {ENGINE}x");
        report.add(Row::unmeasured(name, "µs", BAR, reason));
        return Ok(report);
    }
    let options = Options { extra_args: FOR_ENGINE.map(str::to_owned).to_vec(), ..Options::single() };
    let options = Options { launcher: Some(Launcher::Docker), ..options };
    let cluster = Cluster::start(Family::Etcd, options).await?;
    let neighbour = process_of(&cluster.endpoints()[0]).await?;
    let folder = tempfile::tempdir()?;
    let engine = Arc::new(engine(folder.path(), neighbour).await?);
    let ours = Arc::new(netkeep(folder.path(), neighbour).await?);
    let sizes = if pace.quick { &SIZES[..2] } else { &SIZES[..] };
    let mut there = 0;
    for &size in sizes {
        for index in there..size {
            for (kind, daemon) in [(OURS, &ours), (THEIRS, &engine)] {
                kind.create(daemon, &format!("net-{index}")).await?;
            }
        }
        there = size;
        let racers = |racer: fn(Kind, Arc<Daemon>) -> Racer| {
            [(OURS, &ours), (THEIRS, &engine), (THEIRS, &engine)]
                .map(|(kind, daemon)| racer(kind, Arc::clone(daemon)))
        };
        let place =
            format!("through the daemon, etcd, {} there, by Docker Engine 20.10", counted(size, "network"));
        let contest = Contest::run(pace, &racers(creating)).await?;
        report.add(
            row(format!("create network {place}"), &contest)
                .with_bar(BAR)
                .because("the engine is quick while it has few"),
        );
        let contest = Contest::run(pace, &racers(inspecting)).await?;
        report.add(row(format!("inspect network {place}"), &contest));
    }
    for daemon in [engine, ours] {
        Arc::into_inner(daemon).context("a racer is still there")?.stop().await?;
    }
    Ok(report)
}

fn row(name: String, contest: &Contest) -> Row {
    Row::latency(name, contest, 0, 1)
        .controlled(contest.ratio(2, 1, |slice| slice.latency))
        .with_note(format!("the engine {:.1} ms", contest.of(1, |slice| slice.latency) / 1e3))
}

/// Why there is nothing to compare with.
async fn missing() -> Option<&'static str> {
    let version = said("dockerd", &["--version"]).await;
    let found =
        version.is_ok_and(|version| version.contains(ENGINE)) && said("docker", &["ps"]).await.is_ok();
    match (found, nix::unistd::geteuid().is_root()) {
        (false, _) => Some("not measured: no engine 20.10 here"),
        (true, false) => Some("not measured: an engine wants to be run by the superuser"),
        (true, true) => None,
    }
}

/// What a program prints.
async fn said(program: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program).args(words).output().await?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first process of the container that has this port of the machine.
async fn process_of(endpoint: &str) -> Result<u32> {
    let (_, port) = endpoint.rsplit_once(':').context("an endpoint has a port")?;
    let container = said("docker", &["ps", "--quiet", "--filter", &format!("publish={port}")]).await?;
    let process = said("docker", &["inspect", "--format", "{{.State.Pid}}", &container]).await?;
    let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net"));
    ensure!(network(&process)? != network("self")?, "the container is in the network of the machine");
    process.parse().context("a container has a process")
}

/// An engine of its own. It takes every `docker0` that it finds away, and so must not see the network of the machine.
async fn engine(folder: &Path, neighbour: u32) -> Result<Daemon> {
    let at = |name: &str| folder.join(name).display().to_string();
    std::fs::write(at("docker.json"), "{}")?;
    let words = [
        format!("--config-file={}", at("docker.json")),
        format!("--cluster-store=etcd://{ETCD}"),
        // It wants an address of an interface, and asks whoever listens there for nothing.
        "--cluster-advertise=127.0.0.1:1".to_owned(),
        format!("--data-root={}", at("docker-data")),
        format!("--exec-root={}", at("docker-exec")),
        format!("--pidfile={}", at("docker.pid")),
        format!("--host=unix://{}", at("docker.sock")),
        "--storage-driver=vfs".to_owned(),
        "--bridge=none".to_owned(),
        "--iptables=false".to_owned(),
        "--ip-masq=false".to_owned(),
        "--ip-forward=false".to_owned(),
        "--userland-proxy=false".to_owned(),
    ];
    let ready = |answer: &Value| answer["Version"].is_string();
    Daemon::start(
        neighbour,
        Path::new("dockerd"),
        &words,
        folder.join("docker.sock"),
        "/v1.41/version",
        ready,
    )
    .await
}

async fn netkeep(folder: &Path, neighbour: u32) -> Result<Daemon> {
    let program = std::env::current_exe()?.with_file_name("netkeep");
    let at = |name: &str| folder.join(name).display().to_string();
    // A file of its own, so that no configuration of this machine has a say.
    let config = format!(
        "local = \"redb://{}\"\nglobal = \"etcd://{ETCD}/netkeep\"\nlog.level = \"warn\"\n",
        at("local.redb")
    );
    std::fs::write(at("netkeep.toml"), config)?;
    let words = [
        "--config".to_owned(),
        at("netkeep.toml"),
        "--socket".to_owned(),
        at("netkeep.sock"),
        "daemon".to_owned(),
    ];
    let ready = |answer: &Value| answer["controller"]["global"]["state"] == "in-sync";
    Daemon::start(neighbour, &program, &words, folder.join("netkeep.sock"), "/v1/status", ready).await
}

impl Kind {
    async fn create(self, daemon: &Daemon, name: &str) -> Result<()> {
        daemon.call(Method::POST, self.make, Some(&(self.body)(name))).await?;
        Ok(())
    }

    fn path(self, name: &str) -> String {
        format!("{}/{name}", self.below)
    }
}

/// Makes a network, which is timed, and deletes it, which is not, so that their number stays what it is.
fn creating(kind: Kind, daemon: Arc<Daemon>) -> Racer {
    Racer::new(kind.name, move |time| {
        let daemon = Arc::clone(&daemon);
        async move {
            let (begun, mut took) = (Instant::now(), Vec::new());
            while took.is_empty() || begun.elapsed() < time {
                let before = Instant::now();
                kind.create(&daemon, FRESH).await?;
                took.push(before.elapsed());
                daemon.call(Method::DELETE, &kind.path(FRESH), None).await?;
            }
            let took: Vec<f64> = took.iter().map(|took: &Duration| took.as_secs_f64() * 1e6).collect();
            let latency = median(&took);
            Ok(Slice { rate: 1e6 / latency, processor: f64::NAN, latency })
        }
    })
}

fn inspecting(kind: Kind, daemon: Arc<Daemon>) -> Racer {
    Racer::new(kind.name, move |time| {
        let daemon = Arc::clone(&daemon);
        slice(1, time, 1, move |_, _| {
            let daemon = Arc::clone(&daemon);
            async move { daemon.call(Method::GET, &kind.path("net-0"), None).await.map(|_| ()) }
        })
    })
}
