//! Whether a history has an order: one in which each operation took effect at one moment between its call and its
//! answer, and all answers are right. What may have taken no effect is passed over if need be.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use crate::history::Operation;

/// After so many attempts to find an order the search gives up.
const ATTEMPTS: usize = 5_000_000;

/// Something that operations change one after the other.
pub(crate) trait Action: fmt::Debug {
    type State: Clone + Default + Eq + Hash;

    /// The state after this action; `None` if in this state it would have been answered otherwise.
    fn after(&self, state: &Self::State) -> Option<Self::State>;
}

/// What the search found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is an order.
    Ordered,
    /// There is none. With the most operations that could be put in order, these come next, and none of them can.
    Impossible(Vec<String>),
    /// It was not found within the bound.
    Undecided,
}

/// Looks for an order, after Wing and Gong, with Lowe's memory of where it has been.
pub(crate) fn judge<A: Action>(history: &[Operation<A>]) -> Verdict {
    let mut operations: Vec<_> = history.iter().collect();
    operations.sort_by_key(|operation| operation.begun);
    let mut search = Search {
        done: vec![0; operations.len().div_ceil(64)],
        first: 0,
        due: operations.iter().filter(|operation| operation.ended.is_some()).count(),
        operations,
        state: A::State::default(),
        seen: HashSet::new(),
    };
    let mut path: Vec<(usize, A::State, usize)> = Vec::new();
    let mut from = 0;
    let mut furthest = (usize::MAX, Vec::new());
    for _ in 0..ATTEMPTS {
        if search.due == 0 {
            return Verdict::Ordered;
        }
        if let Some((step, next)) = search.next(from) {
            let before = std::mem::replace(&mut search.state, next);
            path.push((step, before, search.first));
            search.mark(step / 2);
            from = 0;
            if !search.seen.insert((search.done.clone(), search.state.clone())) {
                from = search.back(&mut path).expect("one step was just made");
            }
            continue;
        }
        if search.due < furthest.0 {
            furthest = (search.due, search.stuck());
        }
        match search.back(&mut path) {
            Some(after) => from = after,
            None => return Verdict::Impossible(furthest.1),
        }
    }
    Verdict::Undecided
}

struct Search<'a, A: Action> {
    /// In the order of their calls.
    operations: Vec<&'a Operation<A>>,
    /// A bit for each that has its place in the order.
    done: Vec<u64>,
    /// All before this one have their place.
    first: usize,
    /// How many are without, of those that were answered.
    due: usize,
    state: A::State,
    seen: HashSet<(Vec<u64>, A::State)>,
}

impl<A: Action> Search<'_, A> {
    fn is_done(&self, index: usize) -> bool {
        self.done[index / 64] & (1 << (index % 64)) != 0
    }

    /// Those that may be next: called before any that has no place yet was answered.
    fn candidates(&self) -> impl Iterator<Item = usize> + '_ {
        let mut earliest = None;
        let open = (self.first..self.operations.len()).filter(|index| !self.is_done(*index));
        for index in open.clone() {
            let operation = self.operations[index];
            if earliest.is_some_and(|earliest| operation.begun > earliest) {
                break;
            }
            earliest = match (earliest, operation.ended) {
                (Some(earliest), Some(ended)) => Some(ended.min(earliest)),
                (earliest, ended) => earliest.or(ended),
            };
        }
        open.take_while(move |index| earliest.is_none_or(|end| self.operations[*index].begun <= end))
    }

    /// The next step from this one on, and the state after it. An even step lets the operation of half its number take
    /// effect; the odd one after it passes over that operation, if it may have had none.
    fn next(&self, from: usize) -> Option<(usize, A::State)> {
        let steps = self.candidates().flat_map(|index| [2 * index, 2 * index + 1]);
        steps.filter(|step| *step >= from).find_map(|step| {
            let operation = self.operations[step / 2];
            let after = match step % 2 {
                0 => operation.action.after(&self.state)?,
                _ if operation.certain || operation.ended.is_none() => return None,
                _ => self.state.clone(),
            };
            Some((step, after))
        })
    }

    fn mark(&mut self, index: usize) {
        self.done[index / 64] |= 1 << (index % 64);
        self.due -= usize::from(self.operations[index].ended.is_some());
        while self.first < self.operations.len() && self.is_done(self.first) {
            self.first += 1;
        }
    }

    /// Takes the last step back; where to go on.
    fn back(&mut self, path: &mut Vec<(usize, A::State, usize)>) -> Option<usize> {
        let (step, before, first) = path.pop()?;
        let index = step / 2;
        self.done[index / 64] &= !(1 << (index % 64));
        self.due += usize::from(self.operations[index].ended.is_some());
        self.state = before;
        self.first = first;
        Some(step + 1)
    }

    fn stuck(&self) -> Vec<String> {
        self.candidates().map(|index| format!("{:?}", self.operations[index])).collect()
    }
}
