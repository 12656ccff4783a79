//! Workloads of the controller.

mod addresses;
mod endpoints;
mod global;
mod growth;
mod host;
mod objects;
mod reads;
mod recorded;
mod restart;

pub(crate) use addresses::addresses;
pub(crate) use endpoints::endpoints;
pub(crate) use global::global;
pub(crate) use growth::growth;
pub(crate) use host::Host;
pub(crate) use reads::reads;
pub(crate) use restart::restart;
