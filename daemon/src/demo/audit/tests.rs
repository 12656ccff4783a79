//! The audit, judged: each thing that can be wrong is found.

use netkeep_controller::{AddressInfo, EndpointInfo, NetworkInfo};
use netkeep_model::{
    EndpointId, HostId, HostRef, Id, Incarnation, InterfaceSpec, NetworkId, Owner, Scope, Space,
};
use serde_json::json;

use super::{Audit, Inventory};
use crate::demo::DemoOptions;
use crate::demo::entry::{EndpointEntry, Standing};
use crate::demo::share::Share;
use crate::demo::wish;

struct Case {
    share: Share,
    present: Inventory,
    network: NetworkId,
    endpoint: EndpointId,
}

/// One network and one endpoint with an address, acknowledged and there.
fn case() -> Case {
    let options = DemoOptions::new("netkeep".into(), 1);
    let mut share = Share::new(1, &options);
    share.shared_network(0).unwrap();
    let (network, entry) = share.networks.iter_mut().next().unwrap();
    let network = *network;
    let found: NetworkInfo = serde_json::from_value(json!({
        "id": network, "revision": 5, "name": entry.spec.name, "driver": "manual", "scope": "local", "created": 1
    }))
    .unwrap();
    entry.standing = Standing::Held(found.clone());

    let spec = wish::endpoint("e", false, Scope::Local).unwrap();
    let endpoint: EndpointId = Id::from(spec.request.unwrap()).into();
    let owner = HostRef { host: HostId::generate(), incarnation: Incarnation::new(1) };
    let interface = InterfaceSpec { ipv4: Some("10.0.0.2/24".parse().unwrap()), ..InterfaceSpec::default() };
    let answer: EndpointInfo = serde_json::from_value(json!({
        "id": endpoint, "network": network, "network_name": "n", "revision": 6,
        "name": "e", "created": 1, "owner": owner, "interfaces": [interface]
    }))
    .unwrap();
    share.endpoints.insert(
        endpoint,
        EndpointEntry { network, spec, standing: Standing::Held(answer.clone()), joined: None },
    );
    let address = AddressInfo {
        space: Space::new("LocalDefault").unwrap(),
        pool: "10.0.0.0/24".parse().unwrap(),
        address: "10.0.0.2".parse().unwrap(),
        owner: Owner::Endpoint { network, endpoint },
        revision: 6,
        stale: None,
    };
    let present = Inventory {
        networks: [(network, found)].into(),
        endpoints: [(endpoint, answer)].into(),
        addresses: vec![address],
    };
    Case { share, present, network, endpoint }
}

fn audit(change: impl FnOnce(&mut Case)) -> Audit {
    let mut case = case();
    change(&mut case);
    Audit::of(&[case.share], case.present)
}

#[test]
fn what_is_as_it_was_acknowledged_is_found() {
    let audit = audit(|_| {});
    assert_eq!((audit.expected, audit.found), (2, 2));
    assert!(audit.lost.is_empty() && audit.leaked.is_empty(), "{audit:?}");
}

#[test]
fn what_is_absent_or_altered_is_lost() {
    for change in [
        (|case: &mut Case| case.present.endpoints.clear()) as fn(&mut Case),
        |case| case.present.networks.clear(),
        |case| case.present.endpoints.get_mut(&case.endpoint).unwrap().revision = 7,
        |case| case.present.networks.get_mut(&case.network).unwrap().network.internal = true,
    ] {
        let audit = audit(change);
        assert_eq!((audit.expected, audit.found, audit.lost.len()), (2, 1, 1), "{audit:?}");
    }
}

#[test]
fn an_address_that_is_not_held_alone_by_its_endpoint_is_lost() {
    let free = audit(|case| case.present.addresses.clear());
    assert_eq!((free.lost.len(), free.leaked.len()), (1, 0), "{free:?}");
    let twice = audit(|case| case.present.addresses.push(case.present.addresses[0].clone()));
    assert_eq!(twice.lost.len(), 1, "{twice:?}");
    let others =
        audit(|case| case.present.addresses[0].owner = Owner::Network { network: NetworkId::generate() });
    assert_eq!((others.lost.len(), others.leaked.len()), (1, 1), "{others:?}");
}

