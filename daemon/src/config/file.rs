//! The configuration file.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use netkeep_model::{DriverKind, IpamKind, Options, Pool};
use netkeep_store::StoreUrl;
use serde::{Deserialize, Serialize};

use super::{ConfigError, LogFilter, LogFormat, Source, Span};

/// What a file may say.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) local: Option<StoreUrl>,
    pub(super) global: Option<StoreUrl>,
    pub(super) evict_after: Option<Span>,
    pub(super) host_lease: Option<Span>,
    pub(super) advertise_address: Option<IpAddr>,
    pub(super) socket: Option<PathBuf>,
    pub(super) stop_timeout: Option<Span>,
    pub(super) log: LogTable,
    pub(super) pools: Pools,
    pub(super) driver: BTreeMap<DriverKind, Options>,
    pub(super) ipam: BTreeMap<IpamKind, Options>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LogTable {
    pub(super) level: Option<LogFilter>,
    pub(super) format: Option<LogFormat>,
}

/// Where pools are taken from when a network names none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pools {
    /// For networks of local scope; `None` for those of the built-in IPAM driver.
    pub local: Option<Vec<PoolBase>>,
    /// For networks of global scope; `None` for those of the built-in IPAM driver.
    pub global: Option<Vec<PoolBase>>,
}

/// A run of addresses that is cut into pools of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PoolBase {
    /// The whole.
    pub base: Pool,
    /// The prefix length of each pool: at least that of `base`, and at most 32 for IPv4 and 128 for IPv6.
    pub size: u8,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, error))?;
        Self::parse(path, &text)
    }

    pub(super) fn read_if_present(path: &Path) -> Result<Option<Self>, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ConfigError::unreadable(path, error)),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = || Source::File(path.to_owned());
        let reader = toml::Deserializer::parse(text).map_err(|error| {
            ConfigError::new(source(), format!("{}: {}", line(&error, text), error.message()))
        })?;
        let file: Self = serde_path_to_error::deserialize(reader).map_err(|error| {
            let key = format!("{}: {}", line(error.inner(), text), error.path());
            ConfigError::value(source(), &key, error.inner().message())
        })?;
        for (key, bases) in [("pools.local", &file.pools.local), ("pools.global", &file.pools.global)] {
            for base in bases.iter().flatten() {
                base.check().map_err(|reason| ConfigError::value(source(), key, reason))?;
            }
        }
        Ok(file)
    }
}

/// Where it is. The line itself is not shown, as toml would: it may hold what should not have been written there.
fn line(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().map_or(0, |span| span.start);
    let number = 1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count();
    format!("line {number}")
}

impl PoolBase {
    fn check(&self) -> Result<(), String> {
        let (least, most) = (self.base.prefix_len(), self.base.net().max_prefix_len());
        if (least..=most).contains(&self.size) {
            return Ok(());
        }
        Err(format!(
            "size {} is no prefix length of a pool within {}; it is from {least} to {most}",
            self.size, self.base
        ))
    }
}
