//! `netkeep network`.

use clap::{Args, Subcommand};
use netkeep_controller::{IpamSpec, NetworkInfo, NetworkSpec, TableEntryInfo};
use netkeep_model::{Options, TypedId};

use super::failure::{optional, parsed};
use super::network_pools::PoolArgs;
use super::output::{Output, age, columns, facts, lines, listed, pairs, yes};
use super::removed::Removed;
use super::{Failure, pair};
use crate::client::Client;
use crate::exit::Exit;

/// What can be done with networks.
#[derive(Debug, Subcommand)]
pub(super) enum NetworkCommand {
    /// Make a network and print its id.
    Create(Box<CreateArgs>),
    /// List networks.
    #[command(visible_alias = "list")]
    Ls {
        /// Print full ids only.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Show networks.
    Inspect {
        /// Names, ids, or beginnings of ids.
        #[arg(required = true, value_name = "NETWORK")]
        networks: Vec<String>,
    },
    /// Show what drivers publish on a network to all hosts.
    Tables {
        /// The network: a name, an id, or the beginning of one.
        network: String,
    },
    /// Delete networks.
    #[command(visible_alias = "remove")]
    Rm {
        /// Names, ids, or beginnings of ids.
        #[arg(required = true, value_name = "NETWORK")]
        networks: Vec<String>,
    },
}

/// What a network is made of.
#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// The name.
    name: String,
    /// The driver.
    #[arg(long, short, default_value = "manual")]
    driver: String,
    /// A pool without address: IPv4 pools are chosen unless this is given.
    #[arg(long)]
    no_ipv4: bool,
    /// Endpoints get IPv6 addresses too; goes without saying if a subnet is IPv6.
    #[arg(long)]
    ipv6: bool,
    /// No way out.
    #[arg(long)]
    internal: bool,
    /// Anyone may attach.
    #[arg(long)]
    attachable: bool,
    /// It carries the ingress of a cluster.
    #[arg(long)]
    ingress: bool,
    /// It only lends its configuration to others.
    #[arg(long)]
    config_only: bool,
    /// The network whose configuration it takes.
    #[arg(long, value_name = "NETWORK")]
    config_from: Option<String>,
    /// Where it lives: local or global; the driver decides if it is not given.
    #[arg(long)]
    scope: Option<String>,
    /// An option of the driver; may be repeated.
    #[arg(long = "opt", short = 'o', value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// A label; may be repeated.
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// The IPAM driver.
    #[arg(long, value_name = "DRIVER")]
    ipam_driver: Option<String>,
    /// An option of the IPAM driver; may be repeated.
    #[arg(long = "ipam-opt", value_name = "NAME=VALUE")]
    ipam_options: Vec<String>,
    /// The address space.
    #[arg(long, value_name = "SPACE")]
    space: Option<String>,
    /// An id of your own for this request, 32 hex digits: it becomes the network's id, and the same request again is
    /// answered with the same network.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    #[command(flatten)]
    pools: PoolArgs,
}

impl CreateArgs {
    fn spec(&self) -> Result<NetworkSpec, Failure> {
        let mut spec = NetworkSpec::new(parsed("NAME", &self.name)?, parsed("--driver", &self.driver)?);
        let pools = self.pools.pools()?;
        spec.ipv4 = !self.no_ipv4;
        spec.ipv6 = self.ipv6 || pools.iter().any(|pool| pool.pool.is_some_and(|pool| pool.is_ipv6()));
        spec.internal = self.internal;
        spec.attachable = self.attachable;
        spec.ingress = self.ingress;
        spec.config_only = self.config_only;
        spec.config_from = optional("--config-from", self.config_from.as_deref())?;
        spec.scope = optional("--scope", self.scope.as_deref())?;
        spec.request = optional("--request", self.request.as_deref())?;
        spec.options = Options::from(pair::read("--opt", &self.options)?);
        spec.labels = pair::read("--label", &self.labels)?;
        spec.ipam = IpamSpec {
            driver: optional("--ipam-driver", self.ipam_driver.as_deref())?,
            space: optional("--space", self.space.as_deref())?,
            options: Options::from(pair::read("--ipam-opt", &self.ipam_options)?),
            pools,
            ..IpamSpec::default()
        };
        Ok(spec)
    }
}

