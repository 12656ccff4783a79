//! What is created.

use std::sync::Arc;

use anyhow::{Context, Result};
use netkeep_controller::{Controller, EndpointSpec, NetworkSpec};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// How many tasks make what has to be there before anything is measured.
const MAKERS: usize = 64;

/// The network of all tests that need one only: very many addresses of both families.
pub(crate) const LARGE: &str = "large";

/// A network of `manual` with both families.
pub(crate) fn network(name: &str, scope: &str, pools: [String; 2]) -> Result<NetworkSpec> {
    let pools: Vec<Value> = pools.iter().map(|pool| json!({ "pool": pool })).collect();
    Ok(serde_json::from_value(json!({
        "name": name, "driver": "manual", "scope": scope, "ipv6": true, "ipam": { "pools": pools },
    }))?)
}

/// [`LARGE`].
pub(crate) fn large(scope: &str) -> Result<NetworkSpec> {
    network(LARGE, scope, ["10.0.0.0/8".to_owned(), "fd00::/64".to_owned()])
}

/// One of many networks.
pub(crate) fn small(index: usize) -> Result<NetworkSpec> {
    let pools = [
        format!("{}.{}.{}.0/24", 11 + index / 65_536, index / 256 % 256, index % 256),
        format!("fd01:{:x}:{:x}::/64", index / 65_536, index % 65_536),
    ];
    network(&small_name(index), "local", pools)
}

/// What one of many networks is called.
pub(crate) fn small_name(index: usize) -> String {
    format!("net-{index}")
}

/// An endpoint whose name says nothing of when it was made; with a port of the host, if it is wanted.
pub(crate) fn endpoint(number: u64, port: bool) -> Result<EndpointSpec> {
    let mut spec = EndpointSpec::new(endpoint_name(number).parse()?);
    if port {
        spec.bindings = vec![serde_json::from_value(json!({ "protocol": "tcp", "port": 80 }))?];
    }
    Ok(spec)
}

/// The name of an endpoint: the same for the same number, in no order.
pub(crate) fn endpoint_name(number: u64) -> String {
    // An odd factor loses nothing.
    format!("e{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Makes things before anything is measured, many at once.
pub(crate) async fn make<R>(count: usize, make: impl Fn(usize) -> R + Clone + Send + 'static) -> Result<()>
where
    R: Future<Output = Result<()>> + Send,
{
    let mut makers = JoinSet::new();
    for maker in 0..MAKERS {
        let make = make.clone();
        makers.spawn(async move {
            for index in (maker..count).step_by(MAKERS) {
                make(index).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(made) = makers.join_next().await {
        made.context("a task ended")??;
    }
    Ok(())
}

/// Makes these endpoints of [`LARGE`], numbered from `from`, without ports: a host has not that many.
pub(crate) async fn fill(controller: &Controller, from: usize, to: usize) -> Result<()> {
    let controller = controller.clone();
    make(to - from, move |index| {
        let controller = controller.clone();
        async move {
            controller.create_endpoint(LARGE, endpoint((from + index) as u64, false)?).await?;
            Ok(())
        }
    })
    .await
}

/// Makes this many of the many networks.
pub(crate) async fn make_small(controller: &Controller, count: usize) -> Result<()> {
    let controller = controller.clone();
    make(count, move |index| {
        let controller = controller.clone();
        async move {
            controller.create_network(small(index)?).await?;
            Ok(())
        }
    })
    .await
}

/// A counter that gives each number once.
pub(crate) type Numbers = Arc<std::sync::atomic::AtomicU64>;
