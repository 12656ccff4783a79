//! All layers in their order.

use std::sync::Arc;

use super::{Deadlines, Metrics, Namespace, Retry, RetryPolicy, StoreMetrics, Timeout, Trace};
use crate::{Prefix, Store};

/// How the layers of a [`stack`] behave.
#[derive(Clone, Debug)]
pub struct LayerConfig {
    /// The part of the store that is used. Default: the whole.
    pub namespace: Prefix,
    /// When an operation is tried again.
    pub retry: RetryPolicy,
    /// How long an attempt may take.
    pub deadlines: Deadlines,
}

impl Default for LayerConfig {
    fn default() -> Self {
        Self { namespace: Prefix::root(), retry: RetryPolicy::default(), deadlines: Deadlines::default() }
    }
}

/// The backend within all layers, and its metrics.
pub fn stack(backend: Arc<dyn Store>, config: &LayerConfig) -> (Arc<dyn Store>, Arc<StoreMetrics>) {
    // Namespace(Metrics(Trace(Retry(Timeout(backend))))), because:
    // - a deadline belongs to one attempt, else a slow first attempt leaves no time for a second one, and the
    //   retries cannot tell a read that timed out from one that failed;
    // - a span holds all attempts of one operation, and the pauses between them;
    // - what is counted and timed is what the caller asked for and waited, not the attempts (Retry reports those);
    // - the namespace comes last, so that logs and errors beneath it speak of keys as the store holds them.
    let metrics = Arc::new(StoreMetrics::new());
    let timeout = Timeout::new(backend, config.deadlines.clone());
    let retry =
        Retry::new(Arc::new(timeout), config.retry.clone()).observed_by(Arc::<StoreMetrics>::clone(&metrics));
    let trace = Trace::new(Arc::new(retry));
    let counted = Metrics::new(Arc::new(trace), Arc::clone(&metrics));
    let store: Arc<dyn Store> = if config.namespace.is_root() {
        Arc::new(counted)
    } else {
        Arc::new(Namespace::new(Arc::new(counted), config.namespace.clone()))
    };
    (store, metrics)
}
