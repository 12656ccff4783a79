//! The shape of files: short, headed by what they hold, without stray blanks.

use crate::tidy::{Finding, Tree};

const RULE: &str = "shape";

/// The most lines that a source file may have.
const LINES: usize = 500;

/// Files that a tool writes.
const GENERATED: [&str; 1] = ["Cargo.lock"];

/// Every file that breaks a rule of shape.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| !GENERATED.contains(path)) {
        if path.ends_with(".rs") {
            findings.extend(check_source(path, text));
        }
        findings.extend(check_blanks(path, text));
    }
    findings
}

fn check_source(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > LINES {
        let message = format!("{lines} lines; split it, {LINES} are the most");
        findings.push(Finding::new(path, LINES + 1, RULE, message));
    }
    if !text.starts_with("//! ") {
        findings.push(Finding::new(
            path,
            1,
            RULE,
            "does not begin with `//!` and a sentence about what it holds",
        ));
    }
    findings
}

fn check_blanks(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Not `lines()`: that takes a carriage return for part of the line's end.
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::new(path, number, RULE, "ends with a blank; end it with its last char"));
        }
        if line.contains('\t') {
            findings.push(Finding::new(path, number, RULE, "contains a tab; use spaces"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(
            path,
            text.lines().count(),
            RULE,
            "the last line does not end; add a line end",
        ));
    }
    if text.ends_with("\n\n") {
        findings.push(Finding::new(path, text.lines().count(), RULE, "ends with an empty line; take it out"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        check(&Tree::of([(path, text)])).into_iter().map(|finding| (finding.line, finding.message)).collect()
    }

    #[test]
    fn a_short_headed_file_is_good() {
        assert_eq!(found("a.rs", "//! A.\n\nfn a() {}\n"), []);
        assert_eq!(found("a.md", "# A\n"), []);
        assert_eq!(found("empty", ""), []);
        assert_eq!(found("Cargo.lock", "a \n"), []);
    }

    #[test]
    fn five_hundred_lines_are_the_most() {
        let text = |lines: usize| format!("//! A.\n{}", "fn a() {}\n".repeat(lines - 1));
        assert_eq!(found("a.rs", &text(500)), []);
        assert_eq!(found("a.rs", &text(501))[0].0, 501);
        assert_eq!(found("a.md", &text(501)), []);
    }

    #[test]
    fn a_source_file_says_first_what_it_holds() {
        assert_eq!(found("a.rs", "fn a() {}\n").len(), 1);
        assert_eq!(found("a.rs", "//!\nfn a() {}\n").len(), 1);
        assert_eq!(found("a.rs", "// A.\n").len(), 1);
    }

    #[test]
    fn stray_blanks_are_found() {
        assert_eq!(found("a.md", "a \nb\n")[0].0, 1);
        assert_eq!(found("a.md", "a\r\n").len(), 1);
        assert_eq!(found("a.md", "a\n\tb\n")[0].0, 2);
        assert_eq!(found("a.md", "a\nb")[0].0, 2);
        assert_eq!(found("a.md", "a\n\n")[0].0, 2);
    }
}
