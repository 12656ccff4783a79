//! What the bridge model takes down, from its notes alone.

use ipnet::IpNet;
use netkeep_drivers::{HostNotes, Remains, RemoveError};
use netkeep_model::{LinkName, NetworkId, Object};
use netkeep_store::Segment;
use serde_json::Value;

use super::Bridge;
use super::ensure::{ADDRESSES, BRIDGE, LINK, PORTS};
use crate::models::hold::release;
use crate::models::ports::HostPort;
use crate::models::recovery::note;
use crate::models::{KernelError, MARK};

pub(super) async fn remove(driver: &Bridge, left: &Remains) -> Result<(), RemoveError> {
    let removed = match left.on {
        Object::Network(network) => self::network(driver, network, left).await,
        Object::Endpoint(..) => endpoint(driver, left).await,
        Object::Join(..) => join(driver, left).await,
    };
    removed.map_err(|error| RemoveError::Retry(error.into()))
}

/// Others may use the bridge on.
async fn network(driver: &Bridge, network: NetworkId, left: &Remains) -> Result<(), KernelError> {
    let Some(bridge) = note::<LinkName>(&left.notes, BRIDGE) else { return Ok(()) };
    let _alone = driver.holding.lock().await;
    if driver.kernel.link(&bridge).as_deref() == Some(MARK) {
        for address in note::<Vec<IpNet>>(&left.notes, ADDRESSES).unwrap_or_default() {
            driver.kernel.delete_address(&bridge, address).await?;
        }
    }
    release(&driver.kernel, &bridge, network).await
}

/// Closes what a join publishes, and forgets that it did: the ports may be another's afterwards.
pub(super) async fn revoke(
    driver: &Bridge,
    notes: &dyn HostNotes,
    left: &Remains,
) -> Result<(), RemoveError> {
    close(driver, left).await.map_err(|error| RemoveError::Retry(error.into()))?;
    notes.note(&left.on, &Segment::escape(PORTS), Value::Null).await.map_err(RemoveError::Retry)
}

async fn endpoint(driver: &Bridge, left: &Remains) -> Result<(), KernelError> {
    close(driver, left).await?;
    match note::<LinkName>(&left.notes, LINK) {
        Some(name) if driver.kernel.link(&name).as_deref() == Some(MARK) => {
            driver.kernel.delete_link(&name).await
        }
        _ => Ok(()),
    }
}

async fn join(driver: &Bridge, left: &Remains) -> Result<(), KernelError> {
    close(driver, left).await?;
    match note::<LinkName>(&left.notes, LINK) {
        Some(name) if driver.kernel.link(&name).as_deref() == Some(MARK) => {
            driver.kernel.bring_back(&name).await
        }
        _ => Ok(()),
    }
}

async fn close(driver: &Bridge, left: &Remains) -> Result<(), KernelError> {
    for (protocol, ip, port) in note::<Vec<HostPort>>(&left.notes, PORTS).unwrap_or_default() {
        if driver.kernel.listener(protocol, ip, port).as_deref() == Some(MARK) {
            driver.kernel.close(protocol, ip, port).await?;
        }
    }
    Ok(())
}
