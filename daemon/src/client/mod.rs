//! A client of the daemon, over its socket.

mod calls;
mod error;
mod hosts;
mod path;
mod sandboxes;

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::error::ClientError;

use self::path::ApiPath;
use crate::api::ErrorBody;

/// A client of the daemon at one socket. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    socket: PathBuf,
}

impl Client {
    /// How long an answer may take.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// A client of the daemon at `socket`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ClientError::Broken`] if the HTTP client cannot be made.
    pub fn new(socket: impl Into<PathBuf>) -> Result<Self, ClientError> {
        let socket = socket.into();
        let http = reqwest::Client::builder()
            .unix_socket(socket.as_path())
            .no_proxy()
            .timeout(Self::PATIENCE)
            .build()
            .map_err(|error| ClientError::Broken { socket: socket.clone(), reason: error.to_string() })?;
        Ok(Self { http, socket })
    }

    /// Where the daemon is.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    async fn read<T: DeserializeOwned>(&self, path: ApiPath) -> Result<T, ClientError> {
        self.answer(self.http.get(path.url())).await
    }

    async fn ask<T: DeserializeOwned>(&self, path: ApiPath) -> Result<T, ClientError> {
        self.answer(self.http.post(path.url())).await
    }

    async fn make<T: DeserializeOwned>(
        &self,
        path: ApiPath,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.answer(self.http.post(path.url()).json(body)).await
    }

    async fn set<T: DeserializeOwned>(&self, path: ApiPath, body: &impl Serialize) -> Result<T, ClientError> {
        self.answer(self.http.put(path.url()).json(body)).await
    }

    async fn remove(&self, path: ApiPath) -> Result<(), ClientError> {
        self.send(self.http.request(Method::DELETE, path.url())).await.map(|_| ())
    }

    async fn answer<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ClientError> {
        let bytes = self.send(request).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| self.broken(format!("the answer makes no sense: {error}")))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, ClientError> {
        let answer = request.send().await.map_err(|error| ClientError::unanswered(&self.socket, &error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| ClientError::unanswered(&self.socket, &error))?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        match serde_json::from_slice::<ErrorBody>(&bytes) {
            Ok(body) => Err(ClientError::Refused(body.error)),
            Err(_) => Err(self.broken(unexplained(status))),
        }
    }

    fn broken(&self, reason: String) -> ClientError {
        ClientError::Broken { socket: self.socket.clone(), reason }
    }
}

fn unexplained(status: StatusCode) -> String {
    format!("the answer is {status} without an explanation; is it a Netkeep daemon of this version?")
}
