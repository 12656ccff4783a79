//! What stands between the members of a local cluster, so that one can be cut off.
//!
//! Each member listens on 127.0.0.1 and is known to the others by an address of its own, at which a relay listens
//! with the same ports. What is cut off loses no connection: what it sends waits, as it would behind a dead cable.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::recipe::Ports;
use crate::{Error, Result};

/// How long it may take to learn which member has connected.
const LIMIT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(10);

/// The most that a datagram can hold.
const DATAGRAM: usize = 65_536;

/// The address by which the others know a member.
pub(super) fn address(index: usize) -> Ipv4Addr {
    let last = u8::try_from(index + 1).expect("there are three members at most");
    Ipv4Addr::new(127, 77, 0, last)
}

/// The relays of one cluster. They end with it.
#[derive(Debug)]
pub(super) struct Relays {
    way: Arc<Way>,
    /// Aborted when this goes.
    _tasks: JoinSet<()>,
}

/// Who may talk to whom.
#[derive(Debug)]
struct Way {
    /// The members that are cut off.
    cut: watch::Sender<BTreeSet<usize>>,
    /// The process of each member, by which its connections are told from the others'.
    processes: Mutex<Vec<Option<u32>>>,
}

impl Relays {
    /// Begins to listen for each member.
    pub(super) async fn start(members: &[Ports]) -> Result<Self> {
        let failed = |error| Error::failed("cannot listen between the members of a local cluster", error);
        let way = Arc::new(Way {
            cut: watch::Sender::new(BTreeSet::new()),
            processes: Mutex::new(vec![None; members.len()]),
        });
        let mut tasks = JoinSet::new();
        let mut sockets = Vec::new();
        for (index, ports) in members.iter().enumerate() {
            for port in [ports.peer, ports.gossip] {
                let listener = TcpListener::bind((address(index), port)).await.map_err(failed)?;
                tasks.spawn(accept(way.clone(), listener, index, port));
            }
            sockets.push(UdpSocket::bind((address(index), ports.gossip)).await.map_err(failed)?);
        }
        let sockets = Arc::new(sockets);
        let ports: Arc<[u16]> = members.iter().map(|ports| ports.gossip).collect();
        for index in 0..members.len() {
            tasks.spawn(datagrams(way.clone(), sockets.clone(), ports.clone(), index));
        }
        Ok(Self { way, _tasks: tasks })
    }

    /// Says which process a member now is.
    pub(super) fn set_process(&self, member: usize, process: u32) {
        self.way.processes.lock().unwrap_or_else(PoisonError::into_inner)[member] = Some(process);
    }

    /// Cuts a member off from the others.
    pub(super) fn isolate(&self, member: usize) {
        self.way.cut.send_modify(|cut| {
            cut.insert(member);
        });
    }

    /// Lets a member and the others reach each other again.
    pub(super) fn heal(&self, member: usize) {
        self.way.cut.send_modify(|cut| {
            cut.remove(&member);
        });
    }
}

impl Way {
    /// Waits until one member may reach another.
    async fn open(&self, from: usize, to: usize) {
        let mut cut = self.cut.subscribe();
        // The sender is here, so it cannot be gone.
        let _ = cut.wait_for(|cut| is_open(cut, from, to)).await;
    }

    /// The member whose process has the other end, which is at `end`, of a connection to this end of it.
    async fn member_at(&self, end: SocketAddr, here: SocketAddr) -> Option<usize> {
        let deadline = Instant::now() + LIMIT;
        // A process may connect before it is known here, which is soon.
        while Instant::now() < deadline {
            let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(socket) = socket_between(end, here) {
                let owns = |process: &Option<u32>| process.is_some_and(|process| owns(process, &socket));
                if let Some(member) = processes.iter().position(owns) {
                    return Some(member);
                }
            }
            sleep(POLL).await;
        }
        None
    }
}

fn is_open(cut: &BTreeSet<usize>, from: usize, to: usize) -> bool {
    from == to || !cut.contains(&from) && !cut.contains(&to)
}

async fn accept(way: Arc<Way>, listener: TcpListener, to: usize, port: u16) {
    // Aborted when the listener's cluster goes.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((inside, end)) => {
                connections.spawn(connection(way.clone(), inside, end, to, port));
            }
            // Too many open files, or a connection that was given up: the next may do better.
            Err(_) => sleep(POLL).await,
        }
    }
}

async fn connection(way: Arc<Way>, inside: TcpStream, end: SocketAddr, to: usize, port: u16) {
    let Some(from) = way.member_at(end, (address(to), port).into()).await else { return };
    way.open(from, to).await;
    let Ok(outside) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
    // Members wait for each other's small messages.
    let _ = inside.set_nodelay(true).and_then(|()| outside.set_nodelay(true));
    let (inside_read, inside_write) = inside.into_split();
    let (outside_read, outside_write) = outside.into_split();
    // An end that closes or fails ends both ways; the sockets close when this returns.
    let _ = tokio::try_join!(
        pump(&way, inside_read, outside_write, from, to),
        pump(&way, outside_read, inside_write, to, from),
    );
    // The other end must not learn of it through the cut.
    way.open(from, to).await;
}

async fn pump(
    way: &Way,
    mut read: impl AsyncRead + Unpin,
    mut write: impl AsyncWrite + Unpin,
    from: usize,
    to: usize,
) -> io::Result<()> {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let length = read.read(&mut buffer).await?;
        way.open(from, to).await;
        if length == 0 {
            return write.shutdown().await;
        }
        write.write_all(&buffer[..length]).await?;
    }
}

