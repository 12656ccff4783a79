//! What a request carries, read strictly.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use netkeep_controller::ErrorKind;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::api::MOST_BODY_BYTES;

/// A JSON body. What it holds that is unknown or wrong is refused by its name. The content type is not asked for.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        read(&bytes).map(Self)
    }
}

/// The part of the address after `?`.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => {
                let reason =
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                Err(Problem::new(ErrorKind::Invalid, format!("query: {reason}")))
            }
        }
    }
}

fn unread(rejection: BytesRejection) -> Problem {
    let problem = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            ErrorKind::Invalid,
            format!("the body is too large; at most {MOST_BODY_BYTES} bytes are taken"),
        ),
        _ => {
            Problem::new(ErrorKind::Invalid, format!("the body could not be read: {}", rejection.body_text()))
        }
    };
    problem.with_status(rejection.status())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let wrong = |message: String| Problem::new(ErrorKind::Invalid, message);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        match path.as_str() {
            "." | "?" => wrong(format!("body: {reason}")),
            path => wrong(format!("{path}: {reason}")),
        }
    })?;
    reader.end().map_err(|error| wrong(format!("body: {error}")))?;
    Ok(value)
}
