//! A driver of one's own: each network is a VLAN on a trunk, each endpoint a port of it.
//!
//! `cargo run -p netkeep-controller --example custom_driver`
//!
//! It shows how a driver is registered by a function and a configuration, what it keeps in its own part of the store,
//! how the records and claims that it plans are written in the same commit as the network or endpoint that they hang
//! on, and what it tells of an endpoint.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_controller::{Controller, ControllerConfig, EndpointSpec, NetworkSpec};
use netkeep_drivers::{
    Claim, DriverConfigs, DriverContext, DriverInfo, DriverRecovery, DriverRegistry, DriverStore,
    EndpointAnswer, EndpointRequest, EndpointState, EnsureError, Error, ErrorKind, HostNotes, HostState,
    JoinAnswer, JoinRequest, JoinState, Mode, NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState,
    NoHook, NoPlugins, Object, Plan, PlanView, PlannedRecord, Remains, RemoveError, Result, Want,
    register_builtin,
};
use netkeep_model::{Class, DriverRecord, LinkName, Options, Scope};
use netkeep_store::datastore::{Datastore, Local, LocalStore, Records};
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::{Key, LeasedDirectories, MemoryStore, Prefix, Segment, StoreExt};
use serde_json::json;

#[derive(Debug)]
struct Vlan {
    info: DriverInfo,
    trunk: LinkName,
    /// Its own part of this host's store: `driver-data/vlan`, and no way out of it.
    own: DriverStore<Local>,
}

/// Registers the driver; the registry calls it with the stores and the configuration.
async fn init(context: DriverContext) -> Result<()> {
    let build =
        async |context: DriverContext| Ok(Arc::new(Vlan::new(context).await?) as Arc<dyn NetworkDriver>);
    context.registrar.network("vlan".parse()?, build).await
}

impl Vlan {
    async fn new(context: DriverContext) -> Result<Self> {
        context.config.refuse_unknown(&["trunk"])?;
        let trunk = context.config.parsed("trunk")?.unwrap_or(LinkName::new("eth0")?);
        // A driver may always read what it has kept; it may write once the controller is open, see `recover`.
        if let Some(kept) = context.local.store().get(&Key::parse("trunk")?).await?
            && kept.value != trunk.as_str()
        {
            let other = String::from_utf8_lossy(&kept.value);
            return Err(Error::forbidden(format!("trunk {trunk}: this host has its VLANs on {other}")));
        }
        let info = DriverInfo {
            kind: "vlan".parse()?,
            built_in: false,
            data_scopes: vec![Scope::Local],
            connectivity: Scope::Local,
            mode: Mode::Planned,
            addresses: true,
            max_networks: None,
        };
        Ok(Self { info, trunk, own: context.local })
    }
}

/// A plan that keeps one record.
fn keep<T>(answer: T, on: Object, name: &str, value: serde_json::Value) -> Plan<T> {
    let name = Segment::escape(name);
    let record = PlannedRecord { scope: Scope::Local, on, name, value: Some(value) };
    Plan { records: vec![record], ..Plan::answer(answer) }
}

#[async_trait]
impl NetworkDriver for Vlan {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    // Plans decide, as values, and change nothing. No two networks hold the same claim.
    async fn plan_network(&self, view: &dyn PlanView, new: &NetworkRequest) -> Result<Plan<NetworkAnswer>> {
        let Some(Claim::Number { class, n }) =
            view.free(&Want::Number { class: Class::new("vlan")?, from: 2, to: 4094 })
        else {
            return Err(Error::new(ErrorKind::InUse, "all VLANs are taken"));
        };
        let plan = keep(NetworkAnswer::default(), Object::Network(new.id), "vlan", json!(n));
        Ok(Plan { claims: vec![Claim::Number { class, n }], ..plan })
    }
    async fn plan_here(&self, _: &dyn PlanView, _: &NetworkState) -> Result<Plan<()>> {
        Ok(Plan::answer(()))
    }
    async fn plan_endpoint(&self, _: &dyn PlanView, new: &EndpointRequest) -> Result<Plan<EndpointAnswer>> {
        let on = Object::Endpoint(new.network.id, new.id);
        Ok(keep(EndpointAnswer::default(), on, "port", json!(format!("v{}", new.id.short()))))
    }
    async fn plan_join(&self, _: &dyn PlanView, _: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        Ok(Plan::answer(JoinAnswer::default()))
    }
    async fn may_remove(&self, _: &dyn PlanView, _: &Object) -> Result<()> {
        Ok(())
    }

