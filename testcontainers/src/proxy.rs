//! A way to a server on which answers can be lost, or on which nothing passes for a while.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Error, Kind, Result};

/// Stands before one server. While it is deaf, requests reach the server and no answer comes back. A connection that
/// has lost an answer breaks when the proxy hears again; one that has not goes on. While it is cut, nothing passes in
/// either direction, and nobody is told; what was sent meanwhile arrives afterwards, as with a network that is back
/// before those who use it have given up.
///
/// Dropping it closes its port; connections that it carries end with their clients.
#[derive(Debug)]
pub struct Proxy {
    endpoint: String,
    way: Arc<watch::Sender<Way>>,
    accepting: JoinHandle<()>,
}

/// What passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Requests, and no answers.
    Deaf,
    /// Nothing, for now.
    Cut,
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
        let way = Arc::new(watch::Sender::new(Way::Open));
        let (server, on_the_way) = (server.to_owned(), Arc::clone(&way));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, mut way) = (server.clone(), on_the_way.subscribe());
                tokio::spawn(async move {
                    if passes(&mut way).await
                        && let Ok(server) = TcpStream::connect(&server).await
                    {
                        carry(client, server, way).await;
                    }
                });
            }
        });
        Ok(Self { endpoint, way, accepting })
    }

    /// Where clients connect: `127.0.0.1:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Loses answers from now on, or no more.
    pub fn set_deaf(&self, deaf: bool) {
        self.way.send_replace(if deaf { Way::Deaf } else { Way::Open });
    }

    /// Lets nothing pass from now on, or everything again.
    pub fn set_cut(&self, cut: bool) {
        self.way.send_replace(if cut { Way::Cut } else { Way::Open });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Waits until something passes. False if nothing ever will: the proxy is gone.
async fn passes(way: &mut watch::Receiver<Way>) -> bool {
    way.wait_for(|way| *way != Way::Cut).await.is_ok()
}

async fn carry(client: TcpStream, server: TcpStream, way: watch::Receiver<Way>) {
    let (requests, answers_to) = client.into_split();
    let (answers, requests_to) = server.into_split();
    tokio::select! {
        _ = carry_requests(requests, requests_to, way.clone()) => {}
        _ = carry_answers(answers, answers_to, way) => {}
    }
}

async fn carry_requests(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut buffer).await?;
        if !passes(&mut way).await || length == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..length]).await?;
    }
}

async fn carry_answers(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    let mut lost = false;
    // A proxy that is gone stays as it was.
    let mut is_there = true;
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => {
                let length = read?;
                if !passes(&mut way).await || length == 0 {
                    return Ok(());
                } else if *way.borrow() == Way::Deaf {
                    lost = true;
                } else if lost {
                    return Ok(());
                } else {
                    to.write_all(&buffer[..length]).await?;
                }
            },
            changed = way.changed(), if is_there => {
                is_there = changed.is_ok();
                if lost && *way.borrow_and_update() == Way::Open {
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{DuplexStream, duplex};
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;

    /// The server's end, the client's end, and what carries answers from the one to the other.
    fn carried(way: &watch::Sender<Way>) -> (DuplexStream, DuplexStream, JoinHandle<io::Result<()>>) {
        // With room for one byte, so that the second is written when the first was read.
        let (server, from) = duplex(1);
        let (to, client) = duplex(16);
        (server, client, tokio::spawn(carry_answers(from, to, way.subscribe())))
    }

    #[tokio::test]
    async fn who_has_lost_an_answer_is_cut_off() {
        let way = watch::Sender::new(Way::Deaf);
        let (mut server, mut client, carrying) = carried(&way);
        server.write_all(&[1, 2]).await.unwrap();
        way.send_replace(Way::Open);
        carrying.await.unwrap().unwrap();
        assert_eq!(client.read_u8().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn who_has_lost_none_goes_on() {
        let way = watch::Sender::new(Way::Open);
        let (mut server, mut client, _carrying) = carried(&way);
        for byte in 1..4 {
            server.write_u8(byte).await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), byte);
            way.send_replace(Way::Deaf);
            way.send_replace(Way::Open);
        }
        drop(way);
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

    #[tokio::test]
    async fn a_cut_proxy_passes_nothing_and_then_everything() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::before(&listener.local_addr().unwrap().to_string()).await.unwrap();
        let mut known = TcpStream::connect(proxy.endpoint()).await.unwrap();
        known.write_u8(1).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), 1);
        proxy.set_cut(true);
        known.write_u8(2).await.unwrap();
        server.write_u8(3).await.unwrap();
        let mut new = TcpStream::connect(proxy.endpoint()).await.unwrap();
        new.write_u8(4).await.unwrap();
        let moment = Duration::from_millis(100);
        assert!(timeout(moment, server.read_u8()).await.is_err());
        assert!(timeout(moment, known.read_u8()).await.is_err());
        assert!(timeout(moment, listener.accept()).await.is_err());
        proxy.set_cut(false);
        assert_eq!((server.read_u8().await.unwrap(), known.read_u8().await.unwrap()), (2, 3));
        let (mut server, _) = listener.accept().await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), 4);
    }
}
