//! A way to a server on which answers can be lost.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Error, Kind, Result};

/// Stands before one server. While it is deaf, requests reach the server and no answer comes back. A connection that
/// has lost an answer breaks when the proxy hears again; one that has not goes on.
///
/// Dropping it closes its port; connections that it carries end with their clients.
#[derive(Debug)]
pub struct Proxy {
    endpoint: String,
    deaf: Arc<watch::Sender<bool>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a port of its own on 127.0.0.1, for connections to `server` (`host:port`). It belongs to the runtime
    /// that runs this call and ends with it.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Kind::Failed`] if there is no port to listen on.
    pub async fn before(server: &str) -> Result<Self> {
        let failed =
            |error: io::Error| Error::new(Kind::Failed, format!("no proxy before {server}: {error}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let endpoint = listener.local_addr().map_err(failed)?.to_string();
        let deaf = Arc::new(watch::Sender::new(false));
        let (server, hearing) = (server.to_owned(), Arc::clone(&deaf));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                tokio::spawn(carry(client, server, hearing.subscribe()));
            }
        });
        Ok(Self { endpoint, deaf, accepting })
    }

    /// Where clients connect: `127.0.0.1:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Loses answers from now on, or no more.
    pub fn set_deaf(&self, deaf: bool) {
        self.deaf.send_replace(deaf);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: TcpStream, deaf: watch::Receiver<bool>) {
    let (mut requests, answers_to) = client.into_split();
    let (answers, mut requests_to) = server.into_split();
    tokio::select! {
        _ = copy(&mut requests, &mut requests_to) => {}
        _ = carry_answers(answers, answers_to, deaf) => {}
    }
}

async fn carry_answers(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut deaf: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    let mut lost = false;
    // A proxy that is gone stays as it was.
    let mut is_there = true;
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => match read? {
                0 => return Ok(()),
                _ if *deaf.borrow() => lost = true,
                _ if lost => return Ok(()),
                length => to.write_all(&buffer[..length]).await?,
            },
            changed = deaf.changed(), if is_there => {
                is_there = changed.is_ok();
                if lost && !*deaf.borrow_and_update() {
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex};
    use tokio::sync::mpsc;

    use super::*;

    /// The server's end, the client's end, and what carries answers from the one to the other.
    fn carried(deaf: &watch::Sender<bool>) -> (DuplexStream, DuplexStream, JoinHandle<io::Result<()>>) {
        // With room for one byte, so that the second is written when the first was read.
        let (server, from) = duplex(1);
        let (to, client) = duplex(16);
        (server, client, tokio::spawn(carry_answers(from, to, deaf.subscribe())))
    }

    #[tokio::test]
    async fn who_has_lost_an_answer_is_cut_off() {
        let deaf = watch::Sender::new(true);
        let (mut server, mut client, carrying) = carried(&deaf);
        server.write_all(&[1, 2]).await.unwrap();
        deaf.send_replace(false);
        carrying.await.unwrap().unwrap();
        assert_eq!(client.read_u8().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn who_has_lost_none_goes_on() {
        let deaf = watch::Sender::new(false);
        let (mut server, mut client, _carrying) = carried(&deaf);
        for byte in 1..4 {
            server.write_u8(byte).await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), byte);
            deaf.send_replace(true);
            deaf.send_replace(false);
        }
        drop(deaf);
        server.write_u8(9).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 9);
    }

    #[tokio::test]
    async fn a_deaf_proxy_passes_requests() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::before(&listener.local_addr().unwrap().to_string()).await.unwrap();
        let (seen, mut requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            while let Ok(byte) = stream.read_u8().await {
                seen.send(byte).unwrap();
                stream.write_u8(byte + 1).await.unwrap();
            }
        });
        let mut client = TcpStream::connect(proxy.endpoint()).await.unwrap();
        client.write_u8(1).await.unwrap();
        assert_eq!((requests.recv().await, client.read_u8().await.unwrap()), (Some(1), 2));
        proxy.set_deaf(true);
        client.write_u8(3).await.unwrap();
        assert_eq!(requests.recv().await, Some(3));
    }
}
