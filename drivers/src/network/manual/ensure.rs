//! What a host notes when it is told to make something. Nothing is made.

use netkeep_model::Object;
use netkeep_store::Segment;
use serde_json::Value;

use super::options::{EndpointConfig, NetworkConfig};
use crate::{EndpointState, HostNotes, JoinState, NetworkState, Notes, Result};

/// What the one note on an object is called.
const MADE: &str = "made";

/// Notes the network if it is to be noted and is not. Answers whether it was.
pub(super) async fn network(notes: &dyn HostNotes, state: &NetworkState) -> Result<bool> {
    let wanted = NetworkConfig::read(&state.network.options)?.note;
    note(notes, wanted, state.object(), &state.notes).await
}

/// As [`network`], for an endpoint.
pub(super) async fn endpoint(notes: &dyn HostNotes, state: &EndpointState) -> Result<bool> {
    note(notes, wants_notes(state)?, state.object(), &state.notes).await
}

/// As [`network`], for an attachment.
pub(super) async fn join(notes: &dyn HostNotes, state: &JoinState) -> Result<bool> {
    note(notes, wants_notes(&state.endpoint)?, state.object(), &state.notes).await
}

/// Whether what becomes of an endpoint is to be noted.
pub(super) fn wants_notes(state: &EndpointState) -> Result<bool> {
    Ok(NetworkConfig::read(&state.network.network.options)?.note
        || EndpointConfig::read(&state.endpoint.options)?.note)
}

async fn note(notes: &dyn HostNotes, wanted: bool, on: Object, noted: &Notes) -> Result<bool> {
    let name = Segment::escape(MADE);
    if !wanted || noted.contains_key(&name) {
        return Ok(false);
    }
    notes.note(&on, &name, Value::String(on.to_string())).await?;
    Ok(true)
}
