//! Sessions that end without anybody's wish.

use std::time::Duration;

use netkeep_store::{Prefix, Txn, WatchFrom};
use netkeep_store_conformance::Mirror;
use netkeep_testcontainers::{Proxy, ZooKeeper};

use crate::given::{any_root, clean, key, open, open_all};

/// The servers forget the session of a watch while things are made, changed and deleted, and tell it nothing of that.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn pain_63_a_watch_outlives_the_end_of_its_session_without_a_gap() {
    let server = ZooKeeper::shared().await.unwrap();
    let (root, prefix) = (any_root(), Prefix::parse("w").unwrap());
    let proxy = Proxy::before(&server.endpoints()[0]).await.unwrap();
    let watching = open(&[proxy.endpoint().to_owned()], &root);
    let writing = open_all(server, &root);
    for number in 0..100 {
        writing.commit(&Txn::new().put(key(&format!("w/{}/{number}", number % 7)), "first")).await.unwrap();
    }
    let mut mirror = Mirror::new(&prefix);
    let mut watch = watching.watch(&prefix, WatchFrom::Snapshot).await.unwrap();
    mirror.apply(watch.next().await.unwrap());

    proxy.set_deaf(true);
    for number in 0..100 {
        let key = key(&format!("w/{}/{number}", number % 7));
        let txn = match number % 3 {
            0 => Txn::new().delete(key),
            1 => Txn::new().put(key, "second"),
            _ => Txn::new().put(crate::given::key(&format!("w/new/{number}")), "first"),
        };
        writing.commit(&txn).await.unwrap();
    }
    // A session lasts 10 s.
    tokio::time::sleep(Duration::from_secs(15)).await;
    proxy.set_deaf(false);

    let last = writing.commit(&Txn::new().put(key("w/last"), "")).await.unwrap();
    mirror.follow(&mut watch, last).await;
    mirror.assert_equals(&writing.list(&prefix).await.unwrap());
    println!("the watch of a session that ended was told {} resets in all", mirror.resets());
    clean(server, &root, &[watching, writing]).await;
}
