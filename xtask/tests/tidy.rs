//! The rules of this house, held against this house.

use xtask::{Workspace, tidy};

#[test]
fn the_tree_is_tidy() {
    let workspace = Workspace::load().unwrap();
    let findings = tidy::findings(&workspace).unwrap();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}
