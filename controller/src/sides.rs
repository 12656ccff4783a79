//! Which of the two stores something is in.

use std::sync::Arc;
use std::time::Duration;

use netkeep_model::{EndpointKey, Id, NetworkId, Scope, Space};

use crate::attachment;
use crate::controller::Inner;
use crate::global::GlobalSide;
use crate::replica::State;
use crate::{Error, ErrorKind, NetworkSpec, Result, Stale, lookup, metrics};

/// The store of this host and the one that all hosts share, with what serves the networks in them.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    pub(crate) local: Arc<Inner>,
    /// `None` if there is no global store.
    pub(crate) global: Option<Arc<GlobalSide>>,
}

/// How long it may take to learn what other hosts have done.
const LEARNING: Duration = Duration::from_secs(5);

/// Where a change is to be made.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Where the network with this name, this id, or this beginning of an id is.
    Network(String),
    /// Where this network is to be made.
    NewNetwork(NetworkSpec),
    /// Where this address space is; `None` for that of this host.
    Space(Option<Space>, Wanted),
}

/// What a network is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// To answer from what is known.
    Reading,
    /// To change something.
    Changing,
}

/// What is wanted of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Something new in it; the space itself may be new.
    New,
    /// Something that is there.
    There,
}

impl Sides {
    /// Where attachments to networks in this store are kept.
    pub(crate) fn stores_of(&self, of: &Arc<Inner>) -> attachment::Place {
        match of.site.scope {
            Scope::Global => attachment::Place::shared(&self.local, of),
            Scope::Local => {
                let shared = self.global.as_ref().and_then(|side| side.open().ok());
                attachment::Place::local(&self.local, shared)
            }
        }
    }

    /// Where an endpoint is that was joined on this host, to be changed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if it is in the global store and that cannot be had.
    pub(crate) fn of_endpoint(&self, key: EndpointKey) -> Result<Arc<Inner>> {
        let here = self.local.site.replica.read().tables.has_network(key.network);
        match &self.global {
            Some(side) if !here => side.open(),
            _ => Ok(Arc::clone(&self.local)),
        }
    }

    /// How old what is read there is; `None` if it is followed.
    pub(crate) fn stale(&self, side: &Inner) -> Option<Stale> {
        match (&self.global, side.site.scope) {
            (Some(global), Scope::Global) => global.stale(),
            _ => None,
        }
    }

    /// Those of which something is known now.
    pub(crate) fn known(&self) -> Vec<Arc<Inner>> {
        let global = self.global.as_ref().and_then(|global| global.known().ok());
        std::iter::once(Arc::clone(&self.local)).chain(global).collect()
    }

    /// The side of the hosts: the store that they share.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if there is none, or if it cannot be had for this purpose.
    pub(crate) fn of_hosts(&self, purpose: For) -> Result<Arc<Inner>> {
        match (&self.global, purpose) {
            (None, _) => Err(Error::new(
                ErrorKind::Unavailable,
                "this host shares no store with others; name one with the key global of the configuration",
            )),
            (Some(side), For::Reading) => side.known(),
            (Some(side), For::Changing) => side.open(),
        }
    }

    /// Makes a change at its place. What the global store refuses by what was known here is decided once more, by what
    /// is known after everything was heard that was committed before: another host may just have made what is missing,
    /// or deleted what is in the way.
    ///
    /// # Errors
    ///
    /// As finding the place; what the change answers; [`ErrorKind::Unavailable`] if it was refused and what others have
    /// done cannot be learnt.
    pub(crate) async fn change<T, R: Future<Output = Result<T>> + Send>(
        &self,
        place: Place,
        change: impl Fn(Arc<Inner>) -> R,
    ) -> Result<T> {
        let found = self.place(&place).await;
        if let Ok(side) = &found {
            metrics::is_about(side.site.scope);
        }
        let certain = found.as_ref().is_ok_and(|side| self.is_certain(&place, side));
        let refusal = match found {
            Ok(side) => match change(side).await {
                Err(refusal) if !certain && rests_on_others(refusal.kind()) => refusal,
                answer => return answer,
            },
            Err(refusal) if rests_on_others(refusal.kind()) => refusal,
            Err(error) => return Err(error),
        };
        let Some(global) = &self.global else { return Err(refusal) };
        global.open()?.site.as_new_as_now(LEARNING).await?;
        change(self.place(&place).await?).await
    }

    async fn place(&self, place: &Place) -> Result<Arc<Inner>> {
        match place {
            Place::Network(name_or_id) => self.of_network(name_or_id, For::Changing),
            Place::NewNetwork(spec) => self.for_new_network(spec).await,
            Place::Space(Some(space), wanted) => self.of_space(space, *wanted),
            Place::Space(None, _) => Ok(Arc::clone(&self.local)),
        }
    }

    /// Whether nothing that another host does has a say in what is refused there.
    fn is_certain(&self, place: &Place, side: &Inner) -> bool {
        let here = |has: &dyn Fn(&State) -> bool| has(&self.local.site.replica.read());
        side.site.scope == Scope::Local
            && match place {
                Place::Network(name_or_id) => {
                    find(&self.local, name_or_id).is_ok_and(|found| found.is_some())
                }
                Place::NewNetwork(_) | Place::Space(None, _) | Place::Space(_, Wanted::New) => true,
                Place::Space(Some(space), Wanted::There) => {
                    self.is_local_space(space) || here(&|state| state.tables.has_space(space))
                }
            }
    }

