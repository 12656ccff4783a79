//! Very many who share one store: what hosts that meet cost each other, what they ask of servers that come back, and
//! how soon they hear of one another.
//!
//! `NETKEEP_LONG=1` makes them as many as the figures in `docs/many-hosts.md` are of. `NETKEEP_HERD=etcd` (or `consul`,
//! `zookeeper`) chooses whose return is watched; without it they take turns, one each hour.

mod contention;
mod herd;
mod hosts;
mod tables;

/// How many of something there are: fewer in the ordinary run.
fn many(ordinary: usize, long: usize) -> usize {
    if std::env::var("NETKEEP_LONG").is_ok_and(|value| value == "1") { long } else { ordinary }
}
