//! `netkeep daemon`.

use std::io::IsTerminal;

use clap::Args;
use netkeep_store::StoreUrl;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

use super::failure::optional;
use super::{Failure, Place, block_on};
use crate::config::{Config, Environment, Flags, LogFormat};
use crate::exit::Exit;

/// How the daemon runs.
#[derive(Args, Debug)]
pub(super) struct DaemonArgs {
    /// The store of this host [env: NETKEEP_LOCAL] [default: redb:///var/lib/netkeep/local.redb].
    #[arg(long, value_name = "URL")]
    local: Option<String>,
    /// The store that this host shares with others, for networks of global scope; secrets are not for here
    /// [env: NETKEEP_GLOBAL] [default: none].
    #[arg(long, value_name = "URL")]
    global: Option<String>,
    /// How long another host may be gone before this one evicts it [env: NETKEEP_EVICT_AFTER] [default: never].
    #[arg(long, value_name = "SPAN")]
    evict_after: Option<String>,
    /// How long this host counts as up after its last sign of life, as near to it as the store allows; three are given
    /// in that time [env: NETKEEP_HOST_LEASE] [default: 15s].
    #[arg(long, value_name = "SPAN")]
    host_lease: Option<String>,
    /// The address at which the other hosts reach the endpoints of this one [env: NETKEEP_ADVERTISE_ADDRESS]
    /// [default: none].
    #[arg(long, value_name = "IP")]
    advertise_address: Option<String>,
    /// How long a stop waits for requests that are under way [env: NETKEEP_STOP_TIMEOUT] [default: 10s].
    #[arg(long, value_name = "SPAN")]
    stop_timeout: Option<String>,
    /// What is logged: a level, or directives such as info,netkeep_store=debug [env: NETKEEP_LOG_LEVEL] [default: info].
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How it is logged: text or json [env: NETKEEP_LOG_FORMAT] [default: text].
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Stop when the standard input ends, for a parent whose end shall be the daemon's too.
    #[arg(long)]
    until_stdin_ends: bool,
}

impl DaemonArgs {
    pub(super) fn run(self, place: &Place) -> Result<Exit, Failure> {
        let url = |flag: &str, text: Option<&str>| {
            text.map(|text| StoreUrl::parse(text).map_err(|error| Failure::argument(flag, error))).transpose()
        };
        let flags = Flags {
            local: url("--local", self.local.as_deref())?,
            global: url("--global", self.global.as_deref())?,
            evict_after: optional("--evict-after", self.evict_after.as_deref())?,
            host_lease: optional("--host-lease", self.host_lease.as_deref())?,
            advertise_address: optional("--advertise-address", self.advertise_address.as_deref())?,
            stop_timeout: optional("--stop-timeout", self.stop_timeout.as_deref())?,
            log_level: optional("--log-level", self.log_level.as_deref())?,
            log_format: optional("--log-format", self.log_format.as_deref())?,
            ..place.flags()
        };
        let config = Config::load(&flags, &Environment::of_process())?;
        begin_log(&config);
        match block_on(crate::daemon::run(&config, self.until_stdin_ends))? {
            Ok(()) => Ok(Exit::Done),
            Err(error) => Err(Failure::new(error.exit(), error.to_string())),
        }
    }
}

/// Logs to the standard error.
fn begin_log(config: &Config) {
    let log = fmt()
        .with_env_filter(config.log_level.to_filter())
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let begun = match config.log_format {
        LogFormat::Text => log.finish().try_init(),
        LogFormat::Json => log.json().finish().try_init(),
    };
    // Only a program that has this crate in it can have begun a log of its own; that one is kept.
    drop(begun);
}
