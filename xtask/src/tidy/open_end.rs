//! Open ends: nothing is left for later in code or prose; what is missing is said in the changelog or an issue.

use crate::tidy::source::lines;
use crate::tidy::{Finding, Tree};

const RULE: &str = "open-end";

// Put together from halves, or this file would find itself.
const WORDS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACROS: [&str; 2] = ["todo!", "unimplemented!"];

/// Every word or macro that means "later".
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = WORDS.iter().find(|word| has_word(line, word)) {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    RULE,
                    format!("{word}: do it, or say what is missing"),
                ));
            }
        }
        if !path.ends_with(".rs") {
            continue;
        }
        for line in lines(text) {
            if let Some(name) = MACROS.iter().find(|name| has_word(&line.code, name)) {
                let message = format!("{name} stands where code is due; write it or answer an error");
                findings.push(Finding::new(path, line.number, RULE, message));
            }
        }
    }
    findings
}

/// Whether the line has the word, with no letter, digit or underscore on either side.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    line.match_indices(word).any(|(at, _)| {
        !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of([(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn finished_work_is_good() {
        assert_eq!(found("a.rs", "//! A.\nfn todo() { \"todo!()\"; }\n// todo!() is forbidden\n"), [0; 0]);
        assert_eq!(found("a.sh", "mktemp /tmp/a.XXXXXX\n"), [0; 0]);
    }

    #[test]
    fn words_for_later_are_found_everywhere() {
        for word in WORDS {
            assert_eq!(found("a.md", &format!("fine\n{word}: more\n")), [2]);
            assert_eq!(found("a.rs", &format!("//! A. ({word})\n")), [1]);
        }
    }

    #[test]
    fn place_holders_are_found_in_code() {
        for name in MACROS {
            assert_eq!(found("a.rs", &format!("//! A.\nfn a() {{ {name}() }}\n")), [2]);
            assert_eq!(found("a.md", &format!("no {name}() here\n")), [0; 0]);
        }
    }
}
