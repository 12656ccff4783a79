//! A shared store in which something is wrong for each way of mending.

use netkeep_controller::Controller;
use netkeep_model::HostId;
use netkeep_store::{Key, Prefix, Store, Txn};
use serde_json::{Value, json};

/// An id of what is not there, as text and in keys.
pub(crate) const GONE: &str = "fedcba98765432100123018bcfe56800";
pub(crate) const GONE_KEY: &str = "018bcfe56800fedcba98765432100123";

/// Writes what must not be, and takes away the name of the endpoint `web`.
pub(super) async fn harm(store: &dyn Store, network: &str, evicted: HostId) {
    let gone = json!({"is": "endpoint", "network": GONE, "endpoint": GONE});
    let created = json!({"name": "lost", "created": 1, "owner": {"host": GONE, "incarnation": 1}});
    let leaked = json!({"is": "endpoint", "network": network, "endpoint": GONE});
    let by = json!({"host": GONE, "incarnation": 1});
    let mut wrong: Vec<(String, &str, Value)> = vec![
        // Goes with all that it holds, in pieces.
        (format!("endpoints/{GONE_KEY}/{GONE_KEY}"), "endpoint", created),
        (format!("endpoint-names/{GONE_KEY}/lost"), "endpoint-name", json!({"endpoint": GONE})),
        // Is released.
        (
            "pools/GlobalDefault/4-0a050000-24".to_owned(),
            "pool",
            json!({"owner": {"is": "network", "network": GONE}}),
        ),
        // Is removed.
        ("addresses/GlobalDefault/4-0a010000-24/4-0a0100f0".to_owned(), "address", json!({"owner": leaked})),
        (
            format!("tables/{GONE_KEY}/peers/lost"),
            "table-entry",
            json!({"owner": gone, "by": by, "value": ""}),
        ),
        ("network-names/lost".to_owned(), "network-name", json!({"network": GONE})),
    ];
    wrong.extend(
        (0..60).map(|n| (format!("numbers/vni/00000000000100{n:02x}"), "number", json!({"owner": gone}))),
    );
    for (key, kind, record) in wrong {
        let stored = json!({"kind": kind, "version": 1, "record": record}).to_string();
        store.commit(&Txn::new().put(Key::parse(&key).unwrap(), stored)).await.unwrap();
    }
    // Its record does not lead to it any more.
    let names = store.list(&Prefix::parse("endpoint-names").unwrap()).await.unwrap().entries;
    let name = names.iter().find(|entry| entry.key.as_str().ends_with("/web")).unwrap();
    store.commit(&Txn::new().delete(name.key.clone())).await.unwrap();
    // Is released by evicting it again.
    let host = Key::parse(&format!("hosts/{}", evicted.segment())).unwrap();
    let mut stored: Value = serde_json::from_slice(&store.get(&host).await.unwrap().unwrap().value).unwrap();
    stored["record"]["evicted_through"] = stored["record"]["incarnation"].clone();
    store.commit(&Txn::new().put(host, stored.to_string())).await.unwrap();
}

/// Checks and repairs until there is no plan any more.
pub(crate) async fn mend(controller: &Controller) {
    for _ in 0..4 {
        let plan = controller.check().await.unwrap().plan();
        if plan.is_empty() {
            return;
        }
        let done = controller.repair(plan, true).await.unwrap();
        // A run that has just begun may go on with an eviction that was left, and be first to release something.
        let mut refused = done.repairs.iter().filter_map(|repair| repair.refused.as_deref());
        let overtaken = |why: &str| why.ends_with("check again") || why.starts_with("not tried");
        assert!(refused.all(overtaken), "{done:#?}");
    }
    panic!("there is always something more to mend: {:#?}", controller.check().await.unwrap());
}
