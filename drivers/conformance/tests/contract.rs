//! The contract and the cases name each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use netkeep_drivers_conformance::broken::ipam::IPAM_FLAWS;
use netkeep_drivers_conformance::broken::{Caught, FLAWS};
use netkeep_drivers_conformance::ipam::IPAM_CASES;
use netkeep_drivers_conformance::{CASES, Clause, clauses_of};

fn contract() -> Vec<Clause> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/drivers.md");
    clauses_of(&fs::read_to_string(path).expect("the contract is a file of this repository"))
}

/// Every case, of either sort of driver: name, folder and file, clauses.
fn cases() -> Vec<(&'static str, String, &'static [&'static str])> {
    let network = CASES.iter().map(|case| (case.name, format!("cases/{}.rs", case.area), case.clauses));
    let ipam =
        IPAM_CASES.iter().map(|case| (case.name, format!("cases/ipam/{}.rs", case.area), case.clauses));
    network.chain(ipam).collect()
}

/// Every broken driver, of either sort, with what it is caught at.
fn flaws() -> Vec<(&'static str, &'static [Caught])> {
    let network = FLAWS.iter().map(|flaw| (flaw.name(), flaw.caught()));
    network.chain(IPAM_FLAWS.iter().map(|flaw| (flaw.name(), flaw.caught()))).collect()
}

/// For each clause the names that go with it, for comparison.
fn by_clause(pairs: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, BTreeSet<String>> {
    let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (clause, name) in pairs {
        map.entry(clause).or_default().insert(name);
    }
    map
}

#[test]
fn every_clause_has_its_cases_and_every_case_its_clauses() {
    let contract = contract();
    assert!(
        contract.len() > 40,
        "the contract has {} clauses: the parser no longer reads it",
        contract.len()
    );
    let written = contract.iter().flat_map(|clause| {
        assert!(!clause.cases.is_empty(), "{} has no case", clause.id);
        clause.cases.iter().map(|case| (clause.id.clone(), case.clone()))
    });
    let coded = cases().into_iter().flat_map(|(name, _, clauses)| {
        clauses.iter().map(move |clause| ((*clause).to_owned(), name.to_owned()))
    });
    assert_eq!(by_clause(written), by_clause(coded), "left: the contract, right: the cases");
}

#[test]
fn every_clause_has_a_broken_driver_and_every_broken_driver_its_clauses() {
    let contract = contract();
    let written = contract.iter().flat_map(|clause| {
        assert!(!clause.broken.is_empty(), "{} has no driver that breaks it", clause.id);
        clause.broken.iter().map(|flaw| (clause.id.clone(), flaw.clone()))
    });
    let coded = flaws().into_iter().flat_map(|(flaw, caught)| {
        caught.iter().map(move |Caught { clause, .. }| ((*clause).to_owned(), flaw.to_owned()))
    });
    assert_eq!(by_clause(written), by_clause(coded), "left: the contract, right: the broken drivers");
}

#[test]
fn a_broken_driver_is_caught_by_a_case_that_judges_what_it_breaks() {
    for (flaw, caught) in flaws() {
        for Caught { clause, case } in caught {
            let judges =
                cases().into_iter().any(|(name, _, clauses)| name == *case && clauses.contains(clause));
            assert!(judges, "{flaw} breaks {clause}, which {case} does not judge");
        }
    }
}

#[test]
fn numbers_and_names_are_given_once_and_in_order() {
    let contract = contract();
    let ids: BTreeSet<&str> = contract.iter().map(|clause| clause.id.as_str()).collect();
    assert_eq!(ids.len(), contract.len(), "a clause number is given twice");
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for clause in &contract {
        let (area, number) = clause.id.rsplit_once('-').expect("a number has hyphens");
        let before = last.entry(area).or_default();
        *before += 1;
        assert_eq!(number.parse(), Ok(*before), "{} is out of order", clause.id);
    }
    let names: BTreeSet<&str> = cases().iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), cases().len(), "a case name is given twice");
}

#[test]
fn the_comment_of_each_case_begins_with_its_clauses() {
    for (name, file, clauses) in cases() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let source = fs::read_to_string(&path).expect("each area is a file");
        let start = source.find(&format!("pub async fn {name}(")).expect("each case is in its area");
        let comment: Vec<&str> =
            source[..start].lines().rev().take_while(|line| line.starts_with("///")).collect();
        let first = comment.last().unwrap_or_else(|| panic!("{name} has no comment"));
        let expected = format!("/// {}: ", clauses.join(", "));
        assert!(first.starts_with(&expected), "the comment of {name} does not begin with {expected:?}");
    }
}
