//! How a controller is.

use crate::ControllerStatus;
use crate::controller::Inner;

/// How a controller is.
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
        records: state.tables.counts().into_iter().map(|(kind, n)| (kind.to_owned(), n)).collect(),
        ports: state.tables.port_blocks.values().map(|block| block.record.claims().len()).sum(),
        quarantine: state
            .tables
            .unreadable
            .values()
            .map(|unreadable| (unreadable.key.to_string(), unreadable.reason.clone()))
            .collect(),
        drivers: inner.registry.kinds().iter().map(ToString::to_string).collect(),
        ipam_drivers: inner.registry.ipam_kinds().iter().map(ToString::to_string).collect(),
    }
}
