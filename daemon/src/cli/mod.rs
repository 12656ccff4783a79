//! The command line.

mod daemon;
#[cfg(feature = "demo")]
mod demo;
mod endpoint;
mod failure;
mod fresh_file;
mod host;
mod ipam;
mod network;
mod network_pools;
mod output;
mod overview;
mod pair;
mod publish;
mod quarantine;
mod removed;
mod repair;
mod sandbox;
mod store;
mod transfer_bar;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

pub use self::failure::Failure;

use self::output::Output;
use crate::client::Client;
use crate::config::{Config, Environment, Flags};
use crate::exit::Exit;

/// Keeps container networks, and finds them again after any crash.
///
/// Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 the state does not allow it (exists, in use, ambiguous,
/// exhausted, forbidden), 5 daemon or store unavailable, 6 a value or the configuration is wrong, 7 something was
/// found that must not be (check, demo).
#[derive(Debug, Parser)]
#[command(name = "netkeep", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where the daemon is, and how to answer.
#[derive(Clone, Debug, clap::Args)]
struct Place {
    /// The configuration file [env: NETKEEP_CONFIG] [default: /etc/netkeep/netkeep.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The socket of the daemon [env: NETKEEP_SOCKET] [default: /run/netkeep/netkeep.sock].
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    /// First learn what all hosts have committed by now, so that what is shown is as new as this call; refused while
    /// the global store cannot be had.
    #[arg(long, global = true)]
    fresh: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon, until SIGTERM or SIGINT.
    Daemon(daemon::DaemonArgs),
    /// Make, list, show and delete networks.
    #[command(subcommand)]
    Network(network::NetworkCommand),
    /// Make, list, show and delete endpoints of networks.
    #[command(subcommand)]
    Endpoint(endpoint::EndpointCommand),
    /// Make, list, show and delete sandboxes: the network side of containers on this host.
    #[command(subcommand)]
    Sandbox(sandbox::SandboxCommand),
    /// List pools and addresses.
    #[command(subcommand)]
    Ipam(ipam::IpamCommand),
    /// List, show and evict the hosts that share a store.
    #[command(subcommand)]
    Host(host::HostCommand),
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Say how the daemon is.
    Status,
    /// Look for what must not be; exit code 7 if there is something.
    Check(repair::CheckArgs),
    /// Mend what a check has found: shows what a plan would do, or does it.
    Repair(repair::RepairArgs),
    /// Records that cannot be read: list them, and take them out into a file.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Start a daemon, kill it under load several times, and count what was lost; with --global, several hosts on one
    /// store.
    #[cfg(feature = "demo")]
    Demo(demo::DemoArgs),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the version of this program, and of the daemon if one answers.
    Version,
}

/// Runs the command line `arguments`, the first of which names the program, and says how to exit.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to be told if this fails too.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("netkeep: {failure}");
            failure.exit().into()
        }
    }
}

impl Cli {
    fn run(self) -> Result<Exit, Failure> {
        let Self { place, command } = self;
        let output = Output::new(place.json);
        match command {
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "netkeep", &mut script);
                output.raw(&script)?;
                Ok(Exit::Done)
            }
            Command::Daemon(arguments) => arguments.run(&place),
            #[cfg(feature = "demo")]
            Command::Demo(arguments) => block_on(arguments.run(&output))?,
            Command::Network(command) => block_on(command.run(&place.client()?, &output))?,
            Command::Endpoint(command) => block_on(command.run(&place.client()?, &output))?,
            Command::Sandbox(command) => block_on(command.run(&place.client()?, &output))?,
            Command::Ipam(command) => block_on(command.run(&place.client()?, &output))?,
            Command::Host(command) => block_on(command.run(&place.client()?, &output))?,
            Command::Store(command) => block_on(command.run(&output))?,
            Command::Status => block_on(overview::status(&place.client()?, &output))?,
            Command::Check(arguments) => block_on(arguments.run(&place.client()?, &output))?,
            Command::Repair(arguments) => block_on(arguments.run(&place.client()?, &output))?,
            Command::Quarantine(command) => block_on(command.run(&place.client()?, &output))?,
            Command::Version => block_on(overview::version(&place.client()?, &output))?,
        }
    }
}

impl Place {
    fn flags(&self) -> Flags {
        Flags { config: self.config.clone(), socket: self.socket.clone(), ..Flags::default() }
    }

    fn client(&self) -> Result<Client, Failure> {
        let socket = Config::socket(&self.flags(), &Environment::of_process())?;
        if self.fresh {
            // A client of its own: connections end with the runtime that they were made in.
            block_on(async { Client::new(&socket)?.sync(None).await })??;
        }
        Ok(Client::new(socket)?)
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failure, format!("the runtime cannot be started: {error}")))?;
    Ok(runtime.block_on(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
