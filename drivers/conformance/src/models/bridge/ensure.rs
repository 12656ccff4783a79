//! What the bridge model makes.

use netkeep_drivers::{EndpointState, EnsureError, HostNotes, JoinState, NetworkAnswer, NetworkState};
use netkeep_model::{Claim, Object};
use netkeep_store::Segment;
use serde_json::json;

use super::Bridge;
use super::options::Config;
use crate::models::hold::hold;
use crate::models::interfaces::link_name;
use crate::models::made::{Made, link_failed};
use crate::models::recovery::{keep, note};
use crate::models::{KernelError, MARK, ports};

/// What the notes are called: the bridge of a network and its addresses there, the interface of an endpoint, the ports of either an
/// endpoint or a join.
pub(super) const BRIDGE: &str = "bridge";
pub(super) const ADDRESSES: &str = "addresses";
pub(super) const LINK: &str = "link";
pub(super) const PORTS: &str = "ports";

pub(super) async fn network(
    driver: &Bridge,
    notes: &dyn HostNotes,
    state: &NetworkState,
) -> Result<NetworkAnswer, EnsureError> {
    let kernel = &driver.kernel;
    let Config { bridge, shared, .. } = Config::read(state.id, &state.network.options)?;
    keep(notes, &state.notes, state.object(), BRIDGE, json!(bridge.as_str())).await?;
    let gateways: Vec<_> = state.network.ipam.pools.iter().filter_map(|pool| pool.gateway).collect();
    keep(notes, &state.notes, state.object(), ADDRESSES, json!(gateways)).await?;
    let _alone = driver.holding.lock().await;
    if kernel.link(&bridge).is_some_and(|mark| mark != MARK) {
        let claim = Claim::Link { name: bridge, shared };
        return Err(EnsureError::Taken(claim, KernelError::Exists.into()));
    }
    hold(kernel, &bridge, state.id).await.map_err(|error| EnsureError::Unknown(error.into()))?;
    for gateway in gateways {
        let added = kernel.add_address(&bridge, gateway).await;
        added.map_err(|error| EnsureError::Unknown(error.into()))?;
    }
    Ok(NetworkAnswer { tables: state.network.tables.clone(), allocated: state.network.allocated.clone() })
}

pub(super) async fn endpoint(
    driver: &Bridge,
    notes: &dyn HostNotes,
    state: &EndpointState,
) -> Result<(), EnsureError> {
    let kernel = &driver.kernel;
    let Config { bridge, early, .. } = Config::read(state.network.id, &state.network.network.options)?;
    let name = link_name("ve", state.id)?;
    let ports = if early { ports::of(&state.endpoint.bindings) } else { Vec::new() };
    keep(notes, &state.notes, state.object(), LINK, json!(name.as_str())).await?;
    keep(notes, &state.notes, state.object(), PORTS, json!(ports)).await?;
    let mut made = Made::default();
    if let Err(error) = made.link(kernel, &name, None).await {
        return Err(made.undo(kernel, link_failed(error)).await);
    }
    if let Err(error) = kernel.enslave(&name, &bridge).await {
        return Err(EnsureError::Unknown(error.into()));
    }
    for port in ports {
        if let Err(error) = made.listener(kernel, port).await {
            return Err(made.undo(kernel, error).await);
        }
    }
    Ok(())
}

/// The interface moves as soon as it is known where to.
pub(super) async fn join(
    driver: &Bridge,
    notes: &dyn HostNotes,
    state: &JoinState,
) -> Result<(), EnsureError> {
    let name = link_name("ve", state.endpoint.id)?;
    keep(notes, &state.notes, state.object(), LINK, json!(name.as_str())).await?;
    if let Some(key) = &state.sandbox_key {
        driver.kernel.move_link(&name, key).await.map_err(|error| EnsureError::Unknown(error.into()))?;
    }
    Ok(())
}

pub(super) async fn program(
    driver: &Bridge,
    notes: &dyn HostNotes,
    state: &JoinState,
) -> Result<(), EnsureError> {
    let kernel = &driver.kernel;
    // Those that were published early stay the endpoint's.
    let early: Vec<ports::HostPort> = note(&state.endpoint.notes, PORTS).unwrap_or_default();
    let mut ports = ports::of(&state.endpoint.endpoint.bindings);
    ports.retain(|port| !early.contains(port));
    if ports.is_empty() {
        return Ok(());
    }
    let on: Object = state.object();
    keep(notes, &state.notes, on, PORTS, json!(ports)).await?;
    let mut made = Made::default();
    for port in ports {
        if let Err(error) = made.listener(kernel, port).await {
            let error = made.undo(kernel, error).await;
            if !matches!(error, EnsureError::Unknown(_)) {
                // The ports may be another's before the join is removed.
                let forgotten = notes.note(&on, &Segment::escape(PORTS), serde_json::Value::Null).await;
                forgotten.map_err(EnsureError::Unknown)?;
            }
            return Err(error);
        }
    }
    Ok(())
}
