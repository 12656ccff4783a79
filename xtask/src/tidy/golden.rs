//! Golden files: every kind of record has its stored form on file.

use crate::tidy::source::lines;
use crate::tidy::{Finding, Tree};

const RULE: &str = "golden";

/// Where kinds are declared.
const SOURCES: &str = "model/src";

/// Where their stored forms are kept.
const GOLDEN: &str = "model/tests/golden";

/// How a record declares its kind.
const DECLARATION: &str = "const KIND: &";

/// Every kind without a golden file of its first version, and every golden file of no kind.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let kinds = kinds(tree);
    let mut findings = Vec::new();
    for kind in &kinds {
        let golden = format!("{GOLDEN}/{}.v1.json", kind.name);
        if !tree.has(&golden) {
            let message = format!("the record kind {} has no stored form on file; add {golden}", kind.name);
            findings.push(Finding::new(&kind.path, kind.line, RULE, message));
        }
    }
    for (path, _) in tree.below(GOLDEN).filter(|(path, _)| path.ends_with(".json")) {
        let name = path.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
        if !kinds.iter().any(|kind| kind.name == name) {
            let message =
                format!("no record in {SOURCES} has the kind {name}; a released form is never dropped");
            findings.push(Finding::new(path, 1, RULE, message));
        }
    }
    if tree.has(SOURCES) && kinds.is_empty() {
        let message = format!("no `{DECLARATION}str` below {SOURCES}; this rule reads the kinds from there");
        findings.push(Finding::new(SOURCES, 1, RULE, message));
    }
    findings
}

struct Kind {
    name: String,
    path: String,
    line: usize,
}

fn kinds(tree: &Tree) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (path, text) in tree.below(SOURCES).filter(|(path, _)| path.ends_with(".rs")) {
        for line in lines(text).iter().filter(|line| !line.test && line.code.contains(DECLARATION)) {
            if let Some(name) = line.raw.split('"').nth(1) {
                kinds.push(Kind { name: name.to_owned(), path: path.to_owned(), line: line.number });
            }
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: (&str, &str) = (
        "model/src/network.rs",
        "impl Record for Network {\n    const KIND: &'static str = \"network\";\n}\n",
    );

    #[test]
    fn a_kind_with_its_golden_file_is_good() {
        let tree = Tree::of([NETWORK, ("model/tests/golden/network.v1.json", "{}\n")]);
        assert_eq!(check(&tree), []);
        assert_eq!(check(&Tree::default()), []);
    }

    #[test]
    fn a_kind_without_one_is_found_where_it_is_declared() {
        let findings = check(&Tree::of([NETWORK]));
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].path.as_str(), findings[0].line), ("model/src/network.rs", 2));
        assert!(findings[0].message.contains("model/tests/golden/network.v1.json"), "{findings:?}");
    }

    #[test]
    fn a_golden_file_of_no_kind_is_found() {
        let golden = ("model/tests/golden/network.v1.json", "{}\n");
        let findings = check(&Tree::of([NETWORK, golden, ("model/tests/golden/pool.v1.json", "{}\n")]));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("kind pool"), "{findings:?}");
    }

    #[test]
    fn a_model_without_kinds_is_found() {
        assert_eq!(check(&Tree::of([("model/src/lib.rs", "//! Model.\n")])).len(), 1);
    }
}
