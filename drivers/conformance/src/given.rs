//! The words that cases are written in.

use std::collections::BTreeSet;
use std::sync::Arc;

use netkeep_model::{Object, Scope};

use crate::script::{Op, down, up};
use crate::site::endpoint_id;
use crate::{Change, DriverHarness, Site};

/// A site on a fresh host for each scope that the driver's networks can have.
pub(crate) async fn sites(h: &Arc<dyn DriverHarness>) -> Vec<Site> {
    let scopes = h.restart().await.info().data_scopes.clone();
    assert!(!scopes.is_empty(), "D-SHOW-2: the driver's networks can be of no scope");
    let mut sites = Vec::new();
    for scope in scopes {
        sites.push(Site::start(h.fresh().await, scope).await);
    }
    sites
}

/// As [`sites`], but only those of global scope.
pub(crate) async fn global_sites(h: &Arc<dyn DriverHarness>) -> Vec<Site> {
    let all = sites(h).await;
    all.into_iter().filter(|site| site.scope() == Scope::Global).collect()
}

/// As [`sites`], with everything of the samples on them.
pub(crate) async fn full_sites(h: &Arc<dyn DriverHarness>) -> Vec<Site> {
    let mut all = sites(h).await;
    for site in &mut all {
        let ops = up(site);
        site.perform_all(&ops).await;
    }
    all
}

impl Site {
    /// A site like this one, with the same scope, on a fresh host.
    pub(crate) async fn again(&self) -> Self {
        Self::start(self.harness().fresh().await, self.scope()).await
    }

    /// Removes everything of the samples, and expects that nothing but `before` is left.
    pub(crate) async fn clear(&mut self, before: &BTreeSet<String>, clause: &str) {
        let ops = down(self);
        self.perform_rest(&ops).await;
        expect_things(&self.present(), before, &format!("{clause}: all of it was made and removed"));
    }

    /// The objects of the samples that are there: what is made first stands first.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let networks: Vec<Object> = self.store().networks.keys().map(|id| Object::Network(*id)).collect();
        let endpoints: Vec<Object> =
            self.store().endpoints.keys().map(|(network, id)| Object::Endpoint(*network, *id)).collect();
        let joins: Vec<Object> = self.local().joins.keys().copied().collect();
        networks.into_iter().chain(endpoints).chain(joins).collect()
    }

    /// Ensures everything that is wanted, as the controller would do again.
    pub(crate) async fn ensure_all(&self) {
        let wanted = self.wanted();
        let (driver, notes) = (self.driver(), self.notes());
        let made =
            |what: Object| move |error| panic!("D-ENSURE-1: ensuring {what} again did not succeed: {error}");
        for state in &wanted.networks {
            driver.ensure_network(&notes, state).await.map_err(made(state.object())).ok();
        }
        for state in &wanted.endpoints {
            driver.ensure_endpoint(&notes, state).await.map_err(made(state.object())).ok();
        }
        for state in &wanted.joins {
            driver.ensure_join(&notes, state).await.map_err(made(state.object())).ok();
            let on = state.object();
            let published = self.local().joins.get(&on).and_then(|join| join.published.clone());
            if let Some(external) = driver.external()
                && published.is_some_and(|published| published.ensured)
            {
                external.ensure_program(&notes, state).await.map_err(made(on)).ok();
            }
        }
    }

    /// Expects that the host has not changed since it had seen so many changes.
    #[track_caller]
    pub(crate) fn expect_unchanged(&self, since: usize, what: &str) {
        let changes = self.changes_since(since);
        assert!(changes.is_empty(), "{what}: the host has changed: {changes:?}");
    }

    /// Expects that nothing has gone from the host, not for a moment either.
    #[track_caller]
    pub(crate) fn expect_nothing_gone(&self, since: usize, what: &str) {
        let gone: Vec<Change> = self
            .changes_since(since)
            .into_iter()
            .filter(|change| matches!(change, Change::Vanished(_)))
            .collect();
        assert!(gone.is_empty(), "{what}: {gone:?}");
    }

    /// Recovers, and expects that the report names no failure.
    pub(crate) async fn recover_well(&mut self, what: &str) -> netkeep_drivers::DriverRecovery {
        let report = self.recover().await.unwrap_or_else(|error| panic!("{what}: recovery failed: {error}"));
        assert!(report.failed.is_empty(), "{what}: recovery reports failures: {:?}", report.failed);
        report
    }

    /// Expects that another recovery would change nothing, and report nothing.
    pub(crate) async fn expect_settled(&mut self, what: &str) {
        self.restart().await;
        let before = self.changed();
        let report = self.recover_well(what).await;
        self.expect_unchanged(before, what);
        assert!(
            report.ensured.is_empty() && report.removed.is_empty(),
            "{what}: nothing has changed, and the report names {:?} as made and {:?} as removed",
            report.ensured,
            report.removed
        );
    }
}

/// Expects that just these things are there, and names only those that differ.
#[track_caller]
pub(crate) fn expect_things(there: &BTreeSet<String>, expected: &BTreeSet<String>, what: &str) {
    let missing: Vec<_> = expected.difference(there).collect();
    let surplus: Vec<_> = there.difference(expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{what}: missing on the host: {missing:?}; not due there: {surplus:?}"
    );
}

/// Endpoint 0 of network 0.
pub(crate) fn first_endpoint() -> (netkeep_model::NetworkId, netkeep_model::EndpointId) {
    let network = crate::site::network_id(0);
    (network, endpoint_id(network, 0))
}

/// The operations up to and including the first endpoint.
pub(crate) const FIRST_ENDPOINT: [Op; 3] = [Op::Network(0), Op::Use(0), Op::Endpoint(0, 0)];
