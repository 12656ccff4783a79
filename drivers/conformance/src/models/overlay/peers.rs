//! Where the endpoints of other hosts are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use netkeep_drivers::{Result, TableDriver, TableEvent};
use netkeep_model::{EndpointId, LinkName, MacAddress, NetworkId, Object, TableEntry, TableValue};

use super::Overlay;
use crate::models::hold::alias;
use crate::models::{KernelError, Peer};

/// The table in which hosts say where their endpoints are.
pub(super) const TABLE: &str = "model-peers";

/// An entry of the table: address, hardware address, host.
pub(super) fn value(mac: MacAddress, ip: IpAddr, behind: IpAddr) -> TableValue {
    TableValue::from(format!("{ip} {mac} {behind}").into_bytes())
}

fn peer(value: &TableValue) -> Option<Peer> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?;
    let mut parts = text.split(' ');
    let ip = parts.next()?.parse().ok()?;
    let mac = parts.next()?.parse().ok()?;
    let behind = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some(Peer { mac, ip, behind })
}

impl Overlay {
    /// The peer that an entry speaks of, if it is of our table and behind another host.
    fn other(&self, table: &str, value: &TableValue) -> Option<Peer> {
        peer(value).filter(|peer| table == TABLE && peer.behind != self.kernel.address())
    }

    async fn reset(&self, device: &LinkName, entries: &[TableEntry]) -> Result<(), KernelError> {
        let wanted: Vec<Peer> =
            entries.iter().filter_map(|entry| self.other(entry.table.as_str(), &entry.value)).collect();
        for known in self.kernel.peers(device) {
            if !wanted.iter().any(|peer| peer.to_string() == known) {
                self.kernel.delete_peer(device, &known).await?;
            }
        }
        for peer in &wanted {
            self.kernel.add_peer(device, peer).await?;
        }
        Ok(())
    }

    async fn hear(&self, device: &LinkName, event: TableEvent) -> Result<(), KernelError> {
        let (old, new) = match event {
            TableEvent::Reset(entries) => return self.reset(device, &entries).await,
            TableEvent::Created(entry) => (None, self.other(entry.table.as_str(), &entry.value)),
            TableEvent::Changed { table, old, new, .. } => {
                (self.other(table.as_str(), &old), self.other(table.as_str(), &new))
            }
            TableEvent::Removed(entry) => (self.other(entry.table.as_str(), &entry.value), None),
        };
        if let Some(old) = old.filter(|old| Some(old) != new.as_ref()) {
            self.kernel.delete_peer(device, &old.to_string()).await?;
        }
        match new {
            Some(new) => self.kernel.add_peer(device, &new).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl TableDriver for Overlay {
    /// A network that is not on this host has no device, and its peers are nobody's business here.
    async fn on_table(&self, network: &NetworkId, event: TableEvent) -> Result<()> {
        match self.kernel.link_with(&alias(*network)) {
            Some(device) => Ok(self.hear(&device, event).await?),
            None => Ok(()),
        }
    }

    fn decode(&self, network: &NetworkId, entry: &TableEntry) -> Option<(Object, BTreeMap<String, String>)> {
        let peer = peer(&entry.value).filter(|_| entry.table.as_str() == TABLE)?;
        let endpoint: EndpointId = entry.key.as_str().parse().ok()?;
        let shown = BTreeMap::from([("host".to_owned(), peer.behind.to_string())]);
        Some((Object::Endpoint(*network, endpoint), shown))
    }
}
