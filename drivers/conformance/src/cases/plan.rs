//! What a plan is.

use std::sync::Arc;

use netkeep_drivers::{ErrorKind, Origin, Plan};
use netkeep_model::{HostId, Id, Incarnation, Object, Owner, RequestId, Scope, Timestamp};

use crate::given::{FIRST_ENDPOINT, first_endpoint, full_sites, sites};
use crate::rules::Stage;
use crate::script::{Op, up};
use crate::site::network_id;
use crate::{DriverHarness, Ledger, LedgerView, Site, Verdict};

/// D-PLAN-1: Planning, whatever is planned, changes nothing on the host and notes nothing.
pub async fn planning_changes_nothing(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        let (before, request) = (site.changed(), site.network_request(0));
        site.plan_network(&site.view(), &request).await.unwrap_or_else(|error| panic!("{error}"));
        if let Some(cluster) = site.driver().cluster() {
            let plan = cluster.allocate(&site.view(), &request).await;
            plan.unwrap_or_else(|error| panic!("a network of the samples is not allocated: {error}"));
        }
        site.expect_unchanged(before, "D-PLAN-1: a network was planned");

        for op in up(&site) {
            site.perform_all(&[op]).await;
            let notes = site.local().notes.clone();
            let before = site.changed();
            plan_all(&site).await;
            site.expect_unchanged(before, "D-PLAN-1: everything was planned again");
            assert_eq!(site.local().notes, notes, "D-PLAN-1: planning has left notes");
        }
    }
    Verdict::Kept
}

/// Plans something of each sort in a site that has a network.
async fn plan_all(site: &Site) {
    let view = site.view();
    let network = network_id(0);
    // Whether it succeeds has no bearing: what is there already may be refused.
    let _ = site.plan_network(&view, &site.network_request(0)).await;
    let _ = site.driver().plan_here(&view, &site.network_state(network)).await;
    let _ = site.plan_endpoint(&view, &site.endpoint_request(network, 7)).await;
    let endpoints: Vec<_> = site.store().endpoints.keys().copied().collect();
    for (network, id) in endpoints {
        let state = site.endpoint_state(network, id);
        let _ = site.driver().plan_join(&view, &site.join_request(&state, 7, true)).await;
    }
    for what in site.objects() {
        let _ = site.driver().may_remove(&view, &what).await;
    }
}

/// D-PLAN-2: The same request and the same view give the same plan, asked twice or of a new instance.
pub async fn the_same_view_gives_the_same_plan(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        let request = site.network_request(0);
        let (mut networks, mut endpoints) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            networks.push(site.plan_network(&site.view(), &request).await.unwrap_or_else(|e| panic!("{e}")));
            site.restart().await;
        }
        expect_alike(&networks, "network");
        site.perform_all(&FIRST_ENDPOINT[..2]).await;
        let request = site.endpoint_request(network_id(0), 0);
        for _ in 0..3 {
            endpoints
                .push(site.plan_endpoint(&site.view(), &request).await.unwrap_or_else(|e| panic!("{e}")));
            site.restart().await;
        }
        expect_alike(&endpoints, "endpoint");
        site.perform_all(&FIRST_ENDPOINT[2..]).await;
        let (network, id) = first_endpoint();
        let mut joins = Vec::new();
        for _ in 0..3 {
            let request = site.join_request(&site.endpoint_state(network, id), 0, true);
            joins.push(site.plan_join(&site.view(), &request).await.unwrap_or_else(|e| panic!("{e}")));
            site.restart().await;
        }
        expect_alike(&joins, "join");
    }
    Verdict::Kept
}

/// Free choices may differ: hardware addresses, names, which number or port. What there is of each may not.
fn expect_alike<T: std::fmt::Debug + PartialEq>(plans: &[Plan<T>], what: &str) {
    let shape = |plan: &Plan<T>| {
        let mut records: Vec<_> =
            plan.records.iter().map(|record| (record.scope, record.on, record.name.clone())).collect();
        records.sort();
        let mut claims: Vec<_> = plan.claims.iter().map(std::mem::discriminant).collect();
        claims.sort_by_key(|sort| format!("{sort:?}"));
        let from_call = matches!(plan.answer, netkeep_drivers::Answer::FromCall);
        (records, claims, from_call, plan.ensure)
    };
    for plan in plans {
        assert_eq!(
            shape(plan),
            shape(&plans[0]),
            "D-PLAN-2: the same request and view, and another plan of the {what}"
        );
    }
}

