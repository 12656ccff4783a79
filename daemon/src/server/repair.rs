//! Mending what a check has found.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netkeep_controller::{QuarantinedRecord, RepairPlan, RepairReport};

use super::app::App;
use super::problem::Problem;
use super::request::{Body, Params};
use crate::api::{RepairParams, UnreadableRecord};

pub(super) async fn repair(
    State(app): State<App>,
    Params(params): Params<RepairParams>,
    Body(plan): Body<RepairPlan>,
) -> Result<Json<RepairReport>, Problem> {
    let controller = app.controller.clone();
    Ok(Json(app.change(async move { controller.repair(plan, params.apply).await }).await?))
}

pub(super) async fn quarantine(State(app): State<App>) -> Result<Json<Vec<QuarantinedRecord>>, Problem> {
    Ok(Json(app.controller.quarantine().await?))
}

pub(super) async fn take_out(
    State(app): State<App>,
    Params(record): Params<UnreadableRecord>,
) -> Result<StatusCode, Problem> {
    let UnreadableRecord { scope, key, revision } = record;
    let controller = app.controller.clone();
    app.change(async move { controller.take_out(scope, key, revision).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
