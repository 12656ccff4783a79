//! Giving back what an object holds.

use std::collections::BTreeSet;

use netkeep_drivers::registry::DriverRegistry;
use netkeep_model::{
    AddressRecord, Link, NumberRecord, Object, Owner, PortBlock, PublishedEntry, RealizedKey,
};
use netkeep_store::datastore::{Any, Record, Transaction};

use crate::Result;
use crate::replica::State;

/// Adds the removal of everything that `owner` holds or has published, except pools, each at the revision at which it is known.
///
/// # Errors
///
/// If a newer host has written one of them in a form that this one must not change.
pub(crate) fn release(state: &State, owner: &Owner, tx: &mut Transaction<Any>) -> Result<()> {
    let tables = &state.tables;
    for key in state.held_by(owner) {
        if let Some(read) = AddressRecord::id(key).and_then(|id| tables.addresses.get(&id)) {
            tx.delete(read)?;
        } else if let Some(read) = NumberRecord::id(key).and_then(|id| tables.numbers.get(&id)) {
            tx.delete(read)?;
        } else if let Some(read) = PublishedEntry::id(key).and_then(|id| tables.published.get(&id)) {
            tx.delete(read)?;
        } else if let Some(read) = PortBlock::id(key).and_then(|id| tables.port_blocks.get(&id)) {
            let mut block = read.record.clone();
            block.release_all(owner);
            if block.is_empty() { tx.delete(read)? } else { tx.replace(read, &block)? }
        } else if let Some(read) = Link::id(key).and_then(|id| tables.links.get(&id)) {
            let mut link = read.record.clone();
            link.release(owner);
            if link.is_empty() { tx.delete(read)? } else { tx.replace(read, &link)? }
        }
    }
    Ok(())
}

/// Adds the removal of all driver records on `on`, whichever driver they are of, and of this host's notes on it.
/// The notes of a driver that is not loaded stay: they say what it has to take down once it is, unless a reboot has.
///
/// # Errors
///
/// As [`release`].
pub(crate) fn remove_records(
    state: &State,
    registry: &DriverRegistry,
    on: &Object,
    tx: &mut Transaction<Any>,
) -> Result<()> {
    for driver in state.tables.drivers_with_records() {
        for read in state.tables.driver_records_on(driver, on) {
            tx.delete(read)?;
        }
    }
    if let Some(read) = state.tables.realized.get(&RealizedKey(*on))
        && (registry.network(&read.record.driver).is_ok() || state.tables.is_of_earlier_boot(&read.record))
    {
        tx.delete(read)?;
    }
    Ok(())
}

/// What has to wait its turn before the port blocks and links of `owner` are given back.
pub(crate) fn queues(state: &State, owner: &Owner) -> BTreeSet<String> {
    let held = state.held_by(owner);
    held.filter_map(|key| {
        if let Some(id) = PortBlock::id(key) {
            Some(super::port_queue(&id))
        } else {
            Link::id(key).map(|name| super::link_queue(&name))
        }
    })
    .collect()
}
