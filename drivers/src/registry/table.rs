//! The drivers of one role, by kind.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Error, ErrorKind, Result};

use super::PluginRole;

/// Drivers by kind. A kind is reserved while its driver is built, so that of several that want it one wins.
pub(super) struct Table<K: Ord + Clone + Display, D: ?Sized> {
    role: PluginRole,
    slots: Mutex<BTreeMap<K, Slot<D>>>,
}

struct Slot<D: ?Sized> {
    active: Option<Active<D>>,
    reserved: bool,
}

pub(super) struct Active<D: ?Sized> {
    pub(super) driver: Arc<D>,
    pub(super) built_in: bool,
    /// The plugin that registered it.
    pub(super) plugin: Option<Arc<str>>,
}

/// A kind that only its holder may publish; dropping it gives the kind back.
pub(super) struct Reservation<'a, K: Ord + Clone + Display, D: ?Sized> {
    table: &'a Table<K, D>,
    kind: K,
}

impl<K: Ord + Clone + Display, D: ?Sized> Table<K, D> {
    pub(super) fn new(role: PluginRole) -> Self {
        Self { role, slots: Mutex::new(BTreeMap::new()) }
    }

    /// Reserves a kind that is free, or that the same plugin has registered before.
    pub(super) fn reserve(&self, kind: K, plugin: Option<&str>) -> Result<Reservation<'_, K, D>> {
        let mut slots = self.lock();
        let slot = slots.entry(kind.clone()).or_insert(Slot { active: None, reserved: false });
        let why = match &slot.active {
            _ if slot.reserved => Some("is being registered by another"),
            None => None,
            Some(active) if active.built_in => Some("is built in and never replaced"),
            Some(active) if plugin.is_some() && active.plugin.as_deref() == plugin => None,
            Some(_) => Some("is already registered, and only the plugin that registered it may replace it"),
        };
        if let Some(why) = why {
            let role = self.role;
            return Err(Error::new(ErrorKind::Forbidden, format!("{role} driver \"{kind}\" {why}")));
        }
        slot.reserved = true;
        Ok(Reservation { table: self, kind })
    }

    pub(super) fn get(&self, kind: &K) -> Option<Arc<D>> {
        self.lock().get(kind).and_then(|slot| slot.active.as_ref()).map(|active| active.driver.clone())
    }

    pub(super) fn kinds(&self) -> Vec<K> {
        let slots = self.lock();
        slots.iter().filter(|(_, slot)| slot.active.is_some()).map(|(kind, _)| kind.clone()).collect()
    }

    pub(super) fn drivers(&self) -> Vec<Arc<D>> {
        let slots = self.lock();
        slots.values().filter_map(|slot| slot.active.as_ref()).map(|active| active.driver.clone()).collect()
    }

    /// What is answered to someone who asks for a kind that nobody has.
    pub(super) fn unknown(&self, kind: &K) -> Error {
        let known: Vec<String> = self.kinds().iter().map(ToString::to_string).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let role = self.role;
        Error::new(
            ErrorKind::NotFound,
            format!("driver: there is no {role} driver \"{kind}\"; those that are registered: {known}"),
        )
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, Slot<D>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone + Display, D: ?Sized> Reservation<'_, K, D> {
    /// Makes the driver known. One that it replaces lives on with those who hold it.
    pub(super) fn publish(self, active: Active<D>) {
        let replaced = self.table.lock().get_mut(&self.kind).and_then(|slot| slot.active.replace(active));
        // A driver may do anything when it is dropped: not while the table is locked.
        drop(replaced);
    }
}

impl<K: Ord + Clone + Display, D: ?Sized> Drop for Reservation<'_, K, D> {
    fn drop(&mut self) {
        let mut slots = self.table.lock();
        if let Some(slot) = slots.get_mut(&self.kind) {
            slot.reserved = false;
            if slot.active.is_none() {
                slots.remove(&self.kind);
            }
        }
    }
}
