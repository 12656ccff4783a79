//! What this process has committed shows at once, and stays however late, or from how long ago, the watch speaks.

use std::sync::Arc;

use netkeep_controller::Controller;
use netkeep_store::{Batch, LeasedDirectories, MemoryServer, Prefix, Store, WatchItem};
use serde_json::{Value, json};

use crate::support::{LateStore, Site, clean, endpoint, network};

/// All that a controller shows.
fn shown(controller: &Controller) -> Value {
    let endpoints: Vec<_> = controller
        .networks()
        .iter()
        .map(|info| controller.endpoints(info.network.name.as_str()).unwrap())
        .collect();
    json!([
        controller.networks(),
        endpoints,
        controller.pools(),
        controller.addresses(None, None),
        controller.status().ports
    ])
}

async fn create(controller: &Controller, name: &str) {
    let ports = json!([{"protocol": "tcp", "port": 80}]);
    controller.create_endpoint("blue", endpoint(json!({"name": name, "bindings": ports}))).await.unwrap();
}

#[tokio::test]
async fn own_commits_neither_wait_for_the_watch_nor_give_way_to_it() {
    let server = MemoryServer::new(LeasedDirectories::default());
    let (store, late) = LateStore::new(Arc::new(server.connect()));
    let site = Site::over(Arc::new(store));
    let controller = site.open().await;
    let spec = |name: &str, cidr: &str| json!({"name": name, "driver": "manual", "ipam": {"pools": [{"pool": cidr}]}});
    let mut old: Vec<WatchItem> = Vec::new();
    let snapshot = async || WatchItem::Reset(server.connect().list(&Prefix::root()).await.unwrap());

    old.push(snapshot().await);
    late.commits();
    controller.create_network(network(spec("blue", "10.1.0.0/28"))).await.unwrap();
    controller.create_network(network(spec("red", "10.2.0.0/28"))).await.unwrap();
    old.push(snapshot().await);
    create(&controller, "stays").await;
    create(&controller, "goes").await;
    create(&controller, "comes again").await;
    old.push(snapshot().await);
    controller.delete_endpoint("blue", "goes").await.unwrap();
    controller.delete_endpoint("blue", "comes again").await.unwrap();
    create(&controller, "comes again").await;
    controller.delete_network("red").await.unwrap();
    assert_eq!(controller.endpoints("blue").unwrap().len(), 2);
    assert_eq!(controller.networks().len(), 1);
    clean(&controller).await;

    let expected = shown(&controller);
    let items = late.commits();
    assert!(items.len() > 8, "{}", items.len());
    let mut resets = old.into_iter().peekable();
    for item in items {
        // A reset to a state of long ago comes as soon as it may: all before it was delivered.
        while let Some(reset) = resets.next_if(|reset| reset.through() < item.through()) {
            late.deliver(reset).await;
            assert_eq!(shown(&controller), expected);
        }
        late.deliver(item).await;
        assert_eq!(shown(&controller), expected);
    }
    assert!(resets.next().is_none(), "every reset was delivered");

    // What is free is known too: exactly the other eleven addresses can be had.
    for n in 0..11 {
        create(&controller, &format!("e{n}")).await;
    }
    assert!(controller.create_endpoint("blue", endpoint(json!({"name": "full"}))).await.is_err());
    late.deliver(snapshot().await).await;
    late.deliver(WatchItem::Changes(Batch::default())).await;
    assert_eq!(controller.endpoints("blue").unwrap().len(), 13);
    clean(&controller).await;
}