    // A driver that makes something sets `ensure` in its plans, and makes it here. This one makes nothing.
    async fn ensure_network(
        &self,
        _: &dyn HostNotes,
        _: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        Ok(NetworkAnswer::default())
    }
    async fn ensure_endpoint(
        &self,
        _: &dyn HostNotes,
        _: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        Ok(EndpointAnswer::default())
    }
    async fn ensure_join(&self, _: &dyn HostNotes, _: &JoinState) -> Result<JoinAnswer, EnsureError> {
        Ok(JoinAnswer::default())
    }
    async fn remove(&self, _: &dyn HostNotes, _: &Remains) -> Result<(), RemoveError> {
        Ok(())
    }

    // Runs at every start. A driver that has made something looks here for what is missing or too much.
    async fn recover(&self, _: &dyn HostNotes, _: HostState, _: Vec<Remains>) -> Result<DriverRecovery> {
        let (store, key) = (self.own.store(), Key::parse("trunk")?);
        if store.get(&key).await?.is_none() {
            store.create(key, self.trunk.as_str().to_owned()).await?;
        }
        Ok(DriverRecovery::default())
    }
    async fn endpoint_info(&self, state: &EndpointState) -> Result<Options> {
        let records = state.network.records.iter().chain(&state.records);
        let mut info: Options = records.map(|record| (record.name.text(), json!(record.value))).collect();
        info.insert("trunk", self.trunk.as_str());
        Ok(info)
    }
}

/// A controller with the built-in drivers, which bring the addresses, and with this one.
async fn open(local: &Arc<LocalStore>, trunk: &str) -> netkeep_controller::Result<Controller> {
    let registry = DriverRegistry::new(&**local, None, Arc::new(NoPlugins), Arc::new(NoHook));
    register_builtin(&registry, &DriverConfigs::default()).await?;
    let mut config = Options::new();
    config.insert("trunk", trunk);
    registry.add_driver("vlan".parse()?, init, config).await?;
    Controller::open(ControllerConfig::new(local.clone(), registry)).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let memory = Arc::new(MemoryStore::open(LeasedDirectories::default()));
    let (store, metrics) = stack(memory, &LayerConfig::default());
    let local = Arc::new(LocalStore::new(store, None));
    let controller = open(&local, "eth1").await?;

    // One commit each, with addresses, claims and the driver's records.
    let before = metrics.commits();
    let blue = controller.create_network(NetworkSpec::new("blue".parse()?, "vlan".parse()?)).await?;
    assert_eq!(metrics.commits() - before, 1);
    let web = controller.create_endpoint("blue", EndpointSpec::new("web".parse()?)).await?;
    assert_eq!(metrics.commits() - before, 2);
    let records = local.list::<DriverRecord>().await?.records;
    assert_eq!(records.len(), 2);
    for read in records {
        println!("commit {}: {} of {} is {}", read.revision(), read.id.name, read.id.on, read.record.value);
        let of = if matches!(read.id.on, Object::Network(_)) { blue.revision } else { web.revision };
        assert_eq!(read.revision().get(), of, "it was written with what it hangs on");
    }

    // What the driver tells of an endpoint.
    let told = controller.endpoint_driver_info("blue", "web").await?;
    println!("the driver on web: {}", serde_json::to_string(&told)?);
    assert_eq!((told.number("vlan")?, told.text("trunk")?), (Some(2), Some("eth1")));
    assert_eq!(told.text("port")?, Some(format!("v{}", web.id.short()).as_str()));
    controller.close().await;

    // What it keeps for itself outlives a run. Another trunk would cut off the networks that there are.
    let Err(refused) = open(&local, "eth2").await else { return Err("another trunk was accepted".into()) };
    println!("refused: {refused}");
    let controller = open(&local, "eth1").await?;
    assert_eq!(controller.endpoint_driver_info("blue", "web").await?, told);

    // Its records go with what they hang on; what it keeps for itself stays.
    controller.delete_endpoint("blue", "web").await?;
    controller.delete_network("blue").await?;
    assert!(controller.check().await?.is_clean());
    controller.close().await;
    let left = local.store().list(&Prefix::root()).await?.entries;
    println!("left: {}", left.iter().map(|entry| entry.key.to_string()).collect::<Vec<_>>().join(", "));
    assert!(left.iter().all(|entry| !entry.key.as_str().starts_with("drivers/")));
    assert!(left.iter().any(|entry| entry.key.as_str() == "driver-data/vlan/trunk"));
    Ok(local.store().close().await?)
}