/// Sends on what comes to one member, from the address by which the receiver knows the sender.
async fn datagrams(way: Arc<Way>, sockets: Arc<Vec<UdpSocket>>, ports: Arc<[u16]>, to: usize) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let Ok((length, end)) = sockets[to].recv_from(&mut buffer).await else {
            sleep(POLL).await;
            continue;
        };
        // A member sends from the port at which it listens.
        let Some(from) = ports.iter().position(|port| *port == end.port()) else { continue };
        let open = is_open(&way.cut.borrow(), from, to);
        if open {
            // Datagrams may be lost.
            let _ = sockets[from].send_to(&buffer[..length], (Ipv4Addr::LOCALHOST, ports[to])).await;
        }
    }
}

/// The kernel's number of the socket that is bound to `local` and connected to `remote`: many connections may leave from
/// one port, to different ends.
fn socket_between(local: SocketAddr, remote: SocketAddr) -> Option<String> {
    // A Java machine's sockets are of the newer family, also where they speak the older protocol.
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
    let (local, remote) = (in_table(local)?, in_table(remote)?);
    tables.iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        let line = table.lines().find(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let mut is_next = |end: &str| fields.next().is_some_and(|field| field.ends_with(end));
            is_next(&local) && is_next(&remote)
        });
        line?.split_whitespace().nth(9).map(str::to_owned)
    })
}

/// An end of a connection as the kernel's tables have it: the address as a number in the machine's order of bytes.
fn in_table(end: SocketAddr) -> Option<String> {
    let SocketAddr::V4(end) = end else { return None };
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(end.ip().octets()), end.port()))
}

/// Whether a process has that socket.
fn owns(process: u32, socket: &str) -> bool {
    let wanted = format!("socket:[{socket}]");
    let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    files
        .into_iter()
        .any(|file| fs::read_link(file.path()).is_ok_and(|link| link.to_string_lossy() == wanted))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use tokio::net::TcpSocket;
    use tokio::time::timeout;

    use super::*;
    use crate::ports;

    /// Relays for two members of which this process is the first, the port of the second, and what keeps the ports.
    async fn relays() -> (Relays, u16, Vec<ports::Port>) {
        let locks = tempfile::tempdir().unwrap();
        let held = ports::take(4, locks.path()).unwrap();
        let ports = |at: usize| Ports {
            client: 0,
            secure: 0,
            admin: 0,
            peer: held[at].number(),
            gossip: held[at + 1].number(),
        };
        let relays = Relays::start(&[ports(0), ports(2)]).await.unwrap();
        relays.set_process(0, std::process::id());
        (relays, held[2].number(), held)
    }

    async fn hear(stream: &mut TcpStream) -> String {
        let mut buffer = [0; 16];
        let length = stream.read(&mut buffer).await.unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[tokio::test]
    async fn what_is_cut_off_waits_and_is_not_lost() {
        let (relays, port, _held) = relays().await;
        let member = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let mut from = TcpStream::connect((address(1), port)).await.unwrap();
        let (mut to, _) = member.accept().await.unwrap();
        from.write_all(b"one").await.unwrap();
        assert_eq!(hear(&mut to).await, "one");

        relays.isolate(1);
        from.write_all(b"two").await.unwrap();
        to.write_all(b"three").await.unwrap();
        let quiet = Duration::from_millis(200);
        assert!(timeout(quiet, hear(&mut to)).await.is_err());
        assert!(timeout(quiet, hear(&mut from)).await.is_err());
        let _late = TcpStream::connect((address(1), port)).await.unwrap();
        assert!(timeout(quiet, member.accept()).await.is_err());

        relays.heal(1);
        assert_eq!(hear(&mut to).await, "two");
        assert_eq!(hear(&mut from).await, "three");
        member.accept().await.unwrap();
    }

    #[tokio::test]
    async fn a_member_reaches_itself_even_when_cut_off() {
        let (relays, port, _held) = relays().await;
        relays.set_process(1, std::process::id());
        relays.way.processes.lock().unwrap()[0] = None;
        relays.isolate(1);
        let member = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let _from = TcpStream::connect((address(1), port)).await.unwrap();
        member.accept().await.unwrap();
    }

    #[tokio::test]
    async fn connections_that_leave_from_one_port_are_told_apart() {
        let listener = |member| TcpListener::bind((address(member), 0));
        let listeners = [listener(0).await.unwrap(), listener(1).await.unwrap()];
        let mut from: Vec<TcpStream> = Vec::new();
        for listener in &listeners {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            let port = from.first().map_or(0, |first| first.local_addr().unwrap().port());
            socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
            from.push(socket.connect(listener.local_addr().unwrap()).await.unwrap());
        }
        for (from, listener) in from.iter().zip(&listeners) {
            let (_inside, end) = listener.accept().await.unwrap();
            let found = socket_between(end, listener.local_addr().unwrap());
            let link = fs::read_link(format!("/proc/self/fd/{}", from.as_raw_fd())).unwrap();
            assert_eq!(found.map(|found| format!("socket:[{found}]")), Some(link.display().to_string()));
        }
    }

    #[test]
    fn either_side_of_a_cut_is_enough() {
        let cut = [1].into();
        assert!(is_open(&cut, 0, 2) && is_open(&cut, 1, 1));
        assert!(!is_open(&cut, 0, 1) && !is_open(&cut, 1, 2));
    }
}
