//! Networks and their endpoints.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use netkeep_controller::{EndpointInfo, EndpointSpec, NetworkInfo, NetworkSpec, TableEntryInfo};

use super::app::App;
use super::problem::Problem;
use super::request::{Body, Params};
use crate::api::{Attaching, Removal};

pub(super) async fn list(State(app): State<App>) -> Json<Vec<NetworkInfo>> {
    Json(app.controller.networks())
}

pub(super) async fn create(
    State(app): State<App>,
    Body(spec): Body<NetworkSpec>,
) -> Result<(StatusCode, Json<NetworkInfo>), Problem> {
    let controller = app.controller.clone();
    let made = app.change(async move { controller.create_network(spec).await }).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

pub(super) async fn get(
    State(app): State<App>,
    Path(network): Path<String>,
) -> Result<Json<NetworkInfo>, Problem> {
    Ok(Json(app.controller.network(&network)?))
}

pub(super) async fn delete(
    State(app): State<App>,
    Path(network): Path<String>,
) -> Result<StatusCode, Problem> {
    let controller = app.controller.clone();
    app.change(async move { controller.delete_network(&network).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_endpoints(
    State(app): State<App>,
    Path(network): Path<String>,
) -> Result<Json<Vec<EndpointInfo>>, Problem> {
    Ok(Json(app.controller.endpoints(&network)?))
}

pub(super) async fn create_endpoint(
    State(app): State<App>,
    Path(network): Path<String>,
    Body(spec): Body<EndpointSpec>,
) -> Result<(StatusCode, Json<EndpointInfo>), Problem> {
    let controller = app.controller.clone();
    let made = app.change(async move { controller.create_endpoint(&network, spec).await }).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

pub(super) async fn get_endpoint(
    State(app): State<App>,
    Path((network, endpoint)): Path<(String, String)>,
) -> Result<Json<EndpointInfo>, Problem> {
    Ok(Json(app.controller.endpoint(&network, &endpoint)?))
}

pub(super) async fn delete_endpoint(
    State(app): State<App>,
    Path((network, endpoint)): Path<(String, String)>,
    Params(Removal { force }): Params<Removal>,
) -> Result<StatusCode, Problem> {
    let controller = app.controller.clone();
    app.change(async move {
        match force {
            true => controller.delete_endpoint_by_force(&network, &endpoint).await,
            false => controller.delete_endpoint(&network, &endpoint).await,
        }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn join(
    State(app): State<App>,
    Path((network, endpoint)): Path<(String, String)>,
    Body(Attaching { sandbox }): Body<Attaching>,
) -> Result<Json<EndpointInfo>, Problem> {
    let controller = app.controller.clone();
    Ok(Json(app.change(async move { controller.join(&network, &endpoint, &sandbox).await }).await?))
}

pub(super) async fn leave(
    State(app): State<App>,
    Path((network, endpoint)): Path<(String, String)>,
    Body(Attaching { sandbox }): Body<Attaching>,
) -> Result<Json<EndpointInfo>, Problem> {
    let controller = app.controller.clone();
    Ok(Json(app.change(async move { controller.leave(&network, &endpoint, &sandbox).await }).await?))
}

pub(super) async fn tables(
    State(app): State<App>,
    Path(network): Path<String>,
) -> Result<Json<Vec<TableEntryInfo>>, Problem> {
    Ok(Json(app.controller.table_entries(&network)?))
}
