//! Several networks and endpoints beside each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use netkeep_model::Protocol;

use crate::given::{expect_things, sites};
use crate::script::{Op, has_second};
use crate::site::{binding, network_id};
use crate::{DriverHarness, Site, Verdict};

const FIRST: [Op; 5] =
    [Op::Network(0), Op::Use(0), Op::Endpoint(0, 0), Op::Join(0, 0, true), Op::Publish(0, 0)];
const SECOND: [Op; 5] =
    [Op::Network(1), Op::Use(1), Op::Endpoint(1, 0), Op::Join(1, 0, true), Op::Publish(1, 0)];

/// Does `first`, then `second`, then undoes `first`: what came with `second` stays all the while, and nothing
/// that it needs is missing.
async fn expect_apart(site: &mut Site, (first, second): (&[Op], &[Op]), undo: &[Op], clause: &str) {
    site.perform_all(first).await;
    let before = site.present();
    site.perform_all(second).await;
    let theirs: BTreeSet<String> = site.present().difference(&before).cloned().collect();
    let since = site.changed();
    site.perform_all(undo).await;
    for change in site.changes_since(since) {
        if let crate::Change::Vanished(thing) = change {
            assert!(
                !theirs.contains(&thing),
                "{clause}: {thing} came with {second:?}, and went with {first:?}"
            );
        }
    }
    let missing: Vec<_> = theirs.difference(&site.present()).cloned().collect();
    assert!(missing.is_empty(), "{clause}: {missing:?} is missing");
    site.expect_settled(&format!("{clause}: {first:?} was undone")).await;
}

/// D-APART-1: Making and removing one network leaves another one alone, also what they share.
pub async fn networks_leave_each_other_alone(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        if !has_second(&site) {
            return Verdict::NotOf("a host has one network of it");
        }
        let empty = site.present();
        let undo = [Op::Withdraw(0, 0), Op::Leave(0, 0), Op::RemoveEndpoint(0, 0), Op::RemoveNetwork(0)];
        expect_apart(&mut site, (&FIRST, &SECOND), &undo, "D-APART-1").await;
        let undo = [Op::Withdraw(1, 0), Op::Leave(1, 0), Op::RemoveEndpoint(1, 0), Op::RemoveNetwork(1)];
        site.perform_all(&undo).await;
        expect_things(&site.present(), &empty, "D-APART-1: both are gone, and something is left");
    }
    Verdict::Kept
}

/// D-APART-2: Making and removing one endpoint leaves the others of its network alone.
pub async fn endpoints_leave_each_other_alone(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        let second = [Op::Endpoint(0, 1), Op::Join(0, 1, true), Op::Publish(0, 1)];
        let undo = [Op::Withdraw(0, 0), Op::Leave(0, 0), Op::RemoveEndpoint(0, 0)];
        expect_apart(&mut site, (&FIRST, &second), &undo, "D-APART-2").await;
    }
    Verdict::Kept
}

/// D-APART-3: A port that one endpoint has given back is another's, and stays so when the first one goes.
pub async fn a_port_that_was_given_back_is_anothers(h: Arc<dyn DriverHarness>) -> Verdict {
    if !h.sample().ports {
        return Verdict::NotOf("it publishes no ports");
    }
    for mut site in sites(&h).await {
        site.perform_all(&FIRST[..2]).await;
        let mut requests = [0, 1].map(|n| site.endpoint_request(network_id(0), n));
        for request in &mut requests {
            request.endpoint.bindings_wanted = vec![binding(Protocol::Tcp, 80, Some(18_080))];
        }
        let [first, second] = requests;
        site.create_endpoint(&first).await.unwrap_or_else(|failure| panic!("D-APART-3: {failure}"));
        site.perform_all(&[Op::Join(0, 0, true), Op::Publish(0, 0), Op::Withdraw(0, 0)]).await;
        // Without a way out of its own, a driver gives ports back with the join, or with the endpoint.
        let gives_back = site.driver().external().is_some()
            && site.store().endpoints.values().all(|endpoint| endpoint.bindings.is_empty());
        let gone = [Op::Leave(0, 0), Op::RemoveEndpoint(0, 0)];
        if !gives_back {
            site.perform_all(&gone).await;
        }
        let before = site.present();
        site.create_endpoint(&second).await.unwrap_or_else(|failure| panic!("D-APART-3: {failure}"));
        site.perform_all(&[Op::Join(0, 1, true), Op::Publish(0, 1)]).await;
        let endpoint = site.endpoint_state(network_id(0), second.id).endpoint;
        assert_eq!(endpoint.bindings.len(), 1, "D-APART-3: the port is free, and {:?}", endpoint.bindings);
        let theirs: BTreeSet<_> = site.present().difference(&before).cloned().collect();
        site.perform_rest(&gone).await;
        let missing: Vec<_> = theirs.difference(&site.present()).cloned().collect();
        assert!(missing.is_empty(), "D-APART-3: the first endpoint has taken {missing:?} with it");
        site.expect_settled("D-APART-3: the first endpoint is gone").await;
    }
    Verdict::Kept
}
