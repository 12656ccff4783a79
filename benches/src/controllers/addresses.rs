//! Giving addresses out of pools of any size.

use anyhow::Result;
use netkeep_controller::{AddressRequestSpec, Controller, PoolRequestSpec};
use netkeep_drivers::ipam::builtin::LOCAL_SPACE;
use netkeep_model::{Pool, Space};

use super::Host;
use crate::measure::{Contest, Pace, Racer, slice};
use crate::report::{Bar, Report, Row};

/// How many addresses of each pool are given already.
const GIVEN: usize = 100;
const POOLS: [&str; 4] = ["10.9.8.0/24", "172.16.0.0/16", "11.0.0.0/8", "fd00::/64"];

/// Addresses of one host.
pub(crate) async fn addresses(pace: Pace) -> Result<Report> {
    let host = Host::in_memory().await?;
    let space: Space = LOCAL_SPACE.parse()?;
    let mut racers = Vec::new();
    for text in POOLS {
        let pool: Pool = text.parse()?;
        let wanted =
            PoolRequestSpec { space: Some(space.clone()), pool: Some(pool), ..PoolRequestSpec::default() };
        host.controller.request_pool(wanted).await?;
        for _ in 0..GIVEN {
            host.controller.request_address(AddressRequestSpec::new(space.clone(), pool)).await?;
        }
        racers.push(give(&host.controller, space.clone(), pool, text));
    }
    racers.push(racers[0].clone());
    let contest = Contest::run(pace, &racers).await?;
    let control = contest.ratio(POOLS.len(), 0, |slice| slice.latency);
    let mut report = Report::default();
    for (index, pool) in POOLS.iter().enumerate() {
        let row = Row::latency(
            format!("give an address of {pool} and take it back, memory, by {}", POOLS[0]),
            &contest,
            index,
            0,
        );
        report.add(if index == 0 { row } else { row.controlled(control).with_bar(Bar::AtMost(1.5)) });
    }
    host.close().await?;
    Ok(report)
}

fn give(controller: &Controller, space: Space, pool: Pool, name: &'static str) -> Racer {
    let controller = controller.clone();
    Racer::new(name, move |time| {
        let (controller, space) = (controller.clone(), space.clone());
        slice(1, time, 1, move |_, _| {
            let (controller, space) = (controller.clone(), space.clone());
            async move {
                let given = controller.request_address(AddressRequestSpec::new(space.clone(), pool)).await?;
                Ok(controller.release_address(space, pool, given.address).await?)
            }
        })
    })
}
