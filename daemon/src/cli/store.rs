//! `netkeep store`.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use netkeep_model::{HostId, leased_directories, not_transferred};
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::remote::{Accepted, accept};
use netkeep_store::transfer::{self, Content, Copied, CopyOptions, Difference};
use netkeep_store::{Identity, OpenOptions, Prefix, Store, StoreId, StoreUrl};
use serde_json::json;

use super::Failure;
use super::output::{Output, facts, lines};
use super::transfer_bar::TransferBar;
use crate::compose::backends;
use crate::exit::Exit;

/// How often a source that is in use is read again.
const ONLINE_ROUNDS: usize = 100;
/// How often a store is read until two readings agree.
const READINGS: usize = 10;
/// How many keys of a difference are named.
const NAMED: usize = 20;

/// Move what a store holds, compare stores, accept one that was restored. No daemon is asked: a local store must
/// not be in use.
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Make an empty store hold what another holds; what was interrupted goes on where it was.
    Copy(CopyArgs),
    /// Write what a store holds into a file.
    Export {
        /// The store.
        from: StoreUrl,
        /// The file; it must not exist.
        file: PathBuf,
    },
    /// Make an empty store hold what is in a file.
    Import {
        /// The file.
        file: PathBuf,
        /// The store.
        to: StoreUrl,
    },
    /// Compare what two stores hold; exit code 7 if they differ.
    Diff {
        /// One store.
        left: StoreUrl,
        /// The other.
        right: StoreUrl,
    },
    /// Say that a store is right as it is, after it was restored or wiped.
    Accept(AcceptArgs),
}

/// What is copied where.
#[derive(Args, Debug)]
pub(super) struct CopyArgs {
    /// The source, which is only read.
    from: StoreUrl,
    /// The target, which must be empty.
    to: StoreUrl,
    /// Copy though a host is alive on the source, until nothing has changed meanwhile.
    #[arg(long)]
    online: bool,
}

/// Which store is accepted.
#[derive(Args, Debug)]
pub(super) struct AcceptArgs {
    /// The store.
    store: StoreUrl,
    /// The id that the hosts know it by, as their refusal names it; a wiped store gets it again.
    #[arg(long, value_name = "ID", requires = "epoch")]
    id: Option<String>,
    /// The epoch that the hosts know.
    #[arg(long, value_name = "N", requires = "id")]
    epoch: Option<u64>,
}

impl StoreCommand {
    pub(super) async fn run(self, output: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Copy(arguments) => arguments.run(output).await,
            Self::Export { from, file } => export(&from, &file, output).await,
            Self::Import { file, to } => import(&file, &to, output).await,
            Self::Diff { left, right } => diff(&left, &right, output).await,
            Self::Accept(arguments) => arguments.run(output).await,
        }
    }
}

impl CopyArgs {
    async fn run(self, output: &Output) -> Result<Exit, Failure> {
        let from = open(&self.from).await?;
        let to = match open(&self.to).await {
            Ok(to) => to,
            Err(failure) => {
                close(&self.from, &from).await;
                return Err(failure);
            }
        };
        let copied = self.copy(&from, &to).await;
        close(&self.from, &from).await;
        close(&self.to, &to).await;
        report(copied?, output)
    }

    async fn copy(&self, from: &Arc<dyn Store>, to: &Arc<dyn Store>) -> Result<Copied, Failure> {
        if !self.online {
            refuse_alive(&self.from, from).await?;
        }
        let rounds = if self.online { ONLINE_ROUNDS } else { CopyOptions::default().rounds };
        let options = CopyOptions { excluded: not_transferred(), rounds };
        let bar = TransferBar::new();
        let copied = transfer::copy(&**from, &**to, &options, &bar).await;
        copied.map_err(|error| failed(&format!("copy {} to {}", self.from, self.to), &error))
    }
}

impl AcceptArgs {
    async fn run(self, output: &Output) -> Result<Exit, Failure> {
        let expected = match (self.id, self.epoch) {
            (Some(id), Some(epoch)) => {
                let id = StoreId::try_from(id).map_err(|error| Failure::argument("--id", error))?;
                Some(Identity { id, schema: Identity::SCHEMA, epoch })
            }
            _ => None,
        };
        let in_store = |error| failed(&self.store.to_string(), &error);
        let options = OpenOptions::new(leased_directories());
        let opened = backends().map_err(in_store)?.open(&self.store, &options).await.map_err(in_store)?;
        let Some(server) = opened.server else {
            close(&self.store, &opened.store).await;
            return Err(Failure::argument(
                "STORE",
                format!(
                    "{} is not on servers; only such a store can be restored behind our back",
                    self.store
                ),
            ));
        };
        let accepted = accept(&*server, expected.as_ref()).await;
        close(&self.store, &opened.store).await;
        let accepted = accepted.map_err(in_store)?;
        let (done, text) = match &accepted {
            Accepted::Already(_) => ("nothing", "was not in doubt; nothing was changed"),
            Accepted::Again(_) => ("accepted", "is accepted"),
            Accepted::Anew(_) => ("initialised", "was empty and is accepted"),
        };
        let identity = accepted.identity();
        output.print(&json!({ "store": identity.id, "epoch": identity.epoch, "done": done }), |_| {
            format!("store {} {text}, in epoch {}", identity.id, identity.epoch)
        })?;
        Ok(Exit::Done)
    }
}

