//! The rules of this house that no compiler knows, each in a file of its own.
//!
//! | Rule | What it forbids |
//! |---|---|
//! | `direction` | a dependency against the street, or on what a package must not know |
//! | `manifest` | a package without description, shared lints or shared versions |
//! | `backend` | a backend that lacks a file which every backend has |
//! | `clause` | a contract clause without a case, a case without a clause |
//! | `cancel` | a public async function that does not say its cancel safety |
//! | `golden` | a kind of record without its stored form under `model/tests/golden/` |
//! | `shape` | a long file, a module without its `//!` line, stray blanks |
//! | `open-end` | work left for later, in code or prose |
//! | `machine` | a path of one machine, or a registry's host |
//! | `name` | a file or folder named for nothing in particular |
//! | `link` | a link in a document to a file that is not there |
//! | `adr` | a decision without a number, a title or a place in the list |
//! | `map` | a code map whose rows are not the packages of the workspace |
//! | `pain` | a test that shows an old failure gone and is not in `docs/pains.md`, or the other way round |

mod adr;
mod backend;
mod cancel;
mod clause;
mod direction;
mod finding;
mod golden;
mod link;
mod machine;
mod manifest;
mod map;
mod name;
mod open_end;
mod pain;
mod shape;
mod source;
mod tree;

use anyhow::Result;

pub use finding::Finding;
pub use tree::Tree;

use crate::Workspace;

/// Everything that breaks a rule, ordered by place.
///
/// # Errors
///
/// If the workspace's files cannot be read.
pub fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let tree = Tree::read(&workspace.root)?;
    let mut findings = Vec::new();
    findings.extend(direction::check(workspace));
    findings.extend(manifest::check(workspace, &tree));
    findings.extend(backend::check(workspace, &tree));
    findings.extend(clause::check(&tree));
    findings.extend(cancel::check(workspace, &tree));
    findings.extend(golden::check(&tree));
    findings.extend(shape::check(&tree));
    findings.extend(open_end::check(&tree));
    findings.extend(machine::check(&tree));
    findings.extend(name::check(&tree));
    findings.extend(link::check(&tree));
    findings.extend(adr::check(&tree));
    findings.extend(map::check(workspace, &tree));
    findings.extend(pain::check(&tree));
    findings.sort();
    Ok(findings)
}
