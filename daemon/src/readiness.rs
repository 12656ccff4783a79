//! What the service manager is told.
//!
//! Ready is who serves, whatever the global store does: a host whose servers are away has networks of its own. How that
//! store stands is told beside it, each time that it changes.

use netkeep_controller::{Controller, GlobalState};
use sd_notify::NotifyState;

/// Says how far we are to who may have started us. Nobody may have asked.
pub(crate) fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

/// Says that it is ready, and how the global store stands.
pub(crate) fn ready(controller: &Controller) {
    tell(&[NotifyState::Ready, NotifyState::Status(&status(global_state(controller)))]);
}

/// Says how the global store stands each time that it changes. Does not end.
pub(crate) async fn keep_told(controller: &Controller) {
    let Some(mut state) = global_state(controller) else { return std::future::pending().await };
    tell(&[NotifyState::Status(&status(Some(state)))]);
    loop {
        state = controller.global_turned(state).await;
        tell(&[NotifyState::Status(&status(Some(state)))]);
    }
}

fn global_state(controller: &Controller) -> Option<GlobalState> {
    controller.status().global.map(|global| global.state)
}

fn status(global: Option<GlobalState>) -> String {
    let global = match global {
        None => return "serving; this host shares no store".to_owned(),
        Some(GlobalState::Waiting) => "could not be had yet",
        Some(GlobalState::InSync) => "is in sync",
        Some(GlobalState::Away) => "is away, what is known of it grows old",
        Some(GlobalState::Refused) => "is refused, netkeep status says why",
    };
    format!("serving; the global store {global}")
}
