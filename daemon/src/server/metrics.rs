//! Figures for Prometheus, in its text format.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use netkeep_controller::{
    ControllerStatus, GlobalState, GlobalStatus, HostState, Operation, OperationFigures, SyncState,
};
use netkeep_model::{Incarnation, Scope};
use netkeep_store::layers::{LATENCY_BOUNDS, Latency, MetricsSnapshot};

use super::app::App;

pub(super) async fn metrics(State(app): State<App>) -> Response {
    let mut page = Page::default();
    let status = app.controller.status();
    page.stores(&status);
    page.hosts(&status);
    page.operations(&app.controller.operations());
    let mut seen = vec![(Scope::Local, app.local.store.info().name, app.local.metrics.snapshot())];
    if let Some(global) = &app.global {
        seen.push((Scope::Global, global.store.info().name, global.metrics.snapshot()));
    }
    page.store_operations(&seen);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], page.0).into_response()
}

#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP netkeep_{name} {help}"));
        self.line(format_args!("# TYPE netkeep_{name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, labels: &str, value: u64) {
        self.head(name, kind, help);
        self.line(format_args!("netkeep_{name}{labels} {value}"));
    }

    /// What is known of each store, and how well.
    fn stores(&mut self, status: &ControllerStatus) {
        let global = status.global.as_ref();
        self.head("records", "gauge", "Records, by store and kind.");
        let known = global.map(|global| (Scope::Global, &global.records));
        for (scope, records) in std::iter::once((Scope::Local, &status.records)).chain(known) {
            for (kind, count) in records {
                self.line(format_args!("netkeep_records{{scope=\"{scope}\",kind=\"{kind}\"}} {count}"));
            }
        }
        self.by_scope("quarantined_records", "Records that cannot be read.", status.quarantine.len(), {
            global.map(|global| global.quarantine.len())
        });
        self.by_scope("revision", "The newest commit that is known of.", status.revision, {
            global.map(|global| global.revision)
        });
        let followed = |follows: bool| u8::from(follows);
        self.by_scope(
            "in_sync",
            "Whether what is known follows the store: 1, or 0.",
            followed(status.sync == SyncState::InSync),
            global.map(|global| followed(global.state == GlobalState::InSync)),
        );
        self.by_scope(
            "sync_state_seconds",
            "For how long it has followed the store, or has not.",
            status.sync_since.as_secs_f64(),
            global.map(|global| global.since.as_secs_f64()),
        );
        if let Some(global) = global {
            self.head("global_state", "gauge", "How the global store stands: 1 for the state that it is in.");
            for (state, name) in [
                (GlobalState::Waiting, "waiting"),
                (GlobalState::InSync, "in-sync"),
                (GlobalState::Away, "away"),
                (GlobalState::Refused, "refused"),
            ] {
                let is = u8::from(global.state == state);
                self.line(format_args!("netkeep_global_state{{state=\"{name}\"}} {is}"));
            }
        }
        if let Some(age) = global.and_then(age) {
            self.head(
                "replica_age_seconds",
                "gauge",
                "How old what is known is; 0 while the store is followed.",
            );
            self.line(format_args!("netkeep_replica_age_seconds{{scope=\"global\"}} {age}"));
        }
        self.single("ports", "gauge", "Claims on ports of the host.", "", status.ports as u64);
    }

    /// The hosts that share a store, and the sign of life of this one.
    fn hosts(&mut self, status: &ControllerStatus) {
        let runs = status.incarnation.get();
        let of_global = status.global.as_ref().and_then(|global| global.incarnation).map(Incarnation::get);
        self.by_scope("incarnation", "Which start of the daemon on this host it is.", runs, of_global);
        let Some(global) = &status.global else { return };
        self.head("hosts", "gauge", "Hosts that share the global store, by state.");
        for state in [HostState::Alive, HostState::Gone, HostState::Evicted] {
            let count = global.hosts.get(&state).copied().unwrap_or_default();
            self.line(format_args!("netkeep_hosts{{state=\"{}\"}} {count}", state.as_str()));
        }
        let Some(sign) = &global.sign else { return };
        for (name, kind, help, value) in [
            (
                "host_lease_held",
                "gauge",
                "Whether this host gives a sign of life: 1, or 0.",
                u64::from(sign.is_given),
            ),
            (
                "host_leases_granted_total",
                "counter",
                "Times this host has given a sign of life anew.",
                sign.given,
            ),
            ("host_leases_lost_total", "counter", "Times its sign of life was found lost.", sign.lost),
        ] {
            self.single(name, kind, help, "", value);
        }
        self.head("host_lease_seconds", "gauge", "How long a sign of life lives when nobody keeps it up.");
        self.line(format_args!("netkeep_host_lease_seconds {}", sign.lease.as_secs_f64()));
    }

    /// What callers had done.
    fn operations(&mut self, operations: &BTreeMap<(Operation, Scope), OperationFigures>) {
        let labelled: Vec<_> = operations
            .iter()
            .map(|((operation, scope), figures)| {
                (format!("scope=\"{scope}\",operation=\"{}\"", operation.as_str()), figures)
            })
            .collect();
        self.head("operations_total", "counter", "Operations that ended, by outcome.");
        for (labels, figures) in &labelled {
            let failed = figures.failed.iter().map(|(kind, count)| (kind.as_str(), *count));
            for (outcome, count) in std::iter::once(("ok", figures.succeeded)).chain(failed) {
                self.line(format_args!("netkeep_operations_total{{{labels},outcome=\"{outcome}\"}} {count}"));
            }
        }
        self.head(
            "operation_commits_total",
            "counter",
            "Commits that operations made, by the store that they went to.",
        );
        for (labels, figures) in &labelled {
            for (store, count) in &figures.commits {
                self.line(format_args!(
                    "netkeep_operation_commits_total{{{labels},store=\"{store}\"}} {count}"
                ));
            }
        }
        self.head(
            "operation_conflicts_total",
            "counter",
            "Commits that were refused since others had changed the same.",
        );
        for (labels, figures) in &labelled {
            self.line(format_args!("netkeep_operation_conflicts_total{{{labels}}} {}", figures.conflicts));
        }
        self.head("operation_retries_total", "counter", "Times operations were decided again after that.");
        for (labels, figures) in &labelled {
            self.line(format_args!("netkeep_operation_retries_total{{{labels}}} {}", figures.retries));
        }
        self.head("operation_seconds", "histogram", "How long operations took.");
        for (labels, figures) in &labelled {
            if let Some(latency) = &figures.latency {
                self.histogram("operation_seconds", labels, latency);
            }
        }
    }

    /// What each store was asked.
    fn store_operations(&mut self, stores: &[(Scope, &str, MetricsSnapshot)]) {
        let labels = |scope: &Scope, store: &str| format!("scope=\"{scope}\",store=\"{store}\"");
        let operations: Vec<_> = stores
            .iter()
            .flat_map(|(scope, store, seen)| {
                let labels = labels(scope, store);
                seen.operations.iter().map(move |operation| {
                    (format!("{labels},operation=\"{}\"", operation.operation.name()), operation)
                })
            })
            .collect();
        self.head("store_operations_total", "counter", "Operations of the store that ended, by outcome.");
        for (labels, operation) in &operations {
            let mut outcome = |outcome: &str, count: u64| {
                self.line(format_args!(
                    "netkeep_store_operations_total{{{labels},outcome=\"{outcome}\"}} {count}"
                ));
            };
            outcome("ok", operation.succeeded);
            outcome("abandoned", operation.abandoned);
            for (kind, count) in &operation.errors {
                outcome(&format!("{kind:?}").to_lowercase(), *count);
            }
        }
        self.head("store_retries_total", "counter", "Further attempts of operations of the store.");
        for (labels, operation) in &operations {
            self.line(format_args!("netkeep_store_retries_total{{{labels}}} {}", operation.retries));
        }
        self.head("store_operation_seconds", "histogram", "How long operations of the store took.");
        for (labels, operation) in &operations {
            self.histogram("store_operation_seconds", labels, &operation.latency);
        }
        for (name, kind, help, value) in STORE_FIGURES {
            self.head(name, kind, help);
            for (scope, store, seen) in stores {
                let labels = labels(scope, store);
                self.line(format_args!("netkeep_{name}{{{labels}}} {}", value(seen)));
            }
        }
    }

    fn histogram(&mut self, name: &str, labels: &str, latency: &Latency) {
        let mut below = 0;
        for (bound, count) in LATENCY_BOUNDS.iter().zip(&latency.buckets) {
            below += count;
            let bound = bound.as_secs_f64();
            self.line(format_args!("netkeep_{name}_bucket{{{labels},le=\"{bound}\"}} {below}"));
        }
        let (count, sum) = (latency.count(), latency.sum.as_secs_f64());
        self.line(format_args!("netkeep_{name}_bucket{{{labels},le=\"+Inf\"}} {count}"));
        self.line(format_args!("netkeep_{name}_sum{{{labels}}} {sum}"));
        self.line(format_args!("netkeep_{name}_count{{{labels}}} {count}"));
    }

    /// A gauge of the store of this host, and of the one that hosts share if it is known.
    fn by_scope<T: Display>(&mut self, name: &str, help: &str, local: T, global: Option<T>) {
        self.head(name, "gauge", help);
        self.line(format_args!("netkeep_{name}{{scope=\"local\"}} {local}"));
        if let Some(global) = global {
            self.line(format_args!("netkeep_{name}{{scope=\"global\"}} {global}"));
        }
    }
}

/// How old what is known of the global store is, in seconds; `None` if nothing is.
fn age(global: &GlobalStatus) -> Option<f64> {
    match (&global.stale, global.state) {
        (Some(stale), _) => Some(stale.age.as_secs_f64()),
        (None, GlobalState::InSync) => Some(0.0),
        (None, _) => None,
    }
}

type StoreFigure = (&'static str, &'static str, &'static str, fn(&MetricsSnapshot) -> u64);

const STORE_FIGURES: [StoreFigure; 4] = [
    ("store_keys_written_total", "counter", "Keys that commits wrote or deleted.", |seen| seen.keys_written),
    ("store_operations_in_flight", "gauge", "Operations of the store under way.", |seen| seen.in_flight),
    ("store_watches", "gauge", "Watches that are open.", |seen| seen.watches),
    ("store_watch_resets_total", "counter", "Times a watch began anew.", |seen| seen.watch_resets),
];
