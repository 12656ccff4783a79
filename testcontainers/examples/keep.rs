//! Keeps a server until its input ends: `cargo run -p netkeep-testcontainers --example keep -- etcd 3`.
//!
//! Prints the endpoints, one a line, then `ready`.

use std::io::{Read, stdin};

use netkeep_testcontainers::{Cluster, Family, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let family = words.next().unwrap_or_else(|| "etcd".to_owned());
    let family = Family::ALL.into_iter().find(|known| known.name() == family);
    let family = family.ok_or("the first word is etcd, consul or zookeeper")?;
    let nodes = words.next().map_or(Ok(1), |nodes| nodes.parse())?;
    let cluster = Cluster::start(family, Options { nodes, ..Options::single() }).await?;
    for endpoint in cluster.endpoints() {
        println!("{endpoint}");
    }
    println!("ready");
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
