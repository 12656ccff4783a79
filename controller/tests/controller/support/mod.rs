//! What the tests share: a host under test, specifications as clients write them, and what is expected of errors.

mod expect;
mod fake;
mod gate;
mod lasting;
mod late;
mod raw;
mod script;
mod shared;
mod site;
mod spec;
mod together;

pub(crate) use expect::{clean, refused, refused_naming};
pub(crate) use fake::Fake;
pub(crate) use gate::Gate;
pub(crate) use lasting::Lasting;
pub(crate) use late::{Late, LateStore};
pub(crate) use script::{Adds, Ensure, Remove};
pub(crate) use shared::{Host, Shared, eventually, opened, stands};
pub(crate) use site::Site;
pub(crate) use spec::{address_request, endpoint, network, pool, pool_request, space};
pub(crate) use together::together;
