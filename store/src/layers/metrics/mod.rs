//! Counts and times.

mod counters;
mod layer;
mod snapshot;

pub use counters::{LATENCY_BOUNDS, StoreMetrics};
pub use layer::Metrics;
pub use snapshot::{Latency, MetricsSnapshot, OperationMetrics};
