//! Why a member breaks secured connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use netkeep_store::HostPort;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{AlertDescription, ClientConfig, Error, RootCertStore, SupportedProtocolVersion};

use crate::{EtcdConfig, Tls};

/// Handshakes of our own, with what the client would show and believe. The client's requests are no way to learn why
/// a server does not take its certificate: it writes on as soon as it takes the connection to be made, and once the
/// server has hung up that fails before it has read what the server said.
#[derive(Debug)]
pub(crate) struct Handshakes {
    /// Here a server judges the certificate before the handshake is over.
    early: Arc<ClientConfig>,
    /// Here it does afterwards. For servers that want this version.
    late: Arc<ClientConfig>,
    name: Option<String>,
}

impl Handshakes {
    /// None if the files are not what they should be: the client has words for that.
    pub(crate) fn new(tls: &Tls) -> Option<Self> {
        let early = Arc::new(config(tls, &TLS12)?);
        Some(Self { early, late: Arc::new(config(tls, &TLS13)?), name: tls.name().map(str::to_owned) })
    }

    /// Shakes hands with a member and says nothing else. The error with which one side refused the other, or with
    /// which the handshake failed; none if both sides agreed, or if nothing was heard within that time.
    pub(crate) async fn failure(&self, member: &HostPort, within: Duration) -> Option<io::Error> {
        match timeout(within, self.shake(&self.early, member)).await {
            Ok(Err(error)) if wants_another_version(&error) => {}
            answer => return answer.ok()?.err(),
        }
        let listen = async {
            let mut stream = self.shake(&self.late, member).await?;
            stream.read(&mut [0; 1]).await.map(|_| ())
        };
        timeout(within, listen).await.ok()?.err()
    }

    async fn shake(
        &self,
        config: &Arc<ClientConfig>,
        member: &HostPort,
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let name = self.name.clone().unwrap_or_else(|| member.host.clone());
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let port = member.port.unwrap_or(EtcdConfig::PORT);
        let stream = TcpStream::connect((member.host.as_str(), port)).await?;
        TlsConnector::from(Arc::clone(config)).connect(name, stream).await
    }
}

fn config(tls: &Tls, version: &'static SupportedProtocolVersion) -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(tls.ca()).flatten());
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .ok()?
        .with_root_certificates(roots);
    let mut config = match tls.identity() {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_slice_iter(certificate).flatten().collect();
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key).ok()?).ok()?
        }
    };
    // What was agreed on once is to be judged again.
    config.resumption = Resumption::disabled();
    Some(config)
}

fn wants_another_version(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    matches!(
        error,
        Some(Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_))
    )
}

#[cfg(test)]
mod tests {
    use netkeep_testcontainers::{Authority, Certified};
    use tempfile::TempDir;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::server::WebPkiClientVerifier;

    use super::*;

    const WITHIN: Duration = Duration::from_secs(30);

    /// A server that shows a certificate of this authority, wants one of it, and hangs up on who has none.
    async fn server(authority: &Authority, version: &'static SupportedProtocolVersion) -> HostPort {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let shown = authority.certify();
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(shown.certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = Some(listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            // Whom it takes it keeps, and says nothing.
            let mut taken = Vec::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                taken.extend(acceptor.accept(stream).await);
            }
        });
        HostPort { host: "127.0.0.1".to_owned(), port }
    }

    fn handshakes(trusted: &Authority, shown: Option<&Certified>) -> Handshakes {
        let folder = TempDir::new().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut tls = Tls::trusting(&file("ca.pem", &trusted.pem())).unwrap();
        if let Some(Certified { certificate, key }) = shown {
            tls = tls.with_identity(&file("c.pem", certificate), &file("k.pem", key)).unwrap();
        }
        Handshakes::new(&tls).unwrap()
    }

    #[tokio::test]
    async fn a_refusal_is_heard_whenever_it_comes() {
        let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
        for version in [&TLS12, &TLS13] {
            let member = server(&ours, version).await;
            for (handshakes, why) in [
                (handshakes(&ours, None), "received fatal alert: CertificateRequired"),
                (handshakes(&ours, Some(&foreign.certify())), "received fatal alert"),
                (
                    handshakes(&ours, Some(&ours.certify_expired())),
                    "received fatal alert: CertificateExpired",
                ),
                (handshakes(&foreign, Some(&ours.certify())), "invalid peer certificate"),
            ] {
                let failure = handshakes.failure(&member, WITHIN).await.expect(why);
                assert!(failure.to_string().contains(why), "{version:?}: {failure}");
                assert!(crate::error::Fault::distrust(failure).is_some());
            }
        }
    }

    #[tokio::test]
    async fn who_is_taken_hears_nothing() {
        let ours = Authority::new("ours");
        let agreed = handshakes(&ours, Some(&ours.certify()));
        assert!(agreed.failure(&server(&ours, &TLS12).await, WITHIN).await.is_none());
        let short = Duration::from_millis(200);
        assert!(agreed.failure(&server(&ours, &TLS13).await, short).await.is_none());
    }

    #[tokio::test]
    async fn who_is_away_has_refused_nobody() {
        let ours = Authority::new("ours");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let member =
            HostPort { host: "127.0.0.1".to_owned(), port: Some(listener.local_addr().unwrap().port()) };
        drop(listener);
        let failure = handshakes(&ours, None).failure(&member, WITHIN).await.unwrap();
        assert!(crate::error::Fault::distrust(failure).is_none());
    }
}
