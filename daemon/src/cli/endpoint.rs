//! `netkeep endpoint`.

use clap::{Args, Subcommand};
use netkeep_controller::{EndpointInfo, EndpointSpec};
use netkeep_model::{Attachment, Endpoint, Options, PortBinding, Route};

use super::failure::{optional, parsed};
use super::output::{Output, age, columns, facts, lines, listed, pairs};
use super::removed::Removed;
use super::{Failure, pair, publish};
use crate::client::Client;
use crate::exit::Exit;

/// What can be done with endpoints.
#[derive(Debug, Subcommand)]
pub(super) enum EndpointCommand {
    /// Make an endpoint and print its id.
    Create(Box<CreateArgs>),
    /// List the endpoints of a network.
    #[command(visible_alias = "list")]
    Ls {
        /// The network: a name, an id, or the beginning of one.
        network: String,
        /// Print full ids only.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Show endpoints of a network.
    Inspect {
        /// The network: a name, an id, or the beginning of one.
        network: String,
        /// Names, ids, or beginnings of ids.
        #[arg(required = true, value_name = "ENDPOINT")]
        endpoints: Vec<String>,
    },
    /// Delete endpoints of a network.
    #[command(visible_alias = "remove")]
    Rm {
        /// The network: a name, an id, or the beginning of one.
        network: String,
        /// Names, ids, or beginnings of ids.
        #[arg(required = true, value_name = "ENDPOINT")]
        endpoints: Vec<String>,
        /// Also those that are attached: they leave their sandboxes first, or are taken down where they are.
        #[arg(long, short)]
        force: bool,
    },
    /// Join an endpoint and a sandbox of this host.
    Join(AttachArgs),
    /// Part an endpoint and the sandbox that it is in.
    Leave(AttachArgs),
}

/// An endpoint and a sandbox.
#[derive(Args, Debug)]
pub(super) struct AttachArgs {
    /// The network: a name, an id, or the beginning of one.
    network: String,
    /// The endpoint: a name, an id, or the beginning of one.
    endpoint: String,
    /// The sandbox: a container, an id, or the beginning of one.
    sandbox: String,
}

/// What an endpoint is made of.
#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// The network: a name, an id, or the beginning of one.
    network: String,
    /// The name.
    name: String,
    /// The IPv4 address; any that is free if it is not given.
    #[arg(long, value_name = "IPV4")]
    ip: Option<String>,
    /// The IPv6 address; any that is free if it is not given.
    #[arg(long, value_name = "IPV6")]
    ip6: Option<String>,
    /// The MAC address; the driver's choice if it is not given.
    #[arg(long)]
    mac: Option<String>,
    /// A port of the host that leads to the endpoint: [[HOST_IP:][HOST_PORT]:]PORT[/PROTOCOL]; may be repeated.
    #[arg(long = "publish", short, value_name = "PORT")]
    publish: Vec<String>,
    /// A port that the endpoint listens on: PORT[/PROTOCOL]; may be repeated.
    #[arg(long = "expose", value_name = "PORT")]
    expose: Vec<String>,
    /// An option of the driver; may be repeated.
    #[arg(long = "opt", short = 'o', value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// An option of the IPAM driver; may be repeated.
    #[arg(long = "ipam-opt", value_name = "NAME=VALUE")]
    ipam_options: Vec<String>,
    /// A name server; may be repeated.
    #[arg(long = "dns", value_name = "IP")]
    dns: Vec<String>,
    /// Another name of it on the network; may be repeated.
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<String>,
    /// Its name is not announced.
    #[arg(long)]
    anonymous: bool,
    /// Its rank as the way out of its sandbox; the highest wins.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    priority: i32,
    /// An id of your own for this request, 32 hex digits: it becomes the endpoint's id, and the same request again is
    /// answered with the same endpoint.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

impl CreateArgs {
    fn spec(&self) -> Result<EndpointSpec, Failure> {
        let mut spec = EndpointSpec::new(parsed("NAME", &self.name)?);
        spec.request = optional("--request", self.request.as_deref())?;
        spec.ipv4 = optional("--ip", self.ip.as_deref())?;
        spec.ipv6 = optional("--ip6", self.ip6.as_deref())?;
        spec.mac = optional("--mac", self.mac.as_deref())?;
        for text in &self.publish {
            spec.bindings.extend(publish::read(text)?);
        }
        for text in &self.expose {
            spec.exposed.push(parsed("--expose", text)?);
        }
        spec.options = Options::from(pair::read("--opt", &self.options)?);
        spec.ipam_options = Options::from(pair::read("--ipam-opt", &self.ipam_options)?);
        for text in &self.dns {
            spec.dns.push(parsed("--dns", text)?);
        }
        spec.aliases.clone_from(&self.aliases);
        spec.anonymous = self.anonymous;
        spec.priority = self.priority;
        Ok(spec)
    }
}

impl EndpointCommand {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Create(args) => {
                let made = client.create_endpoint(&args.network, &args.spec()?).await?;
                output.print(&made, |made| made.id.to_string())?;
                Ok(Exit::Done)
            }
            Self::Ls { network, quiet } => {
                let endpoints = client.endpoints(&network).await?;
                output.list(&endpoints, quiet, |endpoint| endpoint.id.to_string(), table)
            }
            Self::Inspect { network, endpoints } => {
                output
                    .inspect(&endpoints, async |endpoint| client.endpoint(&network, endpoint).await, shown)
                    .await
            }
            Self::Join(AttachArgs { network, endpoint, sandbox }) => {
                let joined = client.join(&network, &endpoint, &sandbox).await?;
                output.print(&joined, |joined| joined.id.to_string())?;
                Ok(Exit::Done)
            }
            Self::Leave(AttachArgs { network, endpoint, sandbox }) => {
                let left = client.leave(&network, &endpoint, &sandbox).await?;
                output.print(&left, |left| left.id.to_string())?;
                Ok(Exit::Done)
            }
            Self::Rm { network, endpoints, force } => {
                let mut removed = Removed::default();
                for endpoint in endpoints {
                    let outcome = match force {
                        true => client.delete_endpoint_by_force(&network, &endpoint).await,
                        false => client.delete_endpoint(&network, &endpoint).await,
                    };
                    removed.add(outcome, endpoint);
                }
                removed.report(output)
            }
        }
    }
}

