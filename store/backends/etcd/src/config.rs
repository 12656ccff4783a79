//! Where the servers are, and how they are spoken to.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcd_client::{Certificate, Identity, TlsOptions};
use netkeep_store::{Error, HostPort, Kind, LeasedDirectories, Prefix, Result};

use crate::Credentials;

/// A cluster of etcd, and the part of it that is ours.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EtcdConfig {
    /// The members that are asked, at least one; any of them does, and the others stand in for it. The port is 2379
    /// where there is none.
    pub endpoints: Vec<HostPort>,
    /// Below which key everything lies. Default: the root.
    pub root: Prefix,
    /// The directories that hold leased keys only. Default: none.
    pub leased: LeasedDirectories,
    /// How long one request may take before its outcome counts as unknown, and another member is asked the next
    /// one. Default: 3 s.
    pub request_timeout: Duration,
    /// How long connecting may take. Default: 1 s.
    pub connect_timeout: Duration,
    /// How the connection is secured. Default: not at all.
    pub tls: Option<Tls>,
    /// Who we are. Default: nobody.
    pub credentials: Option<Credentials>,
}

impl EtcdConfig {
    /// The port where none is named.
    pub const PORT: u16 = 2379;

    /// The defaults, for these members.
    pub fn new(endpoints: Vec<HostPort>, root: Prefix, leased: LeasedDirectories) -> Self {
        Self {
            endpoints,
            root,
            leased,
            request_timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(1),
            tls: None,
            credentials: None,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.endpoints.is_empty() {
            return Err(Error::invalid("there is no endpoint; name one member of etcd at least"));
        }
        for (name, timeout) in
            [("request_timeout", self.request_timeout), ("connect_timeout", self.connect_timeout)]
        {
            if timeout < Duration::from_millis(10) || timeout > Duration::from_secs(60) {
                return Err(Error::invalid(format!("{name} is {timeout:?}; it may be 10 ms to 60 s")));
            }
        }
        Ok(())
    }

    /// The addresses of the members.
    pub(crate) fn uris(&self) -> Vec<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.endpoints
            .iter()
            .map(|endpoint| {
                let port = endpoint.port.unwrap_or(Self::PORT);
                let endpoint = HostPort { host: endpoint.host.clone(), port: Some(port) };
                format!("{scheme}://{endpoint}")
            })
            .collect()
    }
}

/// Whom we believe, and how we prove who we are. Never shows a key.
#[derive(Clone, Default)]
pub struct Tls {
    /// All of PEM.
    ca: Vec<u8>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    name: Option<String>,
    described: Vec<String>,
}

impl Tls {
    /// Believes the authorities whose certificates are in the file `ca` (PEM).
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`](netkeep_store::Kind::Denied) if the file cannot be read.
    pub fn trusting(ca: &Path) -> Result<Self> {
        let described = vec![format!("ca {}", ca.display())];
        Ok(Self { ca: read("tls-ca", ca)?, described, ..Self::default() })
    }

    /// Shows the certificate in the file `certificate` and uses the key in the file `key` (PEM).
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`](netkeep_store::Kind::Denied) if a file cannot be read.
    pub fn with_identity(mut self, certificate: &Path, key: &Path) -> Result<Self> {
        self.identity = Some((read("tls-cert", certificate)?, read("tls-key", key)?));
        self.described.push(format!("certificate {}", certificate.display()));
        Ok(self)
    }

    /// Expects this name in the certificates of the servers, whatever their addresses are.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self.described.push(format!("name {name}"));
        self
    }

    /// The same for the client.
    pub(crate) fn options(&self) -> TlsOptions {
        let mut options = TlsOptions::new().ca_certificate(Certificate::from_pem(&self.ca));
        if let Some((certificate, key)) = self.identity() {
            options = options.identity(Identity::from_pem(certificate, key));
        }
        if let Some(name) = self.name() {
            options = options.domain_name(name);
        }
        options
    }

    pub(crate) fn ca(&self) -> &[u8] {
        &self.ca
    }

    /// The certificate and its key.
    pub(crate) fn identity(&self) -> Option<(&[u8], &[u8])> {
        self.identity.as_ref().map(|(certificate, key)| (certificate.as_slice(), key.as_slice()))
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.described.join(", "))
    }
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Error::new(Kind::Denied, format!("{option} {} cannot be read: {error}", path.display()))
    })
}

/// The files that a URL may name.
#[derive(Debug, Default)]
pub(crate) struct TlsFiles {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) name: Option<String>,
}

impl TlsFiles {
    pub(crate) fn load(&self) -> Result<Option<Tls>> {
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Error::invalid("tls-cert is there without tls-key; name both or neither"));
            }
            (None, Some(_)) => {
                return Err(Error::invalid("tls-key is there without tls-cert; name both or neither"));
            }
        };
        let Some(ca) = &self.ca else {
            if identity.is_some() || self.name.is_some() {
                return Err(Error::invalid(
                    "tls-ca is missing; name the file with the certificate of the servers' authority",
                ));
            }
            return Ok(None);
        };
        let mut tls = Tls::trusting(ca)?;
        if let Some((certificate, key)) = identity {
            tls = tls.with_identity(certificate, key)?;
        }
        if let Some(name) = &self.name {
            tls = tls.with_name(name);
        }
        Ok(Some(tls))
    }
}
