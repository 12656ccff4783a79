//! `netkeep sandbox`.

use std::net::IpAddr;

use clap::{Args, Subcommand};
use netkeep_controller::{SandboxInfo, SandboxSpec};
use netkeep_model::{DnsServer, ExtraHost, Options};

use super::failure::{optional, parsed};
use super::output::{Output, columns, facts, lines, listed, pairs, yes};
use super::removed::Removed;
use super::{Failure, pair, publish};
use crate::client::Client;
use crate::exit::Exit;

/// What can be done with sandboxes.
#[derive(Debug, Subcommand)]
pub(super) enum SandboxCommand {
    /// Make a sandbox and print its id.
    Create(Box<CreateArgs>),
    /// List the sandboxes of this host.
    #[command(visible_alias = "list")]
    Ls {
        /// Print full ids only.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Show sandboxes.
    Inspect {
        /// Containers, ids, or beginnings of ids.
        #[arg(required = true, value_name = "SANDBOX")]
        sandboxes: Vec<String>,
    },
    /// Delete sandboxes.
    #[command(visible_alias = "remove")]
    Rm {
        /// Containers, ids, or beginnings of ids.
        #[arg(required = true, value_name = "SANDBOX")]
        sandboxes: Vec<String>,
        /// Also with endpoints in them: they leave first.
        #[arg(long, short)]
        force: bool,
    },
    /// Say where the network namespace of a sandbox is.
    Key {
        /// The sandbox: a container, an id, or the beginning of one.
        sandbox: String,
        /// The path of the namespace.
        key: String,
    },
}

/// What a sandbox is made of.
#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// The id of the container.
    container: String,
    /// The path of its network namespace; it may be said later.
    #[arg(long, value_name = "PATH")]
    key: Option<String>,
    /// The container runtime makes the namespace, and says later where it is.
    #[arg(long)]
    external_key: bool,
    /// It is the namespace of the host.
    #[arg(long)]
    host_network: bool,
    /// The host name inside.
    #[arg(long, value_name = "NAME", default_value = "")]
    hostname: String,
    /// The domain name inside.
    #[arg(long, value_name = "NAME", default_value = "")]
    domainname: String,
    /// The hosts file that is kept for it.
    #[arg(long, value_name = "PATH")]
    hosts_path: Option<std::path::PathBuf>,
    /// The resolv.conf that is kept for it.
    #[arg(long, value_name = "PATH")]
    resolv_conf_path: Option<std::path::PathBuf>,
    /// A further line of its hosts file; may be repeated.
    #[arg(long = "add-host", value_name = "NAME=IP")]
    hosts: Vec<String>,
    /// A name server; may be repeated.
    #[arg(long = "dns", value_name = "IP")]
    dns: Vec<String>,
    /// A search domain; may be repeated.
    #[arg(long = "dns-search", value_name = "DOMAIN")]
    dns_search: Vec<String>,
    /// An option of the resolver; may be repeated.
    #[arg(long = "dns-opt", value_name = "OPTION")]
    dns_options: Vec<String>,
    /// A port of the host that leads to the container: [[HOST_IP:][HOST_PORT]:]PORT[/PROTOCOL]; may be repeated.
    #[arg(long = "publish", short, value_name = "PORT")]
    publish: Vec<String>,
    /// A port that the container listens on: PORT[/PROTOCOL]; may be repeated.
    #[arg(long = "expose", value_name = "PORT")]
    expose: Vec<String>,
    /// What drivers are told at each join; may be repeated.
    #[arg(long = "opt", short = 'o', value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// A label; may be repeated.
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// An id of your own for this request, 32 hex digits: it becomes the sandbox's id, and the same request again is
    /// answered with the same sandbox.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

impl CreateArgs {
    fn spec(&self) -> Result<SandboxSpec, Failure> {
        let mut spec = SandboxSpec::new(parsed("CONTAINER", &self.container)?);
        spec.request = optional("--request", self.request.as_deref())?;
        spec.key.clone_from(&self.key);
        spec.external_key = self.external_key;
        spec.host_network = self.host_network;
        spec.host_name.clone_from(&self.hostname);
        spec.domain_name.clone_from(&self.domainname);
        spec.hosts_path.clone_from(&self.hosts_path);
        spec.resolv_conf_path.clone_from(&self.resolv_conf_path);
        for (name, ip) in pair::read("--add-host", &self.hosts)? {
            spec.extra_hosts.push(ExtraHost { name, ip: parsed("--add-host", &ip)? });
        }
        for text in &self.dns {
            let ip: IpAddr = parsed("--dns", text)?;
            spec.dns.push(DnsServer { ip, from_host: false });
        }
        spec.dns_search.clone_from(&self.dns_search);
        spec.dns_options.clone_from(&self.dns_options);
        for text in &self.publish {
            spec.bindings.extend(publish::read(text)?);
        }
        for text in &self.expose {
            spec.exposed.push(parsed("--expose", text)?);
        }
        spec.options = Options::from(pair::read("--opt", &self.options)?);
        spec.labels = pair::read("--label", &self.labels)?;
        Ok(spec)
    }
}

impl SandboxCommand {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Create(args) => {
                let made = client.create_sandbox(&args.spec()?).await?;
                output.print(&made, |made| made.id.to_string())?;
                Ok(Exit::Done)
            }
            Self::Ls { quiet } => {
                output.list(&client.sandboxes().await?, quiet, |sandbox| sandbox.id.to_string(), table)
            }
            Self::Inspect { sandboxes } => {
                output.inspect(&sandboxes, async |sandbox| client.sandbox(sandbox).await, shown).await
            }
            Self::Rm { sandboxes, force } => {
                let mut removed = Removed::default();
                for sandbox in sandboxes {
                    let outcome = match force {
                        true => client.delete_sandbox_by_force(&sandbox).await,
                        false => client.delete_sandbox(&sandbox).await,
                    };
                    removed.add(outcome, sandbox);
                }
                removed.report(output)
            }
            Self::Key { sandbox, key } => {
                let set = client.set_sandbox_key(&sandbox, &key).await?;
                output.print(&set, |set| set.id.to_string())?;
                Ok(Exit::Done)
            }
        }
    }
}

