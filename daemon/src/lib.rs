//! The parts of the Netkeep daemon and of its command line.
//!
//! | Room | What is in it |
//! |---|---|
//! | [`config`] | the configuration: file, environment, flags |
//! | [`compose`] | store, layers and controller, put together; the one place that names the backends |
//! | [`server`] | the HTTP/JSON API on a unix socket |
//! | [`daemon`] | the daemon's life, from its configuration to its end |
//! | [`api`] | what both sides of the API say |
//! | [`client`] | the other side of the API |
//! | [`cli`], [`exit`] | the command line, and what its exit codes say |
//! | [`demo`] | daemons that are killed under load, and the count of what was lost |

pub mod api;
pub mod cli;
pub mod client;
pub mod compose;
pub mod config;
pub mod daemon;
#[cfg(feature = "demo")]
pub mod demo;
pub mod exit;
mod readiness;
pub mod server;