fn table(endpoints: &[EndpointInfo]) -> String {
    let mut table = columns(&["ENDPOINT ID", "NAME", "IPV4", "IPV6", "MAC", "PORTS", "CONTAINER", "STALE"]);
    for endpoint in endpoints {
        let record = &endpoint.endpoint;
        table.add_row([
            endpoint.id.short(),
            record.name.to_string(),
            listed(record.interfaces.iter().filter_map(|interface| interface.ipv4)),
            listed(record.interfaces.iter().filter_map(|interface| interface.ipv6)),
            listed(record.interfaces.iter().filter_map(|interface| interface.mac)),
            listed(bindings(record).map(publish::binding)),
            listed(record.attachment.as_deref().map(container)),
            age(endpoint.stale),
        ]);
    }
    lines(&table)
}

/// The ports that are published for the endpoint, those for as long as it is attached included.
fn bindings(record: &Endpoint) -> impl Iterator<Item = &PortBinding> {
    record.bindings.iter().chain(record.attachment.iter().flat_map(|to| &to.bindings))
}

fn container(to: &Attachment) -> String {
    to.container.as_ref().map_or_else(|| to.sandbox.short(), ToString::to_string)
}

fn route(route: &Route) -> String {
    match route.next_hop {
        Some(next_hop) => format!("{} via {next_hop}", route.destination),
        None => route.destination.to_string(),
    }
}

fn shown(endpoint: &EndpointInfo) -> String {
    let record = &endpoint.endpoint;
    let mut table = facts();
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("Endpoint", record.name.to_string());
    row("Id", endpoint.id.to_string());
    row("Network", format!("{} ({})", endpoint.network_name, endpoint.network.short()));
    row("Created", record.created.to_string());
    if !record.phase.is_ready() {
        row("Phase", if record.phase.is_deleting() { "deleting" } else { "creating" }.to_owned());
    }
    for interface in &record.interfaces {
        row("MAC", listed(interface.mac));
        row("IPv4", listed(interface.ipv4));
        row("IPv6", listed(interface.ipv6));
        if !interface.link_local.is_empty() {
            row("Link-local", listed(&interface.link_local));
        }
    }
    let attachment = record.attachment.as_ref();
    row("Gateways", listed(record.gateways.iter().chain(attachment.iter().flat_map(|to| &to.gateways))));
    row("Exposed ports", listed(&record.exposed_ports));
    row("Published ports", listed(bindings(record).map(publish::binding)));
    row("Name servers", listed(&record.dns));
    row("Aliases", listed(&record.aliases));
    row("Options", pairs(record.options.iter()));
    row("Attached", attachment.map_or_else(|| "no".to_owned(), |to| format!("sandbox {}", to.sandbox)));
    if let Some(to) = attachment {
        row("Container", container(to));
        row("Host", to.host.to_string());
        row("Since", to.since.to_string());
        row(
            "Interfaces",
            listed(to.interfaces.iter().map(|names| format!("{} as {}", names.source, names.prefix))),
        );
        row("Routes", listed(to.routes.iter().map(route)));
    }
    row("Revision", endpoint.revision.to_string());
    if endpoint.stale.is_some() {
        row("Stale", age(endpoint.stale));
    }
    lines(&table) + "\n"
}