fn table(sandboxes: &[SandboxInfo]) -> String {
    let mut table = columns(&["SANDBOX ID", "CONTAINER", "KEY", "ENDPOINTS"]);
    for sandbox in sandboxes {
        let record = &sandbox.sandbox;
        table.add_row([
            sandbox.id.short(),
            record.container.to_string(),
            listed(record.key.as_deref()),
            listed(record.endpoints.iter().map(|inside| inside.endpoint.short())),
        ]);
    }
    lines(&table)
}

fn shown(sandbox: &SandboxInfo) -> String {
    let record = &sandbox.sandbox;
    let mut table = facts();
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("Sandbox", sandbox.id.to_string());
    row("Container", record.container.to_string());
    row("Created", record.created.to_string());
    if !record.phase.is_ready() {
        row("Phase", if record.phase.is_deleting() { "deleting" } else { "creating" }.to_owned());
    }
    row("Key", listed(record.key.as_deref()));
    row("Host network", yes(record.host_network).to_owned());
    row("Host name", listed(Some(&record.host_name).filter(|name| !name.is_empty())));
    row("Domain name", listed(Some(&record.domain_name).filter(|name| !name.is_empty())));
    row("Hosts file", listed(record.hosts_path.as_ref().map(|path| path.display())));
    row("resolv.conf", listed(record.resolv_conf_path.as_ref().map(|path| path.display())));
    row("Extra hosts", listed(record.extra_hosts.iter().map(|host| format!("{}={}", host.name, host.ip))));
    row("Name servers", listed(record.dns.iter().map(|server| server.ip)));
    row("Search domains", listed(&record.dns_search));
    row("Options", pairs(record.options.iter()));
    row("Labels", pairs(record.labels.iter()));
    row(
        "Endpoints",
        listed(
            record
                .endpoints
                .iter()
                .map(|inside| format!("{} of network {}", inside.endpoint, inside.network)),
        ),
    );
    let way_out = sandbox.way_out.as_ref();
    row(
        "Way out",
        listed(way_out.map(|way_out| format!("{} of network {}", way_out.endpoint, way_out.network))),
    );
    row("Published", listed(way_out.iter().flat_map(|way_out| &way_out.bindings).map(publish::binding)));
    row("Revision", sandbox.revision.to_string());
    lines(&table) + "\n"
}
