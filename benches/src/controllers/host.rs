//! Hosts to measure.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use netkeep_controller::{Controller, ControllerConfig};
use netkeep_drivers::network::manual;
use netkeep_drivers::registry::DriverConfigs;
use netkeep_model::Options;
use netkeep_store::datastore::{GlobalDatastore, GlobalStore, LocalStore};
use netkeep_store::layers::{LayerConfig, Operation, StoreMetrics, stack};
use netkeep_store::{LeasedDirectories, MemoryStore, Store};
use netkeep_store_redb::{RedbConfig, RedbStore};

/// How long the store that hosts share may take to be served.
const PATIENCE: Duration = Duration::from_secs(60);

/// A controller and its stores.
pub(crate) struct Host {
    pub(crate) controller: Controller,
    pub(crate) local: Arc<dyn Store>,
    /// Of the store that is shared, if one is, else of that of this host.
    pub(crate) metrics: Arc<StoreMetrics>,
}

impl Host {
    /// A host whose store is in memory.
    pub(crate) async fn in_memory() -> Result<Self> {
        let (store, metrics) =
            stack(Arc::new(MemoryStore::open(LeasedDirectories::default())), &LayerConfig::default());
        Self::over(store, metrics).await
    }

    /// A host whose store is this file.
    pub(crate) async fn in_file(file: &Path) -> Result<Self> {
        let store = RedbStore::open(RedbConfig::new(file, LeasedDirectories::default())).await?;
        let (store, metrics) = stack(Arc::new(store), &LayerConfig::default());
        Self::over(store, metrics).await
    }

    /// A host over this store.
    pub(crate) async fn over(local: Arc<dyn Store>, metrics: Arc<StoreMetrics>) -> Result<Self> {
        Self::open(local, None, metrics).await
    }

    /// A host in memory that shares `global` with others.
    pub(crate) async fn sharing(global: Arc<dyn Store>) -> Result<Self> {
        let local = Arc::new(MemoryStore::open(LeasedDirectories::default()));
        let (global, metrics) = stack(global, &LayerConfig::default());
        let global: Arc<dyn GlobalDatastore> = Arc::new(GlobalStore::new(global));
        let host = Self::open(local, Some(global), metrics).await?;
        tokio::time::timeout(PATIENCE, host.controller.global_opened())
            .await
            .context("the store is not served")?;
        Ok(host)
    }

    async fn open(
        local: Arc<dyn Store>,
        global: Option<Arc<dyn GlobalDatastore>>,
        metrics: Arc<StoreMetrics>,
    ) -> Result<Self> {
        let records = Arc::new(LocalStore::new(Arc::clone(&local), None));
        let mut ports = Options::new();
        // As many as there can be.
        ports.insert(manual::PORT_RANGE, "1024-65535");
        let mut drivers = DriverConfigs::default();
        drivers.network.insert(manual::KIND.parse()?, ports);
        let config = ControllerConfig::builtin_over(records, global, &drivers).await?;
        Ok(Self { controller: Controller::open(config).await?, local, metrics })
    }

    /// How often the store was asked or written to.
    pub(crate) fn round_trips(&self) -> u64 {
        [Operation::Get, Operation::List, Operation::Commit]
            .map(|operation| self.metrics.attempts(operation))
            .iter()
            .sum()
    }

    /// Closes controller and store.
    pub(crate) async fn close(self) -> Result<()> {
        self.controller.close().await;
        Ok(self.local.close().await?)
    }
}
