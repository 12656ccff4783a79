//! Connections that nobody else reads.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use netkeep_store::{Error, Kind, Result};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use zookeeper_client::TlsOptions;

/// Whom this client believes, and how it proves who it is. Never shows a key.
#[derive(Clone)]
pub struct Tls {
    options: TlsOptions,
    /// The same, to find out why a connection was refused: the client says only that it was.
    config: Arc<ClientConfig>,
    described: String,
}

/// The files that make a [`Tls`], all of PEM.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// The certificates of the authorities that are believed.
    pub ca: PathBuf,
    /// The certificate of this client, and its key; without them it shows none.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Reads these files.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] if a file cannot be read, [`Kind::Invalid`] if it does not hold what it should.
    pub fn from_files(files: &TlsFiles) -> Result<Self> {
        let ca = read("tls-ca", &files.ca)?;
        let identity = files.identity.as_ref().map(|(certificate, key)| {
            Ok::<_, Error>((read("tls-cert", certificate)?, read("tls-key", key)?))
        });
        let identity = identity.transpose()?;
        let described = match &files.identity {
            Some((certificate, _)) => {
                format!("ca {}, certificate {}", files.ca.display(), certificate.display())
            }
            None => format!("ca {}", files.ca.display()),
        };
        Self::from_pem(&ca, identity.as_ref().map(|(certificate, key)| (&**certificate, &**key)), described)
    }

    fn from_pem(ca: &str, identity: Option<(&str, &str)>, described: String) -> Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        // The client takes whichever the process has; where two are linked in, there is none until somebody says so.
        if CryptoProvider::get_default().is_none() {
            let _ = CryptoProvider::install_default((*provider).clone());
        }
        let wrong = |what: &'static str| Error::invalid(format!("{what} ({described})"));
        let mut options = TlsOptions::new()
            .with_pem_ca(ca)
            .map_err(|_| wrong("the file of tls-ca holds no certificate in PEM"))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(ca.as_bytes()).flatten());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| wrong("no version of TLS can be had"))?
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let bad =
                    || wrong("the files of tls-cert and tls-key hold no certificate with its key in PEM");
                options = options.with_pem_identity(certificate, key).map_err(|_| bad())?;
                let chain: Vec<_> =
                    CertificateDer::pem_slice_iter(certificate.as_bytes()).flatten().collect();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| bad())?;
                builder.with_client_auth_cert(chain, key).map_err(|_| bad())?
            }
        };
        Ok(Self { options, config: Arc::new(config), described })
    }

    pub(crate) fn options(&self) -> TlsOptions {
        self.options.clone()
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.described)
    }
}

fn read(option: &'static str, path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::new(Kind::Denied, format!("{option} {} cannot be read: {error}", path.display()))
    })
}

/// Why a handshake was refused, if it was because of a certificate.
pub(crate) fn refused(error: &io::Error) -> Option<Error> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let message = match error {
        rustls::Error::InvalidCertificate(reason) => {
            format!("the certificate of the server is not believed: {reason:?}")
        }
        rustls::Error::NoCertificatesPresented => "the server shows no certificate".to_owned(),
        rustls::Error::AlertReceived(alert) => {
            format!("the server refuses this client's certificate, or that it has none: {alert:?}")
        }
        _ => return None,
    };
    Some(Error::new(Kind::Denied, message))
}
