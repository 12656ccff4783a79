//! How the daemon and what it keeps are.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use netkeep_controller::{CheckReport, RecoveryReport};
use netkeep_model::Scope;
use netkeep_store::Store;

use super::app::App;
use super::problem::Problem;
use super::request::Params;
use crate::api::{API_VERSION, DaemonStatus, Records, StoreStatus, SyncParams, Synced, Version};

/// How long a global store may take to say how it is.
const ANSWERING: Duration = Duration::from_secs(2);
/// How long it may take to learn what others have committed.
const LEARNING: Duration = Duration::from_secs(20);

pub(super) async fn version() -> Json<Version> {
    Json(Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: vec![API_VERSION.to_owned()],
        pid: std::process::id(),
    })
}

pub(super) async fn status(State(app): State<App>) -> Json<DaemonStatus> {
    let local = store(&*app.local.store).await;
    let global = match &app.global {
        None => None,
        // Servers that are away are not waited for as long as they are tried.
        Some(global) => {
            Some(tokio::time::timeout(ANSWERING, store(&*global.store)).await.unwrap_or_else(|_| {
                let info = global.store.info();
                StoreStatus {
                    backend: info.name.to_owned(),
                    endpoints: info.endpoints.clone(),
                    version: None,
                    error: Some(format!("it does not answer within {ANSWERING:?}")),
                }
            }))
        }
    };
    Json(DaemonStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        uptime_seconds: app.since.elapsed().as_secs(),
        local,
        global,
        controller: app.controller.status(),
    })
}

/// Asks a store how it is.
async fn store(store: &dyn Store) -> StoreStatus {
    let (version, error) = match store.status().await {
        Ok(status) => (Some(status.server_version), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let info = store.info();
    StoreStatus { backend: info.name.to_owned(), endpoints: info.endpoints.clone(), version, error }
}

pub(super) async fn check(State(app): State<App>) -> Result<Json<CheckReport>, Problem> {
    Ok(Json(app.controller.check().await?))
}

pub(super) async fn recovery(State(app): State<App>) -> Json<RecoveryReport> {
    Json(app.controller.recovery())
}

pub(super) async fn records(State(app): State<App>) -> Json<Records> {
    let status = app.controller.status();
    let global = status.global.map(|global| global.records);
    Json(Records { records: status.records, ports: status.ports, global })
}

pub(super) async fn sync(
    State(app): State<App>,
    Params(SyncParams { scope }): Params<SyncParams>,
) -> Result<Json<Synced>, Problem> {
    let asked = |of| scope.is_none_or(|scope| scope == of);
    let mut synced = Synced::default();
    if asked(Scope::Local) {
        synced.local = Some(app.controller.as_new_as_now(Scope::Local, LEARNING).await?);
    }
    if scope == Some(Scope::Global) || asked(Scope::Global) && app.global.is_some() {
        synced.global = Some(app.controller.as_new_as_now(Scope::Global, LEARNING).await?);
    }
    Ok(Json(synced))
}