async fn export(from: &StoreUrl, path: &Path, output: &Output) -> Result<Exit, Failure> {
    let in_file = |error: std::io::Error| Failure::new(Exit::Invalid, format!("{}: {error}", path.display()));
    let store = open(from).await?;
    let read = async {
        let identity = store.status().await?.identity;
        Ok((Content::of(&*store, &not_transferred(), READINGS).await?, identity))
    };
    let read = read.await.map_err(|error| failed(&from.to_string(), &error));
    close(from, &store).await;
    let (content, identity) = read?;
    // A part of an export never bears its name.
    let unfinished = path.with_extension("unfinished");
    let file = File::create_new(&unfinished).map_err(|error| {
        Failure::new(
            Exit::Invalid,
            format!("{}: {error}; remove what an earlier export left", unfinished.display()),
        )
    })?;
    let written = || {
        let mut file = BufWriter::new(file);
        transfer::write(&content, &identity, &mut file)?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::hard_link(&unfinished, path)
    };
    let written = written();
    let removed = std::fs::remove_file(&unfinished);
    written.and(removed).map_err(in_file)?;
    output.print(&json!({ "keys": content.len(), "store": identity.id, "file": path }), |_| {
        format!("{} keys of store {} are in {}", content.len(), identity.id, path.display())
    })?;
    Ok(Exit::Done)
}

async fn import(path: &Path, to: &StoreUrl, output: &Output) -> Result<Exit, Failure> {
    let named = |reason: String| Failure::new(Exit::Invalid, format!("{}: {reason}", path.display()));
    let file = File::open(path).map_err(|error| named(error.to_string()))?;
    let read = transfer::read(&mut BufReader::new(file));
    let (content, identity) = read.map_err(|error| named(error.to_string()))?;
    let store = open(to).await?;
    let bar = TransferBar::new();
    let imported = transfer::import(
        &content,
        &format!("an export of store {}", identity.id),
        &*store,
        &not_transferred(),
        &bar,
    )
    .await;
    drop(bar);
    close(to, &store).await;
    report(imported.map_err(|error| failed(&to.to_string(), &error))?, output)
}

async fn diff(left: &StoreUrl, right: &StoreUrl, output: &Output) -> Result<Exit, Failure> {
    let one = open(left).await?;
    let other = match open(right).await {
        Ok(other) => other,
        Err(failure) => {
            close(left, &one).await;
            return Err(failure);
        }
    };
    let found = transfer::diff(&*one, &*other, &not_transferred(), &TransferBar::new()).await;
    close(left, &one).await;
    close(right, &other).await;
    let found = found.map_err(|error| failed(&format!("diff {left} {right}"), &error))?;
    let value = json!({ "left": found.left, "right": found.right, "values": found.values });
    output.print(&value, |_| shown(&found, left, right))?;
    Ok(if found.is_empty() { Exit::Done } else { Exit::Violations })
}

fn shown(found: &Difference, left: &StoreUrl, right: &StoreUrl) -> String {
    if found.is_empty() {
        return "the two hold the same".to_owned();
    }
    let mut text = String::new();
    for (keys, what) in [
        (&found.left, format!("only in {left}")),
        (&found.right, format!("only in {right}")),
        (&found.values, "different".to_owned()),
    ] {
        if keys.is_empty() {
            continue;
        }
        text.push_str(&format!("{} {what}:\n", keys.len()));
        for key in keys.iter().take(NAMED) {
            text.push_str(&format!("  {key}\n"));
        }
        if keys.len() > NAMED {
            text.push_str(&format!("  and {} more\n", keys.len() - NAMED));
        }
    }
    text
}

fn report(copied: Copied, output: &Output) -> Result<Exit, Failure> {
    let value = json!({ "keys": copied.keys, "written": copied.written, "rounds": copied.rounds });
    output.print(&value, |_| {
        let mut table = facts();
        table.add_row(["keys", &copied.keys.to_string()]);
        table.add_row(["written now", &copied.written.to_string()]);
        table.add_row(["rounds", &copied.rounds.to_string()]);
        lines(&table)
    })?;
    Ok(Exit::Done)
}

/// The store at `url`, within all layers.
async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, Failure> {
    let in_store = |error| failed(&url.to_string(), &error);
    let opened = backends().map_err(in_store)?.open(url, &OpenOptions::new(leased_directories())).await;
    Ok(stack(opened.map_err(in_store)?.store, &LayerConfig::default()).0)
}

async fn close(url: &StoreUrl, store: &Arc<dyn Store>) {
    if let Err(error) = store.close().await {
        eprintln!("netkeep: {url} was not closed cleanly: {error}");
    }
}

async fn refuse_alive(url: &StoreUrl, store: &Arc<dyn Store>) -> Result<(), Failure> {
    let mut alive = Vec::new();
    for directory in leased_directories().iter() {
        let found: netkeep_store::Result<_> = store.list(directory).await;
        alive.extend(found.map_err(|error| failed(&url.to_string(), &error))?.entries);
    }
    if alive.is_empty() {
        return Ok(());
    }
    let hosts: Vec<_> = alive.iter().map(|entry| host(&entry.key, &leased_directories())).collect();
    Err(Failure::new(
        Exit::Conflict,
        format!(
            "{} hosts are alive on {url} ({}); stop them, or copy with --online",
            alive.len(),
            hosts.join(", ")
        ),
    ))
}

fn host(key: &netkeep_store::Key, directories: &netkeep_store::LeasedDirectories) -> String {
    let segment = directories.iter().find_map(|directory: &Prefix| directory.strip(key));
    let text = segment.map_or_else(|| key.to_string(), |key| key.to_string());
    text.parse::<HostId>().map_or(text.clone(), |id| id.to_string())
}

fn failed(what: &str, error: &netkeep_store::Error) -> Failure {
    Failure::new(error.kind().into(), format!("{what}: {error}"))
}
