//! What a judged network driver must offer.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use netkeep_drivers::NetworkDriver;
use netkeep_model::{Claim, Options};

use crate::Faults;

/// One host with the judged driver, and nothing on it yet.
///
/// Each case gets a harness of its own, and makes further ones with [`fresh`](DriverHarness::fresh).
#[async_trait]
pub trait DriverHarness: Send + Sync {
    /// The host: what the driver makes things of.
    fn host(&self) -> &dyn TestHost;

    /// A new instance of the driver on this host, as after a restart of the process: nothing that an earlier
    /// instance had in memory is known to it. Earlier instances are not used any more.
    ///
    /// Cancel safe.
    async fn restart(&self) -> Arc<dyn NetworkDriver>;

    /// Another host like this one, with nothing on it.
    ///
    /// Cancel safe.
    async fn fresh(&self) -> Arc<dyn DriverHarness>;

    /// What the driver is asked for.
    fn sample(&self) -> Sample;
}

/// What the suite asks a driver for. Networks and endpoints are counted from 0; all samples can stand side by
/// side, as far as the driver can have several networks.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// What the names of the driver's own options begin with; empty if it has none and passes everything.
    pub namespace: &'static str,
    /// The options of a network.
    pub network: fn(usize) -> Options,
    /// The options of an endpoint.
    pub endpoint: fn(usize) -> Options,
    /// What a sandbox tells the driver.
    pub join: fn(usize) -> Options,
    /// Whether the driver publishes ports; a driver that does not has to refuse them.
    pub ports: bool,
    /// Whether the networks of the samples have IPv6 pools beside those of IPv4.
    pub ipv6: bool,
    /// The options of a network that the driver does not let go, if there is such a thing.
    pub kept: Option<fn() -> Options>,
}

impl Default for Sample {
    fn default() -> Self {
        let none: fn(usize) -> Options = |_| Options::new();
        Self {
            namespace: "",
            network: none,
            endpoint: none,
            join: none,
            ports: false,
            ipv6: false,
            kept: None,
        }
    }
}

/// A host, as the suite sees and disturbs it.
///
/// A *thing* is whatever the driver can make there: an interface, an address, a listener. Things have names: the
/// same objects are shown by the same names on every host and in every run, so what a driver chooses at random
/// stays out of the name.
pub trait TestHost: Send + Sync {
    /// The names of all things that are there now, whoever made them.
    fn present(&self) -> BTreeSet<String>;

    /// How that came about: the changes since the host was made, oldest first, but for the first `since`.
    fn changes(&self, since: usize) -> Vec<Change>;

    /// How many changes there were since the host was made.
    fn changed(&self) -> usize;

    /// The steps of this host. It reaches one before and one after each change that the driver makes, at
    /// [`Place::Host`](crate::Place::Host); a host that cannot reach any is judged by the steps of commits and
    /// notes alone.
    fn faults(&self) -> &Faults;

    /// Takes something away behind the driver's back, with all that hangs on it. All things in turn are a
    /// reboot.
    fn lose(&self, thing: &str);

    /// Lets a stranger have what this claim is about: listen on the port, make an interface of the name. False
    /// if the driver makes nothing of such claims on the host.
    fn occupy(&self, claim: &Claim) -> bool;

    /// Lets a stranger make things that look like the driver's, and answers their names; none if the driver
    /// makes nothing.
    fn foreign(&self) -> BTreeSet<String>;
}

/// A change of what is there on a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Something has come.
    Appeared(String),
    /// Something has gone.
    Vanished(String),
}

/// The host of a driver that makes nothing.
#[derive(Clone, Debug, Default)]
pub struct NoHost {
    faults: Faults,
}

impl NoHost {
    /// A host on which nothing ever is.
    pub fn new() -> Self {
        Self::default()
    }
}

impl TestHost for NoHost {
    fn present(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn changes(&self, _since: usize) -> Vec<Change> {
        Vec::new()
    }

    fn changed(&self) -> usize {
        0
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn lose(&self, _thing: &str) {}

    fn occupy(&self, _claim: &Claim) -> bool {
        false
    }

    fn foreign(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
}
