//! Servers in containers of a Docker Engine.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use nix::unistd::{getegid, geteuid};
use testcontainers::bollard::exec::{CreateExecOptions, StartExecResults};
use testcontainers::bollard::query_parameters::{InspectContainerOptions, KillContainerOptionsBuilder};
use testcontainers::core::{ContainerPort, Mount};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::family::Image;
use crate::folder::{self, Folder, NodeFolder};
use crate::launcher::engine::{self, engine};
use crate::launcher::network::Network;
use crate::launcher::{Launched, Node};
use crate::ports;
use crate::probe::Reach;
use crate::recipe::{Member, Place, Ports, Recipe};
use crate::{Error, Family, Options, Result, watchdog};

/// The ports that are published: clients, TLS, health.
const PUBLISHED: usize = 3;

/// The ports inside. A container shares them with nobody.
const INSIDE: Ports = Ports { client: 2379, secure: 2479, admin: 2381, peer: 2380, gossip: 2382 };

/// How long a server may take to end when it is asked to, in seconds.
const STOP: i32 = 30;

/// How often the engine is asked to freeze a server before that counts as failed, and how long to wait in between.
const PAUSES: usize = 5;
const BETWEEN_PAUSES: Duration = Duration::from_millis(200);

/// Makes nodes of containers.
pub(crate) async fn launch(family: Family, options: &Options) -> Result<Launched> {
    engine::reap().await;
    let image = family.image(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    let folder = Folder::make()?;
    let each = if options.host_network { Ports::COUNT } else { PUBLISHED };
    let held = ports::take(options.nodes * each, &folder::locks())?;
    let network = match options.nodes {
        1 => None,
        _ => Some(Network::make(format!("netkeep-{family}-{}", folder.token())).await?),
    };
    let name = |index: usize| format!("netkeep-{family}-{}-{}", folder.token(), Place::name(index));
    // A single node is not on a network with names; nobody looks for it either.
    let host = |index: usize| if network.is_some() { name(index) } else { "127.0.0.1".to_owned() };
    let ports = |held: &[ports::Port]| if options.host_network { Ports::of(held) } else { INSIDE };
    let members: Vec<Member> = held
        .chunks(each)
        .map(ports)
        .enumerate()
        .map(|(index, ports)| Member { host: host(index), peer: ports.peer, gossip: ports.gossip })
        .collect();
    let mut nodes: Vec<Box<dyn Node>> = Vec::new();
    for (index, held) in held.chunks(each).enumerate() {
        let [client, secure, admin, ..] = held else { unreachable!("ports come in chunks of {each}") };
        let reach = Reach { client: client.number(), secure: secure.number(), admin: admin.number() };
        let place = Place {
            index,
            bind: if options.host_network { "127.0.0.1" } else { "0.0.0.0" }.to_owned(),
            data: "/node/data".to_owned(),
            conf: "/node/conf".to_owned(),
            jars: "/usr/share/java".to_owned(),
            ports: ports(held),
            client_outside: reach.client,
            members: members.clone(),
        };
        let recipe = Recipe::new(family, &place, options);
        let node = folder.node(&Place::name(index))?;
        node.write(&node.conf(), &recipe.conf)?;
        nodes.push(Box::new(ContainerNode {
            name: name(index),
            image: image.clone(),
            recipe,
            reach,
            folder: node,
            network: network.clone(),
            host_network: options.host_network,
            made: Mutex::default(),
        }));
    }
    Ok(Launched { nodes, network, _folder: folder, _ports: held })
}

/// A server in a container.
#[derive(Debug)]
struct ContainerNode {
    name: String,
    image: Image,
    recipe: Recipe,
    reach: Reach,
    folder: NodeFolder,
    network: Option<Network>,
    host_network: bool,
    made: Mutex<Option<Made>>,
}

/// The container, once it was started for the first time.
#[derive(Debug)]
struct Made {
    container: ContainerAsync<GenericImage>,
    /// Its address among the members; none if it ended before it could be asked for.
    address: Option<String>,
}

impl ContainerNode {
    fn failed(&self, what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::failed(format!("cannot {what} container {}", self.name), error)
    }

    async fn make(&self) -> Result<Made> {
        watchdog::remember("container", &self.name);
        let image = GenericImage::new(self.image.name.clone(), self.image.tag.clone());
        let image = image.with_entrypoint(self.recipe.program);
        let mut request = image
            .with_cmd(self.recipe.args.clone())
            .with_container_name(&self.name)
            .with_labels(engine::labels())
            // The files of the server belong to whoever runs the test, who removes them in the end.
            .with_user(format!("{}:{}", geteuid(), getegid()))
            .with_mount(Mount::bind_mount(self.folder.path().to_string_lossy(), "/node"))
            .with_cap_add("NET_ADMIN");
        request = if self.host_network {
            request.with_host_config_modifier(|config| config.network_mode = Some("host".to_owned()))
        } else {
            request
                .with_mapped_port(self.reach.client, ContainerPort::Tcp(INSIDE.client))
                .with_mapped_port(self.reach.secure, ContainerPort::Tcp(INSIDE.secure))
                .with_mapped_port(self.reach.admin, ContainerPort::Tcp(INSIDE.admin))
                .with_host_config_modifier(|config| {
                    let ports = config.port_bindings.iter_mut().flat_map(|ports| ports.values_mut());
                    for binding in ports.flatten().flatten() {
                        binding.host_ip = Some("127.0.0.1".to_owned());
                    }
                })
        };
        if let Some(network) = &self.network {
            request = request.with_network(network.name());
        }
        let container = match request.start().await {
            Ok(container) => container,
            Err(error) => {
                // It may have been made and not started.
                engine::remove_container(&engine().await?, &self.name).await?;
                return Err(self.failed("start", error));
            }
        };
        let address = self.address_of(container.id()).await?;
        // A server that ended at once is noticed by whoever waits for it, with its log.
        Ok(Made { container, address })
    }

    async fn address_of(&self, id: &str) -> Result<Option<String>> {
        let shown = engine().await?.inspect_container(id, None::<InspectContainerOptions>).await;
        let settings = shown.map_err(|error| self.failed("inspect", error))?.network_settings;
        let networks = settings.and_then(|settings| settings.networks).unwrap_or_default();
        Ok(networks.into_values().filter_map(|network| network.ip_address).find(|ip| !ip.is_empty()))
    }

    /// Runs a command of the superuser inside.
    async fn exec(&self, id: &str, command: &[&str]) -> Result<()> {
        let engine = engine().await?;
        let failed = |error| self.failed("run a command in", error);
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            user: Some("0".to_owned()),
            cmd: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            ..CreateExecOptions::default()
        };
        let exec = engine.create_exec(id, options).await.map_err(failed)?.id;
        let mut said = String::new();
        if let StartExecResults::Attached { mut output, .. } =
            engine.start_exec(&exec, None).await.map_err(failed)?
        {
            while let Some(part) = output.next().await {
                said.push_str(&part.map_err(failed)?.to_string());
            }
        }
        match engine.inspect_exec(&exec).await.map_err(failed)?.exit_code {
            Some(0) => Ok(()),
            code => {
                let code = code.map_or("none".to_owned(), |code| code.to_string());
                Err(self.failed(&format!("run {} in", command[0]), format!("exit code {code}: {said}")))
            }
        }
    }
}

