//! The HTTP/JSON API on a unix socket.

mod app;
mod hosts;
mod ipam;
mod metrics;
mod networks;
mod openapi;
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
use axum::routing::{MethodRouter, get, post, put};
use netkeep_controller::ErrorKind;

pub use self::app::App;
pub use self::problem::Problem;
pub use self::serve::{Stop, serve};
pub use self::socket::{SocketClaim, SocketError};

use crate::api::{API_VERSION, MOST_BODY_BYTES, MOST_PLAN_BYTES};

/// All paths below the version, with what is done there.
fn routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/openapi.json", get(openapi::document)),
        ("/version", get(state::version)),
        ("/status", get(state::status)),
        ("/check", get(state::check)),
        ("/repair", post(repair::repair).layer(DefaultBodyLimit::max(MOST_PLAN_BYTES))),
        ("/quarantine", get(repair::quarantine).delete(repair::take_out)),
        ("/recovery", get(state::recovery)),
        ("/records", get(state::records)),
        ("/sync", post(state::sync)),
        ("/metrics", get(metrics::metrics)),
        ("/networks", get(networks::list).post(networks::create)),
        ("/networks/{network}", get(networks::get).delete(networks::delete)),
        ("/networks/{network}/endpoints", get(networks::list_endpoints).post(networks::create_endpoint)),
        (
            "/networks/{network}/endpoints/{endpoint}",
            get(networks::get_endpoint).delete(networks::delete_endpoint),
        ),
        ("/networks/{network}/tables", get(networks::tables)),
        ("/networks/{network}/endpoints/{endpoint}/join", post(networks::join)),
        ("/networks/{network}/endpoints/{endpoint}/leave", post(networks::leave)),
        ("/sandboxes", get(sandboxes::list).post(sandboxes::create)),
        ("/sandboxes/{sandbox}", get(sandboxes::get).delete(sandboxes::delete)),
        ("/sandboxes/{sandbox}/key", put(sandboxes::set_key)),
        ("/hosts", get(hosts::list)),
        ("/hosts/{host}", get(hosts::get)),
        ("/hosts/{host}/evict", post(hosts::evict)),
        ("/ipam/pools", get(ipam::pools).post(ipam::request_pool).delete(ipam::release_pool)),
        ("/ipam/addresses", get(ipam::addresses).post(ipam::request_address).delete(ipam::release_address)),
    ]
}

/// All paths of the API; a part in braces stands for any text.
pub fn paths() -> impl Iterator<Item = String> {
    routes().into_iter().map(|(path, _)| format!("/{API_VERSION}{path}"))
}

/// The API.
pub fn router(app: App) -> Router {
    let v1 = routes().into_iter().fold(Router::new(), |v1, (path, methods)| v1.route(path, methods));
    Router::new()
        .nest(&format!("/{API_VERSION}"), v1)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .with_state(app)
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::new(
        ErrorKind::NotFound,
        format!("the API has no path {:?}; paths begin with /{API_VERSION}/", uri.path()),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(ErrorKind::Unsupported, format!("{method} means nothing at {:?}", uri.path()))
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}
