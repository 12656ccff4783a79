//! A harness for IPAM drivers that keep nothing outside the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use netkeep_drivers::IpamDriver;

use super::{IpamHarness, IpamSample};
use crate::Faults;

/// A harness of an IPAM driver that plans: all that it needs is made anew by a function.
///
/// ```
/// use std::sync::Arc;
///
/// use netkeep_drivers::ipam::null::NullIpam;
/// use netkeep_drivers_conformance::Verdict;
/// use netkeep_drivers_conformance::ipam::{FreePools, IpamSample, Planner, judge_ipam};
/// use netkeep_model::Options;
///
/// let (local, global) = (FreePools::Shared, FreePools::Shared);
/// let sample = IpamSample { local, global, named: false, addresses: false, ..IpamSample::default() };
/// let make = || async move {
///     Planner::new(|| Arc::new(NullIpam::new(&Options::new()).expect("its configuration is empty")), sample)
/// };
/// assert_eq!(judge_ipam("a_driver_without_addresses_gives_none", make), Verdict::Kept);
/// ```
#[derive(Clone, Debug)]
pub struct Planner {
    make: fn() -> Arc<dyn IpamDriver>,
    sample: IpamSample,
    faults: Faults,
}

impl Planner {
    /// A harness of the driver that `make` makes.
    pub fn new(make: fn() -> Arc<dyn IpamDriver>, sample: IpamSample) -> Self {
        Self { make, sample, faults: Faults::new() }
    }
}

#[async_trait]
impl IpamHarness for Planner {
    async fn restart(&self) -> Arc<dyn IpamDriver> {
        (self.make)()
    }

    async fn fresh(&self) -> Arc<dyn IpamHarness> {
        Arc::new(Self::new(self.make, self.sample))
    }

    fn sample(&self) -> IpamSample {
        self.sample
    }

    fn outside(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }
}
