//! One node of each family, on the launcher that the environment chooses: the life of a server, and that nothing of it remains.

use std::time::Duration;

use netkeep_testcontainers::{Cluster, Family, Kind, Options};

use crate::talk;

async fn start(family: Family) -> Cluster {
    Cluster::start(family, Options::single()).await.unwrap()
}

/// Frozen it answers nothing, killed it is gone, and back it has what it had, at the same port.
async fn lives(family: Family) {
    let server = start(family).await;
    let endpoint = server.endpoints()[0].clone();
    assert!(endpoint.starts_with("127.0.0.1:"), "{endpoint}");
    assert_eq!(server.leader().await.unwrap(), 0);
    talk::write(family, &endpoint, "one").await;

    server.pause(0).await.unwrap();
    assert_eq!(server.pause(0).await.unwrap_err().kind(), Kind::State);
    talk::is_mute(family, &endpoint).await;
    server.resume(0).await.unwrap();
    assert_eq!(talk::read(family, &endpoint).await, "one");

    server.kill(0).await.unwrap();
    talk::is_closed(&endpoint).await;
    assert_eq!(server.kill(0).await.unwrap_err().kind(), Kind::State);
    server.restart(0).await.unwrap();
    assert_eq!(talk::read(family, &endpoint).await, "one");

    server.pause(0).await.unwrap();
    server.kill(0).await.unwrap();
    server.start_node(0).await.unwrap();
    server.wait_until_ready(0).await.unwrap();
    server.stop(0).await.unwrap();
    server.restart(0).await.unwrap();
    assert_eq!(talk::read(family, &endpoint).await, "one");
    assert_eq!(server.isolate(0).await.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(server.pause(1).await.unwrap_err().kind(), Kind::Invalid);

    drop(server);
    talk::is_closed(&endpoint).await;
}

/// Data can be wiped, copied, and put back as they were.
async fn data(family: Family) {
    let server = start(family).await;
    let endpoint = server.endpoints()[0].clone();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    talk::write(family, &endpoint, "old").await;
    assert_eq!(server.wipe(0).await.unwrap_err().kind(), Kind::State);

    server.stop(0).await.unwrap();
    server.copy_data(0, &copy).await.unwrap();
    server.restart(0).await.unwrap();
    talk::write(family, &endpoint, "new").await;
    server.kill(0).await.unwrap();
    server.replace_data(0, &copy).await.unwrap();
    server.restart(0).await.unwrap();
    assert_eq!(talk::read(family, &endpoint).await, "old");

    server.kill(0).await.unwrap();
    server.wipe(0).await.unwrap();
    server.restart(0).await.unwrap();
    assert_eq!(talk::read(family, &endpoint).await, "");
}

/// A server that cannot start says why.
async fn refuses(family: Family) {
    let options = match family {
        Family::Consul => Options { extra_config: "no_such_key = 1".to_owned(), ..Options::single() },
        _ => Options { extra_args: vec!["--no-such-flag".to_owned()], ..Options::single() },
    };
    let options = Options { ready_within: Duration::from_secs(30), ..options };
    let error = Cluster::start(family, options).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Failed);
    let wrong = if family == Family::Consul { "no_such_key" } else { "no-such-flag" };
    assert!(error.to_string().contains(wrong), "{error}");
}

macro_rules! on {
    ($($family:ident $name:ident),+) => {
        $(mod $family {
            use netkeep_testcontainers::Family;

            #[tokio::test]
            #[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
            async fn a_server_lives() {
                crate::single::lives(Family::$name).await;
            }

            #[tokio::test]
            #[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
            async fn data_are_copied_and_wiped() {
                crate::single::data(Family::$name).await;
            }

            #[tokio::test]
            #[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
            async fn a_server_that_cannot_start_says_why() {
                crate::single::refuses(Family::$name).await;
            }
        })+
    };
}

on!(etcd Etcd, consul Consul, zookeeper ZooKeeper);
