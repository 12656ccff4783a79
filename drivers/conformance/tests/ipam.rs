//! The IPAM drivers that are compiled in, and the model of one that is called, keep the contract.

use std::sync::Arc;

use netkeep_drivers::Order;
use netkeep_drivers::ipam::builtin::{BuiltinIpam, GLOBAL_POOLS, LOCAL_POOLS, SERIAL};
use netkeep_drivers::ipam::null::NullIpam;
use netkeep_drivers_conformance::ipam::{FreePools, IpamSample, Planner};
use netkeep_drivers_conformance::models::RemoteIpam;
use netkeep_model::Options;
use serde_json::json;

fn orders() -> Vec<(Options, Order)> {
    let serial = |on: bool| [(SERIAL.to_owned(), on.into())].into_iter().collect();
    vec![(Options::new(), Order::Next), (serial(true), Order::Next), (serial(false), Order::Lowest)]
}

fn sample(local: (usize, usize), global: (usize, usize)) -> IpamSample {
    let exclusive = |(ipv4, ipv6)| FreePools::Exclusive { ipv4, ipv6 };
    IpamSample {
        namespaces: &["com.docker.network.ipam.", "com.netkeep.ipam."],
        local: exclusive(local),
        global: exclusive(global),
        pools_rest: true,
        lowest_gateway: true,
        orders,
        ..IpamSample::default()
    }
}

mod default_driver {
    use super::{Arc, BuiltinIpam, GLOBAL_POOLS, LOCAL_POOLS, Options, Planner, json, sample};

    /// Few pools in both spaces, of both families, of several bases and lengths.
    fn few() -> Arc<dyn netkeep_drivers::IpamDriver> {
        let lists = |a: u8, hex: &str| {
            json!([
                { "base": format!("{a}.0.0.0/15"), "size": 16 },
                { "base": format!("{a}.32.0.0/18"), "size": 20 },
                { "base": format!("{hex}::/63"), "size": 64 },
                { "base": format!("{hex}:1::/48"), "size": 50 },
            ])
        };
        let config: Options =
            [(LOCAL_POOLS.to_owned(), lists(21, "fd21")), (GLOBAL_POOLS.to_owned(), lists(22, "fd22"))]
                .into_iter()
                .collect();
        Arc::new(BuiltinIpam::new(&config).unwrap())
    }

    netkeep_drivers_conformance::ipam_conformance!(|| async { Planner::new(few, sample((6, 6), (6, 6))) });

    mod without_configuration {
        use super::{Arc, BuiltinIpam, Options, Planner, sample};

        /// The default lists; that of the global space is too long to be gone through.
        fn unconfigured() -> Arc<dyn netkeep_drivers::IpamDriver> {
            Arc::new(BuiltinIpam::new(&Options::new()).unwrap())
        }

        netkeep_drivers_conformance::ipam_conformance!(|| async {
            Planner::new(unconfigured, sample((31, 0), (65_536, 0)))
        });
    }
}

mod null_driver {
    use super::{Arc, FreePools, IpamSample, NullIpam, Options, Planner};

    fn null() -> Arc<dyn netkeep_drivers::IpamDriver> {
        Arc::new(NullIpam::new(&Options::new()).unwrap())
    }

    netkeep_drivers_conformance::ipam_conformance!(|| async {
        let (local, global) = (FreePools::Shared, FreePools::Shared);
        let sample = IpamSample { local, global, named: false, addresses: false, ..IpamSample::default() };
        Planner::new(null, sample)
    });
}

mod remote_model {
    use super::RemoteIpam;

    netkeep_drivers_conformance::ipam_conformance!(|| async { RemoteIpam::harness() });
}
