//! The registry and the built-in drivers, against a view in memory.

mod addresses;
mod fenced_stores;
mod manual;
mod manual_options;
mod manual_ports;
mod null_ipam;
mod plugins;
mod pools;
mod random_addresses;
mod registration;
mod support;
mod unaddressed;
