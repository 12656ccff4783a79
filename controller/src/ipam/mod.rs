//! Pools and addresses that are asked for by themselves.

mod address;
mod list;
mod pool;

pub(crate) use address::{release_address, request_address};
pub(crate) use list::{address, addresses, given, pool, pools, sub_pool};
pub(crate) use pool::{finish_release, release_pool, request_pool};
