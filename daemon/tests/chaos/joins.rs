//! Joining, leaving, and looking.

use std::sync::Arc;

use netkeep_controller::ErrorKind;
use netkeep_model::Scope;

use crate::evictions::Besides;
use crate::holding::Holding;
use crate::worker::{Outcome, Worker};
use crate::world::{Counts, Thing, objects};

impl Worker {
    /// Any endpoint, whoever has made it, joins any sandbox of this host.
    pub(crate) async fn join(&mut self) {
        let (world, host) = (Arc::clone(&self.world), self.host);
        let sandbox =
            world.any(&mut self.random, |thing| matches!(thing, Thing::Sandbox(_, _, of) if *of == host));
        let endpoint = world.any(&mut self.random, |thing| matches!(thing, Thing::Endpoint(_)));
        let Some(Thing::Sandbox(sandbox, ..)) = sandbox else { return self.make_sandbox().await };
        let Some(Thing::Endpoint(endpoint)) = endpoint else { return };
        let (id, into) = (endpoint.id.into(), sandbox.into());
        let [network, name, container] =
            [world.network.to_string(), endpoint.id.to_string(), sandbox.to_string()];
        let client = world.hosts[host].client();
        let begun = world.now();
        let (outcome, whole) = self.until_known(|| client.join(&network, &name, &container)).await;
        let (answer, besides) = match outcome {
            Outcome::Done(joined) => {
                Counts::add(&world.counts.joined);
                world.put_inside(id, Some((host, sandbox)));
                let attachment = joined.endpoint.attachment.filter(|found| found.sandbox == sandbox);
                // It is in no sandbox any more if this host was evicted before it answered; else that is a defect.
                let answer = attachment.map_or(Holding::Seen(id, Some(into)), |attachment| {
                    Holding::Joined(id, into, attachment.host)
                });
                (Some(answer), !whole)
            }
            Outcome::Refused(ErrorKind::InUse) => (Some(Holding::Elsewhere(id, into)), !whole),
            // One of the two is gone. It may have gone after they had joined.
            Outcome::Refused(ErrorKind::NotFound) => {
                (world.stays(into).then_some(Holding::Freed(id, Some(false))), true)
            }
            Outcome::Refused(kind) => {
                return world.note(format!("endpoint {name} was refused in {sandbox} as {kind:?}"));
            }
            Outcome::Stuck => return world.note(format!("endpoint {name} cannot join {sandbox}")),
        };
        world.answered(host, begun, objects(&endpoint), answer, Besides::Joined(id, into, besides));
    }

    /// Any endpoint leaves the sandbox of this host that it is in, as far as is known.
    pub(crate) async fn leave(&mut self) {
        let (world, host) = (Arc::clone(&self.world), self.host);
        let Some((id, sandbox)) = world.any_inside(&mut self.random, host) else { return };
        let Some(endpoint) = world.endpoint(id) else { return world.put_inside(id, None) };
        let [network, name, container] =
            [world.network.to_string(), endpoint.id.to_string(), sandbox.to_string()];
        let client = world.hosts[host].client();
        let begun = world.now();
        let (outcome, whole) = self.until_known(|| client.leave(&network, &name, &container)).await;
        let did = match outcome {
            Outcome::Done(_) => {
                Counts::add(&world.counts.left);
                Some(true)
            }
            // It may have left, and then have been removed.
            Outcome::Refused(ErrorKind::NotFound | ErrorKind::Forbidden) => None,
            Outcome::Refused(kind) => {
                return world.note(format!("endpoint {name} was kept in {sandbox} as {kind:?}"));
            }
            Outcome::Stuck => return world.note(format!("endpoint {name} cannot leave {sandbox}")),
        };
        let from = Some(sandbox.into());
        let besides = (!whole).then_some(Besides::Left(id, from));
        world.answered(host, begun, objects(&endpoint), Holding::Left(id, from, did), besides);
        world.put_inside(id, None);
    }

    /// Looks where any endpoint is, by what is known after everything was heard that was committed before.
    pub(crate) async fn look(&mut self) {
        let (world, host) = (Arc::clone(&self.world), self.host);
        let found = world.any(&mut self.random, |thing| matches!(thing, Thing::Endpoint(_)));
        let Some(Thing::Endpoint(endpoint)) = found else { return };
        let id = endpoint.id.into();
        let client = world.hosts[host].client();
        let begun = world.now();
        if client.sync(Some(Scope::Global)).await.is_err() {
            return;
        }
        let seen = match client.endpoint(&world.network.to_string(), &endpoint.id.to_string()).await {
            Ok(seen) if seen.stale.is_some() => return,
            Ok(seen) => {
                let inside = seen.endpoint.attachment.map(|attachment| attachment.sandbox.into());
                Holding::Seen(id, inside)
            }
            Err(error) if error.kind() == Some(ErrorKind::NotFound) => Holding::Freed(id, Some(false)),
            Err(_) => return,
        };
        world.answered(host, begun, objects(&endpoint), seen, None);
    }
}
