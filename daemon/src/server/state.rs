//! How the daemon and what it keeps are.

use axum::Json;
use axum::extract::State;
use netkeep_controller::{CheckReport, RecoveryReport};

use super::app::App;
use super::problem::Problem;
use crate::api::{API_VERSION, DaemonStatus, Records, StoreStatus, Version};

pub(super) async fn version() -> Json<Version> {
    Json(Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: vec![API_VERSION.to_owned()],
        pid: std::process::id(),
    })
}

pub(super) async fn status(State(app): State<App>) -> Json<DaemonStatus> {
    let (version, error) = match app.store.status().await {
        Ok(status) => (Some(status.server_version), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let info = app.store.info();
    Json(DaemonStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        uptime_seconds: app.since.elapsed().as_secs(),
        local: StoreStatus {
            backend: info.name.to_owned(),
            endpoints: info.endpoints.clone(),
            version,
            error,
        },
        controller: app.controller.status(),
    })
}

pub(super) async fn check(State(app): State<App>) -> Result<Json<CheckReport>, Problem> {
    Ok(Json(app.controller.check().await?))
}

pub(super) async fn recovery(State(app): State<App>) -> Json<RecoveryReport> {
    Json(app.controller.recovery())
}

pub(super) async fn records(State(app): State<App>) -> Json<Records> {
    let status = app.controller.status();
    Json(Records { records: status.records, ports: status.ports })
}
