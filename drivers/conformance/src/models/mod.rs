//! Drivers that are right, in the shapes of real ones, on a kernel that is made up.
//!
//! | Model | Its shape |
//! |---|---|
//! | [`Bridge`] | an interface that one network has alone, or several share; ports that are claimed and listened on, with the endpoint or while it is its sandbox's way out; a sandbox key that comes later |
//! | [`Macvlan`] | a parent interface that networks share, made by the first and deleted by the last, unless it was there before |
//! | [`Overlay`] | networks of global scope with a number; tables; made on hosts that did not create them; local records |
//! | [`Remote`] | is called: answers late, fails after having done it, vanishes |
//! | [`RemoteIpam`] | an IPAM driver that is called, with an allocator outside that keeps what it gave |
//!
//! They are there to judge the suite, and to be read by those who write a driver.

mod bridge;
mod fake_allocator;
mod fake_kernel;
mod fake_plugin;
mod hold;
mod interfaces;
mod macvlan;
mod made;
mod model_host;
mod overlay;
mod ports;
mod recovery;
mod remote;
mod remote_ipam;
mod things;

pub(crate) use hold::alias;

pub use bridge::Bridge;
pub use fake_allocator::FakeAllocator;
pub use fake_kernel::{FakeKernel, KernelError, Peer};
pub use fake_plugin::{FakePlugin, PluginError};
pub use macvlan::Macvlan;
pub use model_host::ModelHost;
pub use overlay::Overlay;
pub use remote::Remote;
pub use remote_ipam::{RemoteIpam, RemoteIpamHost};

/// What the models write on their interfaces and listeners, so that they know them from those of strangers.
pub(crate) const MARK: &str = "netkeep";
