//! The judge of names and addresses is judged: a name that is lost, leaked or given twice is not taken, nor what an
//! eviction must not do.

use std::time::Duration;

use netkeep_model::{HostId, HostRef, Id, Incarnation, Timestamp};

use crate::evictions::{Besides, Call, Eviction, histories};
use crate::history::Operation;
use crate::holding::Holding::{self, *};
use crate::judge_tests::{bad, good};

/// Endpoints, sandboxes and hosts.
fn id(number: u8) -> Id {
    Id::new(Timestamp::from_unix_millis(0), [number; 10])
}

const ONE: u8 = 1;
const TWO: u8 = 2;
const BOX: u8 = 11;
const OTHER_BOX: u8 = 12;

/// A run of one of the hosts.
fn run(host: u8, incarnation: u64) -> HostRef {
    HostRef { host: HostId::from(id(100 + host)), incarnation: Incarnation::new(incarnation) }
}

fn given(by: u8) -> Holding {
    Given(id(by), Some(run(1, 1)))
}

/// Joined by a run of the second host.
fn joined(by: u8, sandbox: u8) -> Holding {
    Joined(id(by), id(sandbox), run(2, 1))
}

/// One after the other.
fn sequence<const N: usize>(actions: [Holding; N]) -> Vec<Operation<Holding>> {
    let mut time = Duration::ZERO;
    let step = Duration::from_millis(2);
    actions
        .map(|action| {
            time += step;
            Operation::answered(time, time + step / 2, action)
        })
        .into()
}

/// All at the same time.
fn together<const N: usize>(actions: [Holding; N]) -> Vec<Operation<Holding>> {
    actions.map(|action| Operation::answered(Duration::ZERO, Duration::from_millis(9), action)).into()
}

#[test]
fn one_at_a_time_holds_a_name() {
    let freed = Freed(id(ONE), Some(true));
    good(&sequence([given(ONE), Refused(id(TWO)), freed.clone(), given(TWO)]));
    good(&together([freed.clone(), given(ONE), given(TWO)]));
    good(&sequence([given(ONE), Freed(id(ONE), None), Freed(id(ONE), None)]));
    good(&sequence([Given(id(ONE), None), freed.clone(), Found(None)]));
    bad(&sequence([given(ONE), given(TWO)]));
    bad(&together([given(ONE), given(TWO)]));
    bad(&sequence([Refused(id(ONE))]));
    bad(&sequence([given(ONE), Freed(id(ONE), Some(false))]));
    bad(&sequence([given(ONE), freed.clone(), Refused(id(TWO))]));
    bad(&sequence([given(ONE), freed.clone(), freed]));
}

#[test]
fn what_is_seen_at_last_is_what_was_made() {
    good(&sequence([given(ONE), Found(Some((id(ONE), None)))]));
    good(&sequence([given(ONE), joined(ONE, BOX), Found(Some((id(ONE), Some(id(BOX)))))]));
    bad(&sequence([given(ONE), Found(None)]));
    bad(&sequence([Found(Some((id(ONE), None)))]));
    bad(&sequence([given(ONE), Found(Some((id(TWO), None)))]));
    bad(&sequence([given(ONE), joined(ONE, BOX), Found(Some((id(ONE), None)))]));
    bad(&sequence([given(ONE), Found(Some((id(ONE), Some(id(BOX)))))]));
}

#[test]
fn an_endpoint_is_in_one_sandbox_at_a_time() {
    let left = |sandbox| Left(id(ONE), Some(id(sandbox)), Some(true));
    good(&sequence([given(ONE), joined(ONE, BOX), joined(ONE, BOX), Elsewhere(id(ONE), id(OTHER_BOX))]));
    good(&sequence([given(ONE), joined(ONE, BOX), left(BOX), joined(ONE, OTHER_BOX), left(OTHER_BOX)]));
    good(&sequence([
        given(ONE),
        joined(ONE, BOX),
        Seen(id(ONE), Some(id(BOX))),
        left(BOX),
        Seen(id(ONE), None),
    ]));
    bad(&sequence([given(ONE), joined(ONE, BOX), joined(ONE, OTHER_BOX)]));
    bad(&together([given(ONE), joined(ONE, BOX), joined(ONE, OTHER_BOX)]));
    bad(&sequence([given(ONE), Elsewhere(id(ONE), id(BOX))]));
    bad(&sequence([given(ONE), joined(ONE, BOX), Elsewhere(id(ONE), id(BOX))]));
    bad(&sequence([joined(ONE, BOX)]));
    bad(&sequence([given(ONE), left(BOX)]));
    bad(&sequence([given(ONE), joined(ONE, BOX), left(BOX), left(BOX)]));
    bad(&sequence([given(ONE), joined(ONE, BOX), left(BOX), Seen(id(ONE), Some(id(BOX)))]));
}

