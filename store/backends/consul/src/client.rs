//! A small client of Consul's HTTP interface.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use netkeep_store::remote::Endpoints;
use netkeep_store::{Error, Result};
use reqwest::Method;
use reqwest::header::HeaderValue;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::ConsulConfig;
use crate::error::{Effect, Failure};
use crate::wire::{Op, TxnAnswer, TxnError};

/// How many requests are under way at once, blocking ones not counted: an agent takes 200 connections of one
/// address, and refuses all that are more.
const AT_ONCE: usize = 96;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// What an agent takes as the body of one transaction, unless it is set otherwise (`txn_max_req_len`).
const TXN_BYTES: usize = 512 * 1024;
/// How long an answer may take, its last byte included.
const WHOLE_ANSWER: Duration = Duration::from_secs(60);

/// Speaks to one agent, and to the next one when that fails.
pub(crate) struct Client {
    http: reqwest::Client,
    bases: Vec<String>,
    endpoints: Endpoints,
    /// Changes when another agent's turn has come.
    moved: watch::Sender<usize>,
    token: Option<HeaderValue>,
    at_once: Semaphore,
    timeout: Duration,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query, escaped.
    pub(crate) target: String,
    pub(crate) body: Bytes,
    pub(crate) effect: Effect,
    /// How many times as long as other requests it may take until it is answered.
    pub(crate) patience: u32,
}

/// An answer: 200, or a status that means something to who asked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What the server would have a later blocking query wait beyond.
    pub(crate) index: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn get(target: String) -> Self {
        Self { method: Method::GET, target, body: Bytes::new(), effect: Effect::Reads, patience: 1 }
    }

    pub(crate) fn put(target: String, body: impl Into<Bytes>) -> Self {
        Self { method: Method::PUT, target, body: body.into(), effect: Effect::Changes, patience: 1 }
    }
}

impl Client {
    pub(crate) fn new(config: &ConsulConfig) -> Result<Self> {
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(AT_ONCE);
        let http = crate::tls::apply(builder, config.tls.as_ref())?
            .build()
            .map_err(|error| Error::invalid("the HTTP client cannot be made").with_source(error))?;
        let token = config.token.as_ref().map(|token| {
            let mut value = HeaderValue::from_str(token.reveal())
                .expect("a token was checked for what a header may hold");
            value.set_sensitive(true);
            value
        });
        let bases = config.bases();
        let endpoints = Endpoints::new(bases.len());
        Ok(Self {
            http,
            endpoints,
            bases,
            moved: watch::Sender::new(0),
            token,
            at_once: Semaphore::new(AT_ONCE),
            timeout: config.timeout,
        })
    }

    pub(crate) fn bases(&self) -> &[String] {
        &self.bases
    }

    /// Sends a request, to another agent too if one has certainly not executed it. Answers 200, 404 and 409.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer> {
        let named = |failure: Failure, turn: usize| {
            failure.into_error(call.effect).with_context("endpoint", &self.bases[self.endpoints.index(turn)])
        };
        let mut turn = self.endpoints.turn();
        let Ok(permit) = timeout(self.timeout, self.at_once.acquire()).await else {
            return Err(named(Failure::late(false), turn));
        };
        let _permit = permit.expect("nobody closes the semaphore");
        for left in (0..self.bases.len().min(5)).rev() {
            turn = self.endpoints.turn();
            match self.send(call, turn, self.timeout * call.patience).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => {
                    self.note(&failure, turn);
                    if left == 0 || !failure.may_repeat(call.effect) {
                        return Err(named(failure, turn));
                    }
                }
            }
        }
        Err(named(Failure::late(false), turn))
    }

    /// A read that waits at the server for up to `wait`. `None` if another agent's turn has come meanwhile.
    pub(crate) async fn wait(&self, call: &Call, wait: Duration) -> Result<Option<Answer>> {
        let mut moved = self.moved.subscribe();
        moved.mark_unchanged();
        let turn = self.endpoints.turn();
        // The server adds up to a sixteenth, so that not all come back at once.
        let answered = tokio::select! {
            answered = self.send(call, turn, wait + wait / 16 + self.timeout) => answered,
            _ = moved.changed() => return Ok(None),
        };
        answered.map(Some).map_err(|failure| {
            self.note(&failure, turn);
            failure.into_error(call.effect).with_context("endpoint", &self.bases[self.endpoints.index(turn)])
        })
    }

    /// Makes one transaction, once. The errors are those of operations that did not hold.
    pub(crate) async fn txn(&self, ops: &[Op], effect: Effect, patience: u32) -> Result<TxnOutcome> {
        let body = serde_json::to_vec(ops).expect("operations have no keys but texts");
        if body.len() > TXN_BYTES {
            return Err(Error::too_large(format!(
                "the transaction has {} bytes as it would be sent; Consul takes {TXN_BYTES}",
                body.len()
            )));
        }
        let target = match effect {
            Effect::Reads => "/v1/txn?consistent",
            Effect::Changes => "/v1/txn",
        };
        let call = Call { effect, patience, ..Call::put(target.to_owned(), body) };
        let answer = self.call(&call).await?;
        match answer.status {
            200 => Ok(TxnOutcome::Done(answer.body)),
            409 => Ok(TxnOutcome::Refused(TxnAnswer::parse(&answer.body)?.errors())),
            status => Err(Failure::of_status(status, "not a transaction's answer").into_error(effect)),
        }
    }

    async fn send(&self, call: &Call, turn: usize, patience: Duration) -> Result<Answer, Failure> {
        let base = &self.bases[self.endpoints.index(turn)];
        let mut request = self.http.request(call.method.clone(), format!("{base}{}", call.target));
        if let Some(token) = &self.token {
            request = request.header("X-Consul-Token", token.clone());
        }
        let began = Instant::now();
        let sent = timeout(patience, request.body(call.body.clone()).send()).await;
        let mut response = sent.map_err(|_| Failure::late(true))?.map_err(Failure::of_transport)?;
        let status = response.status().as_u16();
        let index =
            response.headers().get("X-Consul-Index").and_then(|index| index.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        let deadline = began + patience.max(WHOLE_ANSWER);
        loop {
            let silence = (Instant::now() + self.timeout).min(deadline);
            let chunk = timeout_at(silence, response.chunk()).await.map_err(|_| Failure::late(true))?;
            match chunk.map_err(Failure::of_transport)? {
                Some(chunk) => body.extend_from_slice(&chunk),
                None => break,
            }
        }
        match status {
            200 | 404 | 409 => Ok(Answer { status, index, body }),
            status => Err(Failure::of_status(status, &self.without_token(&String::from_utf8_lossy(&body)))),
        }
    }

    fn note(&self, failure: &Failure, turn: usize) {
        if failure.is_of_server() && self.bases.len() > 1 {
            self.endpoints.failed(turn);
            let now = self.endpoints.turn();
            self.moved.send_if_modified(|told| std::mem::replace(told, now) != now);
        }
    }

    /// No server is known to repeat a token, and none is given the chance.
    fn without_token(&self, text: &str) -> String {
        match self.token.as_ref().and_then(|token| token.to_str().ok()) {
            Some(token) => text.replace(token, "(token)"),
            None => text.to_owned(),
        }
    }
}

/// What became of a transaction.
#[derive(Debug)]
pub(crate) enum TxnOutcome {
    /// The body of the answer, for [`TxnAnswer::parse`].
    Done(Vec<u8>),
    /// Nothing happened: these operations did not hold.
    Refused(Vec<TxnError>),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoints", &self.bases).finish_non_exhaustive()
    }
}
