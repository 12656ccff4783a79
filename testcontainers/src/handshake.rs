//! Whether a port speaks TLS.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// How long one attempt may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Begins a handshake with a port on 127.0.0.1. Good if the other side answers as TLS does, whatever it shows and
/// whether or not it would take this client: nobody is believed here, and nothing is sent but the handshake.
pub(crate) async fn answers(port: u16) -> io::Result<()> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let attempt = async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = ServerName::from(IpAddr::from(Ipv4Addr::LOCALHOST));
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    };
    match timeout(LIMIT, attempt).await {
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
        Ok(Err(error)) if !is_refusal(&error) => Err(error),
        Ok(_) => Ok(()),
    }
}

/// Whether the handshake came so far that one side has refused the other.
fn is_refusal(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(error, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What is told of a port on which the first connection gets these bytes and is then closed.
    async fn told(answer: &'static [u8]) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // All of it: what is left unread makes the end a reset.
            let _ = stream.read(&mut [0; 16_384]).await.unwrap();
            stream.write_all(answer).await.unwrap();
        });
        let told = answers(port).await;
        server.await.unwrap();
        told
    }

    #[tokio::test]
    async fn a_refusal_is_an_answer() {
        // A fatal alert of TLS 1.2: handshake_failure.
        told(&[21, 3, 3, 0, 2, 2, 40]).await.unwrap();
    }

    #[tokio::test]
    async fn silence_and_other_protocols_are_none() {
        assert_eq!(told(b"").await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(
            told(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
