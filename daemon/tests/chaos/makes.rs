//! Making what others want to make too.

use std::net::Ipv4Addr;
use std::sync::Arc;

use netkeep_controller::{EndpointSpec, ErrorKind, NetworkSpec, SandboxSpec};
use netkeep_drivers::network::manual;
use netkeep_model::{ContainerId, DriverKind, EndpointName, NetworkName, Options, RequestId, Scope};
use rand::RngExt;

use crate::evictions::Besides;
use crate::holding::Holding;
use crate::worker::{Outcome, Worker};
use crate::world::{Thing, objects};

/// How many names and addresses all callers fight for, how many names of networks, and how many containers of each host.
const NAMES: u32 = 40;
const ADDRESSES: u32 = 16;
const NETWORK_NAMES: u32 = 5;
const CONTAINERS: u32 = 3;
/// The part of a pool whose addresses are asked for by name, and given to nobody else.
const ASKED_FOR: Ipv4Addr = Ipv4Addr::new(10, 99, 255, 0);

impl Worker {
    /// An endpoint whose name others want too, with any address.
    pub(crate) async fn make_named(&mut self) {
        let name = format!("name-{}", self.random.random_range(0..NAMES));
        self.make_endpoint(EndpointSpec::new(EndpointName::new(&name).unwrap()), name).await;
    }

    /// An endpoint whose address others want too, with a name that nobody else wants.
    pub(crate) async fn make_addressed(&mut self) {
        let name = EndpointName::new(&format!("own-{:032x}", self.random.random::<u128>())).unwrap();
        let address = Ipv4Addr::from_bits(ASKED_FOR.to_bits() + self.random.random_range(0..ADDRESSES));
        let spec = EndpointSpec { ipv4: Some(address), ..EndpointSpec::new(name) };
        self.make_endpoint(spec, address.to_string()).await;
    }

    async fn make_endpoint(&mut self, mut spec: EndpointSpec, wanted: String) {
        let request = RequestId::generate();
        spec.request = Some(request);
        spec.options = published();
        let world = Arc::clone(&self.world);
        let (host, begun, network) = (self.host, world.now(), world.network.to_string());
        let client = world.hosts[host].client();
        let besides = Besides::Made(request.into());
        match self.until_known(|| client.create_endpoint(&network, &spec)).await.0 {
            Outcome::Done(made) => {
                let given = Holding::Given(request.into(), Some(made.endpoint.owner));
                world.answered(host, begun, objects(&made), given, besides);
                world.made(Thing::Endpoint(Box::new(made)));
            }
            Outcome::Refused(ErrorKind::Exists | ErrorKind::InUse) => {
                world.answered(host, begun, vec![wanted], Holding::Refused(request.into()), besides);
            }
            Outcome::Refused(kind) => world.note(format!("endpoint {wanted} was refused as {kind:?}")),
            Outcome::Stuck => world.note(format!("endpoint {wanted} could not be made nor refused")),
        }
    }

    /// A network whose name others want too, with a pool that the daemon chooses.
    pub(crate) async fn make_network(&mut self) {
        let name = format!("network-{}", self.random.random_range(0..NETWORK_NAMES));
        let request = RequestId::generate();
        let spec = NetworkSpec {
            request: Some(request),
            scope: Some(Scope::Global),
            ..NetworkSpec::new(NetworkName::new(&name).unwrap(), DriverKind::new("manual").unwrap())
        };
        let world = Arc::clone(&self.world);
        let (host, begun) = (self.host, world.now());
        let client = world.hosts[host].client();
        let made = self.until_known(|| client.create_network(&spec)).await.0;
        let thing = |id| Thing::Network(id, spec.name.clone());
        self.kept(made.map(|made| thing(made.id)), name, request, begun);
    }

    /// A sandbox of a container of which others want to make one too.
    pub(crate) async fn make_sandbox(&mut self) {
        let (host, request) = (self.host, RequestId::generate());
        let name = format!("box-{host}-{}", self.random.random_range(0..CONTAINERS));
        let container = ContainerId::new(&name).unwrap();
        let spec = SandboxSpec { request: Some(request), ..SandboxSpec::new(container.clone()) };
        let world = Arc::clone(&self.world);
        let begun = world.now();
        let client = world.hosts[host].client();
        let made = self.until_known(|| client.create_sandbox(&spec)).await.0;
        self.kept(made.map(|made| Thing::Sandbox(made.id, container, host)), name, request, begun);
    }

    /// Notes what no eviction takes away.
    fn kept(&self, made: Outcome<Thing>, name: String, request: RequestId, begun: std::time::Duration) {
        let world = &self.world;
        match made {
            Outcome::Done(thing) => {
                world.answered(self.host, begun, vec![name], Holding::Given(request.into(), None), None);
                world.made(thing);
            }
            Outcome::Refused(ErrorKind::Exists) => {
                world.answered(self.host, begun, vec![name], Holding::Refused(request.into()), None);
            }
            Outcome::Refused(kind) => world.note(format!("{name} was refused as {kind:?}")),
            Outcome::Stuck => world.note(format!("{name} could not be made nor refused")),
        }
    }
}

/// Whoever joins a sandbox publishes something.
fn published() -> Options {
    let entries = serde_json::json!(["where=here"]);
    Options::from_iter([(manual::ENTRIES.to_owned(), entries)])
}
