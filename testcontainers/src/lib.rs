//! Real etcd, Consul and ZooKeeper for tests.
//!
//! [`Etcd`], [`Consul`] and [`ZooKeeper`] start servers of their own, one node or three, and do to them what the
//! world does: freeze, kill, cut off, restart. All three are a [`Cluster`], whose methods do the work. When the
//! fixture goes, so does all that it made; that holds for a panic and for the death of the whole test too.
//! [`Authority`] makes certificates for servers that speak TLS, [`Proxy`] loses answers on their
//! way or lets nothing pass, and [`Meter`] counts requests.
//!
//! ```no_run
//! use netkeep_testcontainers::{Etcd, Options};
//!
//! # async fn example() -> netkeep_testcontainers::Result<()> {
//! let etcd = Etcd::start(Options::three()).await?;
//! println!("connect to {:?}", etcd.endpoints());
//! let leader = etcd.leader().await?;
//! etcd.kill(leader).await?;
//! etcd.restart(leader).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where servers come from
//!
//! `cargo xtask servers` makes them, without any registry. What the environment says:
//!
//! | Variable | What it says |
//! |---|---|
//! | `NETKEEP_LAUNCHER` | `docker`, or `local` for plain processes; without it, whichever can be had, in this order |
//! | `NETKEEP_ETCD`, `NETKEEP_CONSUL`, `NETKEEP_ZOOKEEPER` | endpoints of a server that runs already, `host:port` with commas between; it cannot be paused or killed |
//! | `NETKEEP_IMAGES` | `official` takes the official images instead of those that `cargo xtask servers` makes; the engine pulls them |
//! | `NETKEEP_ETCD_IMAGE`, `NETKEEP_CONSUL_IMAGE`, `NETKEEP_ZOOKEEPER_IMAGE` | an image by name and tag |
//! | `NETKEEP_SERVERS` | the folder of the unpacked servers, without it `servers/` in cargo's target folder |

mod authority;
mod blow;
mod cluster;
mod consul;
mod error;
mod etcd;
mod family;
mod folder;
mod given;
mod handshake;
mod http;
mod keeper;
mod launcher;
mod members;
mod meter;
mod options;
mod owner;
mod ports;
mod probe;
mod proxy;
mod recipe;
mod requests;
mod watchdog;
mod zookeeper;

pub use authority::{Authority, Certified};
pub use blow::Blow;
pub use cluster::Cluster;
pub use consul::Consul;
pub use error::{Error, Kind, Result};
pub use etcd::Etcd;
pub use family::Family;
pub use launcher::Launcher;
pub use meter::Meter;
pub use options::Options;
pub use proxy::Proxy;
pub use zookeeper::ZooKeeper;
