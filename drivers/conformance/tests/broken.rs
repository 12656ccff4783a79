//! Every broken driver is caught by the cases that its flaw names, each time; the same cases let the right driver
//! pass, each time.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use netkeep_drivers_conformance::broken::ipam::{BrokenIpamHost, IPAM_FLAWS, IpamBase};
use netkeep_drivers_conformance::broken::{Base, BrokenHost, Caught, FLAWS};
use netkeep_drivers_conformance::ipam::{IPAM_CASES, judge_ipam};
use netkeep_drivers_conformance::{CASES, Verdict, judge};

const ROUNDS: usize = 50;

thread_local! {
    /// Whether a panic of this thread is what is expected.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the expected panics off the screen; all others are shown as ever.
fn quietly<T>(run: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let shown = take_hook();
        set_hook(Box::new(move |panic| {
            if !EXPECTED.get() {
                shown(panic);
            }
        }));
    });
    EXPECTED.set(true);
    let answer = run();
    EXPECTED.set(false);
    answer
}

/// What a case says of a driver: the text of its panic, if it does not let it pass.
fn complaint(judge: impl FnOnce() -> Verdict) -> Option<String> {
    let panic = quietly(|| catch_unwind(AssertUnwindSafe(judge))).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

/// Expects that a flaw is caught in each round, and that the case says why.
fn expect_caught(flaw: &str, Caught { clause, case }: Caught, judge: impl Fn() -> Verdict) {
    for round in 0..ROUNDS {
        let said = complaint(&judge);
        let said = said.unwrap_or_else(|| panic!("round {round}: {case} lets {flaw} pass"));
        let names_it = said.contains(&format!("{clause}:"));
        assert!(names_it, "round {round}: {case} stops at {flaw}, and does not name {clause}: {said}");
    }
}

fn every_round(part: usize, parts: usize) {
    let mut passed = Vec::new();
    for flaw in FLAWS.iter().skip(part).step_by(parts) {
        for caught in flaw.caught() {
            let case = caught.case;
            expect_caught(flaw.name(), *caught, || judge(case, || async { BrokenHost::of(*flaw) }));
            let right = (case, flaw.base());
            if passed.contains(&right) {
                continue;
            }
            for _ in 0..ROUNDS {
                judge(case, || async { BrokenHost::right(flaw.base()) });
            }
            passed.push(right);
        }
    }
}

#[test]
fn every_ipam_flaw_is_caught_in_every_round_and_the_right_driver_passes() {
    for flaw in IPAM_FLAWS {
        for caught in flaw.caught() {
            let case = caught.case;
            expect_caught(flaw.name(), *caught, || judge_ipam(case, || async { BrokenIpamHost::of(*flaw) }));
            for _ in 0..ROUNDS {
                judge_ipam(case, || async { BrokenIpamHost::right(flaw.base()) });
            }
        }
    }
}

#[test]
fn every_flaw_is_caught_in_every_round_and_the_right_driver_passes_first_part() {
    every_round(0, 2);
}

#[test]
fn every_flaw_is_caught_in_every_round_and_the_right_driver_passes_second_part() {
    every_round(1, 2);
}

#[test]
fn every_case_has_something_to_judge_in_a_right_driver() {
    const BASES: [Base; 6] =
        [Base::Bridge, Base::SharedBridge, Base::Macvlan, Base::Overlay, Base::Remote, Base::Null];
    for case in CASES {
        let kept = |base: &Base| judge(case.name, || async { BrokenHost::right(*base) }) == Verdict::Kept;
        assert!(BASES.iter().any(kept), "no right driver has what {} judges", case.name);
    }
    for case in IPAM_CASES {
        let kept = |base: &IpamBase| {
            judge_ipam(case.name, || async { BrokenIpamHost::right(*base) }) == Verdict::Kept
        };
        let any = [IpamBase::Default, IpamBase::Null, IpamBase::Remote].iter().any(kept);
        assert!(any, "no right IPAM driver has what {} judges", case.name);
    }
}

#[test]
fn every_case_catches_a_flaw() {
    let catching: BTreeSet<&str> =
        FLAWS.iter().flat_map(|flaw| flaw.caught()).map(|caught| caught.case).collect();
    let all: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(catching, all, "left: cases that catch a flaw, right: all cases");
    let catching: BTreeSet<&str> =
        IPAM_FLAWS.iter().flat_map(|flaw| flaw.caught()).map(|caught| caught.case).collect();
    let all: BTreeSet<&str> = IPAM_CASES.iter().map(|case| case.name).collect();
    assert_eq!(catching, all, "left: cases that catch a flaw of IPAM, right: all cases for IPAM drivers");
}
