//! Workloads over any store, each beside the raw client that does the same.

mod consul;
mod etcd;
mod ours;
mod redb;
mod rival;
mod watched;
mod work;
mod zookeeper;

pub(crate) use self::redb::redb;
pub(crate) use ours::Ours;
pub(crate) use rival::Rival;
pub(crate) use work::{consul, etcd, server, zookeeper};
