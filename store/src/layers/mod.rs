//! Wrappers that are stores themselves: what every backend wants beside it and none should have to write.
//!
//! | Layer | Adds |
//! |---|---|
//! | [`Namespace`] | a part of the tree as if it were the whole |
//! | [`Metrics`] | counts and times |
//! | [`Trace`] | spans and events, without values |
//! | [`Retry`] | another attempt, where that is sound and may help |
//! | [`Timeout`] | an end to waiting |
//!
//! [`stack`] puts them around a backend in their order.

mod metrics;
mod namespace;
mod operation;
mod retry;
mod stack;
mod timeout;
mod trace;

pub use metrics::{LATENCY_BOUNDS, Latency, Metrics, MetricsSnapshot, OperationMetrics, StoreMetrics};
pub use namespace::Namespace;
pub use operation::Operation;
pub use retry::{Retry, RetryObserver, RetryPolicy};
pub use stack::{LayerConfig, stack};
pub use timeout::{Deadlines, Timeout};
pub use trace::Trace;

#[cfg(test)]
mod fault;
#[cfg(test)]
mod tests;
