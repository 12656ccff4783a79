//! The HTTP/JSON API on a unix socket.

mod app;
mod hosts;
mod ipam;
mod metrics;
mod networks;
mod problem;
mod repair;
mod request;
mod sandboxes;
mod serve;
mod socket;
mod state;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{get, post, put};
use netkeep_controller::ErrorKind;

pub use self::app::App;
pub use self::problem::Problem;
pub use self::serve::{Stop, serve};
pub use self::socket::{SocketClaim, SocketError};

use crate::api::{MOST_BODY_BYTES, MOST_PLAN_BYTES};

/// All paths of the API.
pub fn router(app: App) -> Router {
    let v1 = Router::new()
        .route("/version", get(state::version))
        .route("/status", get(state::status))
        .route("/check", get(state::check))
        .route("/repair", post(repair::repair).layer(DefaultBodyLimit::max(MOST_PLAN_BYTES)))
        .route("/quarantine", get(repair::quarantine).delete(repair::take_out))
        .route("/recovery", get(state::recovery))
        .route("/records", get(state::records))
        .route("/sync", post(state::sync))
        .route("/metrics", get(metrics::metrics))
        .route("/networks", get(networks::list).post(networks::create))
        .route("/networks/{network}", get(networks::get).delete(networks::delete))
        .route("/networks/{network}/endpoints", get(networks::list_endpoints).post(networks::create_endpoint))
        .route(
            "/networks/{network}/endpoints/{endpoint}",
            get(networks::get_endpoint).delete(networks::delete_endpoint),
        )
        .route("/networks/{network}/tables", get(networks::tables))
        .route("/networks/{network}/endpoints/{endpoint}/join", post(networks::join))
        .route("/networks/{network}/endpoints/{endpoint}/leave", post(networks::leave))
        .route("/sandboxes", get(sandboxes::list).post(sandboxes::create))
        .route("/sandboxes/{sandbox}", get(sandboxes::get).delete(sandboxes::delete))
        .route("/sandboxes/{sandbox}/key", put(sandboxes::set_key))
        .route("/hosts", get(hosts::list))
        .route("/hosts/{host}", get(hosts::get))
        .route("/hosts/{host}/evict", post(hosts::evict))
        .route("/ipam/pools", get(ipam::pools).post(ipam::request_pool).delete(ipam::release_pool))
        .route(
            "/ipam/addresses",
            get(ipam::addresses).post(ipam::request_address).delete(ipam::release_address),
        );
    Router::new()
        .nest(&format!("/{}", crate::api::API_VERSION), v1)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .with_state(app)
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::new(
        ErrorKind::NotFound,
        format!("the API has no path {:?}; paths begin with /{}/", uri.path(), crate::api::API_VERSION),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(ErrorKind::Unsupported, format!("{method} means nothing at {:?}", uri.path()))
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}
