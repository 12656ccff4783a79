//! One broken rule, and where.

use std::fmt;

/// One broken rule: where, which, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the workspace.
    pub path: String,
    /// The line, from 1; 1 also where the whole file is meant.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Finding {
    /// A finding at a line.
    pub fn new(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_editors_expect() {
        let finding = Finding::new("store/src/key.rs", 7, "shape", "a tab; use spaces");
        assert_eq!(finding.to_string(), "store/src/key.rs:7: shape: a tab; use spaces");
    }
}
