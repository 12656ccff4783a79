//! The configuration that stands in the environment.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use netkeep_store::StoreUrl;

use crate::compose::CREDENTIALS;

use super::{ConfigError, LogFilter, LogFormat, Source, Span};

const KNOWN: [&str; 10] = [
    "NETKEEP_ADVERTISE_ADDRESS",
    "NETKEEP_CONFIG",
    "NETKEEP_EVICT_AFTER",
    "NETKEEP_GLOBAL",
    "NETKEEP_HOST_LEASE",
    "NETKEEP_LOCAL",
    "NETKEEP_LOG_FORMAT",
    "NETKEEP_LOG_LEVEL",
    "NETKEEP_SOCKET",
    "NETKEEP_STOP_TIMEOUT",
];

/// What an orchestrator sets for a service that happens to be called `netkeep`; it is not ours to refuse.
const FOREIGN: [&str; 2] = ["NETKEEP_SERVICE_", "NETKEEP_PORT"];

/// The variables whose names begin with `NETKEEP_`, without the credentials of backends. One that is set but empty
/// counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) local: Option<StoreUrl>,
    pub(super) global: Option<StoreUrl>,
    pub(super) evict_after: Option<Span>,
    pub(super) host_lease: Option<Span>,
    pub(super) advertise_address: Option<IpAddr>,
    pub(super) socket: Option<PathBuf>,
    pub(super) stop_timeout: Option<Span>,
    pub(super) log_level: Option<LogFilter>,
    pub(super) log_format: Option<LogFormat>,
}

impl Environment {
    /// That of this process. Variables that are not UTF-8 are taken with replacement characters.
    pub fn of_process() -> Self {
        Self::from_variables(
            std::env::vars_os().map(|(name, value)| {
                (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
            }),
        )
    }

    /// One with these variables; those of others are left out, and so are the credentials of backends, which read them
    /// themselves.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = |name: &str| {
            name.starts_with("NETKEEP_")
                && !FOREIGN.iter().any(|foreign| name.starts_with(foreign))
                && !CREDENTIALS.as_flattened().contains(&name)
        };
        Self(variables.into_iter().filter(|(name, value)| ours(name) && !value.is_empty()).collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn read(&self) -> Result<Said, ConfigError> {
        if let Some(unknown) = self.0.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            let message = format!("the variable {unknown} is unknown; known: {}", KNOWN.join(", "));
            return Err(ConfigError::new(Source::Environment, message));
        }
        Ok(Said {
            local: self.parsed("NETKEEP_LOCAL", StoreUrl::parse)?,
            global: self.parsed("NETKEEP_GLOBAL", StoreUrl::parse)?,
            evict_after: self.parsed("NETKEEP_EVICT_AFTER", str::parse)?,
            host_lease: self.parsed("NETKEEP_HOST_LEASE", str::parse)?,
            advertise_address: self.parsed("NETKEEP_ADVERTISE_ADDRESS", str::parse)?,
            socket: self.get("NETKEEP_SOCKET").map(PathBuf::from),
            stop_timeout: self.parsed("NETKEEP_STOP_TIMEOUT", str::parse)?,
            log_level: self.parsed("NETKEEP_LOG_LEVEL", str::parse)?,
            log_format: self.parsed("NETKEEP_LOG_FORMAT", str::parse)?,
        })
    }

    fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        self.get(name)
            .map(parse)
            .transpose()
            .map_err(|error| ConfigError::value(Source::Environment, name, error))
    }
}
