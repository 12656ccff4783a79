//! Sandboxes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use netkeep_controller::{SandboxInfo, SandboxSpec};

use super::app::App;
use super::problem::Problem;
use super::request::{Body, Params};
use crate::api::{Removal, SandboxKey};

pub(super) async fn list(State(app): State<App>) -> Json<Vec<SandboxInfo>> {
    Json(app.controller.sandboxes())
}

pub(super) async fn create(
    State(app): State<App>,
    Body(spec): Body<SandboxSpec>,
) -> Result<(StatusCode, Json<SandboxInfo>), Problem> {
    let controller = app.controller.clone();
    let made = app.change(async move { controller.create_sandbox(spec).await }).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

pub(super) async fn get(
    State(app): State<App>,
    Path(sandbox): Path<String>,
) -> Result<Json<SandboxInfo>, Problem> {
    Ok(Json(app.controller.sandbox(&sandbox)?))
}

pub(super) async fn set_key(
    State(app): State<App>,
    Path(sandbox): Path<String>,
    Body(SandboxKey { key }): Body<SandboxKey>,
) -> Result<Json<SandboxInfo>, Problem> {
    let controller = app.controller.clone();
    let set = app.change(async move { controller.set_sandbox_key(&sandbox, &key).await }).await?;
    Ok(Json(set))
}

pub(super) async fn delete(
    State(app): State<App>,
    Path(sandbox): Path<String>,
    Params(Removal { force }): Params<Removal>,
) -> Result<StatusCode, Problem> {
    let controller = app.controller.clone();
    app.change(async move {
        match force {
            true => controller.delete_sandbox_by_force(&sandbox).await,
            false => controller.delete_sandbox(&sandbox).await,
        }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
