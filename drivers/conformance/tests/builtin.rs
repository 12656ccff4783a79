//! The drivers that are compiled in keep the contract.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_drivers::NetworkDriver;
use netkeep_drivers::network::{host, manual, null};
use netkeep_drivers_conformance::{DriverHarness, NoHost, Sample, TestHost, Verdict, judge};
use netkeep_model::Options;

/// A driver that makes nothing.
#[derive(Clone)]
struct Maker {
    driver: fn() -> Arc<dyn NetworkDriver>,
    sample: Sample,
    host: NoHost,
}

#[async_trait]
impl DriverHarness for Maker {
    fn host(&self) -> &dyn TestHost {
        &self.host
    }

    async fn restart(&self) -> Arc<dyn NetworkDriver> {
        (self.driver)()
    }

    async fn fresh(&self) -> Arc<dyn DriverHarness> {
        Arc::new(Self { host: NoHost::new(), ..self.clone() })
    }

    fn sample(&self) -> Sample {
        self.sample
    }
}

impl Maker {
    async fn fresh(driver: fn() -> Arc<dyn NetworkDriver>, sample: Sample) -> Self {
        Self { driver, sample, host: NoHost::new() }
    }
}

fn options(pairs: &[(&str, serde_json::Value)]) -> Options {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Otherwise their networks cannot be removed.
fn removable() -> Options {
    options(&[("removable", true.into())])
}

mod null_driver {
    use super::{Maker, Sample, null, removable};

    const SAMPLE: fn() -> Sample = || Sample { namespace: "com.netkeep.null.", ..Sample::default() };

    netkeep_drivers_conformance::conformance!(|| {
        Maker::fresh(|| null::driver(&removable()).unwrap(), SAMPLE())
    });
}

mod host_driver {
    use super::{Maker, Sample, host, removable};

    const SAMPLE: fn() -> Sample = || Sample { namespace: "com.netkeep.host.", ..Sample::default() };

    netkeep_drivers_conformance::conformance!(|| {
        Maker::fresh(|| host::driver(&removable()).unwrap(), SAMPLE())
    });
}

mod manual_driver {
    use super::{Arc, Maker, Options, Sample, manual, options};

    /// Everything that the driver can be told.
    fn sample() -> Sample {
        let network = |n: usize| {
            options(&[
                (manual::NUMBER, "vni".into()),
                (manual::LINK, format!("uplink{n}").into()),
                (manual::TABLES, "peers".into()),
                (manual::NOTE, true.into()),
                (manual::DATA, serde_json::json!({ "n": n })),
            ])
        };
        let endpoint = |n: usize| {
            options(&[
                (manual::NUMBER, "tag".into()),
                (manual::LINK, "shared0".into()),
                (manual::LINK_SHARED, true.into()),
                (manual::ROUTES, format!("10.200.{n}.0/24").into()),
            ])
        };
        let (namespace, ports) = (manual::NAMESPACE, true);
        Sample { namespace, network, endpoint, ports, ipv6: true, ..Sample::default() }
    }

    netkeep_drivers_conformance::conformance!(|| {
        Maker::fresh(|| Arc::new(manual::Manual::new(&Options::new()).unwrap()), sample())
    });

    mod without_options {
        use super::{Arc, Maker, Options, Sample, manual};

        const SAMPLE: fn() -> Sample =
            || Sample { namespace: manual::NAMESPACE, ports: true, ..Sample::default() };

        netkeep_drivers_conformance::conformance!(|| {
            Maker::fresh(|| Arc::new(manual::Manual::new(&Options::new()).unwrap()), SAMPLE())
        });
    }
}

#[test]
fn null_and_host_keep_their_networks_unless_configured_otherwise() {
    let sample = Sample { kept: Some(Options::new), ..Sample::default() };
    for driver in [null::driver, host::driver] {
        let make = move || async move {
            let driver: fn() -> Arc<dyn NetworkDriver> =
                match driver(&Options::new()).unwrap().info().kind.as_str() {
                    "null" => || null::driver(&Options::new()).unwrap(),
                    _ => || host::driver(&Options::new()).unwrap(),
                };
            Maker::fresh(driver, sample).await
        };
        assert_eq!(judge("what_a_driver_keeps_is_not_let_go", make), Verdict::Kept);
        assert_eq!(judge("a_veto_changes_nothing", make), Verdict::Kept);
    }
}
