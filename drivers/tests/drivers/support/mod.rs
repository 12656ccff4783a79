//! What the tests share.

mod gated_store;
mod ipam;
mod make;
mod registry;
mod view;

pub(crate) use gated_store::GatedStore;
pub(crate) use ipam::Ipam;
pub(crate) use make::{
    address, claim, endpoint_request, endpoint_state, free_pool, interface, ip, join_request,
    network_request, network_state, options, owner, pool, pool_request, space,
};
pub(crate) use registry::{Toy, ToyIpam, registry, toy_kind};
pub(crate) use view::View;