#[test]
fn an_address_that_two_have_is_doubled() {
    let one = audit(|_| {});
    assert_eq!(one.doubled, Vec::<String>::new());
    // As the store lists it, and as another endpoint shows it.
    let listed = audit(|case| {
        let other = Owner::Network { network: NetworkId::generate() };
        case.present.addresses.push(AddressInfo { owner: other, ..case.present.addresses[0].clone() });
    });
    assert_eq!(listed.doubled.len(), 1, "{listed:?}");
    let shown = audit(|case| {
        let mut other = case.present.endpoints[&case.endpoint].clone();
        other.id = EndpointId::generate();
        case.present.endpoints.insert(other.id, other);
    });
    assert_eq!(shown.doubled.len(), 1, "{shown:?}");
    assert!(shown.doubled[0].contains("10.0.0.2"), "{shown:?}");
    // As it was answered, though the store has forgotten it.
    let answered = audit(|case| {
        let owner = Owner::Endpoint { network: case.network, endpoint: EndpointId::generate() };
        case.present.addresses[0].owner = owner;
    });
    assert_eq!(answered.doubled.len(), 1, "{answered:?}");
}

#[test]
fn what_was_moving_must_be_there_in_its_sandbox_or_not() {
    let moving = |case: &mut Case| case.share.endpoints.get_mut(&case.endpoint).unwrap().standing.shift();
    let still = audit(moving);
    assert_eq!((still.expected, still.found, still.unheard, still.done_unheard), (2, 2, 1, 0), "{still:?}");
    let moved = audit(|case| {
        moving(case);
        case.present.endpoints.get_mut(&case.endpoint).unwrap().revision = 9;
    });
    assert_eq!((moved.found, moved.unheard, moved.done_unheard), (2, 1, 1), "{moved:?}");
    let gone = audit(|case| {
        moving(case);
        case.present.endpoints.clear();
    });
    assert_eq!((gone.found, gone.lost.len()), (1, 1), "{gone:?}");
    let altered = audit(|case| {
        moving(case);
        case.present.endpoints.get_mut(&case.endpoint).unwrap().endpoint.anonymous = true;
    });
    assert_eq!((altered.found, altered.lost.len()), (1, 1), "{altered:?}");
}

#[test]
fn what_nobody_asked_for_is_a_stranger() {
    let back = audit(|case| {
        case.share.endpoints.clear();
        case.share.gone.insert(case.endpoint.into());
        case.present.addresses.clear();
    });
    assert_eq!(back.leaked.len(), 1, "{back:?}");
    assert!(back.leaked[0].contains("is back"), "{back:?}");
    let unknown = audit(|case| case.share.endpoints.clear());
    assert_eq!(unknown.leaked.len(), 2, "the endpoint and its address: {unknown:?}");
}

#[test]
fn what_was_under_way_may_be_there_or_not() {
    let leave = |case: &mut Case| case.share.endpoints.get_mut(&case.endpoint).unwrap().standing.leave();
    let ask =
        |case: &mut Case| case.share.endpoints.get_mut(&case.endpoint).unwrap().standing = Standing::Asked;
    let gone = |case: &mut Case| {
        case.present.endpoints.clear();
        case.present.addresses.clear();
    };
    for (audit, done) in [
        (audit(leave), 0),
        (audit(ask), 1),
        (
            audit(|case| {
                leave(case);
                gone(case);
            }),
            1,
        ),
        (
            audit(|case| {
                ask(case);
                gone(case);
            }),
            0,
        ),
    ] {
        assert_eq!((audit.unheard, audit.done_unheard), (1, done), "{audit:?}");
        assert!(audit.lost.is_empty() && audit.leaked.is_empty(), "{audit:?}");
    }
}
