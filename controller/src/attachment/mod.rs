//! Attachments of endpoints to sandboxes.
//!
//! On a network of local scope everything that belongs to an attachment is one commit, and the host follows. On one of
//! global scope an attachment lies in two stores: an intent with the claims of this host comes first, then the commit
//! to the shared store, which decides, then the host follows, and the intent goes. Whatever a crash or an outage
//! leaves between these is judged by the record of the endpoint, once it is certain what became of that commit.

mod answer;
mod calls;
mod drafts;
mod end;
mod here;
mod join;
mod leave;
mod make;
mod place;
mod reconcile;
mod recover;
mod settle;
mod view;
mod way_out;

use netkeep_model::{Attachment, Endpoint, EndpointKey, Object, SandboxId, Timestamp};

use crate::{Error, ErrorKind};

pub(crate) use here::Interest;
pub(crate) use leave::{leave_by_force, leave_in_turn};
pub(crate) use make::ensure_again;
pub(crate) use place::Place;
pub(crate) use reconcile::reconcile;
pub(crate) use recover::{recover_local, recover_shared, wanted_joins};
pub(crate) use way_out::{choose as choose_way_out, recover_ways_out};

/// An attachment as drivers call it.
fn object(key: EndpointKey, sandbox: SandboxId) -> Object {
    Object::Join(key.network, key.endpoint, sandbox)
}

/// That others were met again and again after an operation was decided must not look as if it could be decided again.
fn not_again(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Conflict => {
            let message =
                format!("it is in between, and is finished or undone as soon as that succeeds: {error}");
            Error::new(ErrorKind::Unavailable, message).with_source(error)
        }
        _ => error,
    }
}

/// An endpoint with what its attachment adds to it, as its driver gets it.
pub(crate) fn effective(endpoint: &Endpoint) -> Endpoint {
    let mut effective = endpoint.clone();
    if let Some(attachment) = &endpoint.attachment {
        for (interface, names) in effective.interfaces.iter_mut().zip(&attachment.interfaces) {
            interface.names.get_or_insert_with(|| names.clone());
        }
        effective.bindings.extend(attachment.bindings.iter().cloned());
    }
    effective
}

/// Where an endpoint is attached, for people.
pub(crate) fn whereabouts(attachment: &Attachment) -> String {
    let container = attachment.container.as_ref();
    format!(
        "sandbox {} (container {}, host {}, attached for {} s)",
        attachment.sandbox,
        container.map_or("unknown", |container| container.as_str()),
        attachment.host.host,
        Timestamp::now().since(attachment.since).as_secs()
    )
}
