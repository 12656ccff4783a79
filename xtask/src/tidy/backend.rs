//! Backends: each has the same files, so that who knows one knows all.

use crate::Workspace;
use crate::tidy::{Finding, Tree};

const RULE: &str = "backend";
const FOLDER: &str = "store/backends/";

/// What every backend has, and what for.
const FILES: [(&str, &str); 8] = [
    ("README.md", "how it keeps the contract, its limits, the versions of its server"),
    ("src/config.rs", "what its URL says"),
    ("src/error.rs", "its errors as kinds of the contract"),
    ("src/lease.rs", "leases"),
    ("src/store.rs", "the store itself"),
    ("src/txn.rs", "transactions"),
    ("src/watch.rs", "watches"),
    ("tests/conformance.rs", "its run of the suite"),
];

/// Every file that a backend lacks.
pub(super) fn check(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace.packages.iter().filter(|package| package.folder.starts_with(FOLDER)) {
        for (file, holds) in FILES {
            if tree.get(&format!("{}/{file}", package.folder)).is_none() {
                let message = format!("has no {file}, which in every backend holds {holds}");
                findings.push(Finding::new(&package.manifest(), 1, RULE, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Package;

    fn found(folder: &str, missing: &str) -> Vec<String> {
        let files: Vec<String> = FILES
            .iter()
            .filter(|(file, _)| *file != missing)
            .map(|(file, _)| format!("{folder}/{file}"))
            .collect();
        let package = Package { folder: folder.to_owned(), ..Package::default() };
        let workspace = Workspace { root: "/".into(), packages: vec![package] };
        let tree = Tree::of(files.iter().map(|file| (file.as_str(), "")));
        check(&workspace, &tree).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_backend_with_all_files_is_good() {
        assert_eq!(found("store/backends/redb", ""), [""; 0]);
    }

    #[test]
    fn each_missing_file_is_found() {
        for (file, _) in FILES {
            let findings = found("store/backends/redb", file);
            assert!(findings.len() == 1 && findings[0].contains(file), "{file}: {findings:?}");
        }
    }

    #[test]
    fn other_packages_have_files_of_their_own() {
        assert_eq!(found("store/conformance", "README.md"), [""; 0]);
    }
}