#[async_trait]
impl Node for ContainerNode {
    fn reach(&self) -> Reach {
        self.reach
    }

    fn folder(&self) -> &NodeFolder {
        &self.folder
    }

    async fn address(&self) -> Result<String> {
        let made = self.made.lock().await;
        let address = made.as_ref().and_then(|made| made.address.as_ref());
        let address = address.map(|address| format!("{address}:{}", INSIDE.peer));
        address.ok_or_else(|| self.failed("find", "it never had an address"))
    }

    async fn start(&self) -> Result<()> {
        self.folder.write(&self.folder.data(), &self.recipe.data)?;
        let mut made = self.made.lock().await;
        match &mut *made {
            None => *made = Some(self.make().await?),
            Some(made) => {
                if let (Some(network), Some(address)) = (&self.network, &made.address) {
                    network.readdress(made.container.id(), address).await?;
                }
                made.container.start().await.map_err(|error| self.failed("start", error))?;
                if made.address.is_none() {
                    made.address = self.address_of(made.container.id()).await?;
                }
            }
        }
        Ok(())
    }

    async fn pause(&self) -> Result<()> {
        let made = self.made.lock().await;
        let Some(made) = &*made else { return Ok(()) };
        let mut tries = 1;
        loop {
            match made.container.pause().await {
                Err(error) if tries > 1 && error.to_string().contains("already paused") => return Ok(()),
                // On a busy machine the engine gives up before the kernel has frozen every process.
                Err(_) if tries < PAUSES => sleep(BETWEEN_PAUSES).await,
                settled => return settled.map_err(|error| self.failed("pause", error)),
            }
            tries += 1;
        }
    }

