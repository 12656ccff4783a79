//! Servers unpacked into folders, for plain processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::packages::{root, says, want};
use super::{Release, image};
use crate::{Workspace, step};

/// Marks a folder that is whole.
const COMPLETE: &str = "complete";

/// Cargo's target folder: the one that this tool was built in, which cargo marks, else the usual one.
pub(crate) fn target(workspace: &Workspace) -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| workspace.root.join("target"), Path::to_owned)
}

/// Unpacks the server if it is not there. Whether it was unpacked, and where.
pub(super) fn provide(release: &Release, target: &Path) -> Result<(bool, String)> {
    if release.family == "zookeeper" {
        want("java", "-version", "default-jre-headless")?;
    }
    want("setpriv", "--version", "util-linux")?;
    let servers = target.join("servers");
    let folder = servers.join(release.folder());
    let what = format!("folder {}", folder.display());
    if folder.join(COMPLETE).is_file() {
        return Ok((false, what));
    }
    fs::create_dir_all(&servers).with_context(|| format!("cannot make {}", servers.display()))?;
    let id = std::process::id();
    let tar = servers.join(format!(".{}-{id}.tar", release.folder()));
    let partial = servers.join(format!(".{}-{id}", release.folder()));
    around(&tar, || around(&partial, || unpack(release, &tar, &partial, &folder)))?;
    Ok((true, what))
}

fn unpack(release: &Release, tar: &Path, partial: &Path, folder: &Path) -> Result<()> {
    root(release, &[], true, tar)?;
    fs::create_dir_all(partial).with_context(|| format!("cannot make {}", partial.display()))?;
    // What the server needs and no more: everything else is the machine's.
    let files: &[&str] = match release.family.as_str() {
        "etcd" => &["./usr/bin/etcd"],
        "consul" => &["./usr/bin/consul"],
        _ => &[
            "./usr/share/java/zookeeper*.jar",
            "./usr/share/java/slf4j-*.jar",
            "./usr/share/java/metrics-core*.jar",
            "./usr/share/java/snappy-java*.jar",
            "./usr/share/java/netty-*.jar",
        ],
    };
    let mut extract = Command::new("tar");
    extract.args(["--extract", "--no-same-owner", "--wildcards", "--file"]).arg(tar);
    extract.arg("--directory").arg(partial).args(files);
    if !step::run("unpack", &mut extract)? {
        bail!("{} lacks a file that the server needs; tar's own words stand above", release.package);
    }
    let (words, text) = release.proof();
    let (program, arguments) = match release.family.as_str() {
        // It lists the libraries, those of the folder.
        "zookeeper" => (PathBuf::from(words[0]), vec![partial.join("usr/share/java").into_os_string()]),
        _ => (partial.join(&words[0][1..]), words[1..].iter().map(Into::into).collect()),
    };
    if !says(Command::new(program).args(arguments), &text)? {
        return image::bail_version(release);
    }
    fs::write(partial.join(COMPLETE), "").context("cannot mark the folder as whole")?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::rename(partial, folder).with_context(|| format!("cannot name {}", folder.display()))
}

/// Does something, and removes a file or folder afterwards, however it went.
pub(super) fn around(path: &Path, act: impl FnOnce() -> Result<()>) -> Result<()> {
    let done = act();
    if path.is_dir() {
        fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))?;
    } else if path.exists() {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_needed_meanwhile_is_removed() {
        let path = std::env::temp_dir().join(format!("netkeep-xtask-around-{}", std::process::id()));
        let error = around(&path, || {
            fs::create_dir(&path)?;
            fs::write(path.join("file"), "")?;
            bail!("as planned")
        });
        assert!(error.is_err());
        assert!(!path.exists());
        around(&path, || Ok(fs::write(&path, "")?)).unwrap();
        assert!(!path.exists());
    }
}
