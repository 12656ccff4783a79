//! Old failures: each test that carries the number of one is in the list, and each test that the list names is there.

use std::collections::BTreeSet;

use crate::tidy::{Finding, Tree};

const RULE: &str = "pain";
const LIST: &str = "docs/pains.md";
/// What begins a function.
const FUNCTION: &str = "fn ";
/// What begins the name of a test that shows an old failure gone.
const NUMBERED: &str = "pain_";

/// Every test that the list names and nobody has written, and every numbered one that its row does not name.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let list = tree.get(LIST).unwrap_or_default();
    let written: Vec<Function> = tree.files().flat_map(|(path, text)| functions(path, text)).collect();
    let names: BTreeSet<&str> = written.iter().map(|function| function.name).collect();
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    for (line, number, test) in rows(list) {
        if !names.contains(test) {
            findings.push(Finding::new(LIST, line, RULE, format!("names the test {test}, which is nowhere")));
        }
        match number_of(test) {
            Some(other) if other != number => {
                let message = format!("names {test} in the row of {number}");
                findings.push(Finding::new(LIST, line, RULE, message));
            }
            _ => {
                listed.insert(test);
            }
        }
    }
    for Function { path, line, name } in &written {
        if let Some(number) = number_of(name)
            && !listed.contains(name)
        {
            let message = format!("{name} is not in the row of {number} in {LIST}");
            findings.push(Finding::new(path, *line, RULE, message));
        }
    }
    findings
}

struct Function<'a> {
    path: &'a str,
    line: usize,
    name: &'a str,
}

/// The functions that begin a line, in files of code.
fn functions<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = Function<'a>> {
    let lines = text.lines().enumerate().filter(move |_| path.ends_with(".rs"));
    lines.filter_map(move |(index, line)| {
        let line = line.trim_start();
        let rest = line.strip_prefix("async ").unwrap_or(line);
        // In the list of a macro that makes tests, a name stands before a colon.
        let name = match rest.strip_prefix(FUNCTION) {
            Some(rest) => rest.split(['(', '<']).next()?,
            None => rest.split_once(": ")?.0,
        };
        Some(Function { path, line: index + 1, name })
    })
}

/// The tests of each row `| 22 | text | tests |`, with its line and its number.
fn rows(list: &str) -> impl Iterator<Item = (usize, u32, &str)> {
    list.lines().enumerate().flat_map(|(index, line)| {
        let mut cells = line.trim_matches('|').split('|');
        let number = cells.next().and_then(|cell| cell.trim().parse::<u32>().ok());
        let tests = cells.nth(1).unwrap_or_default();
        let tests = tests.split('`').skip(1).step_by(2);
        tests.filter_map(move |test| Some((index + 1, number?, test)))
    })
}

/// The number that a test carries.
fn number_of(test: &str) -> Option<u32> {
    test.strip_prefix(NUMBERED)?.split('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(list: &str, code: &str) -> Vec<String> {
        let tree = Tree::of([(LIST, list), ("a/tests/b.rs", code)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    const LISTED: &str = "| No. | What | Tests |\n|---|---|---|\n| 7 | It hurt. | `pain_7_one`, `other` |\n";

    #[test]
    fn a_list_that_agrees_with_the_tests_is_good() {
        let code = "#[test]\nfn pain_7_one() {}\n    async fn other<T>() {}\n";
        assert_eq!(found(LISTED, code), Vec::<String>::new());
        let made = "on_servers! {\n    pain_7_one: Etcd;\n    other: Etcd;\n}\n";
        assert_eq!(found(LISTED, made), Vec::<String>::new());
    }

    #[test]
    fn what_only_one_side_names_is_found() {
        assert_eq!(found(LISTED, "fn pain_7_one() {}\n").len(), 1);
        assert_eq!(found(LISTED, "fn pain_7_one() {}\nfn other() {}\nfn pain_8_two() {}\n").len(), 1);
        let wrong = LISTED.replace("| 7 |", "| 9 |");
        assert_eq!(found(&wrong, "fn pain_7_one() {}\nfn other() {}\n").len(), 2);
        assert_eq!(found("", "fn pain_7_one() {}\n").len(), 1);
    }
}
