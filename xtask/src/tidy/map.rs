//! The map: the rows of the code map in `ARCHITECTURE.md` are the packages of the workspace.

use crate::Workspace;
use crate::tidy::{Finding, Tree};

const RULE: &str = "map";
const MAP: &str = "ARCHITECTURE.md";

/// Every package that the map does not show, and every row of a package that is not there.
pub(super) fn check(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.get(MAP) else {
        return vec![Finding::new(MAP, 1, RULE, "is missing; it is the map of this house")];
    };
    let rows = rows(map);
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let is_of_it = |row: &Row<'_>| row.folder == package.folder && row.package == package.name;
        if !rows.iter().any(is_of_it) {
            let message = format!("no row for `{}/` and `{}`; add one", package.folder, package.name);
            findings.push(Finding::new(MAP, 1, RULE, message));
        }
    }
    for row in rows {
        if workspace.package(row.package).is_none_or(|package| package.folder != row.folder) {
            let message = format!("there is no `{}` in `{}/`; take the row out", row.package, row.folder);
            findings.push(Finding::new(MAP, row.line, RULE, message));
        }
    }
    findings
}

struct Row<'a> {
    line: usize,
    folder: &'a str,
    package: &'a str,
}

/// The rows that begin with a folder and a package, both in backquotes.
fn rows(map: &str) -> Vec<Row<'_>> {
    map.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let (folder, rest) = line.strip_prefix("| `")?.split_once("/` | `")?;
            let (package, _) = rest.split_once("` |")?;
            Some(Row { line: index + 1, folder, package })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Package;

    fn found(map: &str) -> Vec<usize> {
        let package = Package { name: "netkeep-a".to_owned(), folder: "a".to_owned(), ..Package::default() };
        let workspace = Workspace { root: "/".into(), packages: vec![package] };
        check(&workspace, &Tree::of([(MAP, map)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_row_with_folder_and_package_is_good() {
        assert_eq!(found("| Folder | Package |\n|---|---|\n| `a/` | `netkeep-a` | all of it |\n"), [0; 0]);
    }

    #[test]
    fn a_package_off_the_map_is_found() {
        assert_eq!(found("`a/` is `netkeep-a`\n"), [1]);
        assert_eq!(check(&Workspace { root: "/".into(), packages: Vec::new() }, &Tree::default()).len(), 1);
    }

    #[test]
    fn a_row_without_a_package_is_found() {
        assert_eq!(found("| `a/` | `netkeep-a` |\n| `b/` | `netkeep-b` |\n"), [2]);
        assert_eq!(found("| `a/` | `netkeep-a` |\n| `b/` | `netkeep-a` |\n"), [2]);
    }
}
