//! A command with a name, run in the open.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How often a command with a deadline is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);

/// Prints what will run.
pub(crate) fn announce(title: &str, command: &Command) {
    let mut line = command.get_program().to_string_lossy().into_owned();
    // The name says enough; where cargo and the examples lie differs from machine to machine.
    if let Some(name) = std::path::Path::new(&line).file_name() {
        line = name.to_string_lossy().into_owned();
    }
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    println!("\n== {title}: {line}");
}

/// Runs the command with this process's output. True if it succeeded.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<bool> {
    announce(title, command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot run {title}"))?;
    Ok(status.success())
}

/// Runs the command and hands over each line that it prints to its standard output. True if it succeeded.
pub(crate) fn run_reading(title: &str, command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool> {
    announce(title, command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {title}"))?;
    let output = child.stdout.take().context("the child was started without a standard output")?;
    // Tests may print what is no text; a line is shown as well as can be.
    for bytes in BufReader::new(output).split(b'\n') {
        line(&String::from_utf8_lossy(&bytes.with_context(|| format!("cannot read what {title} prints"))?));
    }
    let status = child.wait().with_context(|| format!("cannot await {title}"))?;
    Ok(status.success())
}

/// What a command that ran unseen has left.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Whether it succeeded.
    pub(crate) good: bool,
    /// What it printed, to its standard output and error alike.
    pub(crate) output: String,
    pub(crate) took: Duration,
}

/// Runs the command and keeps what it prints.
pub(crate) fn run_kept(title: &str, mut command: Command) -> Result<Kept> {
    let begin = Instant::now();
    let (mut reader, writer) = std::io::pipe().context("there is no pipe")?;
    let error = writer.try_clone().context("there is no second end of a pipe")?;
    command.stdin(Stdio::null()).stdout(writer).stderr(error);
    let mut child = command.spawn().with_context(|| format!("cannot run {title}"))?;
    // It holds the ends to write to, and the reading ends when they are all closed.
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).with_context(|| format!("cannot read what {title} prints"))?;
    let status = child.wait().with_context(|| format!("cannot await {title}"))?;
    let output = String::from_utf8_lossy(&output).into_owned();
    Ok(Kept { good: status.success(), output, took: begin.elapsed() })
}

/// Runs the command and ends it at the deadline. True if it succeeded in time.
pub(crate) fn run_within(limit: Duration, title: &str, command: &mut Command) -> Result<bool> {
    announce(title, command);
    let mut child = command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot run {title}"))?;
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().with_context(|| format!("cannot await {title}"))? {
            return Ok(status.success());
        }
        if Instant::now() >= end {
            child.kill().and_then(|()| child.wait()).with_context(|| format!("cannot end {title}"))?;
            println!("{title} did not end within {} s and was killed", limit.as_secs());
            return Ok(false);
        }
        std::thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn tells_success_from_failure() {
        assert!(run("good", &mut shell("exit 0")).unwrap());
        assert!(!run("bad", &mut shell("exit 3")).unwrap());
        assert!(run("absent", &mut Command::new("no-such-program-anywhere")).is_err());
    }

    #[test]
    fn hands_over_lines_and_the_exit_code() {
        let mut lines = Vec::new();
        let good = run_reading("lines", &mut shell("echo one; echo two; exit 1"), |line| {
            lines.push(line.to_owned());
        });
        assert!(!good.unwrap());
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn keeps_both_outputs_in_their_order() {
        let kept = run_kept("kept", shell("echo one; echo two >&2; echo three; exit 1")).unwrap();
        assert!(!kept.good);
        assert_eq!(kept.output, "one\ntwo\nthree\n");
        assert!(run_kept("good", shell("exit 0")).unwrap().good);
        assert!(run_kept("absent", Command::new("no-such-program-anywhere")).is_err());
    }

    #[test]
    fn kills_at_the_deadline() {
        let begin = Instant::now();
        assert!(!run_within(Duration::from_millis(100), "slow", &mut shell("exec sleep 60")).unwrap());
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert!(run_within(Duration::from_secs(30), "quick", &mut shell("exit 0")).unwrap());
    }
}
