//! Errors as the API answers them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use netkeep_controller::ErrorKind;

use crate::api::{ErrorAnswer, ErrorBody};

/// An error on its way to the client.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    answer: ErrorAnswer,
}

impl Problem {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { status: status(kind), answer: ErrorAnswer { kind, message: message.into() } }
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl From<netkeep_controller::Error> for Problem {
    fn from(error: netkeep_controller::Error) -> Self {
        if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Corrupt) {
            tracing::error!(error = &error as &dyn std::error::Error, "an operation failed");
        }
        Self::new(error.kind(), error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody { error: self.answer })).into_response()
    }
}

fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Exists
        | ErrorKind::InUse
        | ErrorKind::Ambiguous
        | ErrorKind::Exhausted
        | ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        ErrorKind::Unavailable | ErrorKind::Closed => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Unknown => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
