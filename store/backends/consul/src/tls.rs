//! Certificates: whom we trust, and who we are.

use std::path::Path;

use netkeep_store::{Error, Result};
use reqwest::{Certificate, ClientBuilder, Identity};

use crate::TlsFiles;

/// Makes the client trust whom these files name, and show who we are.
pub(crate) fn apply(builder: ClientBuilder, files: Option<&TlsFiles>) -> Result<ClientBuilder> {
    let Some(files) = files else {
        // Nothing is trusted, so that nothing has to be loaded for plain connections.
        return Ok(builder.tls_certs_only([]));
    };
    let mut builder = builder.https_only(true);
    if let Some(path) = &files.ca {
        let certificates =
            Certificate::from_pem_bundle(&read(path)?).map_err(|error| unusable(path, error))?;
        if certificates.is_empty() {
            return Err(Error::invalid(format!("{} holds no certificate in PEM", path.display())));
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some((certificate, key)) = &files.identity {
        let mut pem = read(certificate)?;
        pem.push(b'\n');
        pem.extend(read(key)?);
        let identity = Identity::from_pem(&pem).map_err(|error| {
            Error::invalid(format!(
                "{} and {} are no certificate and private key in PEM",
                certificate.display(),
                key.display()
            ))
            .with_source(error)
        })?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Error::invalid(format!("{} cannot be read: {error}", path.display())).with_source(error)
    })
}

fn unusable(path: &Path, error: reqwest::Error) -> Error {
    Error::invalid(format!("{} holds no certificate that can be used", path.display())).with_source(error)
}
