//! A first network: made with two endpoints, found again after a restart, and deleted.
//!
//! `cargo run -p netkeep-controller --example first_network`
//!
//! It shows how stores are opened, how drivers are configured, how a controller is made of both, and what can be asked
//! of it. The driver is `manual`, which decides everything and touches nothing, so no privilege is needed.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use netkeep_controller::{Controller, ControllerConfig, EndpointSpec, IpamSpec, NetworkSpec, PoolSpec};
use netkeep_drivers::network::manual;
use netkeep_drivers::{DriverConfigs, DriverRegistry, NoHook, NoPlugins, register_builtin};
use netkeep_model::{Options, Pool, PortBinding, PortRange, Protocol};
use netkeep_store::datastore::{Datastore, GlobalStore, LocalStore};
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::{Backends, LeasedDirectories, OpenOptions, Opened, StoreUrl};
use netkeep_store_redb::RedbBackend;
use serde_json::json;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// A controller, and its two stores: that of this host, and the one that hosts share.
struct Host {
    controller: Controller,
    local: Arc<LocalStore>,
    global: Arc<GlobalStore>,
}

impl Host {
    async fn open(folder: &Path) -> Result<Self> {
        // Any backend may serve either store; here a second file stands in for the one that hosts share.
        let opened = open(&folder.join("local.redb")).await?;
        let local = Arc::new(LocalStore::new(opened.store, opened.maintenance));
        let opened = open(&folder.join("global.redb")).await?;
        let global = Arc::new(GlobalStore::new(opened.store));

        // The registry receives both, and hands each driver its own part of them, with its configuration.
        let registry = DriverRegistry::new(&*local, Some(&*global), Arc::new(NoPlugins), Arc::new(NoHook));
        let mut config = Options::new();
        config.insert(manual::PORT_RANGE, "40000-40099");
        let mut configs = DriverConfigs::default();
        configs.network.insert(manual::KIND.parse()?, config);
        register_builtin(&registry, &configs).await?;

        // Opening also recovers what an earlier run has left in between.
        let controller = Controller::open(ControllerConfig::new(local.clone(), registry)).await?;
        Ok(Self { controller, local, global })
    }

    async fn close(self) -> Result<()> {
        self.controller.close().await;
        self.local.store().close().await?;
        Ok(self.global.store().close().await?)
    }
}

/// Opens a store by its URL, and puts metrics, traces, retries and deadlines around it.
async fn open(file: &Path) -> Result<Opened> {
    let mut backends = Backends::new();
    backends.register(Arc::new(RedbBackend))?;
    let url = StoreUrl::parse(&format!("redb://{}", file.display()))?;
    // Neither store has keys that go when their client does.
    let opened = backends.open(&url, &OpenOptions::new(LeasedDirectories::default())).await?;
    let (store, _metrics) = stack(opened.store, &LayerConfig::default());
    Ok(Opened::here(store, opened.maintenance))
}

/// A network with a pool for each family.
fn blue() -> Result<NetworkSpec> {
    let pool = |pool: &str| Ok(PoolSpec { pool: Some(pool.parse()?), ..PoolSpec::default() });
    // Options are any JSON, and only the driver knows what they mean.
    let mut options = Options::new();
    options.insert(manual::NUMBER, "vlan");
    options.insert(manual::NUMBER_RANGE, "100-199");
    options.insert(manual::DATA, json!({ "rack": 7, "uplinks": ["a", "b"] }));
    Ok(NetworkSpec {
        ipv6: true,
        ipam: IpamSpec {
            pools: [pool("10.1.0.0/24"), pool("fd00:1::/64")].into_iter().collect::<Result<_>>()?,
            ..IpamSpec::default()
        },
        options,
        ..NetworkSpec::new("blue".parse()?, manual::KIND.parse()?)
    })
}

/// An endpoint with fixed addresses, whose port 80 is to be reached by any port of the host.
fn web() -> Result<EndpointSpec> {
    let port = PortBinding { protocol: Protocol::Tcp, port: 80, ip: None, host_ip: None, host_ports: None };
    Ok(EndpointSpec {
        ipv4: Some("10.1.0.80".parse()?),
        ipv6: Some("fd00:1::80".parse()?),
        bindings: vec![port],
        ..EndpointSpec::new("web".parse()?)
    })
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = Host::open(folder.path()).await?;
    let controller = &host.controller;

    let made = controller.create_network(blue()?).await?;
    println!("network {}, settled by its driver: {:?}", made.network.name, made.network.allocated);
    assert_eq!(made.network.allocated[manual::NUMBER], "100");

    // One endpoint asks for its addresses, the other takes what is free.
    let web = controller.create_endpoint("blue", web()?).await?;
    let db = controller.create_endpoint("blue", EndpointSpec::new("db".parse()?)).await?;
    for found in controller.endpoints("blue")? {
        println!("endpoint {}: {}", found.endpoint.name, serde_json::to_string(&found.endpoint.interfaces)?);
    }
    assert_eq!(web.endpoint.interfaces[0].ipv4, Some("10.1.0.80/24".parse()?));
    assert_eq!(web.endpoint.interfaces[0].ipv6, Some("fd00:1::80/64".parse()?));
    let chosen = db.endpoint.interfaces[0].ipv4.ok_or("db has no IPv4 address")?;
    assert!("10.1.0.0/24".parse::<Pool>()?.contains(chosen.addr().into()));

    // What the driver has to say: here the MAC address, and the port of the host that it has chosen.
    let told = controller.endpoint_driver_info("blue", "web").await?;
    println!("the driver on web: {}", serde_json::to_string(&told)?);
    let bindings: Vec<PortBinding> = told.typed("com.docker.network.portmap")?.unwrap_or_default();
    let port = bindings.first().and_then(|binding| binding.host_ports).ok_or("no port was chosen")?;
    assert_eq!(port.intersection("40000-40099".parse::<PortRange>()?), Some(port));

    // A restart: another controller over what is in the files.
    host.close().await?;
    let host = Host::open(folder.path()).await?;
    let controller = &host.controller;
    let report = controller.recovery();
    println!("opened again: {} network, {} endpoints", report.networks, report.endpoints);
    assert_eq!(controller.network("blue")?, made);
    assert_eq!(controller.endpoint("blue", "web")?, web);
    assert_eq!(controller.endpoint("blue", "db")?, db);
    assert_eq!(controller.endpoint_driver_info("blue", "web").await?, told);

    // A network in use is not deleted; the error names what uses it.
    let Err(refused) = controller.delete_network("blue").await else {
        return Err("a network in use was deleted".into());
    };
    println!("refused: {refused}");
    assert!(refused.to_string().contains("web") && refused.to_string().contains("db"));

    controller.delete_endpoint("blue", "web").await?;
    controller.delete_endpoint("blue", "db").await?;
    controller.delete_network("blue").await?;
    let report = controller.check().await?;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((controller.pools().len(), controller.addresses(None, None).len()), (0, 0));
    println!("deleted; check finds nothing wrong and nothing left");
    host.close().await
}
