//! What a driver says of itself.

use netkeep_model::{DriverKind, IpamKind, Scope, Space};

/// What is known of a network driver without asking it anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverInfo {
    /// What it is called in a network's `driver` field.
    pub kind: DriverKind,
    /// True if it is compiled in: then it is never replaced.
    pub built_in: bool,
    /// The scopes that its networks may have; the first is the one they have unless they ask for another.
    pub data_scopes: Vec<Scope>,
    /// [`Scope::Global`] if endpoints of one network on different hosts reach each other.
    pub connectivity: Scope,
    /// Whether it plans or is called.
    pub mode: Mode,
    /// False for drivers whose networks have no addresses (`null`, `host`).
    pub addresses: bool,
    /// How many networks of its kind a host may have; `None` for any number.
    pub max_networks: Option<usize>,
}

/// What is known of an IPAM driver without asking it anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpamInfo {
    /// What it is called in a network's `ipam` field.
    pub kind: IpamKind,
    /// True if it is compiled in: then it is never replaced.
    pub built_in: bool,
    /// The space for networks of local scope.
    pub local_space: Space,
    /// The space for networks of global scope.
    pub global_space: Space,
    /// Whether it plans or is called.
    pub mode: Mode,
    /// True if it wants to know the MAC address of an endpoint before it gives an address.
    pub needs_mac: bool,
    /// True if it wants to be asked again for all addresses after a restart.
    pub replay: bool,
}

/// How a driver's decisions come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It plans: one commit holds everything.
    Planned,
    /// Its answer exists only after a call outside: commit `creating`, call, commit `ready` with the answer.
    Called,
}

impl IpamInfo {
    /// The space for networks of this scope.
    pub fn space(&self, scope: Scope) -> &Space {
        match scope {
            Scope::Local => &self.local_space,
            Scope::Global => &self.global_space,
        }
    }
}

impl DriverInfo {
    /// The scope of a network that asks for `wanted`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the driver's networks cannot have it.
    pub fn scope(&self, wanted: Option<Scope>) -> crate::Result<Scope> {
        match wanted {
            None => Ok(self.data_scopes.first().copied().unwrap_or(Scope::Local)),
            Some(scope) if self.data_scopes.contains(&scope) => Ok(scope),
            Some(scope) => Err(crate::Error::invalid(format!(
                "scope: networks of driver {} cannot be {scope}; they can be {}",
                self.kind,
                self.data_scopes.iter().map(Scope::to_string).collect::<Vec<_>>().join(" or ")
            ))),
        }
    }
}
