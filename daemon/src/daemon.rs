//! The daemon's life: from its configuration to its end.

use std::fmt;
use std::io;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::compose::{ComposeError, Composition};
use crate::config::Config;
use crate::exit::Exit;
use crate::readiness;
use crate::server::{App, SocketClaim, SocketError, Stop, serve};

/// Why a daemon ended otherwise than by being told to.
#[derive(Debug)]
pub enum DaemonError {
    /// Its socket cannot be had.
    Socket(SocketError),
    /// Store or controller cannot be opened.
    Compose(ComposeError),
    /// The system refuses something that it needs.
    System(&'static str, io::Error),
    /// The store was not closed cleanly.
    Close(netkeep_store::Error),
}

/// Runs a daemon until SIGTERM or SIGINT, and with `until_stdin_ends` also until its standard input ends; a second
/// signal ends the waiting for requests that are under way.
///
/// Cancellation: the daemon ends at once; the store is as after a crash.
///
/// # Errors
///
/// [`DaemonError`].
pub async fn run(config: &Config, until_stdin_ends: bool) -> Result<(), DaemonError> {
    let stop = stop_when_told(until_stdin_ends)?;
    let claim = SocketClaim::take(&config.socket).map_err(DaemonError::Socket)?;
    let composition = Composition::open(config).await.map_err(DaemonError::Compose)?;
    let recovery = composition.controller.recovery();
    tracing::info!(
        store = %String::from(config.local.clone()),
        rebooted = recovery.rebooted,
        networks = recovery.networks,
        endpoints = recovery.endpoints,
        finished = recovery.finished.len(),
        undone = recovery.undone.len(),
        quarantined = recovery.quarantined.len(),
        failed = recovery.failed.len(),
        took = ?recovery.took,
        "recovered"
    );
    for unreadable in &recovery.quarantined {
        tracing::warn!(record = %unreadable, "a record cannot be read; it was left alone");
    }
    for failed in &recovery.failed {
        tracing::warn!(reason = %failed, "recovery could not do everything");
    }
    let served = serve_until_told(config, &claim, &composition, stop).await;
    let closed = composition.close().await.map_err(DaemonError::Close);
    served.and(closed)?;
    tracing::info!("stopped");
    Ok(())
}

async fn serve_until_told(
    config: &Config,
    claim: &SocketClaim,
    composition: &Composition,
    stop: Stop,
) -> Result<(), DaemonError> {
    let listener = claim.listen().map_err(DaemonError::Socket)?;
    let app = App::new(composition);
    tracing::info!(socket = %config.socket.display(), pid = std::process::id(), "ready");
    readiness::ready(&composition.controller);
    let served = tokio::select! {
        served = serve(listener, app, stop, config.stop_timeout.duration()) => served,
        () = readiness::keep_told(&composition.controller) => Ok(true),
    };
    readiness::tell(&[NotifyState::Stopping]);
    claim.remove().map_err(DaemonError::Socket)?;
    if !served.map_err(|error| DaemonError::System("serving", error))? {
        tracing::warn!(after = %config.stop_timeout, "some requests were not finished in time");
    }
    Ok(())
}

/// Listens for whoever tells this process to stop.
fn stop_when_told(until_stdin_ends: bool) -> Result<Stop, DaemonError> {
    let stop = Stop::default();
    let listen = |kind| signal(kind).map_err(|error| DaemonError::System("listening for signals", error));
    let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::spawn(hear_signals(terminate, interrupt, stop.clone()));
    if until_stdin_ends {
        let stop = stop.clone();
        // A thread of its own: it may wait for ever, and nothing waits for it.
        std::thread::spawn(move || {
            // Whatever is written there means nothing; only its end does.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            tracing::info!("the standard input has ended; finishing what is under way");
            stop.asked.cancel();
        });
    }
    Ok(stop)
}

async fn hear_signals(mut terminate: Signal, mut interrupt: Signal, stop: Stop) {
    let mut hear = async || {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    };
    let signal = hear().await;
    tracing::info!(signal, "told to stop; finishing what is under way");
    stop.asked.cancel();
    let signal = hear().await;
    tracing::warn!(signal, "told to stop again; leaving unfinished what is under way");
    stop.urged.cancel();
}

impl DaemonError {
    /// How a daemon exits that ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Socket(error) if error.is_held() => Exit::Unavailable,
            Self::Socket(_) => Exit::Invalid,
            Self::Compose(error) => error.exit(),
            Self::System(..) => Exit::Failure,
            Self::Close(_) => Exit::Failure,
        }
    }
}

impl fmt::Display for DaemonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => error.fmt(f),
            Self::Compose(error) => error.fmt(f),
            Self::System(what, error) => write!(f, "{what} failed: {error}"),
            Self::Close(error) => write!(f, "the store was not closed cleanly: {error}"),
        }
    }
}

impl std::error::Error for DaemonError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Socket(error) => Some(error),
            Self::Compose(error) => Some(error),
            Self::System(_, error) => Some(error),
            Self::Close(error) => Some(error),
        }
    }
}
