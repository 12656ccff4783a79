//! What a driver is made with.

use std::sync::Arc;

use netkeep_model::Options;
use netkeep_store::datastore::{Global, Local};

use super::{DriverStore, PluginGetter, Registrar};

/// What a driver gets when it is registered.
#[derive(Clone, Debug)]
pub struct DriverContext {
    /// Its part of this host's datastore.
    pub local: DriverStore<Local>,
    /// Its part of the datastore that all hosts share; `None` where there is none.
    pub global: Option<DriverStore<Global>>,
    /// Its configuration.
    pub config: Options,
    /// Where plugins are found.
    pub plugins: Arc<dyn PluginGetter>,
    /// How it registers itself, and what it finds later.
    pub registrar: Registrar,
}
