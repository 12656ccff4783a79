//! The description of the API, for programs.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// The document in the form of OpenAPI 3.1, kept by hand; `tests/daemon/openapi.rs` compares it with the routes
/// and with what they answer.
const DOCUMENT: &str = include_str!("../../openapi.json");

pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
