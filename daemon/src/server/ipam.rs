//! Pools and addresses.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netkeep_controller::{AddressInfo, AddressRequestSpec, PoolInfo, PoolRequestSpec};

use super::app::App;
use super::problem::Problem;
use super::request::{Body, Params};
use crate::api::{AddressFilter, AddressRelease, PoolRelease};

pub(super) async fn pools(State(app): State<App>) -> Json<Vec<PoolInfo>> {
    Json(app.controller.pools())
}

pub(super) async fn request_pool(
    State(app): State<App>,
    Body(spec): Body<PoolRequestSpec>,
) -> Result<(StatusCode, Json<PoolInfo>), Problem> {
    let controller = app.controller.clone();
    let taken = app.change(async move { controller.request_pool(spec).await }).await?;
    Ok((StatusCode::CREATED, Json(taken)))
}

pub(super) async fn release_pool(
    State(app): State<App>,
    Params(release): Params<PoolRelease>,
) -> Result<StatusCode, Problem> {
    let controller = app.controller.clone();
    let PoolRelease { space, pool, sub } = release;
    app.change(async move { controller.release_pool(space, pool, sub).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn addresses(
    State(app): State<App>,
    Params(filter): Params<AddressFilter>,
) -> Json<Vec<AddressInfo>> {
    let AddressFilter { space, pool, address } = filter;
    let Some(address) = address else {
        return Json(app.controller.addresses(space.as_ref(), pool.as_ref()));
    };
    let mut holders = app.controller.holders(space.as_ref(), address);
    holders.retain(|found| pool.is_none_or(|pool| found.pool == pool));
    Json(holders)
}

pub(super) async fn request_address(
    State(app): State<App>,
    Body(spec): Body<AddressRequestSpec>,
) -> Result<(StatusCode, Json<AddressInfo>), Problem> {
    let controller = app.controller.clone();
    let taken = app.change(async move { controller.request_address(spec).await }).await?;
    Ok((StatusCode::CREATED, Json(taken)))
}

pub(super) async fn release_address(
    State(app): State<App>,
    Params(release): Params<AddressRelease>,
) -> Result<StatusCode, Problem> {
    let controller = app.controller.clone();
    let AddressRelease { space, pool, address } = release;
    app.change(async move { controller.release_address(space, pool, address).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
