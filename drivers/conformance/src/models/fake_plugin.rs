//! A plugin that is made up.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use netkeep_drivers::{Error, ErrorKind};
use netkeep_model::{Claim, MacAddress, NetworkId, Object};

use super::things::{NotMade, Thing, Things};
use crate::{Change, Fault, Faults, Place, TestHost};

/// A network driver in another process, as one sees it over a socket. It keeps what it was told to make, over
/// restarts of those who told it; clones are the same plugin.
///
/// Every call is two steps of its [`Faults`]: before it, and after it was done. [`Fault::Late`] before it means
/// that no answer comes, and that the plugin does it all the same, before it does anything else.
#[derive(Clone, Debug, Default)]
pub struct FakePlugin {
    things: Things,
    faults: Faults,
    late: Arc<Mutex<Vec<Request>>>,
}

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginError {
    /// The plugin says no; nothing was done.
    Refused(String),
    /// No answer came: it may have been done, or be done yet.
    NoAnswer,
}

#[derive(Clone, Debug)]
enum Request {
    Create { name: String, on: Vec<String> },
    Delete { name: String },
}

impl FakePlugin {
    /// A plugin that has made nothing; host numbers mean nothing to it.
    pub fn new(_host: u32) -> Self {
        Self::default()
    }

    /// Whether the plugin has made this object.
    pub fn has(&self, what: &Object) -> bool {
        self.do_late();
        self.things.get(&name(what)).is_some()
    }

    /// Tells the plugin to make an object. Telling it twice is refused, as real plugins do.
    ///
    /// Cancellation: it may have been made.
    ///
    /// # Errors
    ///
    /// [`PluginError`].
    pub async fn create(&self, what: &Object) -> Result<(), PluginError> {
        let on = match what {
            Object::Network(_) => Vec::new(),
            Object::Endpoint(network, _) => vec![name(&Object::Network(*network))],
            Object::Join(network, endpoint, _) => vec![name(&Object::Endpoint(*network, *endpoint))],
        };
        self.call(Request::Create { name: name(what), on }).await
    }

    /// Tells the plugin to delete an object; it need not be there.
    ///
    /// Cancellation: it may have been deleted.
    ///
    /// # Errors
    ///
    /// [`PluginError::NoAnswer`].
    pub async fn delete(&self, what: &Object) -> Result<(), PluginError> {
        self.call(Request::Delete { name: name(what) }).await
    }

    /// The hardware address that the plugin gives to an interface with this address.
    pub fn mac(&self, ip: Ipv4Addr) -> MacAddress {
        let [a, b, c, d] = ip.octets();
        MacAddress::locally_administered([0x02, 0x50, a, b, c, d])
    }

    async fn call(&self, request: Request) -> Result<(), PluginError> {
        self.do_late();
        match self.faults.reach(Place::Host, format!("before {request}")).await {
            Ok(()) => {}
            Err(Fault::Late) => {
                self.late.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                return Err(PluginError::NoAnswer);
            }
            Err(_) => return Err(PluginError::NoAnswer),
        }
        let done = self.act(request.clone());
        match self.faults.reach(Place::Host, format!("after {request}")).await {
            Ok(()) => done,
            Err(_) => Err(PluginError::NoAnswer),
        }
    }

    fn act(&self, request: Request) -> Result<(), PluginError> {
        match request {
            Request::Create { name, on } => {
                let made = self.things.make(name.clone(), Thing { mark: String::new(), on });
                made.map_err(|why| match why {
                    NotMade::Exists => PluginError::Refused(format!("there is {name} already")),
                    NotMade::NotFound => PluginError::Refused(format!("{name} has nothing to be on")),
                })
            }
            Request::Delete { name } => {
                self.things.remove(&name);
                Ok(())
            }
        }
    }

    fn do_late(&self) {
        let late = std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner));
        for request in late {
            // Nobody hears what comes of it.
            let _ = self.act(request);
        }
    }
}

impl TestHost for FakePlugin {
    fn present(&self) -> BTreeSet<String> {
        self.do_late();
        self.things.present()
    }

    fn changes(&self, since: usize) -> Vec<Change> {
        self.do_late();
        self.things.changes(since)
    }

    fn changed(&self) -> usize {
        self.do_late();
        self.things.changed()
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn lose(&self, thing: &str) {
        self.things.remove(thing);
    }

    fn occupy(&self, _claim: &Claim) -> bool {
        false
    }

    fn foreign(&self) -> BTreeSet<String> {
        let name = name(&Object::Network(NetworkId::generate()));
        let made = self.things.make(name.clone(), Thing { mark: String::new(), on: Vec::new() });
        made.is_ok().then_some(name).into_iter().collect()
    }
}

fn name(what: &Object) -> String {
    match what {
        Object::Network(network) => format!("network {}", network.short()),
        Object::Endpoint(_, endpoint) => format!("endpoint {}", endpoint.short()),
        Object::Join(_, endpoint, sandbox) => format!("join of {} to {}", endpoint.short(), sandbox.short()),
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name, .. } => write!(f, "the making of {name}"),
            Self::Delete { name } => write!(f, "the deletion of {name}"),
        }
    }
}

impl From<PluginError> for Error {
    fn from(error: PluginError) -> Self {
        let kind = match error {
            PluginError::Refused(_) => ErrorKind::Forbidden,
            PluginError::NoAnswer => ErrorKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the plugin refuses: {why}"),
            Self::NoAnswer => f.write_str("the plugin has not answered; it may do it all the same"),
        }
    }
}

impl std::error::Error for PluginError {}
