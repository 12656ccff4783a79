//! A program that serves HTTP on a socket of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::process::{Child, ChildStdin, Command};

/// How long a daemon may take to serve, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Ends the program when its input ends, however this process ended.
const GUARD: &str = "\"$@\" & daemon=$!; cat > /dev/null; kill $daemon 2> /dev/null; wait $daemon";

/// A daemon and one connection to it, which is kept.
pub(super) struct Daemon {
    child: Child,
    input: ChildStdin,
    http: Client,
}

impl Daemon {
    /// Starts a program that will listen at `socket`, in the network of the process `neighbour`, and waits until what
    /// it answers to GET `path` is `ready`. What it logs goes to a file beside the socket.
    ///
    /// # Errors
    ///
    /// If it does not come to that, with the end of its log.
    pub(super) async fn start(
        neighbour: u32,
        program: &Path,
        words: &[String],
        socket: PathBuf,
        path: &str,
        ready: fn(&Value) -> bool,
    ) -> Result<Self> {
        let log = socket.with_extension("log");
        let file = File::create(&log)?;
        let mut command = Command::new("sh");
        // What is meant for the benches is not for ours.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NETKEEP_")) {
            command.env_remove(name);
        }
        let mut child = command
            .args(["-c", GUARD, "sh", "nsenter", "--net", "--target"])
            .arg(neighbour.to_string())
            .arg(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        let input = child.stdin.take().context("a child has an input")?;
        let http = Client::builder()
            .unix_socket(socket)
            .no_proxy()
            .pool_max_idle_per_host(1)
            .timeout(PATIENCE)
            .build()?;
        let daemon = Self { child, input, http };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if daemon.call(Method::GET, path, None).await.is_ok_and(|answer| ready(&answer)) {
                return Ok(daemon);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        daemon.stop().await?;
        let said = fs::read_to_string(log)?;
        let last: Vec<&str> = said.lines().rev().take(5).collect();
        bail!("{} does not serve: {}", program.display(), last.join("; "))
    }

    /// One request and its answer, null if it has none.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("http://daemon{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&bytes));
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).with_context(|| format!("the answer to {path}"))
    }

    /// Has it end by itself, and waits for that.
    pub(super) async fn stop(self) -> Result<()> {
        let Self { mut child, input, http } = self;
        drop((input, http));
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        ended.context("a daemon does not end")??;
        Ok(())
    }
}
