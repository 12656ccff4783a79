//! A caller of one host, who makes and deletes what others make and delete too.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netkeep::client::ClientError;
use netkeep_controller::{EndpointInfo, EndpointSpec, ErrorKind, NetworkSpec};
use netkeep_model::{DriverKind, EndpointName, NetworkId, NetworkName, RequestId, Scope};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::history::Histories;
use crate::host::{Host, PATIENCE};
use crate::objects::Holding;

/// How many names and addresses all callers fight for, and how many names of networks.
const NAMES: u32 = 40;
const ADDRESSES: u32 = 16;
const NETWORK_NAMES: u32 = 5;
/// The part of a pool whose addresses are asked for by name, and given to nobody else.
const ASKED_FOR: Ipv4Addr = Ipv4Addr::new(10, 99, 255, 0);

/// What all callers know.
pub(crate) struct World {
    pub(crate) hosts: Arc<Vec<Host>>,
    /// The network that stays, in which all endpoints are.
    pub(crate) network: NetworkId,
    pub(crate) held: Histories<Holding>,
    /// What was acknowledged and is not being deleted.
    pub(crate) there: Mutex<BTreeMap<u64, Made>>,
    /// What went wrong.
    pub(crate) wrong: Mutex<Vec<String>>,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// Attempts that had to be made again.
    pub(crate) repeated: AtomicU64,
    pub(crate) serial: AtomicU64,
    pub(crate) until: Instant,
}

/// Something that was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) thing: Thing,
    /// Whether somebody deletes it, and lets others do so too.
    shared: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Thing {
    Endpoint(Box<EndpointInfo>),
    Network(NetworkId, NetworkName),
}

/// How an operation ended that was repeated until it did.
enum Outcome<T> {
    Done(T),
    Refused(ErrorKind),
    /// It did not end.
    Stuck,
}

/// Calls one host again and again.
pub(crate) async fn work(world: Arc<World>, host: usize, seed: u64) {
    let mut worker = Worker { random: SmallRng::seed_from_u64(seed), host, world };
    while Instant::now() < worker.world.until {
        match worker.random.random_range(0..100) {
            0..35 => worker.make_named().await,
            35..50 => worker.make_addressed().await,
            50..58 => worker.make_network().await,
            _ => worker.delete().await,
        }
    }
}

struct Worker {
    random: SmallRng,
    host: usize,
    world: Arc<World>,
}

impl Worker {
    /// An endpoint whose name others want too, with any address.
    async fn make_named(&mut self) {
        let name = format!("name-{}", self.random.random_range(0..NAMES));
        self.make_endpoint(EndpointSpec::new(EndpointName::new(&name).unwrap()), name).await;
    }

    /// An endpoint whose address others want too, with a name that nobody else wants.
    async fn make_addressed(&mut self) {
        let name = EndpointName::new(&format!("own-{:032x}", self.random.random::<u128>())).unwrap();
        let address = Ipv4Addr::from_bits(ASKED_FOR.to_bits() + self.random.random_range(0..ADDRESSES));
        let spec = EndpointSpec { ipv4: Some(address), ..EndpointSpec::new(name) };
        self.make_endpoint(spec, address.to_string()).await;
    }

    async fn make_endpoint(&mut self, mut spec: EndpointSpec, wanted: String) {
        spec.request = Some(RequestId::generate());
        let world = Arc::clone(&self.world);
        let (serial, begun) = (world.next_serial(), world.held.now());
        let network = world.network.to_string();
        let host = &world.hosts[self.host];
        let outcome = self.until_known(|| host.client().create_endpoint(&network, &spec)).await;
        match outcome {
            Outcome::Done(made) => {
                let address = made.endpoint.interfaces[0].ipv4.unwrap().addr();
                for object in [made.endpoint.name.to_string(), address.to_string()] {
                    world.held.answered(object, begun, Holding::Given(serial));
                }
                world.made(serial, Thing::Endpoint(Box::new(made)));
            }
            Outcome::Refused(ErrorKind::Exists | ErrorKind::InUse) => {
                world.held.answered(wanted, begun, Holding::Refused(serial));
            }
            Outcome::Refused(kind) => world.note(format!("endpoint {wanted} was refused as {kind:?}")),
            Outcome::Stuck => world.note(format!("endpoint {wanted} could not be made nor refused")),
        }
    }

