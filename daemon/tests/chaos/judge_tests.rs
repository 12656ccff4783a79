//! The judge of histories is judged: good ones are taken, bad ones are not.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::history::Operation;
use crate::linearizable::{Action, Verdict, judge};
use crate::register::Register;

fn at(begun: u64, ended: impl Into<Option<u64>>, action: Register) -> Operation<Register> {
    let begun = Duration::from_millis(begun);
    match ended.into().map(Duration::from_millis) {
        Some(ended) => Operation::answered(begun, ended, action),
        None => Operation::unknown(begun, action),
    }
}

fn perhaps(begun: u64, ended: u64, action: Register) -> Operation<Register> {
    Operation { certain: false, ..at(begun, ended, action) }
}

#[track_caller]
pub(crate) fn good<A: Action>(history: &[Operation<A>]) {
    assert_eq!(judge(history), Verdict::Ordered, "{history:?}");
}

#[track_caller]
pub(crate) fn bad<A: Action>(history: &[Operation<A>]) {
    assert!(matches!(judge(history), Verdict::Impossible(_)), "{history:?}");
}

#[test]
fn registers_that_show_what_was_written_are_good() {
    use Register::*;
    good::<Register>(&[]);
    good(&[at(0, 1, Read(None)), at(2, 3, Written(1)), at(4, 5, Read(Some(1)))]);
    // While a write is under way, either is read, but not back and forth.
    good(&[at(0, 9, Written(1)), at(1, 2, Read(None)), at(3, 4, Read(Some(1)))]);
    good(&[at(0, 9, Written(1)), at(0, 9, Written(2)), at(10, 11, Read(Some(1)))]);
    good(&[at(0, 1, Written(1)), at(2, 3, Swapped(Some(1), 2)), at(4, 5, Kept(Some(1)))]);
}

#[test]
fn registers_that_lose_or_invent_are_bad() {
    use Register::*;
    bad(&[at(0, 1, Written(1)), at(2, 3, Read(None))]);
    bad(&[at(0, 1, Read(Some(1)))]);
    bad(&[at(0, 1, Written(1)), at(2, 3, Written(2)), at(4, 5, Read(Some(1)))]);
    bad(&[at(0, 9, Written(1)), at(1, 2, Read(Some(1))), at(3, 4, Read(None))]);
    // Two that both replace the same.
    bad(&[at(0, 1, Written(1)), at(2, 9, Swapped(Some(1), 2)), at(2, 9, Swapped(Some(1), 3))]);
    bad(&[at(0, 1, Written(1)), at(2, 3, Kept(Some(1)))]);
}

#[test]
fn an_unknown_outcome_may_come_late_or_never_but_not_early() {
    use Register::*;
    good(&[at(0, None, Written(1)), at(5, 6, Read(None)), at(7, 8, Read(Some(1)))]);
    good(&[at(0, None, Written(1)), at(5, 6, Read(None))]);
    bad(&[at(0, 1, Read(Some(1))), at(5, None, Written(1))]);
    bad(&[at(0, None, Written(1)), at(5, 6, Read(Some(1))), at(7, 8, Read(None))]);
}

#[test]
fn what_may_have_had_no_effect_has_it_in_its_time_or_never() {
    use Register::*;
    good(&[perhaps(0, 2, Written(1)), at(1, 4, Read(None)), at(5, 6, Read(None))]);
    good(&[perhaps(0, 2, Written(1)), at(5, 6, Read(Some(1)))]);
    bad(&[perhaps(0, 2, Written(1)), at(3, 4, Read(None)), at(5, 6, Read(Some(1)))]);
    bad(&[at(0, 1, Read(Some(1))), perhaps(2, 9, Written(1))]);
}

/// What a register that is right answers to tasks that call it at random, each one call after the other.
fn recorded(random: &mut SmallRng, calls: usize) -> Vec<Operation<Register>> {
    const TASKS: usize = 6;
    let (mut value, mut time) = (None, 0);
    let mut free = [0; TASKS];
    let mut history = Vec::new();
    for call in 0..calls {
        let task = random.random_range(0..TASKS);
        time = free[task].max(time) + random.random_range(1..4);
        let begun = free[task] + random.random_range(1..=time - free[task]);
        let new = call as u64 + 10;
        let other = Some(random.random_range(0..5));
        let action = match random.random_range(0..4) {
            0 => Register::Read(value),
            1 => Register::Written(new),
            2 => Register::Swapped(value, new),
            _ => Register::Kept(other),
        };
        if let Some(next) = action.after(&value) {
            value = next;
            let ended = time + random.random_range(0..9);
            free[task] = ended;
            history.push(at(begun, ended, action));
        }
    }
    history
}

#[test]
fn whatever_a_right_register_answers_is_good() {
    for seed in 0..200 {
        good(&recorded(&mut SmallRng::seed_from_u64(seed), 60));
    }
    good(&recorded(&mut SmallRng::seed_from_u64(1), 5_000));
}

/// Tries every order.
fn has_order(history: &[Operation<Register>], state: Option<u64>) -> bool {
    let earliest = history.iter().filter_map(|operation| operation.ended).min();
    let Some(earliest) = earliest else { return true };
    (0..history.len()).filter(|index| history[*index].begun <= earliest).any(|index| {
        let Operation { certain, ended, action, .. } = &history[index];
        let passed = (!certain && ended.is_some()).then_some(state);
        let mut after = action.after(&state).into_iter().chain(passed);
        after.any(|next| {
            let rest = history.iter().enumerate().filter(|(other, _)| *other != index);
            has_order(&rest.map(|(_, operation)| operation.clone()).collect::<Vec<_>>(), next)
        })
    })
}

#[test]
fn the_judge_agrees_with_trying_every_order() {
    let (mut goods, mut bads) = (0, 0);
    for seed in 0..3_000 {
        let random = &mut SmallRng::seed_from_u64(seed);
        let mut history = recorded(random, 7);
        // One answer is another than the true one, or what one has done is not known.
        if let Some(index) = (!history.is_empty()).then(|| random.random_range(0..history.len())) {
            match random.random_range(0..4) {
                0 => history[index].action = Register::Read(Some(random.random_range(8..18))),
                1 => history[index].ended = None,
                2 => {
                    history[index].certain = false;
                    history[(index + 1) % 2].action = Register::Read(Some(random.random_range(8..18)));
                }
                _ => history[index].action = Register::Written(random.random_range(8..18)),
            }
        }
        let ordered = has_order(&history, None);
        assert_eq!(judge(&history) == Verdict::Ordered, ordered, "seed {seed}: {history:?}");
        if ordered { goods += 1 } else { bads += 1 }
    }
    assert!(goods > 300 && bads > 300, "{goods} good, {bads} bad: one of them is hardly tried");
}
