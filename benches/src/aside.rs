//! What has to be a process of its own, and how it is started.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::{Key, LeasedDirectories, Store, Txn};
use netkeep_store_redb::{RedbConfig, RedbStore};
use stats_alloc::{Region, StatsAlloc};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::controllers::Host;
use crate::groups::on_a_runtime;

/// What the file is filled with: values of this size, so many in a commit.
const VALUE_BYTES: usize = 6000;
const VALUES: usize = 48;

/// Does what `words` say: `count FILE` prints how many bytes a controller over the file holds for each endpoint;
/// `hold FILE MEGABYTES` fills the file up to that size, leaves it alone for a second, says so, and waits to be killed.
pub fn aside(words: &[String], allocator: &'static StatsAlloc<std::alloc::System>) -> ExitCode {
    on_a_runtime(do_aside(words, allocator))
}

async fn do_aside(words: &[String], allocator: &'static StatsAlloc<std::alloc::System>) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["count", file] => count(Path::new(file), allocator).await,
        ["hold", file, megabytes] => match megabytes.parse() {
            Ok(megabytes) => hold(Path::new(file), megabytes).await,
            Err(error) => Err(error.into()),
        },
        _ => Err(anyhow::anyhow!("count FILE or hold FILE MEGABYTES would be right")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// How many bytes a controller over this file holds for each endpoint.
///
/// # Errors
///
/// If the process cannot be run, or says nothing.
pub(crate) async fn bytes_each(file: &Path) -> Result<f64> {
    let output = Command::new(program()?).arg("count").arg(file).output().await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.trim().parse().with_context(|| format!("{said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// A process that has filled this file and waits to be killed.
///
/// # Errors
///
/// If the process cannot be run, or ends by itself.
pub(crate) async fn holder(file: &Path, megabytes: u64) -> Result<Child> {
    let mut child = Command::new(program()?)
        .arg("hold")
        .arg(file)
        .arg(megabytes.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let said = child.stdout.take().context("a child has an output")?;
    if BufReader::new(said).lines().next_line().await?.is_none() {
        bail!("the process that holds the file has ended by itself");
    }
    Ok(child)
}

/// The other program of this package, beside this one.
fn program() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("aside");
    if !program.is_file() {
        bail!("{} is not there; build all of netkeep-benches", program.display());
    }
    Ok(program)
}

async fn count(file: &Path, allocator: &'static StatsAlloc<std::alloc::System>) -> Result<()> {
    let mut config = RedbConfig::new(file, LeasedDirectories::default());
    // What it keeps of its pages is not counted against the replica.
    config.cache_bytes = 1 << 20;
    let (store, metrics) =
        stack(std::sync::Arc::new(RedbStore::open(config).await?), &LayerConfig::default());
    let region = Region::new(allocator);
    let host = Host::over(store, metrics).await?;
    let change = region.change();
    let bytes = change.bytes_allocated as f64 - change.bytes_deallocated as f64;
    println!("{}", bytes / host.controller.recovery().endpoints as f64);
    Ok(())
}

async fn hold(file: &Path, megabytes: u64) -> Result<()> {
    let store = RedbStore::open(RedbConfig::new(file, LeasedDirectories::default())).await?;
    let mut made = store.stats().file_bytes;
    let mut number = 0;
    loop {
        let mut txn = Txn::new();
        for index in 0..VALUES {
            txn = txn.put(Key::parse(&format!("filled/{number:06}-{index:02}"))?, vec![b'v'; VALUE_BYTES]);
        }
        store.commit(&txn).await?;
        number += 1;
        if made >= megabytes << 20 {
            break;
        }
        made = store.stats().file_bytes;
    }
    // Left alone, the file is prepared for a crash.
    let before = store.stats().quick_repairs;
    while store.stats().quick_repairs == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("ready");
    std::future::pending().await
}
