//! What the servers say of themselves.

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use netkeep_store::Result;
use netkeep_store::remote::Facts;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::Tls;
use crate::link::Link;
use crate::read::mark;

/// How long a server may take to say how it is; one that is silent is left out.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much of what it says is read.
const MOST: u64 = 4096;

/// What `srvr` tells.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    version: String,
    leads: bool,
}

impl Link {
    /// Asks how the servers are.
    pub(crate) async fn facts(&self) -> Result<Facts> {
        let live = self.live().await?;
        let revision = mark(&self.door, &self.layout, &live.client).await;
        let revision = self.judge(&live, revision)?;
        let asked = self.door.addresses().iter().map(|address| async move {
            let text = ask(address, self.door.tls(), PATIENCE).await.ok();
            (address, text.and_then(|text| parse(&text)))
        });
        let said = join_all(asked).await;
        let leader = said.iter().find(|(_, said)| said.as_ref().is_some_and(|said| said.leads));
        let leader = leader.map(|(address, _)| (*address).clone());
        let version = said.iter().find_map(|(_, said)| said.as_ref()).map(|said| said.version.clone());
        let server_version = version.unwrap_or_else(|| "unknown (srvr is not answered)".to_owned());
        Ok(Facts { revision, leader, server_version })
    }
}

/// The client has no way to ask for this, so it is asked as an administrator would: `srvr` is the one such command
/// that servers answer unless they are told not to.
pub(crate) async fn ask(address: &str, tls: Option<&Tls>, within: Duration) -> io::Result<String> {
    let talk = async {
        let stream = TcpStream::connect(address).await?;
        let Some(tls) = tls else { return converse(stream).await };
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        converse(TlsConnector::from(tls.config()).connect(name, stream).await?).await
    };
    tokio::time::timeout(within, talk).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<String> {
    let sent = async {
        stream.write_all(b"srvr").await?;
        stream.flush().await
    };
    let sent = sent.await;
    // Also if it could not be sent: what a server refuses it says before it hangs up.
    let mut text = Vec::new();
    let read = stream.take(MOST).read_to_end(&mut text).await;
    // Some servers hang up without taking leave of TLS.
    if text.is_empty() {
        read.and(sent).map(|()| String::new())
    } else {
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn parse(text: &str) -> Option<Said> {
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let version = line("Zookeeper version:")?;
    let version = version.split(['-', ',']).next()?.to_owned();
    Some(Said { version, leads: line("Mode:") == Some("leader") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_mode_are_found() {
        let text = "Zookeeper version: 3.9.3-c26634f34490bb0ea7a09cc51e05ede3b4e320ee, built on 2024\nMode: leader\n";
        assert_eq!(parse(text), Some(Said { version: "3.9.3".to_owned(), leads: true }));
        assert!(!parse("Zookeeper version: 3.9.3--1\nMode: standalone\n").unwrap().leads);
        assert_eq!(parse("srvr is not executed because it is not in the whitelist.\n"), None);
    }
}
