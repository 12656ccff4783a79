//! The network that the nodes of one cluster share.

use testcontainers::bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest,
    NetworkDisconnectRequest,
};

use crate::launcher::engine::{self, engine};
use crate::{Error, Kind, Result, watchdog};

/// How many ranges of addresses are tried before there is none.
const TRIES: u32 = 200;

/// A network of the engine. Its addresses are ours, so that a node can have the same again after a restart.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    name: String,
    subnet: String,
    gateway: String,
}

impl Network {
    /// Makes one with a range of addresses that no other network of the engine has.
    pub(crate) async fn make(name: String) -> Result<Self> {
        let engine = engine().await?;
        watchdog::remember("network", &name);
        let mut last = None;
        for step in 0..TRIES {
            // Processes that start together begin apart.
            let part = (std::process::id() + step) % 250 + 1;
            let network = Self {
                name: name.clone(),
                subnet: format!("10.77.{part}.0/24"),
                gateway: format!("10.77.{part}.1"),
            };
            let range = IpamConfig {
                subnet: Some(network.subnet.clone()),
                gateway: Some(network.gateway.clone()),
                ..IpamConfig::default()
            };
            let request = NetworkCreateRequest {
                name: name.clone(),
                driver: Some("bridge".to_owned()),
                ipam: Some(Ipam { config: Some(vec![range]), ..Ipam::default() }),
                labels: Some(engine::labels()),
                ..NetworkCreateRequest::default()
            };
            match engine.create_network(request).await {
                Ok(_) => return Ok(network),
                // The range overlaps with another network's.
                Err(error) if engine::is_status(&error, 403) || engine::is_status(&error, 400) => {
                    last = Some(error);
                }
                Err(error) => return Err(Error::failed(format!("cannot make network {name}"), error)),
            }
        }
        let why = last.map_or_else(String::new, |error| error.to_string());
        Err(Error::new(Kind::Failed, format!("no range of addresses is free for network {name}: {why}")))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Gives a container that does not run the address that it had.
    pub(crate) async fn readdress(&self, container: &str, address: &str) -> Result<()> {
        let engine = engine().await?;
        let failed = |error| Error::failed(format!("cannot give {container} its address {address}"), error);
        let leave = NetworkDisconnectRequest { container: container.to_owned(), force: Some(true) };
        match engine.disconnect_network(&self.name, leave).await {
            Ok(()) => {}
            // It has left before, and the rest did not come about.
            Err(error) if engine::is_status(&error, 404) => {}
            Err(error) => return Err(failed(error)),
        }
        let settings = EndpointSettings {
            ipam_config: Some(EndpointIpamConfig {
                ipv4_address: Some(address.to_owned()),
                ..EndpointIpamConfig::default()
            }),
            ..EndpointSettings::default()
        };
        let join = NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(settings) };
        engine.connect_network(&self.name, join).await.map_err(failed)
    }

    /// What drops everything between a node and the other members. Clients come by the gateway.
    pub(crate) fn cut(&self) -> String {
        let Self { subnet, gateway, .. } = self;
        format!(
            "table inet cut {{ \
             chain i {{ type filter hook input priority 0; ip saddr {subnet} ip saddr != {gateway} drop; }}; \
             chain o {{ type filter hook output priority 0; ip daddr {subnet} ip daddr != {gateway} drop; }}; \
             }}"
        )
    }

    /// Removes it. No container may be in it any more.
    pub(crate) async fn remove(&self) -> Result<()> {
        match engine().await?.remove_network(&self.name).await {
            Ok(()) => Ok(()),
            Err(error) if engine::is_status(&error, 404) => Ok(()),
            Err(error) => Err(Error::failed(format!("cannot remove network {}", self.name), error)),
        }
    }
}
