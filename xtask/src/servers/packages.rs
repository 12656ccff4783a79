//! Debian's tools: what is missing is installed, and a root is put together from the packages of any suite.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Release;
use crate::step;

/// What Debian's tools are told, so that they ask nothing.
const QUIET: (&str, &str) = ("DEBIAN_FRONTEND", "noninteractive");

/// Sees to it that a program can be run: installs its package if it cannot.
pub(super) fn want(program: &str, argument: &str, package: &str) -> Result<()> {
    if answers(program, argument) {
        return Ok(());
    }
    let how = format!("apt-get install -y {package}");
    if !is_superuser() || !answers("apt-get", "--version") {
        bail!("{program} is needed and is not here; on Debian, as the superuser: {how}");
    }
    let mut update = Command::new("apt-get");
    update.args(["update", "-qq"]).env(QUIET.0, QUIET.1);
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends", package]).env(QUIET.0, QUIET.1);
    if !step::run("refresh the list of packages", &mut update)? || !step::run("install", &mut install)? {
        bail!("{program} is needed and could not be installed; this failed: {how}");
    }
    if !answers(program, argument) {
        bail!("{how} went well, and {program} is still not here");
    }
    Ok(())
}

/// Puts a root together and writes it to a tar file. A bare one has files that nobody set up: enough to take
/// programs from, and quicker.
pub(super) fn root(release: &Release, more: &[&str], bare: bool, tar: &Path) -> Result<()> {
    want("mmdebstrap", "--version", "mmdebstrap")?;
    let mut packages = vec![release.package.as_str()];
    packages.extend(more);
    let mut command = Command::new("mmdebstrap");
    command.env(QUIET.0, QUIET.1);
    command.args(["--quiet", if bare { "--variant=extract" } else { "--variant=essential" }]);
    command.arg("--aptopt=APT::Install-Recommends \"false\"");
    // It is thrown away if anything goes wrong; no need to wait for the disk after each file.
    command.arg("--dpkgopt=force-unsafe-io");
    command.arg(format!("--include={}", packages.join(","))).arg(&release.suite).arg(tar);
    let title = format!("put {} {} together", release.family, release.version);
    if !step::run(&title, &mut command)? {
        bail!("mmdebstrap could not put {} together; its own words stand above", release.family);
    }
    Ok(())
}

/// Whether the output of a command contains a text.
pub(super) fn says(command: &mut Command, text: &str) -> Result<bool> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok(output.status.success() && said.contains(text))
}

/// Whether a program runs and is content.
pub(super) fn answers(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_superuser() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_here_is_not_installed() {
        want("true", "--version", "no-such-package").unwrap();
    }

    #[test]
    fn output_and_exit_code_both_count() {
        assert!(says(Command::new("sh").args(["-c", "echo etcd Version: 3.5.16"]), "3.5.16").unwrap());
        assert!(!says(Command::new("sh").args(["-c", "echo 3.5.1"]), "3.5.16").unwrap());
        assert!(!says(Command::new("sh").args(["-c", "echo 3.5.16; exit 1"]), "3.5.16").unwrap());
    }
}