/// D-PLAN-3: A plan that was not committed is forgotten: the same may be asked again, and by others.
pub async fn a_plan_that_was_not_committed_is_forgotten(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        let request = site.network_request(0);
        for _ in 0..20 {
            let plan = site.plan_network(&site.view(), &request).await;
            plan.unwrap_or_else(|error| panic!("D-PLAN-3: planned again after no commit, refused: {error}"));
        }
        // What nobody holds is free for another network too, whatever was planned before.
        let mut other = site.network_request(0);
        other.id = network_id(9);
        let plan = site.plan_network(&site.view(), &other).await;
        plan.unwrap_or_else(|error| panic!("D-PLAN-3: what was only planned hinders another: {error}"));
        site.perform_all(&FIRST_ENDPOINT[..2]).await;
        let request = site.endpoint_request(network_id(0), 0);
        let mut other = request.clone();
        other.id = site.endpoint_request(network_id(0), 9).id;
        for _ in 0..10 {
            for request in [&request, &other] {
                let plan = site.plan_endpoint(&site.view(), request).await;
                plan.unwrap_or_else(|error| {
                    panic!("D-PLAN-3: what was only planned hinders an endpoint: {error}")
                });
            }
        }
    }
    Verdict::Kept
}

/// D-PLAN-4: What others hold in the view is not claimed: the driver chooses something else, or refuses.
pub async fn what_others_hold_is_not_claimed(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut judged = false;
    for mut site in sites(&h).await {
        let ops = up(&site);
        site.perform_all(&ops).await;
        let seen = site.seen();
        let claims: Vec<_> = seen.iter().flat_map(|plan| plan.claims.clone()).collect();
        judged |= !claims.is_empty();
        // All that the samples claim, in turn, is a stranger's before anything is planned. A plan that claims
        // it all the same panics where it is judged.
        for claim in claims {
            let mut site = site.again().await;
            for ledger in [site.local(), site.global()] {
                let mut ledger = ledger;
                let _ = ledger.take(claim.clone(), stranger());
            }
            for op in &ops {
                if site.perform(*op).await.is_err() {
                    break;
                }
            }
        }
    }
    if judged { Verdict::Kept } else { Verdict::NotOf("it claims nothing") }
}

fn stranger() -> Owner {
    let bits = Id::new(Timestamp::from_unix_millis(0), [0x55; 10]);
    Owner::Client {
        host: HostId::from(bits),
        incarnation: Incarnation::new(1),
        since: Timestamp::from_unix_millis(0),
        request: RequestId::from(bits),
    }
}

/// D-PLAN-4: Each view is looked at anew: what was refused when another held it is planned when nobody does.
pub async fn each_view_is_looked_at_anew(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut judged = false;
    for site in sites(&h).await {
        let request = site.network_request(0);
        let plan = site.plan_network(&site.view(), &request).await.unwrap_or_else(|error| panic!("{error}"));
        for claim in plan.claims {
            judged = true;
            let mut held = Ledger::default();
            held.take(claim.clone(), stranger()).unwrap_or_else(|_| panic!("an empty ledger holds {claim}"));
            for _ in 0..3 {
                let taken = LedgerView::new(held.clone(), held.clone(), site.scope());
                if let Err(error) = site.plan_network(&taken, &request).await {
                    let kind = error.kind();
                    let says = matches!(kind, ErrorKind::InUse | ErrorKind::Forbidden);
                    assert!(says, "D-PLAN-4: {claim} is held; the refusal says {kind:?}: {error}");
                }
                let again = site.plan_network(&site.view(), &request).await;
                again.unwrap_or_else(|error| panic!("D-PLAN-4: {claim} is free again, and refused: {error}"));
            }
        }
    }
    if judged { Verdict::Kept } else { Verdict::NotOf("its networks claim nothing") }
}

