//! Which drivers there are, and what each of them gets.
//!
//! A [`DriverRegistry`] receives the two datastores when it is made. Every driver that is registered gets a
//! [`DriverContext`] with handles of its own: they show its own keys only, cannot close the store beneath, and
//! every commit through them is [fenced](Fence).

mod builtin;
mod context;
mod driver_registry;
mod driver_store;
mod fence;
mod fenced;
mod hook;
mod plugins;
mod registrar;
mod shared;
mod table;

pub use builtin::{DriverConfigs, register_builtin};
pub use context::DriverContext;
pub use driver_registry::DriverRegistry;
pub use driver_store::DriverStore;
pub use fence::{Fence, FenceChange};
pub use hook::{NoHook, RegistryHook};
pub use plugins::{NoPlugins, PluginGetter, PluginRole};
pub use registrar::Registrar;
