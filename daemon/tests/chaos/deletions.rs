//! Deleting what anybody has made.

use std::sync::Arc;

use netkeep_controller::ErrorKind;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::evictions::Besides;
use crate::holding::Holding;
use crate::worker::{Outcome, Worker};
use crate::world::{Made, Thing, World};

/// How often an endpoint or a sandbox is deleted by force.
const FORCE: f64 = 0.15;
/// How often another one is let delete the same.
const SHARED: f64 = 0.1;

impl Worker {
    /// Something that anyone has made; a sandbox must be of this host.
    pub(crate) async fn delete(&mut self) {
        let (shared, force) = (self.random.random_bool(SHARED), self.random.random_bool(FORCE));
        let host = self.host;
        let is_here = |thing: &Thing| match thing {
            Thing::Sandbox(_, _, of) => *of == host,
            Thing::Endpoint(_) | Thing::Network(..) => true,
        };
        let Some(made) = self.world.take(&mut self.random, shared, is_here) else { return };
        self.delete_made(made, force).await;
    }

    async fn delete_made(&mut self, made: Made, force: bool) {
        let (world, host) = (Arc::clone(&self.world), self.host);
        let client = world.hosts[host].client();
        let (id, thing) = (made.thing.id(), &made.thing);
        let force = force && !matches!(thing, Thing::Network(..));
        let name = id.to_string();
        let begun = world.now();
        let (outcome, whole) = self
            .until_known(async || match thing {
                Thing::Endpoint(made) => {
                    let network = made.network.to_string();
                    match force {
                        true => client.delete_endpoint_by_force(&network, &name).await,
                        false => client.delete_endpoint(&network, &name).await,
                    }
                }
                Thing::Network(..) => client.delete_network(&name).await,
                Thing::Sandbox(..) => match force {
                    true => client.delete_sandbox_by_force(&name).await,
                    false => client.delete_sandbox(&name).await,
                },
            })
            .await;
        let did = match outcome {
            // Two that delete the same thing at once may both be told that it is done.
            Outcome::Done(()) => (!made.shared).then_some(true),
            // One that was repeated may have been done by the first attempt.
            Outcome::Refused(ErrorKind::NotFound) => whole.then_some(false),
            Outcome::Refused(ErrorKind::InUse) if !force => match thing {
                Thing::Endpoint(_) => {
                    world.answered(host, begun, thing.objects(), Holding::Kept(id), None);
                    return world.put_back(made);
                }
                Thing::Sandbox(..) => return world.put_back(made),
                Thing::Network(..) => return world.note(format!("{thing:?} is said to be used")),
            },
            Outcome::Refused(kind) => {
                return world.note(format!("deletion of {thing:?} was refused as {kind:?}"));
            }
            Outcome::Stuck => return world.note(format!("{thing:?} could not be deleted")),
        };
        let (freed, besides) = match (thing, force) {
            (Thing::Endpoint(_), true) => (Holding::Forced(id, did), Some(Besides::Left(id, None))),
            _ => (Holding::Freed(id, did), None),
        };
        world.answered(host, begun, thing.objects(), freed, besides);
        if let Thing::Sandbox(..) = thing {
            let besides = (force && !whole).then_some(Besides::Emptied(id));
            world.answered(host, begun, Vec::new(), Holding::Emptied(id, force), besides);
        }
        world.gone(id);
    }
}

/// Deletes all that is there, from all hosts: sandboxes by force, and then nothing has to be forced any more.
pub(crate) async fn delete_all(world: &Arc<World>) {
    let (sandboxes, others): (Vec<_>, Vec<_>) =
        world.take_all().into_iter().partition(|made| matches!(made.thing, Thing::Sandbox(..)));
    for (number, made) in sandboxes.into_iter().chain(others).enumerate() {
        let (host, force) = match made.thing {
            Thing::Sandbox(_, _, host) => (host, true),
            Thing::Endpoint(_) | Thing::Network(..) => (number % world.hosts.len(), false),
        };
        let random = SmallRng::seed_from_u64(number as u64);
        Worker { random, host, world: Arc::clone(world) }.delete_made(made, force).await;
        // What is still in a sandbox now stays, and is found.
    }
}
