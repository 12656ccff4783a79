//! `netkeep demo`.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Failure;
use super::output::{Output, facts, lines};
use crate::demo::{self, DemoError, DemoOptions, Verdict, Watcher};
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
            ..DemoOptions::new(program, self.seed.unwrap_or_else(rand::random))
        };
        let bar = Arc::new(Bar::new(self.rounds));
        let watcher: Arc<dyn Watcher> = Arc::<Bar>::clone(&bar);
        let verdict = tokio::select! {
            verdict = demo::run(&options, watcher) => verdict,
            // The daemon ends with the future.
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

fn shown(verdict: &Verdict) -> String {
    let mut table = facts();
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("Rounds, each ended by SIGKILL", verdict.rounds.to_string());
    row("Changes acknowledged", verdict.acknowledged.to_string());
    row(
        "Changes cut off by a kill, then repeated",
        format!("{}, of which {} had been made", verdict.cut_off, verdict.cut_off_yet_made),
    );
    row("Networks and endpoints looked for after a kill", verdict.expected.to_string());
    row("  found exactly as acknowledged", verdict.found.to_string());
    row("  lost", verdict.lost.len().to_string());
    row("Leaked", verdict.leaks().to_string());
    for (kind, count) in &verdict.leaked {
        row(&format!("  {kind}"), count.to_string());
    }
    row("Violations that check found", verdict.violations.len().to_string());
    row("Requests refused without cause", verdict.refused.len().to_string());
    row(
        "From start to first answer after a kill",
        format!(
            "median {} ms, longest {} ms",
            verdict.recovery_median().as_millis(),
            verdict.recovery_max().as_millis()
        ),
    );
    row("Took", format!("{:.1} s (seed {})", verdict.took.as_secs_f64(), verdict.seed));
    let mut text = lines(&table);
    for (what, found) in [
        ("Lost", &verdict.lost),
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
        text.push_str(&format!("\n\nThe store and the daemon's log are in {}.", folder.display()));
    }
    text
}