impl NetworkCommand {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Create(args) => {
                let made = client.create_network(&args.spec()?).await?;
                output.print(&made, |made| made.id.to_string())?;
                Ok(Exit::Done)
            }
            Self::Ls { quiet } => {
                output.list(&client.networks().await?, quiet, |network| network.id.to_string(), table)
            }
            Self::Inspect { networks } => {
                output.inspect(&networks, async |network| client.network(network).await, shown).await
            }
            Self::Tables { network } => {
                let entries = client.table_entries(&network).await?;
                output.print(entries.as_slice(), entry_table)?;
                Ok(Exit::Done)
            }
            Self::Rm { networks } => {
                let mut removed = Removed::default();
                for network in networks {
                    removed.add(client.delete_network(&network).await, network);
                }
                removed.report(output)
            }
        }
    }
}

fn entry_table(entries: &[TableEntryInfo]) -> String {
    let mut table = columns(&["TABLE", "KEY", "HOST", "SAYS"]);
    for entry in entries {
        table.add_row([
            entry.table.to_string(),
            entry.key.to_string(),
            entry.by.host.id().short(),
            pairs(&entry.says),
        ]);
    }
    lines(&table)
}

fn table(networks: &[NetworkInfo]) -> String {
    let mut table = columns(&["NETWORK ID", "NAME", "DRIVER", "SCOPE", "POOLS"]);
    for network in networks {
        let record = &network.network;
        table.add_row([
            network.id.short(),
            record.name.to_string(),
            record.driver.to_string(),
            scoped(network),
            listed(record.ipam.granted().map(|pool| pool.master)),
        ]);
    }
    lines(&table)
}

/// The scope, and whether this is what was known last.
fn scoped(network: &NetworkInfo) -> String {
    match network.stale {
        None => network.network.scope.to_string(),
        stale => format!("{} (stale, {})", network.network.scope, age(stale)),
    }
}

fn shown(network: &NetworkInfo) -> String {
    let record = &network.network;
    let mut table = facts();
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("Network", record.name.to_string());
    row("Id", network.id.to_string());
    row("Driver", record.driver.to_string());
    row("Scope", scoped(network));
    row("Created", record.created.to_string());
    if !record.phase.is_ready() {
        row("Phase", if record.phase.is_deleting() { "deleting" } else { "creating" }.to_owned());
    }
    row("IPv4, IPv6", format!("{}, {}", yes(record.ipv4), yes(record.ipv6)));
    for (flag, name) in [
        (record.internal, "Internal"),
        (record.attachable, "Attachable"),
        (record.ingress, "Ingress"),
        (record.config_only, "Only configuration"),
    ] {
        if flag {
            row(name, yes(flag).to_owned());
        }
    }
    if let Some(space) = &record.ipam.space {
        row("Address space", space.to_string());
    }
    for pool in &record.ipam.pools {
        let Some(granted) = &pool.granted else { continue };
        row("Pool", granted.pool.master.to_string());
        if let Some(sub) = granted.pool.sub {
            row("  Addresses from", sub.to_string());
        }
        if let Some(gateway) = pool.gateway {
            row("  Gateway", gateway.addr().to_string());
        }
        if !pool.auxiliary.is_empty() {
            row("  Auxiliary", pairs(&pool.auxiliary));
        }
    }
    row("Options", pairs(record.options.iter()));
    row("Labels", pairs(&record.labels));
    if !record.allocated.is_empty() {
        row("Allocated", pairs(&record.allocated));
    }
    row("Revision", network.revision.to_string());
    lines(&table) + "\n"
}
