//! The names and addresses of which histories are kept.

use std::collections::BTreeMap;

use netkeep_model::{HostId, HostRef, Id, Incarnation};

use crate::linearizable::Action;

/// What happens to a name or an address: one at a time holds it, an endpoint, a network or a sandbox. Who holds it is
/// named by its id, which is that of the request that has made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    /// Was asked for by this one, and given. What is made by a run of a host goes with it; with `None` it is
    /// everybody's.
    Given(Id, Option<HostRef>),
    /// Was asked for by this one, and refused since another held it.
    Refused(Id),
    /// Was given back by this one, which is in no sandbox. `Some(false)`: it did not hold it by then; `None`: one or the
    /// other.
    Freed(Id, Option<bool>),
    /// The same by force, in a sandbox or not.
    Forced(Id, Option<bool>),
    /// Was not given back by this one, since it is in a sandbox.
    Kept(Id),
    /// This one has joined this sandbox, by this run, or was in it already.
    Joined(Id, Id, HostRef),
    /// This one has not joined this sandbox, since it is in another.
    Elsewhere(Id, Id),
    /// This one has left this sandbox; whichever it is in, if none is named. `None`: or was not in it by then.
    Left(Id, Option<Id>, Option<bool>),
    /// This sandbox was deleted, by force if so: then whoever was in it has left.
    Emptied(Id, bool),
    /// This one was seen to hold it, and to be in this sandbox or in none.
    Seen(Id, Option<Id>),
    /// This is all that was seen of it: who holds it, and in which sandbox that is.
    Found(Option<(Id, Option<Id>)>),
    /// All runs of this host up to this one were evicted: what they made is released, unless it is in a sandbox of
    /// another host, whose it is then; what others made is in no sandbox of theirs any more; and whatever they do is done
    /// by then or never.
    Evicted(HostRef),
}

/// How a name or an address stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    holder: Option<Holder>,
    /// The last run of each host that was evicted.
    evicted: BTreeMap<HostId, Incarnation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Holder {
    by: Id,
    owner: Option<HostRef>,
    /// The sandbox in which it is, and the run that has joined them.
    inside: Option<(Id, HostRef)>,
}

impl Action for Holding {
    type State = Standing;

    fn after(&self, standing: &Standing) -> Option<Standing> {
        let mut next = standing.clone();
        let held = standing.holder;
        let by = |by: Id| held.filter(|holder| holder.by == by);
        let sandbox = |holder: Holder| holder.inside.map(|(sandbox, _)| sandbox);
        match *self {
            Self::Given(by, owner) => {
                if held.is_some() || owner.is_some_and(|owner| standing.is_evicted(owner)) {
                    return None;
                }
                next.holder = Some(Holder { by, owner, inside: None });
            }
            Self::Refused(other) => return (held.is_some() && by(other).is_none()).then_some(next),
            Self::Freed(id, did) => match by(id) {
                Some(holder) if did == Some(false) || holder.inside.is_some() => return None,
                None if did == Some(true) => return None,
                Some(_) => next.holder = None,
                None => {}
            },
            Self::Forced(id, did) => match by(id) {
                found if did.is_some_and(|did| did != found.is_some()) => return None,
                Some(_) => next.holder = None,
                None => {}
            },
            Self::Kept(id) => return by(id)?.inside.map(|_| next),
            Self::Joined(id, into, run) => {
                let holder = by(id).filter(|_| !standing.is_evicted(run))?;
                match sandbox(holder) {
                    None => next.holder = Some(Holder { inside: Some((into, run)), ..holder }),
                    Some(other) => return (other == into).then_some(next),
                }
            }
            Self::Elsewhere(id, into) => return (sandbox(by(id)?)? != into).then_some(next),
            Self::Left(id, from, did) => {
                let was = by(id)
                    .filter(|holder| sandbox(*holder).is_some_and(|is| from.is_none_or(|from| from == is)));
                if did.is_some_and(|did| did != was.is_some()) {
                    return None;
                }
                if let Some(holder) = was {
                    next.holder = Some(Holder { inside: None, ..holder });
                }
            }
            Self::Emptied(which, force) => match held.filter(|holder| sandbox(*holder) == Some(which)) {
                Some(_) if !force => return None,
                Some(holder) => next.holder = Some(Holder { inside: None, ..holder }),
                None => {}
            },
            Self::Seen(id, inside) => return (sandbox(by(id)?) == inside).then_some(next),
            Self::Found(found) => {
                return (held.map(|holder| (holder.by, sandbox(holder))) == found).then_some(next);
            }
            Self::Evicted(through) => next.evict(through),
        }
        Some(next)
    }
}

impl Standing {
    fn is_evicted(&self, run: HostRef) -> bool {
        self.evicted.get(&run.host).is_some_and(|through| run.incarnation <= *through)
    }

    fn evict(&mut self, through: HostRef) {
        self.evicted.insert(through.host, through.incarnation);
        let Some(holder) = self.holder else { return };
        let inside = holder.inside.filter(|(_, run)| !self.is_evicted(*run));
        let owner = holder.owner.filter(|owner| !self.is_evicted(*owner));
        self.holder = match (holder.owner, owner, inside) {
            (Some(_), None, None) => None,
            (Some(_), None, Some((_, run))) => Some(Holder { owner: Some(run), inside, ..holder }),
            _ => Some(Holder { inside, ..holder }),
        };
    }
}
