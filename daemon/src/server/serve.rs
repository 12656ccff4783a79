//! Serving until told to stop.

use std::time::Duration;

use tokio::net::UnixListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::app::App;

/// Serves the API until `stop` is cancelled, then finishes what is under way within `patience`. True if all of it was
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
    stop: CancellationToken,
    patience: Duration,
) -> std::io::Result<bool> {
    let router = super::router(app.clone());
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let mut served = Box::pin(async move { served.await });
    let early = tokio::select! {
        outcome = &mut served => Some(outcome),
        () = stop.cancelled() => None,
    };
    let deadline = Instant::now() + patience;
    let answered = match early {
        Some(outcome) => {
            outcome?;
            true
        }
        None => match timeout_at(deadline, served).await {
            Ok(outcome) => {
                outcome?;
                true
            }
            Err(_) => false,
        },
    };
    app.changes().close();
    let changed = timeout_at(deadline, app.changes().wait()).await.is_ok();
    Ok(answered && changed)
}
