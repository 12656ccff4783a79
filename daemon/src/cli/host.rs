//! `netkeep host`.

use clap::Subcommand;
use netkeep_controller::{Eviction, HostDetails, HostInfo};
use netkeep_model::Incarnation;

use super::Failure;
use super::ipam::{addresses, pools};
use super::output::{Output, columns, facts, lines, listed, yes};
use crate::client::Client;
use crate::exit::Exit;

/// What can be done with the hosts that share a store.
#[derive(Debug, Subcommand)]
pub(super) enum HostCommand {
    /// List the hosts; this one has a star.
    #[command(visible_alias = "list")]
    Ls {
        /// Print full ids only.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Show hosts, with all that is their own.
    Inspect {
        /// Names, ids, or beginnings of ids.
        #[arg(required = true, value_name = "HOST")]
        hosts: Vec<String>,
    },
    /// Evict a host that is gone for good: it may write no more until it begins again, and what it owned is free.
    Evict {
        /// The host: a name, an id, or the beginning of one.
        host: String,
        /// Also if it gives signs of life: it may hang.
        #[arg(long, short)]
        force: bool,
    },
}

impl HostCommand {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Ls { quiet: true } => {
                let ids: Vec<_> = client.hosts().await?.iter().map(|host| host.id.to_string()).collect();
                output.print(ids.as_slice(), |ids| ids.join("\n"))?;
            }
            Self::Ls { quiet: false } => output.print(client.hosts().await?.as_slice(), table)?,
            Self::Inspect { hosts } => {
                let mut shown = Vec::new();
                for host in &hosts {
                    shown.push(client.host(host).await?);
                }
                output.print(shown.as_slice(), |shown| {
                    shown.iter().map(details).collect::<Vec<_>>().join("\n\n")
                })?;
            }
            Self::Evict { host, force } => output.print(&client.evict_host(&host, force).await?, evicted)?,
        }
        Ok(Exit::Done)
    }
}

fn table(hosts: &[HostInfo]) -> String {
    let mut table = columns(&["HOST ID", "NAME", "STATE", "SINCE", "ADDRESS", "VERSION", "ENDPOINTS"]);
    for host in hosts {
        table.add_row([
            format!("{}{}", host.id.short(), if host.this { " *" } else { "" }),
            named(&host.host.name).to_owned(),
            host.state.as_str().to_owned(),
            listed(host.since),
            listed(host.host.address),
            named(&host.host.version).to_owned(),
            host.owns.endpoints.to_string(),
        ]);
    }
    lines(&table)
}

fn details(host: &HostDetails) -> String {
    let HostDetails { info, networks, endpoints, .. } = host;
    let mut table = facts();
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("Id", info.id.to_string());
    row("Name", named(&info.host.name).to_owned());
    row("This host", yes(info.this).to_owned());
    row("State", info.state.as_str().to_owned());
    row("Since", listed(info.since));
    row("Incarnation", info.host.incarnation.to_string());
    if info.host.evicted_through > Incarnation::ZERO {
        row("Evicted through", info.host.evicted_through.to_string());
    }
    row("Boot", info.host.boot.to_string());
    row("Started", info.host.started.to_string());
    row("Version", named(&info.host.version).to_owned());
    row("Address", listed(info.host.address));
    row("Revision", info.revision.to_string());
    row("Numbers", info.owns.numbers.to_string());
    row("Table entries", info.owns.entries.to_string());
    row("In between", info.owns.between.to_string());
    row("Networks in between", listed(networks.iter().map(|network| network.network.name.to_string())));
    let mut parts = vec![lines(&table)];
    if !endpoints.is_empty() {
        let mut table = columns(&["ENDPOINT ID", "NAME", "NETWORK"]);
        for endpoint in endpoints {
            table.add_row([
                endpoint.id.short(),
                endpoint.endpoint.name.to_string(),
                endpoint.network_name.to_string(),
            ]);
        }
        parts.push(lines(&table));
    }
    if !host.pools.is_empty() {
        parts.push(pools(&host.pools));
    }
    if !host.addresses.is_empty() {
        parts.push(addresses(&host.addresses));
    }
    parts.join("\n")
}

fn evicted(eviction: &Eviction) -> String {
    let mut text = format!(
        "host {} is evicted through incarnation {}: {} released, {} left",
        eviction.host,
        eviction.evicted_through,
        eviction.released.len(),
        eviction.left.len()
    );
    for left in &eviction.left {
        text.push_str(&format!("\n  left: {left}"));
    }
    text
}

fn named(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
