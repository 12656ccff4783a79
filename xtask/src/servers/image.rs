//! Servers as images of a Docker Engine.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::packages::{root, says};
use super::{Release, folder};
use crate::step;

/// Whether there is an engine that answers.
pub(super) fn engine_answers() -> bool {
    quietly(&["version", "--format", "{{.Server.Version}}"])
}

/// Makes the image if it is not there. Whether it was made, and its name.
pub(super) fn provide(release: &Release, target: &Path) -> Result<(bool, String)> {
    let image = release.image();
    if !engine_answers() {
        bail!("no Docker Engine answers; `cargo xtask servers --local` needs none");
    }
    if quietly(&["image", "inspect", &image]) {
        return Ok((false, format!("image {image}")));
    }
    let servers = target.join("servers");
    fs::create_dir_all(&servers).with_context(|| format!("cannot make {}", servers.display()))?;
    let tar = servers.join(format!(".{}-{}.tar", release.folder(), std::process::id()));
    let made = folder::around(&tar, || {
        // nftables cuts a node off from the others; a Java machine is what ZooKeeper runs on.
        let more: &[&str] = match release.family.as_str() {
            "zookeeper" => &["nftables", "openjdk-21-jre-headless"],
            _ => &["nftables"],
        };
        root(release, more, false, &tar)?;
        import(release, &tar)
    });
    made.map(|()| (true, format!("image {image}")))
}

/// Makes an image of the root, looks whether it is what it should be, and only then gives it its name.
fn import(release: &Release, tar: &Path) -> Result<()> {
    let unproved = format!("netkeep-test/{}:unproved-{}", release.family, std::process::id());
    let mut import = docker(&["import"]);
    if !step::run("import", import.arg(tar).arg(&unproved))? {
        bail!("the Docker Engine did not take the image of {}; its own words stand above", release.family);
    }
    let (words, text) = release.proof();
    let mut prove = docker(&["run", "--rm", "--network", "none", "--entrypoint", words[0], &unproved]);
    let proved = says(prove.args(&words[1..]), &text);
    let named = match proved {
        Ok(true) => step::run("name", &mut docker(&["tag", &unproved, &release.image()])),
        Ok(false) => bail_version(release),
        Err(error) => Err(error),
    };
    // The name alone; the image stays as long as it has another.
    quietly(&["rmi", &unproved]);
    if named? { Ok(()) } else { bail!("the Docker Engine did not name the image {}", release.image()) }
}

/// The suite has another version than the table says.
pub(super) fn bail_version<T>(release: &Release) -> Result<T> {
    let Release { family, version, suite, package } = release;
    bail!(
        "{package} of {suite} is not {family} {version}; testcontainers/servers.txt says which version is meant"
    )
}

fn docker(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments);
    command
}

fn quietly(arguments: &[&str]) -> bool {
    let mut command = docker(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
