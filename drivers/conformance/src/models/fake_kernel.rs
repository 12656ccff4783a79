//! A kernel that is made up.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ipnet::IpNet;
use netkeep_drivers::{Error, ErrorKind};
use netkeep_model::{Claim, LinkName, MacAddress, Protocol};

use super::things::{NotMade, Thing, Things};
use crate::claims::meet;
use crate::{Change, Faults, Place, TestHost};

/// Who strangers say that they are.
const STRANGER: &str = "a stranger";

/// The network side of a kernel, as far as the model drivers use it: interfaces, addresses, listeners,
/// neighbours. It outlives the drivers that use it; clones are the same kernel.
///
/// Every change is a step of its [`Faults`], before and after it. Setting what is set and deleting what is not
/// there changes nothing, and is no error.
#[derive(Clone, Debug)]
pub struct FakeKernel {
    address: IpAddr,
    things: Things,
    faults: Faults,
    calls: Arc<AtomicUsize>,
}

/// Why the kernel did not do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelError {
    /// Something of this name is there, or something in its place; it was not made.
    Exists,
    /// What it needs is not there; it was not made.
    NotFound,
    /// No answer came: it may have been done.
    NoAnswer,
}

impl FakeKernel {
    /// The kernel of the host of this number, on which there is nothing.
    pub fn new(host: u32) -> Self {
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a63_0001_u32.wrapping_add(host)));
        Self { address, things: Things::default(), faults: Faults::new(), calls: Arc::default() }
    }

    /// Where other hosts reach this one.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many changes it was asked for, whatever came of them.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Who says that an interface is theirs; `None` if there is none of this name.
    pub fn link(&self, name: &LinkName) -> Option<String> {
        self.things.get(&link(name)).map(|thing| thing.mark)
    }

    /// Makes an interface, which goes with the one that it stands on, if any.
    ///
    /// Cancellation: it may have been made.
    ///
    /// # Errors
    ///
    /// [`KernelError`]; no two interfaces have the same name.
    pub async fn add_link(
        &self,
        name: &LinkName,
        mark: &str,
        on: Option<&LinkName>,
    ) -> Result<(), KernelError> {
        let on = on.map(link).into_iter().collect();
        self.make(link(name), Thing { mark: mark.to_owned(), on }).await
    }

    /// Deletes an interface.
    ///
    /// Cancellation: it may have been deleted.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoAnswer`].
    pub async fn delete_link(&self, name: &LinkName) -> Result<(), KernelError> {
        self.delete(link(name)).await
    }

    /// Gives an interface a further name, of which it can have many.
    ///
    /// Cancellation: it may have it.
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub async fn add_alias(&self, name: &LinkName, alias: &str) -> Result<(), KernelError> {
        self.set(format!("alias {alias} of {name}"), &[link(name)]).await
    }

    /// Takes a further name from an interface.
    ///
    /// Cancellation: it may not have it any more.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoAnswer`].
    pub async fn delete_alias(&self, name: &LinkName, alias: &str) -> Result<(), KernelError> {
        self.delete(format!("alias {alias} of {name}")).await
    }

    /// Whether an interface has further names.
    pub fn has_alias(&self, name: &LinkName) -> bool {
        let end = format!(" of {name}");
        !self.things.find(|thing, _| thing.starts_with("alias ") && thing.ends_with(&end)).is_empty()
    }

    /// The interface with this further name.
    pub fn link_with(&self, alias: &str) -> Option<LinkName> {
        let begin = format!("alias {alias} of ");
        let found = self.things.find(|thing, _| thing.starts_with(&begin));
        found.iter().find_map(|(thing, _)| LinkName::new(thing.strip_prefix(&begin)?).ok())
    }

    /// Makes an interface a port of a bridge.
    ///
    /// Cancellation: it may be one.
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub async fn enslave(&self, name: &LinkName, bridge: &LinkName) -> Result<(), KernelError> {
        self.set(format!("port {name} of {bridge}"), &[link(name), link(bridge)]).await
    }

    /// Gives an interface an address.
    ///
    /// Cancellation: it may have it.
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub async fn add_address(&self, name: &LinkName, address: IpNet) -> Result<(), KernelError> {
        self.set(format!("address {address} on {name}"), &[link(name)]).await
    }

    /// Takes an address from an interface.
    ///
    /// Cancellation: it may not have it any more.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoAnswer`].
    pub async fn delete_address(&self, name: &LinkName, address: IpNet) -> Result<(), KernelError> {
        self.delete(format!("address {address} on {name}")).await
    }

    /// Moves an interface into the network namespace at `key`.
    ///
    /// Cancellation: it may be there.
    ///
    /// # Errors
    ///
    /// [`KernelError`]; it is elsewhere already.
    pub async fn move_link(&self, name: &LinkName, key: &str) -> Result<(), KernelError> {
        let place = format!("place of {name}: {key}");
        let elsewhere = format!("place of {name}: ");
        let found = self.things.find(|thing, _| thing.starts_with(&elsewhere) && thing != place);
        if !found.is_empty() {
            return Err(KernelError::Exists);
        }
        self.set(place, &[link(name)]).await
    }

    /// Brings an interface back from wherever it is.
    ///
    /// Cancellation: it may be back.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoAnswer`].
    pub async fn bring_back(&self, name: &LinkName) -> Result<(), KernelError> {
        let place = format!("place of {name}: ");
        match self.things.find(|thing, _| thing.starts_with(&place)).into_iter().next() {
            Some((place, _)) => self.delete(place).await,
            None => Ok(()),
        }
    }

    /// Listens on a port.
    ///
    /// Cancellation: it may listen.
    ///
    /// # Errors
    ///
    /// [`KernelError`]; someone listens there, on this address or on all.
    pub async fn listen(
        &self,
        protocol: Protocol,
        ip: IpAddr,
        port: u16,
        mark: &str,
    ) -> Result<(), KernelError> {
        let name = listener(protocol, ip, port);
        let wanted = Claim::Ports { protocol, ip, from: port, to: port };
        let colliding = |thing: &str| claim_of(thing).is_some_and(|held| meet(&held, &wanted));
        if !self.things.find(|thing, _| thing != name && colliding(thing)).is_empty() {
            return Err(KernelError::Exists);
        }
        self.make(name, Thing { mark: mark.to_owned(), on: Vec::new() }).await
    }

    /// Who listens on just this address and port.
    pub fn listener(&self, protocol: Protocol, ip: IpAddr, port: u16) -> Option<String> {
        self.things.get(&listener(protocol, ip, port)).map(|thing| thing.mark)
    }

    /// Stops listening on a port.
    ///
    /// Cancellation: it may have stopped.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoAnswer`].
    pub async fn close(&self, protocol: Protocol, ip: IpAddr, port: u16) -> Result<(), KernelError> {
        self.delete(listener(protocol, ip, port)).await
    }

    /// Says behind which host a neighbour is.
    ///
    /// Cancellation: it may be known.
    ///
    /// # Errors
    ///
    /// [`KernelError`].
    pub async fn add_peer(&self, name: &LinkName, peer: &Peer) -> Result<(), KernelError> {
        self.set(format!("{}{peer}", peers(name)), &[link(name)]).await
    }

    /// Forgets a neighbour.
    ///
    /// Cancellation: it may be forgotten.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoAnswer`].
    pub async fn delete_peer(&self, name: &LinkName, peer: &str) -> Result<(), KernelError> {
        self.delete(format!("{}{peer}", peers(name))).await
    }

    /// The neighbours that are known on an interface, as they are written.
    pub fn peers(&self, name: &LinkName) -> Vec<String> {
        let prefix = peers(name);
        let found = self.things.find(|thing, _| thing.starts_with(&prefix));
        found.iter().filter_map(|(thing, _)| thing.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    /// Sets something that belongs to what it stands on.
    async fn set(&self, name: String, on: &[String]) -> Result<(), KernelError> {
        if self.things.get(&name).is_some() {
            return Ok(());
        }
        self.make(name, Thing { mark: String::new(), on: on.to_vec() }).await
    }

    async fn make(&self, name: String, thing: Thing) -> Result<(), KernelError> {
        let what = format!("making of {name}");
        self.call(&what, || self.things.make(name, thing).map_err(KernelError::from)).await
    }

    async fn delete(&self, name: String) -> Result<(), KernelError> {
        let what = format!("deletion of {name}");
        self.call(&what, || {
            self.things.remove(&name);
            Ok(())
        })
        .await
    }

    async fn call(
        &self,
        what: &str,
        act: impl FnOnce() -> Result<(), KernelError>,
    ) -> Result<(), KernelError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let no_answer = |_| KernelError::NoAnswer;
        self.faults.reach(Place::Host, format!("before the {what}")).await.map_err(no_answer)?;
        let done = act();
        self.faults.reach(Place::Host, format!("after the {what}")).await.map_err(no_answer)?;
        done
    }
}

