//! A host for the model drivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use netkeep_drivers::NetworkDriver;

use crate::{DriverHarness, Sample, TestHost};

/// Makes a driver on a host.
type Make<H> = Arc<dyn Fn(&H) -> Arc<dyn NetworkDriver> + Send + Sync>;

/// A harness over a host that is made up, for any driver that can be made on it.
///
/// ```
/// use std::sync::Arc;
///
/// use netkeep_drivers_conformance::models::{Bridge, FakeKernel, ModelHost};
/// use netkeep_drivers_conformance::{Verdict, judge};
///
/// let make = || async {
///     ModelHost::new(FakeKernel::new, |kernel| Arc::new(Bridge::new(kernel.clone())), Bridge::sample())
/// };
/// assert_eq!(judge("ensuring_twice_is_ensuring_once", make), Verdict::Kept);
/// ```
#[derive(Clone)]
pub struct ModelHost<H> {
    host: H,
    fresh: fn(u32) -> H,
    /// How many hosts there are.
    hosts: Arc<AtomicU32>,
    driver: Make<H>,
    sample: Sample,
}

impl<H: TestHost + Clone + 'static> ModelHost<H> {
    /// The first of the hosts that `fresh` makes from their numbers, with the driver that `driver` makes on it.
    pub fn new(
        fresh: fn(u32) -> H,
        driver: impl Fn(&H) -> Arc<dyn NetworkDriver> + Send + Sync + 'static,
        sample: Sample,
    ) -> Self {
        let hosts = Arc::new(AtomicU32::new(1));
        Self { host: fresh(0), fresh, hosts, driver: Arc::new(driver), sample }
    }

    /// The host itself.
    pub fn inner(&self) -> &H {
        &self.host
    }
}

#[async_trait]
impl<H: TestHost + Clone + 'static> DriverHarness for ModelHost<H> {
    fn host(&self) -> &dyn TestHost {
        &self.host
    }

    async fn restart(&self) -> Arc<dyn NetworkDriver> {
        (self.driver)(&self.host)
    }

    async fn fresh(&self) -> Arc<dyn DriverHarness> {
        let host = (self.fresh)(self.hosts.fetch_add(1, Ordering::Relaxed));
        Arc::new(Self { host, ..self.clone() })
    }

    fn sample(&self) -> Sample {
        self.sample
    }
}
