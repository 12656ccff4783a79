//! What users lived through with the old system, that no other test here shows; `docs/pains.md` has the list.

use std::sync::atomic::Ordering;

use netkeep_controller::ErrorKind::InUse;
use serde_json::json;

use crate::support::{Shared, clean, endpoint, eventually, network, opened, refused_naming};

/// The old system kept a number of endpoints beside the network, and each host that started wrote its own number over
/// that of all. Then the network could be deleted under endpoints, or never.
#[tokio::test]
async fn pain_3_a_host_that_starts_again_changes_nothing_of_what_others_have_in_a_network() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (first, other) = (a.open().await, b.open().await);
    first
        .create_network(network(json!({"name": "blue", "driver": "manual", "scope": "global"})))
        .await
        .unwrap();
    first.create_endpoint("blue", endpoint(json!({"name": "of-a"}))).await.unwrap();
    eventually("the other one sees it", || other.endpoint("blue", "of-a").ok()).await;
    for name in ["one-of-b", "two-of-b"] {
        other.create_endpoint("blue", endpoint(json!({"name": name}))).await.unwrap();
    }
    // It is killed and starts again, three times.
    drop(first);
    let mut site = a.site;
    for _ in 0..3 {
        let host = shared.host_over(site);
        drop(host.open().await);
        site = host.site;
    }
    let again = shared.host_over(site).open().await;
    assert_eq!(again.endpoints("blue").unwrap().len(), 3);
    refused_naming(again.delete_network("blue").await, InUse, &["of-a", "one-of-b", "two-of-b"]);
    again.delete_endpoint("blue", "of-a").await.unwrap();
    refused_naming(again.delete_network("blue").await, InUse, &["one-of-b", "two-of-b"]);
    for name in ["one-of-b", "two-of-b"] {
        again.delete_endpoint("blue", name).await.unwrap();
    }
    again.delete_network("blue").await.unwrap();
    clean(&other).await;
    shared.nothing_left().await;
}

/// The old system wrote its number again after the network was gone, and so brought its key back: the next network of
/// that name was refused for ever.
#[tokio::test]
async fn pain_4_a_late_write_does_not_bring_back_what_was_deleted() {
    for late in ["create", "delete"] {
        let shared = Shared::new();
        let (a, b) = (shared.host(), shared.host());
        let (frozen, other) = (a.open().await, b.open().await);
        let blue = json!({"name": "blue", "driver": "manual", "scope": "global"});
        let old = frozen.create_network(network(blue.clone())).await.unwrap().id.to_string();
        frozen.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
        eventually("the other one sees it", || other.endpoint("blue", "web").ok()).await;

        let begun = a.begun.load(Ordering::SeqCst);
        a.faults.freeze();
        let writing = tokio::spawn({
            let frozen = frozen.clone();
            async move {
                match late {
                    "create" => frozen.create_endpoint(&old, endpoint(json!({"name": "late"}))).await.is_ok(),
                    _ => frozen.delete_endpoint(&old, "web").await.is_ok(),
                }
            }
        });
        eventually("it is under way", || (a.begun.load(Ordering::SeqCst) > begun).then_some(())).await;
        other.delete_endpoint("blue", "web").await.unwrap();
        other.delete_network("blue").await.unwrap();
        let made = other.create_network(network(blue)).await.unwrap();
        a.faults.thaw();
        let done = writing.await.unwrap();
        assert!(!done || late == "delete", "an endpoint was made in a network that is gone");

        opened(&frozen).await;
        eventually("it sees the new one", || frozen.network("blue").ok().filter(|blue| blue.id == made.id))
            .await;
        assert!(frozen.endpoints("blue").unwrap().is_empty());
        frozen.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
        frozen.delete_endpoint("blue", "web").await.unwrap();
        frozen.delete_network("blue").await.unwrap();
        clean(&frozen).await;
        shared.nothing_left().await;
    }
}
