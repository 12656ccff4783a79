//! The contract and the cases name each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use netkeep_store_conformance::broken::{Caught, Defect};
use netkeep_store_conformance::{CASES, Clause, clauses_of};

fn contract() -> Vec<Clause> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract.md");
    clauses_of(&fs::read_to_string(path).expect("the contract is a file of this repository"))
}

/// For each clause the names of its cases, for comparison.
fn by_clause(pairs: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, BTreeSet<String>> {
    let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (clause, case) in pairs {
        map.entry(clause).or_default().insert(case);
    }
    map
}

#[test]
fn every_clause_has_its_cases_and_every_case_its_clauses() {
    let contract = contract();
    assert!(
        contract.len() > 50,
        "the contract has {} clauses: the parser no longer reads it",
        contract.len()
    );
    let written = contract.iter().flat_map(|clause| {
        assert!(!clause.cases.is_empty(), "{} has no case", clause.id);
        clause.cases.iter().map(|case| (clause.id.clone(), case.clone()))
    });
    let coded = CASES
        .iter()
        .flat_map(|case| case.clauses.iter().map(|clause| ((*clause).to_owned(), case.name.to_owned())));
    assert_eq!(by_clause(written), by_clause(coded), "left: the contract, right: the cases");
}

#[test]
fn every_clause_has_a_broken_store_and_every_broken_store_its_clauses() {
    let contract = contract();
    let written = contract.iter().flat_map(|clause| {
        assert!(!clause.broken.is_empty(), "{} has no store that breaks it", clause.id);
        clause.broken.iter().map(|defect| (clause.id.clone(), defect.clone()))
    });
    let coded = Defect::ALL.iter().flat_map(|defect| {
        defect.caught().iter().map(|Caught { clause, .. }| ((*clause).to_owned(), defect.name()))
    });
    assert_eq!(by_clause(written), by_clause(coded), "left: the contract, right: the broken stores");
}

#[test]
fn a_broken_store_is_caught_by_a_case_that_judges_what_it_breaks() {
    for defect in Defect::ALL {
        for Caught { clause, case } in defect.caught() {
            let judges = CASES.iter().any(|known| known.name == *case && known.clauses.contains(clause));
            assert!(judges, "a store that {} breaks {clause}, which {case} does not judge", defect.name());
        }
    }
}

#[test]
fn numbers_and_names_are_given_once() {
    let contract = contract();
    let ids: BTreeSet<&str> = contract.iter().map(|clause| clause.id.as_str()).collect();
    assert_eq!(ids.len(), contract.len(), "a clause number is given twice");
    let names: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len(), "a case name is given twice");
}

#[test]
fn the_comment_of_each_case_begins_with_its_clauses() {
    for case in CASES {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases").join(case.area).with_extension("rs");
        let source = fs::read_to_string(&path).expect("each area is a file");
        let start = source.find(&format!("pub async fn {}(", case.name)).expect("each case is in its area");
        let comment: Vec<&str> =
            source[..start].lines().rev().take_while(|line| line.starts_with("///")).collect();
        let first = comment.last().unwrap_or_else(|| panic!("{} has no comment", case.name));
        let expected = format!("/// {}: ", case.clauses.join(", "));
        assert!(
            first.starts_with(&expected),
            "the comment of {} does not begin with {expected:?}",
            case.name
        );
    }
}
