//! Servers as processes of this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::folder::{self, Folder, NodeFolder};
use crate::launcher::process::Process;
use crate::launcher::relay::{self, Relays};
use crate::launcher::{Launched, Node};
use crate::ports;
use crate::probe::Reach;
use crate::recipe::{Member, Place, Ports, Recipe};
use crate::{Error, Family, Options, Result};

/// Whether the server is unpacked and can run. If not, the text says what is missing.
pub(crate) fn check(family: Family) -> Result<(), String> {
    let unpacked = unpacked(family);
    let marker = unpacked.join("complete");
    if !marker.is_file() {
        return Err(format!("nothing is unpacked in {}", unpacked.display()));
    }
    let answers = |program: &Path, argument: &str| {
        let mut command = Command::new(program);
        command.arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !answers(Path::new("setpriv"), "--version") {
        return Err("there is no setpriv, which is in the package util-linux".to_owned());
    }
    if family == Family::ZooKeeper && !answers(&java(), "-version") {
        return Err("there is no java on the path".to_owned());
    }
    Ok(())
}

/// Makes nodes of processes.
pub(crate) async fn launch(family: Family, options: &Options) -> Result<Launched> {
    let folder = Folder::make()?;
    let held = ports::take(options.nodes * Ports::COUNT, &folder::locks())?;
    let ports: Vec<Ports> = held.chunks(Ports::COUNT).map(Ports::of).collect();
    let relays = match options.nodes {
        1 => None,
        _ => Some(Arc::new(Relays::start(&ports).await?)),
    };
    let host = |index: usize| match relays {
        None => "127.0.0.1".to_owned(),
        Some(_) => relay::address(index).to_string(),
    };
    let members: Vec<Member> = ports
        .iter()
        .enumerate()
        .map(|(index, ports)| Member { host: host(index), peer: ports.peer, gossip: ports.gossip })
        .collect();
    let mut nodes: Vec<Box<dyn Node>> = Vec::new();
    for (index, &ports) in ports.iter().enumerate() {
        let node = folder.node(&Place::name(index))?;
        let place = Place {
            index,
            bind: "127.0.0.1".to_owned(),
            data: node.data().to_string_lossy().into_owned(),
            conf: node.conf().to_string_lossy().into_owned(),
            jars: unpacked(family).join("usr/share/java").to_string_lossy().into_owned(),
            ports,
            client_outside: ports.client,
            members: members.clone(),
        };
        let recipe = Recipe::new(family, &place, options);
        node.write(&node.conf(), &recipe.conf)?;
        let program = match recipe.program {
            "java" => java(),
            name => unpacked(family).join("usr/bin").join(name),
        };
        let address = format!("{}:{}", members[index].host, ports.peer);
        nodes.push(Box::new(LocalNode {
            index,
            program,
            recipe,
            ports,
            address,
            folder: node,
            relays: relays.clone(),
            process: Mutex::default(),
        }));
    }
    Ok(Launched { nodes, network: None, _folder: folder, _ports: held })
}

/// A server that is a process.
#[derive(Debug)]
struct LocalNode {
    index: usize,
    program: PathBuf,
    recipe: Recipe,
    ports: Ports,
    address: String,
    folder: NodeFolder,
    /// What stands between the members, if there are several.
    relays: Option<Arc<Relays>>,
    process: Mutex<Option<Process>>,
}

impl LocalNode {
    fn relays(&self) -> Result<&Relays> {
        let alone = || Error::unsupported("a single node has nobody to be cut off from");
        self.relays.as_deref().ok_or_else(alone)
    }
}

#[async_trait]
impl Node for LocalNode {
    fn reach(&self) -> Reach {
        Reach { client: self.ports.client, secure: self.ports.secure, admin: self.ports.admin }
    }

    fn folder(&self) -> &NodeFolder {
        &self.folder
    }

    async fn address(&self) -> Result<String> {
        Ok(self.address.clone())
    }

    async fn start(&self) -> Result<()> {
        self.folder.write(&self.folder.data(), &self.recipe.data)?;
        let started =
            Process::start(&self.program, &self.recipe.args, self.folder.path(), &self.folder.log()).await?;
        if let Some(relays) = &self.relays {
            relays.set_process(self.index, started.id());
            // As a container that comes back is not cut off any more.
            relays.heal(self.index);
        }
        *self.process.lock().await = Some(started);
        Ok(())
    }

    async fn pause(&self) -> Result<()> {
        match &mut *self.process.lock().await {
            Some(process) => process.freeze().await,
            None => Ok(()),
        }
    }

    async fn resume(&self) -> Result<()> {
        match &mut *self.process.lock().await {
            Some(process) => process.thaw(),
            None => Ok(()),
        }
    }

    async fn kill(&self) -> Result<()> {
        match &mut *self.process.lock().await {
            Some(process) => process.kill().await,
            None => Ok(()),
        }
    }

    async fn stop(&self) -> Result<()> {
        match &mut *self.process.lock().await {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }

    async fn isolate(&self) -> Result<()> {
        self.relays()?.isolate(self.index);
        Ok(())
    }

    async fn heal(&self) -> Result<()> {
        self.relays()?.heal(self.index);
        Ok(())
    }

    async fn is_running(&self) -> Result<bool> {
        Ok(self.process.lock().await.as_mut().is_some_and(Process::is_running))
    }

    async fn logs(&self) -> Result<String> {
        let log = self.folder.log();
        let text = std::fs::read(&log)
            .map_err(|error| Error::failed(format!("cannot read {}", log.display()), error))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    async fn remove(&self) -> Result<()> {
        *self.process.lock().await = None;
        Ok(())
    }
}

/// The folder of an unpacked server.
fn unpacked(family: Family) -> PathBuf {
    let servers = std::env::var_os("NETKEEP_SERVERS").filter(|folder| !folder.is_empty());
    servers.map_or_else(|| target().join("servers"), PathBuf::from).join(family.folder())
}

/// Cargo's target folder: the one that this program was built in, which cargo marks, else the usual one.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let said = || std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    marked.map(Path::to_owned).or_else(said).unwrap_or_else(|| PathBuf::from("target"))
}

fn java() -> PathBuf {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    home.filter(|java| java.is_file()).unwrap_or_else(|| PathBuf::from("java"))
}
