//! Table entries, to be shown.

use std::collections::BTreeMap;

use async_trait::async_trait;
use netkeep_model::{EndpointId, NetworkId, Object, TableEntry};

use crate::{Result, TableDriver, TableEvent};

/// Shows entries. Whoever plumbs reads them from the controller, so nothing is done with the events.
#[derive(Debug)]
pub(super) struct Tables;

#[async_trait]
impl TableDriver for Tables {
    async fn on_table(&self, network: &NetworkId, event: TableEvent) -> Result<()> {
        tracing::debug!(%network, ?event, "a table has changed");
        Ok(())
    }

    /// An entry whose key is an endpoint's id is of that endpoint, every other of the network.
    fn decode(&self, network: &NetworkId, entry: &TableEntry) -> Option<(Object, BTreeMap<String, String>)> {
        let value = std::str::from_utf8(entry.value.as_bytes()).ok()?;
        let on = match entry.key.as_str().parse::<EndpointId>() {
            Ok(endpoint) => Object::Endpoint(*network, endpoint),
            Err(_) => Object::Network(*network),
        };
        Some((on, BTreeMap::from([("value".to_owned(), value.to_owned())])))
    }
}