    /// A network whose name others want too, with a pool that the daemon chooses.
    async fn make_network(&mut self) {
        let name = format!("network-{}", self.random.random_range(0..NETWORK_NAMES));
        let spec = NetworkSpec {
            request: Some(RequestId::generate()),
            scope: Some(Scope::Global),
            ..NetworkSpec::new(NetworkName::new(&name).unwrap(), DriverKind::new("manual").unwrap())
        };
        let world = Arc::clone(&self.world);
        let (serial, begun) = (world.next_serial(), world.held.now());
        let host = &world.hosts[self.host];
        match self.until_known(|| host.client().create_network(&spec)).await {
            Outcome::Done(made) => {
                world.held.answered(name, begun, Holding::Given(serial));
                world.made(serial, Thing::Network(made.id, made.network.name));
            }
            Outcome::Refused(ErrorKind::Exists) => {
                world.held.answered(name, begun, Holding::Refused(serial));
            }
            Outcome::Refused(kind) => world.note(format!("{name} was refused as {kind:?}")),
            Outcome::Stuck => world.note(format!("{name} could not be made nor refused")),
        }
    }

    /// Something that anyone has made. Now and then another is let do the same.
    async fn delete(&mut self) {
        let shared = self.random.random_bool(0.1);
        let world = Arc::clone(&self.world);
        let picked = {
            let mut there = world.there.lock().unwrap();
            let place = self.random.random_range(0..there.len().max(1));
            let serial = there.keys().nth(place).copied();
            let found = serial.and_then(|serial| Some((serial, there.get_mut(&serial)?)));
            let picked = found.map(|(serial, made)| {
                made.shared |= shared;
                (serial, made.clone())
            });
            if let Some((serial, Made { shared: false, .. })) = picked {
                there.remove(&serial);
            }
            picked
        };
        let Some((serial, made)) = picked else { return };
        self.delete_made(serial, &made).await;
        world.there.lock().unwrap().remove(&serial);
    }

    async fn delete_made(&mut self, serial: u64, Made { thing, shared }: &Made) {
        let world = Arc::clone(&self.world);
        let begun = world.held.now();
        let client = world.hosts[self.host].client();
        let mut attempts = 0;
        let outcome = self
            .until_known(|| {
                attempts += 1;
                async {
                    match thing {
                        Thing::Endpoint(made) => {
                            client.delete_endpoint(&made.network.to_string(), &made.id.to_string()).await
                        }
                        Thing::Network(id, _) => client.delete_network(&id.to_string()).await,
                    }
                }
            })
            .await;
        let held = match outcome {
            // Two that delete the same thing at once may both be told that it is done.
            Outcome::Done(()) => (!shared).then_some(true),
            // One that was repeated may have been done by the first attempt.
            Outcome::Refused(ErrorKind::NotFound) => (attempts == 1).then_some(false),
            Outcome::Refused(kind) => {
                return world.note(format!("deletion of {thing:?} was refused as {kind:?}"));
            }
            Outcome::Stuck => return world.note(format!("{thing:?} could not be deleted")),
        };
        for object in thing.objects() {
            world.held.answered(object, begun, Holding::Freed(serial, held));
        }
    }

    /// Asks again until the answer says what was done.
    async fn until_known<T, F: Future<Output = Result<T, ClientError>>>(
        &mut self,
        mut ask: impl FnMut() -> F,
    ) -> Outcome<T> {
        let most = self.world.until + PATIENCE;
        while Instant::now() < most {
            let outcome = match ask().await {
                Ok(done) => {
                    self.world.acknowledged.fetch_add(1, Ordering::Relaxed);
                    return Outcome::Done(done);
                }
                Err(error) => error.kind(),
            };
            match outcome {
                None
                | Some(
                    ErrorKind::Unavailable
                    | ErrorKind::Unknown
                    | ErrorKind::Closed
                    | ErrorKind::Conflict
                    | ErrorKind::Forbidden,
                ) => {
                    self.world.repeated.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_millis(self.random.random_range(10..100))).await;
                }
                Some(kind) => {
                    self.world.refused.fetch_add(1, Ordering::Relaxed);
                    return Outcome::Refused(kind);
                }
            }
        }
        Outcome::Stuck
    }
}

impl World {
    fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    fn made(&self, serial: u64, thing: Thing) {
        self.there.lock().unwrap().insert(serial, Made { thing, shared: false });
    }

    fn note(&self, wrong: String) {
        self.wrong.lock().unwrap().push(wrong);
    }

    /// Deletes all that is there, from all hosts.
    pub(crate) async fn delete_all(self: &Arc<Self>) {
        let there = std::mem::take(&mut *self.there.lock().unwrap());
        for (serial, made) in there {
            let host = usize::try_from(serial).unwrap() % self.hosts.len();
            let random = SmallRng::seed_from_u64(serial);
            Worker { random, host, world: Arc::clone(self) }.delete_made(serial, &made).await;
        }
    }
}

impl Thing {
    /// The names and addresses that it holds.
    fn objects(&self) -> Vec<String> {
        match self {
            Self::Endpoint(made) => {
                let address = made.endpoint.interfaces[0].ipv4.unwrap().addr();
                vec![made.endpoint.name.to_string(), address.to_string()]
            }
            Self::Network(_, name) => vec![name.to_string()],
        }
    }
}