/// D-PLAN-5: An option of the driver's own that it does not know is refused, and the refusal names it.
pub async fn unknown_options_are_refused_by_name(h: Arc<dyn DriverHarness>) -> Verdict {
    let namespace = h.sample().namespace;
    if namespace.is_empty() {
        return Verdict::NotOf("it has no options of its own");
    }
    let unknown = format!("{namespace}no-such-option");
    let expect = |error: netkeep_drivers::Error| {
        assert_eq!(error.kind(), ErrorKind::Invalid, "D-PLAN-5: an unknown option is refused as: {error}");
        assert!(
            error.to_string().contains(&unknown),
            "D-PLAN-5: the refusal does not name {unknown}: {error}"
        );
    };
    let taken = |what: &str| format!("D-PLAN-5: the unknown option {unknown} of {what} was taken");
    for mut site in sites(&h).await {
        let mut network = site.network_request(0);
        network.network.options.insert(unknown.clone(), "x");
        expect(site.plan_network(&site.view(), &network).await.expect_err(&taken("a network")));
        site.perform_all(&FIRST_ENDPOINT).await;
        let mut endpoint = site.endpoint_request(network_id(0), 1);
        endpoint.endpoint.options.insert(unknown.clone(), "x");
        expect(site.plan_endpoint(&site.view(), &endpoint).await.expect_err(&taken("an endpoint")));
        let (network, id) = first_endpoint();
        let mut join = site.join_request(&site.endpoint_state(network, id), 0, true);
        join.options.insert(unknown.clone(), "x");
        expect(site.plan_join(&site.view(), &join).await.expect_err(&taken("a sandbox")));
    }
    Verdict::Kept
}

/// D-PLAN-6: A driver of which a host has so many networks refuses the next one, and takes it when one is gone.
pub async fn the_number_of_networks_is_bounded(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        let Some(most) = site.driver().info().max_networks else {
            return Verdict::NotOf("a host can have any number of its networks");
        };
        for n in 0..most {
            site.perform_all(&[Op::Network(n)]).await;
        }
        let next = site.network_request(most);
        let refused = site.plan_network(&site.view(), &next).await;
        let error = refused.expect_err("D-PLAN-6: there are more networks than the driver says");
        assert_eq!(
            error.kind(),
            ErrorKind::Forbidden,
            "D-PLAN-6: one network too many is refused as: {error}"
        );
        site.perform_all(&[Op::RemoveNetwork(0)]).await;
        let plan = site.plan_network(&site.view(), &next).await;
        plan.unwrap_or_else(|error| panic!("D-PLAN-6: there is room again, and it is refused: {error}"));
    }
    Verdict::Kept
}

/// D-PLAN-7: The notice of an endpoint that another host made is answered as it is, and claims nothing.
pub async fn a_notice_claims_nothing(h: Arc<dyn DriverHarness>) -> Verdict {
    for site in full_sites(&h).await {
        let (network, id) = first_endpoint();
        let state = site.endpoint_state(network, id);
        let mut notice = site.endpoint_request(network, 0);
        (notice.endpoint, notice.origin) = (state.endpoint, Origin::Elsewhere);
        let before = site.changed();
        let plan = site.driver().plan_endpoint(&site.view(), &notice).await;
        let plan = plan.unwrap_or_else(|error| panic!("D-PLAN-7: a notice is refused: {error}"));
        assert!(plan.claims.is_empty(), "D-PLAN-7: a notice claims {:?}", plan.claims);
        assert!(plan.records.is_empty(), "D-PLAN-7: a notice has records {:?}", plan.records);
        if let netkeep_drivers::Answer::Now(answer) = plan.answer {
            let interfaces = &notice.endpoint.interfaces;
            let same = answer.interfaces.is_empty() || answer.interfaces == *interfaces;
            assert!(same, "D-PLAN-7: {:?} was answered of {interfaces:?}", answer.interfaces);
        }
        site.expect_unchanged(before, "D-PLAN-7: a notice");
    }
    Verdict::Kept
}

/// D-PLAN-8: What is decided for one host before its first use of a network is of that host alone, and for a
/// network of local scope it is nothing.
pub async fn what_is_planned_here_is_of_this_host(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        site.perform_all(&FIRST_ENDPOINT[..2]).await;
        let on = Object::Network(network_id(0));
        for plan in site.seen().iter().filter(|plan| plan.stage == Stage::Here) {
            let here = plan.records.iter().all(|record| (record.scope, record.on) == (Scope::Local, on));
            assert!(here, "D-PLAN-8: the first use of a network on a host has {:?}", plan.records);
        }
        if site.scope() == Scope::Local {
            let plan = site.driver().plan_here(&site.view(), &site.network_state(network_id(0))).await;
            let plan =
                plan.unwrap_or_else(|error| panic!("D-PLAN-8: a network cannot be used here: {error}"));
            let nothing = plan.claims.is_empty() && plan.records.is_empty();
            assert!(nothing, "D-PLAN-8: a network of local scope has got all when it was made: {plan:?}");
        }
    }
    Verdict::Kept
}
