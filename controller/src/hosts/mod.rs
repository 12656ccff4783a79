//! The hosts that share a store: who is up, what is theirs, and what becomes of it when they are gone.

mod alive;
mod automatic;
mod calls;
mod config;
mod evict;
mod gone;
mod info;
mod keeper;
mod list;
mod release;

pub(crate) use alive::SignOfLife;
pub use alive::SignStatus;
pub use config::HostsConfig;
pub(crate) use evict::{Because, evict};
pub use info::{Eviction, HostDetails, HostInfo, HostState, Owned};
pub(crate) use keeper::keep;
pub(crate) use list::{details, list, states};
pub(crate) use release::{release, unreleased};
