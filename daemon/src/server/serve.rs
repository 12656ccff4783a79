//! Serving until told to stop.

use std::time::Duration;

use tokio::net::UnixListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::app::App;

/// How a daemon is told to stop. Clones are told together.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Take no more requests, and finish those that are under way.
    pub asked: CancellationToken,
    /// Do not even finish those.
    pub urged: CancellationToken,
}

/// Serves the API until it is told to stop, then finishes what is under way within `patience`. True if all of it was
/// finished.
///
/// Cancellation: requests that are under way end with the future; changes that were begun go on.
///
/// # Errors
///
/// If the listener fails for good.
pub async fn serve(
    listener: UnixListener,
    app: App,
    stop: Stop,
    patience: Duration,
) -> std::io::Result<bool> {
    let router = super::router(app.clone());
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.asked.clone().cancelled_owned());
    let finished = async {
        served.await?;
        app.changes().close();
        app.changes().wait().await;
        Ok(true)
    };
    let too_long = async {
        stop.asked.cancelled().await;
        tokio::select! {
            () = sleep(patience) => {}
            () = stop.urged.cancelled() => {}
        }
        Ok(false)
    };
    tokio::select! {
        outcome = finished => outcome,
        outcome = too_long => outcome,
    }
}