impl TestHost for FakeKernel {
    fn present(&self) -> BTreeSet<String> {
        self.things.present()
    }

    fn changes(&self, since: usize) -> Vec<Change> {
        self.things.changes(since)
    }

    fn changed(&self) -> usize {
        self.things.changed()
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn lose(&self, thing: &str) {
        self.things.remove(thing);
    }

    fn occupy(&self, claim: &Claim) -> bool {
        let strange = || Thing { mark: STRANGER.to_owned(), on: Vec::new() };
        match claim {
            Claim::Link { name, .. } => self.things.make(link(name), strange()).is_ok(),
            Claim::Ports { protocol, ip, from, .. } => {
                self.things.make(listener(*protocol, *ip, *from), strange()).is_ok()
            }
            Claim::Number { .. } | Claim::Pool { .. } | Claim::Address { .. } => false,
        }
    }

    fn foreign(&self) -> BTreeSet<String> {
        let names = ["br-a00000000000", "vea0000000000", "mva0000000000", "vxa0000000000", "nk0"];
        let links = names.map(|name| format!("link {name}"));
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let listeners = [listener(Protocol::Tcp, any, 7), listener(Protocol::Udp, any, 32_768)];
        let strange = || Thing { mark: STRANGER.to_owned(), on: Vec::new() };
        let all = links.into_iter().chain(listeners);
        all.filter(|name| self.things.make(name.clone(), strange()).is_ok()).collect()
    }
}

/// A neighbour on a network that spans hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its hardware address.
    pub mac: MacAddress,
    /// Its address.
    pub ip: IpAddr,
    /// The host that it is behind.
    pub behind: IpAddr,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} behind {}", self.ip, self.mac, self.behind)
    }
}

