//! The hosts that share the global store.

use axum::Json;
use axum::extract::{Path, State};
use netkeep_controller::{Eviction, HostDetails, HostInfo};

use super::app::App;
use super::problem::Problem;
use super::request::Body;
use crate::api::HostEviction;

pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<HostInfo>>, Problem> {
    Ok(Json(app.controller.hosts()?))
}

pub(super) async fn get(
    State(app): State<App>,
    Path(host): Path<String>,
) -> Result<Json<HostDetails>, Problem> {
    Ok(Json(app.controller.host(&host)?))
}

pub(super) async fn evict(
    State(app): State<App>,
    Path(host): Path<String>,
    Body(HostEviction { force }): Body<HostEviction>,
) -> Result<Json<Eviction>, Problem> {
    let controller = app.controller.clone();
    Ok(Json(app.change(async move { controller.evict_host(&host, force).await }).await?))
}
