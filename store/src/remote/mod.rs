//! Stores on servers: what is the same for every family of servers.
//!
//! A backend implements [`Server`] and [`Upstream`]: one request, one answer, one watch. [`RemoteStore`] makes a
//! [`Store`](crate::Store) of it: it learns what became of a commit whose answer was lost, recognises the store
//! after it was wiped or restored, and shares watches.

mod accept;
mod attempt;
mod backoff;
mod client_state;
mod commit;
mod config;
mod endpoints;
mod engine;
mod hub;
mod keeper;
mod own;
mod server;
mod session;
mod slots;
mod store;
mod upstream;

pub use accept::{Accepted, accept};
pub use attempt::{Attempt, Facts, Outcome, Room};
pub use backoff::Backoff;
pub use client_state::{ClientId, ClientState, KnownStore, OneShot};
pub use config::RemoteConfig;
pub use endpoints::Endpoints;
pub use server::Server;
pub use store::RemoteStore;
pub use upstream::Upstream;