impl From<NotMade> for KernelError {
    fn from(why: NotMade) -> Self {
        match why {
            NotMade::Exists => Self::Exists,
            NotMade::NotFound => Self::NotFound,
        }
    }
}

impl From<KernelError> for Error {
    fn from(error: KernelError) -> Self {
        let kind = match error {
            KernelError::Exists => ErrorKind::InUse,
            KernelError::NotFound => ErrorKind::NotFound,
            KernelError::NoAnswer => ErrorKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exists => "the kernel has such a thing already",
            Self::NotFound => "the kernel has no such thing",
            Self::NoAnswer => "the kernel has not answered; it may have been done",
        })
    }
}

impl std::error::Error for KernelError {}

fn link(name: &LinkName) -> String {
    format!("link {name}")
}

fn peers(name: &LinkName) -> String {
    format!("neighbour on {name}: ")
}

fn listener(protocol: Protocol, ip: IpAddr, port: u16) -> String {
    format!("listener {protocol} {ip} {port}")
}

/// What a listener keeps others from.
fn claim_of(thing: &str) -> Option<Claim> {
    let mut parts = thing.strip_prefix("listener ")?.split(' ');
    let protocol = parts.next()?.parse().ok()?;
    let ip = parts.next()?.parse().ok()?;
    let port = parts.next()?.parse().ok()?;
    Some(Claim::Ports { protocol, ip, from: port, to: port })
}
