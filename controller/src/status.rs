//! How a controller is.

use std::collections::BTreeMap;

use crate::ControllerStatus;
use crate::controller::Inner;
use crate::replica::State;

/// How the side of this host is.
pub(crate) fn status(inner: &Inner) -> ControllerStatus {
    let site = &inner.site;
    let (sync, sync_since) = site.replica.sync();
    let state = site.replica.read();
    let info = site.store().info();
    ControllerStatus {
        host: site.actor.host,
        incarnation: site.actor.incarnation,
        store: info.name.to_owned(),
        endpoints: info.endpoints.clone(),
        sync,
        sync_since,
        revision: state.latest().get(),
        records: records(&state),
        ports: state.tables.port_blocks.values().map(|block| block.record.claims().len()).sum(),
        quarantine: quarantine(&state),
        drivers: inner.registry.kinds().iter().map(ToString::to_string).collect(),
        ipam_drivers: inner.registry.ipam_kinds().iter().map(ToString::to_string).collect(),
        global: None,
    }
}

/// How many records there are of each kind.
pub(crate) fn records(state: &State) -> BTreeMap<String, usize> {
    state.tables.counts().into_iter().map(|(kind, n)| (kind.to_owned(), n)).collect()
}

/// The records that cannot be read: key and reason.
pub(crate) fn quarantine(state: &State) -> BTreeMap<String, String> {
    let unreadable = state.tables.unreadable.values();
    unreadable.map(|unreadable| (unreadable.key.to_string(), unreadable.reason.clone())).collect()
}
