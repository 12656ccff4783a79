//! What the registry and its registrars share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use netkeep_model::{DriverKind, IpamKind};
use netkeep_store::{Prefix, Segment, Store};
use tokio::sync::Mutex as Turn;

use super::table::Table;
use super::{DriverContext, DriverStore, Fence, PluginGetter, PluginRole, Registrar, RegistryHook};
use crate::{IpamDriver, NetworkDriver, Result};

/// The state of a registry.
pub(super) struct Shared {
    pub(super) local: Arc<dyn Store>,
    pub(super) global: Option<Arc<dyn Store>>,
    pub(super) local_fence: Fence,
    pub(super) global_fence: Fence,
    pub(super) plugins: Arc<dyn PluginGetter>,
    pub(super) hook: Arc<dyn RegistryHook>,
    pub(super) networks: Table<DriverKind, dyn NetworkDriver>,
    pub(super) ipams: Table<IpamKind, dyn IpamDriver>,
    pub(super) turns: Mutex<Turns>,
}

/// Whoever asks for a plugin that another is activating waits for its turn.
pub(super) type Turns = BTreeMap<(PluginRole, String), Weak<Turn<()>>>;

impl Shared {
    /// What the driver of this kind gets.
    pub(super) fn context(
        &self,
        role: PluginRole,
        kind: &Segment,
        registrar: &Registrar,
    ) -> Result<DriverContext> {
        let prefix = Prefix::of([&Segment::escape(role.root()), kind])?;
        let global = self
            .global
            .as_ref()
            .map(|store| DriverStore::new(store.clone(), self.global_fence.clone(), prefix.clone()));
        Ok(DriverContext {
            local: DriverStore::new(self.local.clone(), self.local_fence.clone(), prefix),
            global,
            config: registrar.config().clone(),
            plugins: self.plugins.clone(),
            registrar: registrar.clone(),
        })
    }

    pub(super) fn turn(&self, role: PluginRole, name: &str) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let of_this = turns.entry((role, name.to_owned())).or_default();
        of_this.upgrade().unwrap_or_else(|| {
            let turn = Arc::new(Turn::new(()));
            *of_this = Arc::downgrade(&turn);
            turn
        })
    }
}
