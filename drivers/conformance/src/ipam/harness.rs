//! What a judged IPAM driver must offer.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use netkeep_drivers::IpamDriver;

use super::IpamSample;
use crate::Faults;

/// The judged IPAM driver, of which nothing is held yet.
///
/// Each case gets a harness of its own, and makes further ones with [`fresh`](IpamHarness::fresh).
#[async_trait]
pub trait IpamHarness: Send + Sync {
    /// A new instance of the driver, as after a restart of the process. What the driver keeps outside the store is
    /// there still; what an instance had in memory is not. Earlier instances may be used beside it.
    ///
    /// Cancel safe.
    async fn restart(&self) -> Arc<dyn IpamDriver>;

    /// Another harness like this one, of which nothing is held.
    ///
    /// Cancel safe.
    async fn fresh(&self) -> Arc<dyn IpamHarness>;

    /// What the driver offers.
    fn sample(&self) -> IpamSample;

    /// What is held outside the store; nothing for a driver that plans. The same grants have the same names in
    /// every run.
    fn outside(&self) -> BTreeSet<String>;

    /// The steps of what the driver calls: one before and one after each call, at
    /// [`Place::Host`](crate::Place::Host). A driver that plans reaches none.
    fn faults(&self) -> &Faults;
}
