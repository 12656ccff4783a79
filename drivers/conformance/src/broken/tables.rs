//! Tables with a flaw.

use std::collections::BTreeMap;

use async_trait::async_trait;
use netkeep_drivers::{Result, TableDriver, TableEvent};
use netkeep_model::{MacAddress, NetworkId, Object, TableEntry, TableValue};

use super::{BrokenDriver, Flaw};
use crate::models::{Peer, alias};

#[async_trait]
impl TableDriver for BrokenDriver {
    async fn on_table(&self, network: &NetworkId, event: TableEvent) -> Result<()> {
        let Some(inner) = self.inner.tables() else { return Ok(()) };
        match (self.flaw, event) {
            (Flaw::AddsWhenReset, TableEvent::Reset(entries)) => {
                for entry in entries {
                    inner.on_table(network, TableEvent::Created(entry)).await?;
                }
                Ok(())
            }
            (Flaw::IgnoresResets, TableEvent::Reset(_)) => Ok(()),
            (Flaw::HearsItself, TableEvent::Created(entry)) => {
                inner.on_table(network, TableEvent::Created(anothers(entry))).await
            }
            (Flaw::BelievesAnything, TableEvent::Created(entry)) => {
                let (kernel, device) = (self.kernel(), self.kernel().link_with(&alias(*network)));
                if let Some(device) = device {
                    let [a, b] =
                        [entry.value.as_bytes().len(), entry.key.as_str().len()].map(|n| n.to_le_bytes()[0]);
                    let mac = MacAddress::new([2, 0, 0, 0, a, b]);
                    let peer = Peer { mac, ip: [10, 0, 0, a].into(), behind: [10, 0, 1, b].into() };
                    kernel.add_peer(&device, &peer).await?;
                }
                inner.on_table(network, TableEvent::Created(entry)).await
            }
            (_, event) => inner.on_table(network, event).await,
        }
    }

    fn decode(&self, network: &NetworkId, entry: &TableEntry) -> Option<(Object, BTreeMap<String, String>)> {
        self.inner.tables()?.decode(network, entry)
    }
}

/// The entry as if another host had published it.
fn anothers(entry: TableEntry) -> TableEntry {
    let text = String::from_utf8_lossy(entry.value.as_bytes()).into_owned();
    let value = match text.rsplit_once(' ') {
        Some((peer, _)) => TableValue::from(format!("{peer} 192.0.2.200").into_bytes()),
        None => entry.value,
    };
    TableEntry { value, ..entry }
}
