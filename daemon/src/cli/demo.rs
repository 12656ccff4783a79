//! `netkeep demo`.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Failure;
use super::failure::optional;
use super::output::{Output, facts, lines};
use crate::demo::{self, DemoError, DemoOptions, Verdict, Watcher, median_and_longest};
use crate::exit::Exit;

/// How much is done to the daemon.
#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// How often the daemon is killed.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How many tasks work at once.
    #[arg(long, default_value_t = 8)]
    tasks: u32,
    /// How many networks all tasks share.
    #[arg(long, default_value_t = 4)]
    networks: u32,
    /// How many changes a round makes at most before the kill; also bounds the endpoints that live at once.
    #[arg(long, default_value_t = 400)]
    changes: u32,
    /// Several hosts, each with a daemon and a local file of its own, that share a store: etcd, consul or zookeeper
    /// start three servers of that family, of which one is killed in each round; or the URL of a store, beside whose
    /// root the demo keeps its own, and whose servers it leaves alone.
    #[arg(long, value_name = "FAMILY|URL")]
    global: Option<String>,
    /// How many hosts share the store.
    #[arg(long, default_value_t = 3, requires = "global")]
    hosts: u32,
    /// The seed of the random choices; one is drawn if it is not given.
    #[arg(long)]
    seed: Option<u64>,
}

impl DemoArgs {
    pub(super) async fn run(self, output: &Output) -> Result<Exit, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(Exit::Failure, format!("this program cannot find itself: {error}"))
        })?;
        let options = DemoOptions {
            rounds: self.rounds,
            tasks: self.tasks,
            networks: self.networks,
            changes: self.changes,
            hosts: self.hosts,
            global: optional("--global", self.global.as_deref())?,
            ..DemoOptions::new(program, self.seed.unwrap_or_else(rand::random))
        };
        let bar = Arc::new(Bar::new(self.rounds));
        let watcher: Arc<dyn Watcher> = Arc::<Bar>::clone(&bar);
        let verdict = tokio::select! {
            verdict = demo::run(&options, watcher) => verdict,
            // Daemons and servers end with the future.
            _ = tokio::signal::ctrl_c() => return Err(Failure::new(Exit::Failure, "interrupted")),
        };
        bar.0.finish_and_clear();
        let verdict = verdict.map_err(|error| match error {
            DemoError::Options(message) => Failure::new(Exit::Invalid, message),
            DemoError::Request(_, source) => Failure::new(source.exit(), error_text(&source)),
            other => Failure::new(Exit::Failure, other.to_string()),
        })?;
        output.print(&verdict, shown)?;
        Ok(if verdict.is_clean() { Exit::Done } else { Exit::Violations })
    }
}

fn error_text(error: &crate::client::ClientError) -> String {
    format!("the demo's daemon: {error}")
}

/// A progress bar, on terminals only.
#[derive(Debug)]
struct Bar(ProgressBar, u32);

impl Bar {
    fn new(rounds: u32) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar, rounds)
    }
}

impl Watcher for Bar {
    fn step(&self, round: u32, step: &str, changes: Option<u64>) {
        let template = match changes {
            Some(_) => "{spinner} {msg:44} {bar:30} {pos}/{len} changes {per_sec}",
            None => "{spinner} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.set_message(format!("round {round} of {}: {step}", self.1));
        if let Some(changes) = changes {
            self.0.reset();
            self.0.set_length(changes);
        }
    }

    fn acknowledged(&self) {
        self.0.inc(1);
    }
}

fn timed(times: &[Duration]) -> String {
    let (median, longest) = median_and_longest(times);
    format!("median {} ms, longest {} ms", median.as_millis(), longest.as_millis())
}

fn shown(verdict: &Verdict) -> String {
    let mut table = facts();
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    let is_shared = verdict.hosts > 1;
    if is_shared {
        row("Hosts on one store", verdict.hosts.to_string());
    }
    row("Rounds, each ended by SIGKILL", verdict.rounds.to_string());
    if is_shared {
        row("  daemons frozen for a while", verdict.frozen.to_string());
        row("  servers of the store killed", verdict.servers_killed.to_string());
    }
    row("Changes acknowledged", verdict.acknowledged.to_string());
    row(
        "Changes cut off by a kill, then repeated",
        format!("{}, of which {} had been made", verdict.cut_off, verdict.cut_off_yet_made),
    );
    if is_shared {
        row("Attempts repeated while the store was away", verdict.repeated.to_string());
    }
    row("Networks and endpoints looked for after a kill", verdict.expected.to_string());
    row("  found exactly as acknowledged", verdict.found.to_string());
    row("  lost", verdict.lost.len().to_string());
    if is_shared {
        row("Doubled", verdict.doubled.len().to_string());
    }
    row("Leaked", verdict.leaks().to_string());
    for (kind, count) in &verdict.leaked {
        row(&format!("  {kind}"), count.to_string());
    }
    row("Violations that check found", verdict.violations.len().to_string());
    row("Requests refused without cause", verdict.refused.len().to_string());
    row("From start to first answer after a kill", timed(&verdict.recoveries));
    if is_shared {
        row("From start to serving what hosts share", timed(&verdict.returns));
    }
    row("Took", format!("{:.1} s (seed {})", verdict.took.as_secs_f64(), verdict.seed));
    let mut text = lines(&table);
    for (what, found) in [
        ("Lost", &verdict.lost),
        ("Doubled", &verdict.doubled),
        ("Leaked", &verdict.strangers),
        ("Violations", &verdict.violations),
        ("Refused", &verdict.refused),
    ] {
        const SHOWN: usize = 20;
        if !found.is_empty() {
            text.push_str(&format!("\n\n{what}:"));
            for line in found.iter().take(SHOWN) {
                text.push_str(&format!("\n  {line}"));
            }
            if found.len() > SHOWN {
                text.push_str(&format!("\n  and {} more", found.len() - SHOWN));
            }
        }
    }
    if let Some(folder) = &verdict.folder {
        text.push_str(&format!("\n\nWhat the daemons kept and logged is in {}.", folder.display()));
    }
    text
}
