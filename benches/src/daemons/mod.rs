//! Our daemon beside a Docker Engine whose networks are in a store, too.

mod daemon;
mod docker;

pub(crate) use docker::docker;
