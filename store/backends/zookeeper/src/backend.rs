//! Opening by URL.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{RemoteConfig, RemoteStore, Server};
use netkeep_store::{Backend, Error, OpenOptions, Opened, Result, StoreUrl};

use crate::{Access, Credentials, Login, Tls, TlsFiles, ZooKeeperConfig, ZooKeeperServer};

/// Stores on ZooKeeper servers, as `zookeeper://h1:2181,h2:2181,h3:2181/netkeep`.
///
/// The path is the node below which everything lies. Options, with the fields of [`ZooKeeperConfig`] that they set:
///
/// | Option | |
/// |---|---|
/// | `timeout-ms`, `connect-timeout-ms`, `session-timeout-ms`, `lease-min-ms`, `lease-max-ms` | the times, in milliseconds |
/// | `tls-ca`, `tls-cert`, `tls-key` | files of PEM; with `tls-ca` connections use TLS |
/// | `auth-file` | a file that begins with a line `user:password`; without it the environment may have [both](Credentials::ENVIRONMENT) |
/// | `auth` | `digest` (without it) or `sasl` |
/// | `acl` | who may use the nodes that are made: `creator` or `anyone`; without it `creator` if there are credentials |
#[derive(Clone, Copy, Debug, Default)]
pub struct ZooKeeperBackend;

const OPTIONS: [&str; 11] = [
    "acl",
    "auth",
    "auth-file",
    "connect-timeout-ms",
    "lease-max-ms",
    "lease-min-ms",
    "session-timeout-ms",
    "timeout-ms",
    "tls-ca",
    "tls-cert",
    "tls-key",
];

impl ZooKeeperBackend {
    fn config(url: &StoreUrl, options: &OpenOptions) -> Result<ZooKeeperConfig> {
        url.check_options(&OPTIONS)?;
        let mut config = ZooKeeperConfig::new(url.hosts().to_vec(), options.leased.clone());
        config.root = url.prefix()?;
        for (name, field) in [
            ("timeout-ms", &mut config.request_timeout),
            ("connect-timeout-ms", &mut config.connect_timeout),
            ("session-timeout-ms", &mut config.session_timeout),
            ("lease-min-ms", &mut config.lease_min),
            ("lease-max-ms", &mut config.lease_max),
        ] {
            if let Some(time) = milliseconds(url, name)? {
                *field = time;
            }
        }
        config.tls = tls(url)?;
        config.credentials = credentials(url)?;
        config.acl = match url.option("acl") {
            None if config.credentials.is_some() => Access::Creator,
            None => Access::Anyone,
            Some("creator") => Access::Creator,
            Some("anyone") => Access::Anyone,
            Some(other) => return Err(wrong(url, "acl", other, "creator or anyone")),
        };
        config.check()?;
        Ok(config)
    }
}

fn tls(url: &StoreUrl) -> Result<Option<Tls>> {
    let file = |name| url.option(name).map(PathBuf::from);
    let identity = match (file("tls-cert"), file("tls-key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(Error::invalid(format!(
                "store URL {url}: tls-cert and tls-key go together; name both"
            )));
        }
    };
    match file("tls-ca") {
        Some(ca) => Tls::from_files(&TlsFiles { ca, identity }).map(Some),
        None if identity.is_some() => Err(Error::invalid(format!(
            "store URL {url}: tls-ca is missing; name the file with the certificate of the servers' authority"
        ))),
        None => Ok(None),
    }
}

fn credentials(url: &StoreUrl) -> Result<Option<Credentials>> {
    let login = match url.option("auth") {
        None | Some("digest") => Login::Digest,
        Some("sasl") => Login::Sasl,
        Some(other) => return Err(wrong(url, "auth", other, "digest or sasl")),
    };
    match url.option("auth-file") {
        Some(path) => Credentials::from_file(Path::new(path), login).map(Some),
        None => Credentials::from_environment(login),
    }
}

fn wrong(url: &StoreUrl, option: &str, found: &str, right: &str) -> Error {
    Error::invalid(format!("store URL {url}: {option} is {found:?}; write {right}"))
}

fn milliseconds(url: &StoreUrl, option: &'static str) -> Result<Option<Duration>> {
    const MAX: u64 = 3_600_000;
    let Some(text) = url.option(option) else { return Ok(None) };
    match text.parse::<u64>() {
        Ok(time) if (1..=MAX).contains(&time) => Ok(Some(Duration::from_millis(time))),
        _ => Err(wrong(url, option, text, "a whole number of milliseconds, up to an hour")),
    }
}

#[async_trait]
impl Backend for ZooKeeperBackend {
    fn scheme(&self) -> &'static str {
        ZooKeeperServer::NAME
    }

    async fn open(&self, url: &StoreUrl, options: &OpenOptions) -> Result<Opened> {
        let server: Arc<dyn Server> = Arc::new(ZooKeeperServer::new(&Self::config(url, options)?)?);
        let store = RemoteStore::open(Arc::clone(&server), RemoteConfig::new(options));
        Ok(Opened { store: Arc::new(store), maintenance: None, server: Some(server) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Result<ZooKeeperConfig> {
        ZooKeeperBackend::config(&StoreUrl::parse(url).unwrap(), &OpenOptions::default())
    }

    #[test]
    fn a_url_names_servers_and_a_path_and_may_set_options() {
        let plain = config("zookeeper://h1,h2:2182/netkeep").unwrap();
        let addresses: Vec<_> = plain.endpoints.iter().map(ZooKeeperConfig::address).collect();
        assert_eq!(addresses, ["h1:2181", "h2:2182"]);
        assert_eq!(plain.root.as_str(), "netkeep");
        let set = config("zookeeper://[::1]?timeout-ms=1500&lease-max-ms=15000").unwrap();
        assert_eq!(ZooKeeperConfig::address(&set.endpoints[0]), "[::1]:2181");
        assert_eq!((set.request_timeout.as_millis(), set.lease_max.as_secs()), (1500, 15));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (url, named) in [
            ("zookeeper:///x", "no server"),
            ("zookeeper://h/zookeeper", "ZooKeeper's own"),
            ("zookeeper://h/x?timeout=1", "\"timeout\""),
            ("zookeeper://h/x?lease-max-ms=0", "\"0\""),
            ("zookeeper://h/x?session-timeout-ms=1000", "session_timeout"),
            ("zookeeper://h/x?acl=all", "creator or anyone"),
            ("zookeeper://h/x?auth=plain", "digest or sasl"),
            ("zookeeper://h/x?auth-file=/nowhere/auth", "/nowhere/auth"),
            ("zookeeper://h/x?tls-ca=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("zookeeper://h/x?tls-cert=/c&tls-ca=/a", "go together"),
            ("zookeeper://h/x?tls-cert=/c&tls-key=/k", "tls-ca is missing"),
            ("zookeeper://h/x?lease-min-ms=9000&lease-max-ms=8000", "leases of"),
        ] {
            let error = config(url).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
