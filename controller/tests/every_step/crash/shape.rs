//! The drivers whose operations are crashed.

use std::sync::Arc;

use netkeep_drivers::NetworkDriver;
use netkeep_drivers_conformance::models::{Bridge, FakeKernel, FakePlugin, Macvlan, Overlay, Remote};
use netkeep_drivers_conformance::{NoHost, Sample, TestHost};

/// The shape of the driver under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The built-in driver that makes nothing.
    Manual,
    /// The same on networks of global scope.
    Shared,
    /// A bridge for each network.
    Bridge,
    /// One bridge for all networks, with ports that are listened on.
    SharedBridge,
    /// A parent that networks share.
    Macvlan,
    /// A plugin that has to be called.
    Remote,
    /// A network over all hosts, with a device on each, numbers and table entries.
    Overlay,
}

/// What outlives a crash on the host's side, and what makes the driver on it.
pub(crate) struct HostSide {
    pub(crate) host: Box<dyn TestHost>,
    pub(crate) driver: Option<Box<dyn Fn() -> Arc<dyn NetworkDriver> + Send + Sync>>,
}

impl Shape {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Manual,
        Self::Shared,
        Self::Bridge,
        Self::SharedBridge,
        Self::Macvlan,
        Self::Remote,
        Self::Overlay,
    ];

    /// The host with this number.
    pub(crate) fn host(self, number: u32) -> HostSide {
        let kernel = FakeKernel::new(number);
        let plugin = FakePlugin::new(number);
        match self {
            Self::Manual | Self::Shared => HostSide { host: Box::new(NoHost::new()), driver: None },
            Self::Bridge | Self::SharedBridge => HostSide {
                host: Box::new(kernel.clone()),
                driver: Some(Box::new(move || Arc::new(Bridge::new(kernel.clone())))),
            },
            Self::Macvlan => HostSide {
                host: Box::new(kernel.clone()),
                driver: Some(Box::new(move || Arc::new(Macvlan::new(kernel.clone())))),
            },
            Self::Overlay => HostSide {
                host: Box::new(kernel.clone()),
                driver: Some(Box::new(move || Arc::new(Overlay::new(kernel.clone())))),
            },
            Self::Remote => HostSide {
                host: Box::new(plugin.clone()),
                driver: Some(Box::new(move || Arc::new(Remote::new(plugin.clone())))),
            },
        }
    }

    /// What its driver is asked for.
    pub(crate) fn sample(self) -> Sample {
        match self {
            Self::Manual => Sample { ports: true, ..Sample::default() },
            Self::Shared => Sample::default(),
            Self::Bridge => Bridge::sample(),
            Self::SharedBridge => Bridge::shared_sample(),
            Self::Macvlan => Macvlan::sample(),
            Self::Remote => Remote::sample(),
            Self::Overlay => Overlay::sample(),
        }
    }

    /// True if its networks are of global scope.
    pub(crate) const fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::Overlay)
    }

    /// The kind of its driver.
    pub(crate) const fn driver(self) -> &'static str {
        match self {
            Self::Manual | Self::Shared => "manual",
            Self::Bridge | Self::SharedBridge => "model-bridge",
            Self::Macvlan => "model-macvlan",
            Self::Remote => "model-remote",
            Self::Overlay => "model-overlay",
        }
    }
}
