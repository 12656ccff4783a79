//! The daemon as its users meet it: a process, a socket, a command line.

mod api;
mod bad_configuration;
mod bad_requests;
mod bad_store;
mod harness;
mod kills;
mod life;
mod tour;
