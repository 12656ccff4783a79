//! Names: a file or folder is named for what it holds, not for being of use.

use std::collections::BTreeSet;

use crate::tidy::{Finding, Tree};

const RULE: &str = "name";

/// Names that fit anything, and so collect everything.
const VAGUE: [&str; 7] = ["utils", "util", "common", "helpers", "helper", "misc", "stuff"];

/// Every path with a part that is named for nothing in particular.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = BTreeSet::new();
    for (path, _) in tree.files() {
        let mut end = 0;
        for part in path.split('/') {
            end += part.len();
            if VAGUE.contains(&part.split('.').next().unwrap_or(part)) {
                found.insert(&path[..end]);
            }
            end += 1;
        }
    }
    found
        .into_iter()
        .map(|path| Finding::new(path, 1, RULE, "says nothing; name it for what it holds"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Vec<String> {
        check(&Tree::of(paths.iter().map(|path| (*path, ""))))
            .into_iter()
            .map(|finding| finding.path)
            .collect()
    }

    #[test]
    fn names_that_say_something_are_good() {
        assert_eq!(found(&["store/src/key.rs", "docs/common-mistakes.md", "a/tests/uncommon.rs"]), [""; 0]);
    }

    #[test]
    fn vague_files_and_folders_are_found_once() {
        assert_eq!(found(&["a/src/utils.rs"]), ["a/src/utils.rs"]);
        assert_eq!(found(&["a/common/mod.rs", "a/common/b.rs"]), ["a/common"]);
        assert_eq!(found(&["helpers.test.rs"]), ["helpers.test.rs"]);
    }
}
