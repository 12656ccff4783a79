//! What must be so once nothing fails any more.

use std::collections::BTreeMap;

use netkeep_controller::GlobalCheck;
use netkeep_model::{Id, Scope};
use tokio::time::{Instant, sleep};

use crate::holding::Holding;
use crate::host::{Host, PATIENCE};
use crate::world::{World, objects};

/// The records that must be gone when everything was deleted, in the store of all hosts and in that of each.
const SHARED: [&str; 11] = [
    "network",
    "network-name",
    "endpoint",
    "endpoint-name",
    "pool",
    "sub-pool",
    "address",
    "number",
    "driver-record",
    "table-entry",
    "external-id",
];
const LOCAL: [&str; 8] =
    ["sandbox", "way-out", "intent", "realized", "driver-record", "port-block", "link", "external-id"];

/// Notes what each host shows of each name and address, after it has heard of everything.
pub(crate) async fn all_seen(world: &World) {
    let known = world.objects();
    for (number, host) in world.hosts.iter().enumerate() {
        host.in_sync().await;
        let (begun, found) = eventually(&format!("host {number} shows all there is"), async || {
            let begun = world.now();
            host.client().sync(Some(Scope::Global)).await.ok()?;
            Some((begun, found(world, host).await?))
        })
        .await;
        let mut seen: BTreeMap<_, Option<(Id, Option<Id>)>> = BTreeMap::new();
        // Of another host the containers are not shown.
        let other =
            |object: &str| object.starts_with("box-") && !object.starts_with(&format!("box-{number}-"));
        seen.extend(known.iter().filter(|object| !other(object)).map(|object| (object.clone(), None)));
        for (object, holder) in found {
            seen.insert(object, Some(holder));
        }
        for (object, holder) in seen {
            world.answered(number, begun, vec![object], Holding::Found(holder), None);
        }
    }
}

type Found = Vec<(String, (Id, Option<Id>))>;

async fn found(world: &World, host: &Host) -> Option<Found> {
    let mut found = Found::new();
    for endpoint in host.client().endpoints(&world.network.to_string()).await.ok()? {
        if endpoint.stale.is_some() {
            return None;
        }
        let inside = endpoint.endpoint.attachment.as_ref().map(|attachment| attachment.sandbox.into());
        found.extend(objects(&endpoint).into_iter().map(|object| (object, (endpoint.id.into(), inside))));
    }
    for network in host.client().networks().await.ok()? {
        if network.id != world.network {
            found.push((network.network.name.to_string(), (network.id.into(), None)));
        }
    }
    for sandbox in host.client().sandboxes().await.ok()? {
        found.push((sandbox.sandbox.container.to_string(), (sandbox.id.into(), None)));
    }
    Some(found)
}

/// `check` finds nothing wrong, on any host.
pub(crate) async fn clean(hosts: &[Host]) {
    for (number, host) in hosts.iter().enumerate() {
        let mut found = None;
        let clean = within_patience(async || {
            let report = host.client().check().await.ok()?;
            let clean =
                matches!(&report.global, Some(GlobalCheck::Checked(global)) if global.violations.is_empty());
            let clean = clean && report.violations.is_empty();
            found = Some(report);
            clean.then_some(())
        });
        assert!(clean.await.is_some(), "check of host {number}: {found:#?}\n{}", host.log());
    }
}

/// Nothing is left, as each host sees it.
pub(crate) async fn nothing_is_left(hosts: &[Host]) {
    for (number, host) in hosts.iter().enumerate() {
        let mut left = None;
        let gone = within_patience(async || {
            let controller = host.client().status().await.ok()?.controller;
            let count = |records: &BTreeMap<String, usize>, kinds: &[&str]| -> BTreeMap<String, usize> {
                let left =
                    records.iter().filter(|(kind, count)| **count > 0 && kinds.contains(&kind.as_str()));
                left.map(|(kind, count)| (kind.clone(), *count)).collect()
            };
            let found = (count(&controller.global?.records, &SHARED), count(&controller.records, &LOCAL));
            let gone = found.0.is_empty() && found.1.is_empty();
            left = Some(found);
            gone.then_some(())
        });
        assert!(gone.await.is_some(), "host {number} has something left: {left:#?}\n{}", host.log());
    }
}

pub(crate) async fn eventually<T>(what: &str, done: impl AsyncFnMut() -> Option<T>) -> T {
    let found = within_patience(done).await;
    found.unwrap_or_else(|| panic!("{what}: not within {PATIENCE:?}"))
}

async fn within_patience<T>(mut done: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let most = Instant::now() + PATIENCE;
    while Instant::now() < most {
        if let Some(found) = done().await {
            return Some(found);
        }
        sleep(std::time::Duration::from_millis(50)).await;
    }
    None
}
