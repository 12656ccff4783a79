//! Agreement of this host with the store that all hosts share, while it runs.

use std::time::Duration;

use netkeep_model::NetworkId;

use super::place::Place;
use super::recover::networks_here;
use super::settle::{Standing, Trace, settle_in_turn, standing, traces};
use super::{here, object};

/// The pause after a failure; the next ones grow.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Finishes and undoes what is left in between, and takes down what other hosts have removed, as it comes up. Does not
/// end.
pub(crate) async fn reconcile(place: &Place) {
    let replica = &place.of.site.replica;
    let mut changes = replica.changes();
    let mut pause = FIRST_PAUSE;
    loop {
        let mut failed = false;
        for trace in left(place) {
            let on = object(trace.0, trace.1);
            match settle_in_turn(place, trace).await {
                Ok(was) => tracing::info!(object = %on, ?was, "settled what was left in between"),
                Err(error) => {
                    tracing::warn!(object = %on, %error, "what was left in between is not settled yet");
                    failed = true;
                }
            }
        }
        for network in idle(place) {
            if let Err(error) = here::exit(place, network).await {
                tracing::warn!(%network, %error, "what this host has of a network is not taken down yet");
                failed = true;
            }
        }
        if failed {
            tokio::time::sleep(pause.mul_f64(rand::random::<f64>())).await;
            pause = (pause * 2).min(MAX_PAUSE);
            continue;
        }
        pause = FIRST_PAUSE;
        tokio::select! {
            () = changes.heard() => {}
            () = place.local.site.making.has_left() => {}
        }
    }
}

/// What is neither whole nor under way.
fn left(place: &Place) -> Vec<Trace> {
    let making = &place.local.site.making;
    let all = traces(place);
    place.read(|known| {
        let under_way = |(key, sandbox): &Trace| making.is_begun(object(*key, *sandbox));
        let left = all.into_iter().filter(|trace| !under_way(trace));
        left.filter(|trace| standing(place, known, *trace) != Standing::Whole).collect()
    })
}

/// Networks of which this host has something and needs nothing.
fn idle(place: &Place) -> Vec<NetworkId> {
    let here = networks_here(place);
    here.into_iter()
        .filter(|network| !place.local.site.making.is_used(*network) && here::is_idle(place, *network))
        .collect()
}
