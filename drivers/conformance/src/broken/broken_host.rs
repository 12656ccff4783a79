//! A host for a broken driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use netkeep_drivers::NetworkDriver;
use netkeep_drivers::network::null;
use netkeep_model::Options;

use super::{Base, BrokenDriver, Flaw};
use crate::models::{Bridge, FakeKernel, FakePlugin, Macvlan, ModelHost, Overlay, Remote};
use crate::{DriverHarness, Sample, TestHost};

/// A harness of a model driver that has a flaw, or, without one, of the model as it is.
#[derive(Clone)]
pub struct BrokenHost(Arc<dyn DriverHarness>);

impl BrokenHost {
    /// The model with this flaw.
    pub fn of(flaw: Flaw) -> Self {
        Self::new(flaw.base(), Some(flaw))
    }

    /// The model as it is.
    pub fn right(base: Base) -> Self {
        Self::new(base, None)
    }

    fn new(base: Base, flaw: Option<Flaw>) -> Self {
        let wrap = Wrap { flaw, instances: Arc::default() };
        let for_kernel = wrap.clone();
        let on_kernel =
            |make: fn(FakeKernel) -> Arc<dyn NetworkDriver>, sample: Sample| -> Arc<dyn DriverHarness> {
                let driver =
                    move |kernel: &FakeKernel| for_kernel.around(make(kernel.clone()), Some(kernel.clone()));
                Arc::new(ModelHost::new(FakeKernel::new, driver, sample))
            };
        Self(match base {
            Base::Bridge => on_kernel(|kernel| Arc::new(Bridge::new(kernel)), Bridge::sample()),
            Base::SharedBridge => on_kernel(|kernel| Arc::new(Bridge::new(kernel)), Bridge::shared_sample()),
            Base::Macvlan => on_kernel(|kernel| Arc::new(Macvlan::new(kernel)), Macvlan::sample()),
            Base::Overlay => on_kernel(|kernel| Arc::new(Overlay::new(kernel)), Overlay::sample()),
            Base::Null => on_kernel(|_| removable_null(), Sample::default()),
            Base::Remote => {
                let driver =
                    move |plugin: &FakePlugin| wrap.around(Arc::new(Remote::new(plugin.clone())), None);
                Arc::new(ModelHost::new(FakePlugin::new, driver, Remote::sample()))
            }
        })
    }
}

/// Puts a flaw around drivers.
#[derive(Clone)]
struct Wrap {
    flaw: Option<Flaw>,
    /// How many instances there were.
    instances: Arc<AtomicUsize>,
}

impl Wrap {
    fn around(&self, inner: Arc<dyn NetworkDriver>, kernel: Option<FakeKernel>) -> Arc<dyn NetworkDriver> {
        let Some(flaw) = self.flaw else { return inner };
        let instance = self.instances.fetch_add(1, Ordering::Relaxed);
        Arc::new(BrokenDriver::new(flaw, inner, kernel, instance))
    }
}

fn removable_null() -> Arc<dyn NetworkDriver> {
    let config: Options = [("removable".to_owned(), true.into())].into_iter().collect();
    null::driver(&config).expect("the driver null knows the option")
}

#[async_trait]
impl DriverHarness for BrokenHost {
    fn host(&self) -> &dyn TestHost {
        self.0.host()
    }

    async fn restart(&self) -> Arc<dyn NetworkDriver> {
        self.0.restart().await
    }

    async fn fresh(&self) -> Arc<dyn DriverHarness> {
        self.0.fresh().await
    }

    fn sample(&self) -> Sample {
        self.0.sample()
    }
}
