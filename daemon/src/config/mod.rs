//! The configuration: a file, the environment, flags, each stronger than the one before.
//!
//! | Key of the file | Variable | Flag | Default |
//! |---|---|---|---|
//! | – | `NETKEEP_CONFIG` | `--config` | `/etc/netkeep/netkeep.toml`, if it is there |
//! | `local` | `NETKEEP_LOCAL` | `--local` | `redb:///var/lib/netkeep/local.redb` |
//! | `global` | `NETKEEP_GLOBAL` | `--global` | none |
//! | `evict-after` | `NETKEEP_EVICT_AFTER` | `--evict-after` | never |
//! | `host-lease` | `NETKEEP_HOST_LEASE` | `--host-lease` | `15s` |
//! | `advertise-address` | `NETKEEP_ADVERTISE_ADDRESS` | `--advertise-address` | none |
//! | `socket` | `NETKEEP_SOCKET` | `--socket` | `/run/netkeep/netkeep.sock` |
//! | `stop-timeout` | `NETKEEP_STOP_TIMEOUT` | `--stop-timeout` | `10s` |
//! | `log.level` | `NETKEEP_LOG_LEVEL` | `--log-level` | `info` |
//! | `log.format` | `NETKEEP_LOG_FORMAT` | `--log-format` | `text` |
//! | `pools.local`, `pools.global` | – | – | those of the built-in IPAM driver |
//! | `driver.KIND`, `ipam.KIND` | – | – | no options |
//!
//! A key or a variable that is unknown is an error that lists the known ones. User and password for a store on servers
//! may stand in variables too, which the store's backend reads: `NETKEEP_ETCD_USER` and `NETKEEP_ETCD_PASSWORD`,
//! `NETKEEP_ZOOKEEPER_USER` and `NETKEEP_ZOOKEEPER_PASSWORD`.

mod environment;
mod error;
mod file;
mod flags;
mod log;
mod span;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use netkeep_model::{DriverKind, IpamKind, Options};
use netkeep_store::StoreUrl;

pub use self::environment::Environment;
pub use self::error::{ConfigError, Source};
pub use self::file::{PoolBase, Pools};
pub use self::flags::Flags;
pub use self::log::{LogFilter, LogFormat};
pub use self::span::Span;

use self::file::File;

/// Everything that the daemon is told, and what its clients need of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// The store of this host.
    pub local: StoreUrl,
    /// The store that this host shares with others.
    pub global: Option<StoreUrl>,
    /// How long another host may be gone before this one evicts it; `None` leaves that to people.
    pub evict_after: Option<Span>,
    /// How long this host counts as up after its last sign of life; `None` for the controller's default.
    pub host_lease: Option<Span>,
    /// The address at which the other hosts reach the endpoints of this one.
    pub advertise_address: Option<IpAddr>,
    /// The socket of the API.
    pub socket: PathBuf,
    /// How long a stop waits for requests that are under way.
    pub stop_timeout: Span,
    /// What is logged.
    pub log_level: LogFilter,
    /// How a line of the log is written.
    pub log_format: LogFormat,
    /// Where pools are taken from when a network names none.
    pub pools: Pools,
    /// The options of network drivers.
    pub drivers: BTreeMap<DriverKind, Options>,
    /// The options of IPAM drivers.
    pub ipam: BTreeMap<IpamKind, Options>,
}

impl Config {
    /// The file that is read if it is there and no other is named.
    pub const DEFAULT_FILE: &str = "/etc/netkeep/netkeep.toml";
    /// The store of this host unless another is named.
    pub const DEFAULT_LOCAL: &str = "redb:///var/lib/netkeep/local.redb";
    /// The socket unless another is named.
    pub const DEFAULT_SOCKET: &str = "/run/netkeep/netkeep.sock";

    /// Puts the three sources together.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the source, the key, the value and what would be right: a file that cannot be read, a
    /// key or variable that is unknown, a value that makes no sense.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let (path, file) = match chosen_file(flags, environment) {
            Some(path) => (Some(path.clone()), File::read(&path)?),
            None => match File::read_if_present(Path::new(Self::DEFAULT_FILE))? {
                Some(file) => (Some(PathBuf::from(Self::DEFAULT_FILE)), file),
                None => (None, File::default()),
            },
        };
        let environment = environment.read()?;
        let local = match flags.local.clone().or(environment.local).or(file.local) {
            Some(url) => url,
            None => StoreUrl::parse(Self::DEFAULT_LOCAL)
                .map_err(|error| ConfigError::value(Source::Default, "local", error))?,
        };
        Ok(Self {
            file: path,
            local,
            global: flags.global.clone().or(environment.global).or(file.global),
            evict_after: flags.evict_after.or(environment.evict_after).or(file.evict_after),
            host_lease: flags.host_lease.or(environment.host_lease).or(file.host_lease),
            advertise_address: (flags.advertise_address)
                .or(environment.advertise_address)
                .or(file.advertise_address),
            socket: (flags.socket.clone())
                .or(environment.socket)
                .or(file.socket)
                .unwrap_or_else(|| PathBuf::from(Self::DEFAULT_SOCKET)),
            stop_timeout: (flags.stop_timeout)
                .or(environment.stop_timeout)
                .or(file.stop_timeout)
                .unwrap_or_default(),
            log_level: (flags.log_level.clone())
                .or(environment.log_level)
                .or(file.log.level)
                .unwrap_or_default(),
            log_format: (flags.log_format).or(environment.log_format).or(file.log.format).unwrap_or_default(),
            pools: file.pools,
            drivers: file.driver,
            ipam: file.ipam,
        })
    }

    /// The socket alone, as a client needs it. A default file that this user may not read counts as absent.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn socket(flags: &Flags, environment: &Environment) -> Result<PathBuf, ConfigError> {
        if let Some(socket) =
            flags.socket.clone().or_else(|| environment.get("NETKEEP_SOCKET").map(PathBuf::from))
        {
            return Ok(socket);
        }
        let file = match chosen_file(flags, environment) {
            Some(path) => File::read(&path)?,
            None => match File::read_if_present(Path::new(Self::DEFAULT_FILE)) {
                Err(error) if error.is_denied() => File::default(),
                read => read?.unwrap_or_default(),
            },
        };
        Ok(file.socket.unwrap_or_else(|| PathBuf::from(Self::DEFAULT_SOCKET)))
    }
}

fn chosen_file(flags: &Flags, environment: &Environment) -> Option<PathBuf> {
    flags.config.clone().or_else(|| environment.get("NETKEEP_CONFIG").map(PathBuf::from))
}

#[cfg(test)]
mod tests;
