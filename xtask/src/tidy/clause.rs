//! Clauses: each clause of the store contract has a case, and each case is headed by its clauses.

use std::collections::BTreeSet;

use crate::tidy::{Finding, Tree};

const RULE: &str = "clause";
const CONTRACT: &str = "docs/contract.md";
const CASES: &str = "store/conformance/src/cases";

/// What begins a case: nothing else public in those files is async.
const CASE: &str = "pub async fn ";

/// Every clause without a case, every case without a clause, and every pair that only one side names.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(contract) = tree.get(CONTRACT) else {
        return vec![Finding::new(
            CONTRACT,
            1,
            RULE,
            "is missing; it holds the numbered clauses of the store contract",
        )];
    };
    let written = written(contract);
    let coded = coded(tree);
    let mut findings = numbering(&written);
    for clause in &written {
        if clause.others.is_empty() {
            findings.push(clause.finding("has no case; a clause that nothing judges is a wish"));
        }
        for case in &clause.others {
            match coded.iter().find(|coded| coded.name == *case) {
                None => {
                    findings.push(clause.finding(&format!("names the case {case}, which is not in {CASES}")));
                }
                Some(coded) if !coded.others.contains(&clause.name) => {
                    findings.push(
                        coded.finding(&format!("is a case of {}; begin its comment with it", clause.name)),
                    );
                }
                Some(_) => {}
            }
        }
    }
    for case in &coded {
        if case.others.is_empty() {
            findings.push(case.finding("names no clause; begin its comment like `/// C-TXN-3: `"));
        }
        for clause in &case.others {
            let names_it = |row: &Named| row.name == *clause && row.others.contains(&case.name);
            if !written.iter().any(names_it) {
                findings
                    .push(case.finding(&format!("names {clause}, whose row in {CONTRACT} does not name it")));
            }
        }
    }
    findings
}

/// A clause with its cases, or a case with its clauses, and where it stands.
struct Named {
    name: String,
    others: Vec<String>,
    path: String,
    line: usize,
}

impl Named {
    fn finding(&self, message: &str) -> Finding {
        Finding::new(&self.path, self.line, RULE, format!("{} {message}", self.name))
    }
}

/// The rows `| C-AREA-1 | text | cases | broken stores |` of the contract.
fn written(contract: &str) -> Vec<Named> {
    let mut clauses = Vec::new();
    for (index, line) in contract.lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if let [name, _, cases, ..] = cells[..]
            && line.starts_with("| C-")
        {
            let others = cases.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            clauses.push(Named { name: name.to_owned(), others, path: CONTRACT.to_owned(), line: index + 1 });
        }
    }
    clauses
}

/// The cases, each with the clauses that head its comment: `/// C-AREA-1, C-AREA-2: what it asks.`
fn coded(tree: &Tree) -> Vec<Named> {
    let mut cases = Vec::new();
    for (path, text) in tree.below(CASES) {
        let mut comment = "";
        for (index, line) in text.lines().enumerate() {
            if line.starts_with("///") {
                comment = if comment.is_empty() { line } else { comment };
                continue;
            }
            if let Some(rest) = line.strip_prefix(CASE) {
                let name = rest.split(['(', '<']).next().unwrap_or(rest).to_owned();
                cases.push(Named { name, others: heads(comment), path: path.to_owned(), line: index + 1 });
            }
            if !line.starts_with("#[") {
                comment = "";
            }
        }
    }
    cases
}

fn heads(comment: &str) -> Vec<String> {
    let Some((head, _)) = comment.trim_start_matches('/').split_once(':') else { return Vec::new() };
    let names: Vec<String> = head.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().all(|name| name.starts_with("C-")) { names } else { Vec::new() }
}

/// Numbers are given once, and in each area without a gap.
fn numbering(clauses: &[Named]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for clause in clauses {
        let Some((area, number)) = clause.name.rsplit_once('-') else { continue };
        let Ok(number) = number.parse::<u32>() else {
            findings.push(clause.finding("does not end with a number"));
            continue;
        };
        if !seen.insert((area, number)) {
            findings.push(clause.finding("is given twice"));
        } else if number != 1 && !seen.contains(&(area, number - 1)) {
            findings.push(clause.finding(&format!("comes before {area}-{}", number - 1)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "| Clause | Text | Cases | Broken |\n|---|---|---|---|\n| C-TXN-1 | All. | `whole` | – |\n\
        | C-TXN-2 | Once. | `whole`, `once` | `twice` |\n";
    const SOURCE: &str = "//! Transactions.\n\n/// Not a case.\nfn given() {}\n\n/// C-TXN-1, C-TXN-2: Whole.\n/// More.\n\
        #[a]\npub async fn whole(h: &H) {}\n\n/// C-TXN-2: Once.\npub async fn once(h: &H) {}\n";

    fn found(contract: &str, source: &str) -> Vec<String> {
        let tree = Tree::of([(CONTRACT, contract), ("store/conformance/src/cases/txn.rs", source)]);
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn clauses_and_cases_that_name_each_other_are_good() {
        assert_eq!(found(ROWS, SOURCE), [""; 0]);
    }

    #[test]
    fn a_clause_without_a_case_is_found() {
        let findings = found(&format!("{ROWS}| C-TXN-3 | More. | – | – |\n"), SOURCE);
        assert!(findings.len() == 1 && findings[0].starts_with("C-TXN-3 has no case"), "{findings:?}");
        let findings = found(&format!("{ROWS}| C-TXN-3 | More. | `gone` | – |\n"), SOURCE);
        assert!(findings.len() == 1 && findings[0].contains("gone"), "{findings:?}");
    }

    #[test]
    fn a_case_without_a_clause_is_found() {
        let findings = found(ROWS, &format!("{SOURCE}\n/// More.\npub async fn more(h: &H) {{}}\n"));
        assert!(findings.len() == 1 && findings[0].starts_with("more names no clause"), "{findings:?}");
        let findings = found(ROWS, &format!("{SOURCE}\n/// C-TXN-9: More.\npub async fn more(h: &H) {{}}\n"));
        assert!(findings.len() == 1 && findings[0].contains("C-TXN-9"), "{findings:?}");
    }

    #[test]
    fn a_pair_that_one_side_names_is_found() {
        let findings = found(ROWS, &SOURCE.replace("C-TXN-1, C-TXN-2: Whole", "C-TXN-1: Whole"));
        assert!(findings.len() == 1 && findings[0].starts_with("whole is a case of C-TXN-2"), "{findings:?}");
        let findings = found(&ROWS.replace("`whole`, `once`", "`once`"), SOURCE);
        assert!(findings.len() == 1 && findings[0].starts_with("whole names C-TXN-2"), "{findings:?}");
    }

    #[test]
    fn numbers_have_no_twin_and_no_gap() {
        let twin = found(&ROWS.replace("| C-TXN-2 |", "| C-TXN-1 |"), &SOURCE.replace("C-TXN-2", "C-TXN-1"));
        assert!(twin.iter().any(|message| message == "C-TXN-1 is given twice"), "{twin:?}");
        let gap = found(&ROWS.replace("C-TXN-2", "C-TXN-3"), &SOURCE.replace("C-TXN-2", "C-TXN-3"));
        assert!(gap.iter().any(|message| message == "C-TXN-3 comes before C-TXN-2"), "{gap:?}");
    }

    #[test]
    fn a_missing_contract_is_found() {
        assert_eq!(check(&Tree::default()).len(), 1);
    }
}
