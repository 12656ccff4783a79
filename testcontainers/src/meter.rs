//! A way to a server on which requests are counted.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::requests::Requests;
use crate::{Error, Family, Kind, Result};

/// Stands before one server and counts what its clients ask. It passes on everything as it is; while there is no
/// server, it hangs up on whoever calls.
///
/// A request is a message of gRPC (etcd), a request of HTTP (Consul) or a packet that is no ping (ZooKeeper).
///
/// Dropping it closes its port; connections that it carries end with their clients.
#[derive(Debug)]
pub struct Meter {
    endpoint: String,
    /// When each request came, in order.
    asked: Arc<Mutex<Vec<Instant>>>,
    accepting: JoinHandle<()>,
}

impl Meter {
    /// Listens on a port of its own on 127.0.0.1, for connections to `server` (`host:port`), which is of this family and
    /// speaks without TLS. It belongs to the runtime that runs this call and ends with it.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Kind::Failed`] if there is no port to listen on.
    pub async fn before(family: Family, server: &str) -> Result<Self> {
        let failed =
            |error: io::Error| Error::new(Kind::Failed, format!("no meter before {server}: {error}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let endpoint = listener.local_addr().map_err(failed)?.to_string();
        let asked = Arc::<Mutex<Vec<Instant>>>::default();
        let (server, counted) = (server.to_owned(), Arc::clone(&asked));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), Requests::of(family), Arc::clone(&counted)));
            }
        });
        Ok(Self { endpoint, asked, accepting })
    }

    /// Where clients connect: `127.0.0.1:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How many requests came from `since` on.
    pub fn asked(&self, since: Instant) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.len() - asked.partition_point(|at| *at < since)
    }

    /// The most requests that came within any time of this length from `since` on.
    pub fn most(&self, since: Instant, within: Duration) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        most(&asked[asked.partition_point(|at| *at < since)..], within)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The most of these, which are in order, that lie within any time of this length.
fn most(asked: &[Instant], within: Duration) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in asked.iter().enumerate() {
        while asked[first] + within <= *at {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

async fn carry(client: TcpStream, server: String, requests: Requests, asked: Arc<Mutex<Vec<Instant>>>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    tokio::select! {
        _ = carry_requests(from_client, to_server, requests, asked) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

async fn carry_requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut requests: Requests,
    asked: Arc<Mutex<Vec<Instant>>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 14];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let count = requests.read(&buffer[..length]);
        {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            // Under the lock, so that they are in order.
            let now = Instant::now();
            asked.extend(std::iter::repeat_n(now, count));
        }
        to.write_all(&buffer[..length]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_within_a_time_is_found_wherever_it_lies() {
        let begun = Instant::now();
        let at = |milliseconds: &[u64]| -> Vec<Instant> {
            milliseconds.iter().map(|ms| begun + Duration::from_millis(*ms)).collect()
        };
        let second = Duration::from_secs(1);
        assert_eq!(most(&[], second), 0);
        assert_eq!(most(&at(&[0, 1_000, 2_000]), second), 1);
        assert_eq!(most(&at(&[0, 900, 1_100, 1_899, 1_900, 5_000]), second), 3);
    }

    #[tokio::test]
    async fn what_passes_is_counted_and_stays_as_it_is() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let meter =
            Meter::before(Family::ZooKeeper, &listener.local_addr().unwrap().to_string()).await.unwrap();
        let mut client = TcpStream::connect(meter.endpoint()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let begun = Instant::now();
        let sent = [0, 0, 0, 5, 0, 0, 0, 1, 9, 0, 0, 0, 4, 0, 0, 0, 2];
        client.write_all(&sent).await.unwrap();
        let mut passed = [0; 17];
        server.read_exact(&mut passed).await.unwrap();
        assert_eq!(passed, sent);
        server.write_all(&[9]).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 9);
        assert_eq!((meter.asked(begun), meter.most(begun, Duration::from_secs(60))), (2, 2));
        assert_eq!(meter.asked(Instant::now()), 0);
    }
}
