//! Opening by URL.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{RemoteConfig, RemoteStore, Server};
use netkeep_store::{Backend, Error, OpenOptions, Opened, Result, StoreUrl};

use crate::config::TlsFiles;
use crate::{Credentials, EtcdConfig, EtcdServer};

/// Stores in etcd, as `etcd://host:port,host:port/root`.
///
/// Options: `timeout-ms`, the [`EtcdConfig::request_timeout`]; `tls-ca`, `tls-cert` and `tls-key`, files of PEM;
/// `tls-name`, the name expected in the servers' certificates; `auth-file`, a file with one line `user:password`.
/// Without `auth-file` the [environment](Credentials::ENVIRONMENT) is looked at. Nothing is sent to the servers when a
/// store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct EtcdBackend;

const OPTIONS: [&str; 6] = ["auth-file", "timeout-ms", "tls-ca", "tls-cert", "tls-key", "tls-name"];

impl EtcdBackend {
    /// What a URL says, with the files that it names.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](netkeep_store::Kind::Invalid) names what makes no sense in the URL or in the files;
    /// [`Kind::Denied`](netkeep_store::Kind::Denied) if a file cannot be read.
    pub fn config(url: &StoreUrl, options: &OpenOptions) -> Result<EtcdConfig> {
        url.check_options(&OPTIONS)?;
        if url.hosts().is_empty() {
            return Err(Error::invalid(format!(
                "store URL {url} names no host; write etcd://host:2379/root"
            )));
        }
        let mut config = EtcdConfig::new(url.hosts().to_vec(), url.prefix()?, options.leased.clone());
        if let Some(text) = url.option("timeout-ms") {
            let millis = text.parse().map_err(|_| {
                Error::invalid(format!(
                    "store URL {url}: timeout-ms is {text:?}; write a number of milliseconds"
                ))
            })?;
            config.request_timeout = Duration::from_millis(millis);
        }
        let file = |name| url.option(name).map(PathBuf::from);
        let tls = TlsFiles {
            ca: file("tls-ca"),
            certificate: file("tls-cert"),
            key: file("tls-key"),
            name: url.option("tls-name").map(str::to_owned),
        };
        config.tls = tls.load()?;
        config.credentials = match url.option("auth-file") {
            Some(path) => Some(Credentials::from_file(Path::new(path))?),
            None => Credentials::from_environment()?,
        };
        config.check()?;
        Ok(config)
    }
}

#[async_trait]
impl Backend for EtcdBackend {
    fn scheme(&self) -> &'static str {
        EtcdServer::NAME
    }

    async fn open(&self, url: &StoreUrl, options: &OpenOptions) -> Result<Opened> {
        let server: Arc<dyn Server> = Arc::new(EtcdServer::new(&Self::config(url, options)?)?);
        let store = RemoteStore::open(Arc::clone(&server), RemoteConfig::new(options));
        Ok(Opened { store: Arc::new(store), maintenance: None, server: Some(server) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Result<EtcdConfig> {
        EtcdBackend::config(&StoreUrl::parse(url).unwrap(), &OpenOptions::default())
    }

    #[test]
    fn a_url_names_members_root_and_options() {
        let config = config("etcd://h1,[::1]:2/netkeep/a?timeout-ms=1500").unwrap();
        assert_eq!(config.uris(), ["http://h1:2379", "http://[::1]:2"]);
        assert_eq!(config.root.as_str(), "netkeep/a");
        assert_eq!(config.request_timeout, Duration::from_millis(1500));
        assert!(config.tls.is_none());
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (url, named) in [
            ("etcd:///netkeep", "names no host"),
            ("etcd://h/a?cache=1", "\"cache\""),
            ("etcd://h/a?timeout-ms=soon", "\"soon\""),
            ("etcd://h/a?timeout-ms=1", "10 ms to 60 s"),
            ("etcd://h/a?tls-cert=/c&tls-ca=/a", "tls-key"),
            ("etcd://h/a?tls-key=/c&tls-ca=/a", "tls-cert"),
            ("etcd://h/a?tls-name=x", "tls-ca is missing"),
            ("etcd://h/a?tls-ca=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("etcd://h/a?auth-file=/nowhere/auth", "/nowhere/auth"),
        ] {
            let error = config(url).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
