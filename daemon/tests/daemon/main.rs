//! The daemon as its users meet it: a process, a socket, a command line.

mod api;
mod bad_configuration;
mod bad_requests;
mod bad_store;
mod boot_states;
mod global;
mod hang_up;
mod harness;
mod hosts;
#[cfg(feature = "demo")]
mod kills;
mod life;
mod moves;
mod openapi;
mod repair;
mod sandboxes;
mod shared;
mod stores;
mod tour;