    /// Where the network with this name, this id, or this beginning of an id is. What is found nowhere is said by
    /// whoever looks there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Ambiguous`] if it is in both; [`ErrorKind::Unavailable`] if it is in the global store, or may
    /// be, and that cannot be had for this purpose; [`ErrorKind::Corrupt`] if its record cannot be read.
    pub(crate) fn of_network(&self, name_or_id: &str, purpose: For) -> Result<Arc<Inner>> {
        let Some(side) = &self.global else { return Ok(Arc::clone(&self.local)) };
        let here = find(&self.local, name_or_id)?;
        let global = match side.known() {
            Ok(global) => global,
            Err(_) if here.is_some() => return Ok(Arc::clone(&self.local)),
            Err(error) => {
                let message = format!("network {name_or_id:?} is not one of this host; {error}");
                return Err(Error::new(error.kind(), message).with_source(error));
            }
        };
        let there = find(&global, name_or_id)?;
        if let (None, None, Err(error)) = (&here, &there, side.open()) {
            // What was known last does not say that it is not there now.
            let message = format!("network {name_or_id:?} is not known here; {error}");
            return Err(Error::new(error.kind(), message).with_source(error));
        }
        let is_global = match (here, there) {
            (_, None) => false,
            (None, Some(_)) => true,
            // A whole name or id is meant before a beginning.
            (Some((_, whole)), Some((_, other))) if whole != other => other,
            (Some((here, _)), Some((there, _))) => {
                return Err(Error::new(
                    ErrorKind::Ambiguous,
                    format!(
                        "network {name_or_id:?} is in both stores: id {here} in that of this host, id {there} in \
                         the global one; use the id"
                    ),
                ));
            }
        };
        match (is_global, purpose) {
            (false, _) => Ok(Arc::clone(&self.local)),
            (true, For::Reading) => Ok(global),
            (true, For::Changing) => side.open(),
        }
    }

    /// Where this network is to be made.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if that is the global store and it cannot be had.
    pub(crate) async fn for_new_network(&self, spec: &NetworkSpec) -> Result<Arc<Inner>> {
        let Some(side) = &self.global else { return Ok(Arc::clone(&self.local)) };
        // What this request has made is there, whatever it asks for now.
        if let Some(made) = spec.request.map(|request| NetworkId::from(Id::from(request))) {
            if self.local.site.replica.read().tables.has_network(made) {
                return Ok(Arc::clone(&self.local));
            }
            if side.known().is_ok_and(|known| known.site.replica.read().tables.has_network(made)) {
                return side.open();
            }
        }
        // What is wrong with it is said where it is made.
        let scope = match self.local.registry.resolve_network(&spec.driver).await {
            Ok(driver) => driver.info().scope(spec.scope).unwrap_or_default(),
            Err(_) => Scope::Local,
        };
        match scope {
            Scope::Local => Ok(Arc::clone(&self.local)),
            Scope::Global => side.open(),
        }
    }

    /// Whether an IPAM driver has this space on each host by itself.
    fn is_local_space(&self, space: &Space) -> bool {
        let ipams = self.local.registry.ipams();
        let mut infos = ipams.iter().map(|ipam| ipam.info());
        infos.any(|info| info.local_space != info.global_space && *space == info.local_space)
    }

    /// Where an address space is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Ambiguous`] if it is in both stores; [`ErrorKind::Unavailable`] if it is in the global one, or
    /// may be, and that cannot be had.
    pub(crate) fn of_space(&self, space: &Space, wanted: Wanted) -> Result<Arc<Inner>> {
        let Some(side) = &self.global else { return Ok(Arc::clone(&self.local)) };
        for ipam in self.local.registry.ipams() {
            let info = ipam.info();
            if info.local_space == info.global_space {
                continue;
            }
            if *space == info.local_space {
                return Ok(Arc::clone(&self.local));
            }
            if *space == info.global_space {
                return side.open();
            }
        }
        let has = |state: &State| state.tables.has_space(space);
        let here = has(&self.local.site.replica.read());
        match side.known() {
            Ok(known) => {
                let there = has(&known.site.replica.read());
                match (here, there) {
                    (true, true) => Err(Error::new(
                        ErrorKind::Ambiguous,
                        format!("space {space} is in the store of this host and in the global one"),
                    )),
                    (false, true) => side.open(),
                    (false, false) if wanted == Wanted::There => side.open().map(|_| Arc::clone(&self.local)),
                    _ => Ok(Arc::clone(&self.local)),
                }
            }
            Err(_) if here || wanted == Wanted::New => Ok(Arc::clone(&self.local)),
            Err(error) => Err(error),
        }
    }
}

/// Whether what another host has done meanwhile may be the reason, or may have removed it.
fn rests_on_others(kind: ErrorKind) -> bool {
    use ErrorKind::{Ambiguous, Exists, InUse, NotFound};
    matches!(kind, NotFound | Exists | InUse | Ambiguous)
}

/// The id of the network with this name, id, or beginning of an id, and whether it is the whole name or id.
fn find(side: &Inner, name_or_id: &str) -> Result<Option<(NetworkId, bool)>> {
    let state = side.site.replica.read();
    match lookup::network(&state, name_or_id) {
        Ok(found) => {
            let whole = found.record.name.as_str() == name_or_id
                || name_or_id.parse::<NetworkId>().is_ok_and(|id| id == found.id);
            Ok(Some((found.id, whole)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