    async fn resume(&self) -> Result<()> {
        match &*self.made.lock().await {
            Some(made) => made.container.unpause().await.map_err(|error| self.failed("resume", error)),
            None => Ok(()),
        }
    }

    async fn kill(&self) -> Result<()> {
        let made = self.made.lock().await;
        let Some(made) = &*made else { return Ok(()) };
        let engine = engine().await?;
        let id = made.container.id();
        let options = KillContainerOptionsBuilder::new().signal("KILL").build();
        match engine.kill_container(id, Some(options)).await {
            Ok(()) => {}
            // It does not run any more.
            Err(error) if engine::is_status(&error, 409) => {}
            Err(error) => return Err(self.failed("kill", error)),
        }
        // The engine answers when the signal is sent; this waits until the container has ended.
        made.container.stop_with_timeout(Some(0)).await.map_err(|error| self.failed("stop", error))
    }

    async fn stop(&self) -> Result<()> {
        match &*self.made.lock().await {
            Some(made) => {
                let stopped = made.container.stop_with_timeout(Some(STOP)).await;
                stopped.map_err(|error| self.failed("stop", error))
            }
            None => Ok(()),
        }
    }

    async fn isolate(&self) -> Result<()> {
        match (&*self.made.lock().await, &self.network) {
            (Some(made), Some(network)) => self.exec(made.container.id(), &["nft", &network.cut()]).await,
            _ => Err(Error::unsupported("a single node has nobody to be cut off from")),
        }
    }

    async fn heal(&self) -> Result<()> {
        match &*self.made.lock().await {
            Some(made) => self.exec(made.container.id(), &["nft", "delete table inet cut"]).await,
            None => Ok(()),
        }
    }

    async fn is_running(&self) -> Result<bool> {
        match &*self.made.lock().await {
            Some(made) => made.container.is_running().await.map_err(|error| self.failed("inspect", error)),
            None => Ok(false),
        }
    }

    async fn logs(&self) -> Result<String> {
        let made = self.made.lock().await;
        let Some(made) = &*made else { return Ok(String::new()) };
        let mut logs = made.container.stdout_to_vec().await.map_err(|error| self.failed("read", error))?;
        logs.extend(made.container.stderr_to_vec().await.map_err(|error| self.failed("read", error))?);
        Ok(String::from_utf8_lossy(&logs).into_owned())
    }

    async fn remove(&self) -> Result<()> {
        if let Some(made) = self.made.lock().await.take() {
            made.container.rm().await.map_err(|error| self.failed("remove", error))?;
        }
        Ok(())
    }
}
