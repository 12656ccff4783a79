//! Counting while real servers fail: nothing acknowledged is lost, nothing is done twice, nothing is hidden.

mod estranged;
mod holder;
mod locks;
mod many;
#[path = "../servers/mod.rs"]
mod servers;
mod struck;