#[test]
fn what_is_in_a_sandbox_is_deleted_by_force_alone() {
    let inside = [given(ONE), joined(ONE, BOX)];
    let after = |action: Holding| sequence([inside[0].clone(), inside[1].clone(), action]);
    good(&after(Kept(id(ONE))));
    good(&after(Forced(id(ONE), Some(true))));
    good(&after(Emptied(id(BOX), true)));
    good(&after(Emptied(id(OTHER_BOX), false)));
    bad(&after(Freed(id(ONE), Some(true))));
    bad(&after(Freed(id(ONE), None)));
    bad(&after(Forced(id(ONE), Some(false))));
    bad(&after(Emptied(id(BOX), false)));
    bad(&sequence([given(ONE), Kept(id(ONE))]));
    let emptied = [inside[0].clone(), inside[1].clone(), Emptied(id(BOX), true)];
    let [a, b, c] = emptied;
    good(&sequence([a.clone(), b.clone(), c.clone(), Freed(id(ONE), Some(true))]));
    bad(&sequence([a, b, c, Kept(id(ONE))]));
}

#[test]
fn an_eviction_frees_what_the_host_made_and_nothing_else() {
    let evicted = Evicted(run(1, 1));
    good(&sequence([given(ONE), evicted.clone(), given_later(TWO)]));
    good(&sequence([given(ONE), evicted.clone(), Found(None)]));
    bad(&sequence([given(ONE), evicted.clone(), Refused(id(TWO))]));
    bad(&sequence([given(ONE), evicted.clone(), Found(Some((id(ONE), None)))]));
    bad(&sequence([given(ONE), evicted.clone(), Freed(id(ONE), Some(true))]));
    // Of a later run, of another host, and what is everybody's.
    for stays in [run(1, 2), run(2, 1)].map(Some).into_iter().chain([None]) {
        good(&sequence([Given(id(ONE), stays), evicted.clone(), Found(Some((id(ONE), None)))]));
        bad(&sequence([Given(id(ONE), stays), evicted.clone(), Found(None)]));
        bad(&sequence([Given(id(ONE), stays), evicted.clone(), given_later(TWO)]));
    }
}

fn given_later(by: u8) -> Holding {
    Given(id(by), Some(run(1, 2)))
}

#[test]
fn an_evicted_run_writes_nothing_any_more() {
    let evicted = Evicted(run(1, 1));
    good(&sequence([evicted.clone(), given_later(ONE)]));
    good(&together([evicted.clone(), given(ONE)]));
    bad(&sequence([evicted.clone(), given(ONE)]));
    let inside = Joined(id(ONE), id(BOX), run(1, 1));
    good(&sequence([Given(id(ONE), Some(run(2, 1))), inside.clone(), evicted.clone()]));
    bad(&sequence([Given(id(ONE), Some(run(2, 1))), evicted, inside]));
}

#[test]
fn an_eviction_takes_endpoints_out_of_the_sandboxes_of_its_host_and_leaves_those_of_others() {
    let evicted = Evicted(run(1, 1));
    let foreign = Given(id(ONE), Some(run(2, 1)));
    let inside = Joined(id(ONE), id(BOX), run(1, 1));
    good(&sequence([foreign.clone(), inside.clone(), evicted.clone(), Found(Some((id(ONE), None)))]));
    bad(&sequence([foreign.clone(), inside.clone(), evicted.clone(), Kept(id(ONE))]));
    bad(&sequence([foreign, inside, evicted.clone(), Found(None)]));
    // What works in a sandbox of another host becomes that one's.
    let stays = Found(Some((id(ONE), Some(id(BOX)))));
    good(&sequence([given(ONE), joined(ONE, BOX), evicted.clone(), stays.clone()]));
    bad(&sequence([given(ONE), joined(ONE, BOX), evicted.clone(), Found(None)]));
    good(&sequence([given(ONE), joined(ONE, BOX), evicted.clone(), Evicted(run(2, 1)), Found(None)]));
    bad(&sequence([given(ONE), joined(ONE, BOX), evicted, Evicted(run(2, 1)), stays]));
}

fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// A call through the first host, about one name.
fn call(begun: u64, ended: u64, answer: Holding, besides: impl Into<Option<Besides>>) -> Call {
    Call {
        host: run(1, 1).host,
        begun: millis(begun),
        ended: millis(ended),
        objects: vec!["name".to_owned()],
        answer: Some(answer),
        besides: besides.into(),
    }
}

fn judged(calls: &[Call]) -> Vec<Operation<Holding>> {
    let eviction = Eviction { begun: millis(10), ended: millis(20), through: run(1, 1) };
    histories(calls, &[eviction]).remove("name").unwrap()
}

#[test]
fn what_an_evicted_run_may_have_made_is_gone_with_it() {
    let besides = Besides::Made(id(ONE));
    let refused = |begun, ended| call(begun, ended, Refused(id(TWO)), Besides::Made(id(TWO)));
    // It was made and released, and then made again under the same request.
    let again = call(5, 30, given_later(ONE), besides);
    good(&judged(&[again.clone(), refused(6, 9)]));
    good(&judged(&[again.clone(), refused(31, 32)]));
    bad(&judged(&[again, call(31, 32, Found(None), None)]));
    // It was made, released, and another one took it.
    let lost = call(5, 30, Refused(id(ONE)), besides);
    let taken = Call { host: run(2, 1).host, ..call(21, 22, Given(id(TWO), Some(run(2, 1))), None) };
    good(&judged(&[lost.clone(), refused(6, 9), taken.clone()]));
    // Nobody has it after the eviction, so nobody is refused for it.
    bad(&judged(&[lost.clone(), refused(21, 22), call(40, 41, Found(None), None)]));
    // Without an eviction in its time it would have been found again.
    bad(&judged(&[call(1, 5, Refused(id(ONE)), besides)]));
}

#[test]
fn what_goes_by_an_eviction_and_by_its_caller_at_once_goes_once() {
    let made = call(1, 2, given(ONE), Besides::Made(id(ONE)));
    good(&judged(&[made.clone(), call(5, 15, Freed(id(ONE), Some(true)), None)]));
    good(&judged(&[made.clone(), call(15, 25, Freed(id(ONE), Some(true)), None)]));
    bad(&judged(&[made.clone(), call(21, 25, Freed(id(ONE), Some(true)), None)]));
    good(&judged(&[made.clone(), call(21, 25, Freed(id(ONE), Some(false)), None)]));
    bad(&judged(&[made, call(3, 5, Freed(id(ONE), Some(false)), None)]));
}

#[test]
fn a_lost_answer_to_joining_or_leaving_is_no_excuse_for_later() {
    let made = call(1, 2, Given(id(ONE), Some(run(2, 1))), Besides::Made(id(ONE)));
    let lost = call(3, 5, Freed(id(TWO), Some(false)), Besides::Joined(id(ONE), id(BOX), true));
    good(&judged(&[made.clone(), lost.clone(), call(6, 7, Kept(id(ONE)), None)]));
    good(&judged(&[made.clone(), lost.clone(), call(6, 7, Seen(id(ONE), None), None)]));
    bad(&judged(&[
        made.clone(),
        lost.clone(),
        call(6, 7, Seen(id(ONE), None), None),
        call(8, 9, Kept(id(ONE)), None),
    ]));
    // The run that may have joined it is evicted.
    bad(&judged(&[made.clone(), lost, call(21, 22, Kept(id(ONE)), None)]));
    // It was said to have joined, and to be in no sandbox any more: nothing but an eviction of that host explains it.
    let said = |begun, ended| {
        call(begun, ended, Seen(id(ONE), Some(id(BOX))), Besides::Joined(id(ONE), id(BOX), false))
    };
    good(&judged(&[made.clone(), said(9, 11), call(21, 22, Seen(id(ONE), None), None)]));
    bad(&judged(&[made.clone(), said(5, 7), call(8, 9, Seen(id(ONE), None), None)]));
    // What empties a sandbox is in the history of whatever may have been in it.
    let inside = call(3, 4, Joined(id(ONE), id(BOX), run(1, 1)), Besides::Joined(id(ONE), id(BOX), false));
    let emptied = Call { objects: Vec::new(), ..call(5, 6, Emptied(id(BOX), true), None) };
    good(&judged(&[made.clone(), inside.clone(), emptied.clone(), call(7, 8, Seen(id(ONE), None), None)]));
    bad(&judged(&[made, inside, emptied, call(7, 8, Kept(id(ONE)), None)]));
}
