//! Figures for Prometheus, in its text format.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use netkeep_controller::{ControllerStatus, HostState};
use netkeep_store::layers::{LATENCY_BOUNDS, MetricsSnapshot};

use super::app::App;

pub(super) async fn metrics(State(app): State<App>) -> Response {
    let mut page = Page::default();
    page.controller(&app.controller.status());
    page.store(app.local.store.info().name, &app.local.metrics.snapshot());
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

    fn controller(&mut self, status: &ControllerStatus) {
        self.head("records", "gauge", "Records of the local store, by kind.");
        for (kind, count) in &status.records {
            self.line(format_args!("netkeep_records{{kind=\"{kind}\"}} {count}"));
        }
        if let Some(global) = &status.global {
            self.head("hosts", "gauge", "Hosts that share the global store, by state.");
            for state in [HostState::Alive, HostState::Gone, HostState::Evicted] {
                let count = global.hosts.get(&state).copied().unwrap_or_default();
                self.line(format_args!("netkeep_hosts{{state=\"{}\"}} {count}", state.as_str()));
            }
        }
        self.single("ports", "gauge", "Claims on ports of the host.", "", status.ports as u64);
        let unreadable = status.quarantine.len() as u64;
        self.single("quarantined_records", "gauge", "Records that cannot be read.", "", unreadable);
        let incarnation = status.incarnation.get();
        self.single("incarnation", "gauge", "Which start of the daemon on this host it is.", "", incarnation);
    }

    fn store(&mut self, store: &str, seen: &MetricsSnapshot) {
        self.head("store_operations_total", "counter", "Operations of the store that ended, by outcome.");
        for operation in &seen.operations {
            let name = operation.operation.name();
            let mut outcome = |outcome: &str, count: u64| {
                self.line(format_args!(
                    "netkeep_store_operations_total{{store=\"{store}\",operation=\"{name}\",outcome=\"{outcome}\"}} {count}"
                ));
            };
            outcome("ok", operation.succeeded);
            outcome("abandoned", operation.abandoned);
            for (kind, count) in &operation.errors {
                outcome(&format!("{kind:?}").to_lowercase(), *count);
            }
        }
        self.head("store_retries_total", "counter", "Further attempts of operations of the store.");
        for operation in &seen.operations {
            let (name, retries) = (operation.operation.name(), operation.retries);
            self.line(format_args!(
                "netkeep_store_retries_total{{store=\"{store}\",operation=\"{name}\"}} {retries}"
            ));
        }
        self.head("store_operation_seconds", "histogram", "How long operations of the store took.");
        for operation in &seen.operations {
            let labels = format!("store=\"{store}\",operation=\"{}\"", operation.operation.name());
            let mut below = 0;
            for (bound, count) in LATENCY_BOUNDS.iter().zip(&operation.latency.buckets) {
                below += count;
                let bound = bound.as_secs_f64();
                self.line(format_args!(
                    "netkeep_store_operation_seconds_bucket{{{labels},le=\"{bound}\"}} {below}"
                ));
            }
            let (count, sum) = (operation.latency.count(), operation.latency.sum.as_secs_f64());
            self.line(format_args!("netkeep_store_operation_seconds_bucket{{{labels},le=\"+Inf\"}} {count}"));
            self.line(format_args!("netkeep_store_operation_seconds_sum{{{labels}}} {sum}"));
            self.line(format_args!("netkeep_store_operation_seconds_count{{{labels}}} {count}"));
        }
        let labels = format!("{{store=\"{store}\"}}");
        for (name, kind, help, value) in [
            ("store_keys_written_total", "counter", "Keys that commits wrote or deleted.", seen.keys_written),
            ("store_operations_in_flight", "gauge", "Operations of the store under way.", seen.in_flight),
            ("store_watches", "gauge", "Watches that are open.", seen.watches),
            ("store_watch_resets_total", "counter", "Times a watch began anew.", seen.watch_resets),
        ] {
            self.single(name, kind, help, &labels, value);
        }
    }
}
