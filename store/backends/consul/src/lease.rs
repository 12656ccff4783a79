//! Leases: sessions with a time to live.
//!
//! Consul ends a session at the earliest when its time to live is over since the last renewal, and at the latest
//! when it is over twice; an election gives every session its whole time again.

use std::time::Duration;

use netkeep_store::{Error, Kind, LeaseId, Result};
use reqwest::Method;
use serde_json::json;

use crate::client::Call;
use crate::error::{Effect, Failure};
use crate::store::Shared;
use crate::wire::{self, SessionId};

impl Shared {
    pub(crate) async fn grant(&self, ttl: Duration) -> Result<LeaseId> {
        let body = json!({
            "Name": "netkeep",
            // To the nanosecond: rounded down, it would be less than what was promised.
            "TTL": format!("{}ns", ttl.as_nanos()),
            "Behavior": "delete",
            "LockDelay": "0s",
            // Else the session ends with the health of the agent.
            "Checks": [],
            "NodeChecks": [],
        });
        let call = Call::put("/v1/session/create".to_owned(), body.to_string());
        let answer = self.client.call(&call).await?;
        if answer.status != 200 {
            return Err(unexpected(answer.status, Effect::Changes));
        }
        let session: SessionId = wire::parse(&answer.body)?;
        Ok(LeaseId::new(session.id))
    }

    pub(crate) async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        let call = Call::put(format!("/v1/session/renew/{}", name(id)?), "");
        match self.client.call(&call).await?.status {
            200 => Ok(()),
            404 => Err(lost(id)),
            status => Err(unexpected(status, Effect::Changes)),
        }
    }

    pub(crate) async fn revoke(&self, id: &LeaseId) -> Result<()> {
        let name = name(id)?;
        // Destroying a session that is gone succeeds, so it is looked at first.
        let answer = self.client.call(&Call::get(format!("/v1/session/info/{name}?consistent"))).await?;
        let found: Vec<SessionId> = match answer.status {
            200 => wire::parse(&answer.body)?,
            status => return Err(unexpected(status, Effect::Reads)),
        };
        if found.is_empty() {
            return Err(lost(id));
        }
        let call = Call { method: Method::PUT, ..Call::put(format!("/v1/session/destroy/{name}"), "") };
        match self.client.call(&call).await?.status {
            200 => Ok(()),
            status => Err(unexpected(status, Effect::Changes)),
        }
    }
}

/// The name as it stands in a path. One that no session has would be another path.
fn name(id: &LeaseId) -> Result<&str> {
    let name = id.as_str();
    let is_of_session = name.len() == 36 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_of_session { Ok(name) } else { Err(lost(id)) }
}

pub(crate) fn lost(id: &LeaseId) -> Error {
    Error::new(Kind::LeaseLost, format!("lease {id} has ended"))
}

fn unexpected(status: u16, effect: Effect) -> Error {
    Failure::of_status(status, "not a session's answer").into_error(effect)
}
