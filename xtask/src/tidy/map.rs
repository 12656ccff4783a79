//! The map: `ARCHITECTURE.md` has a row for every package.

use crate::Workspace;
use crate::tidy::{Finding, Tree};

const RULE: &str = "map";
const MAP: &str = "ARCHITECTURE.md";

/// Every package that the map does not show.
pub(super) fn check(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.get(MAP) else {
        return vec![Finding::new(MAP, 1, RULE, "is missing; it is the map of this house")];
    };
    let rows: Vec<&str> = map.lines().filter(|line| line.starts_with("| `")).collect();
    workspace
        .packages
        .iter()
        .filter(|package| {
            let (folder, name) = (format!("| `{}/`", package.folder), format!("`{}`", package.name));
            !rows.iter().any(|row| row.starts_with(&folder) && row.contains(&name))
        })
        .map(|package| {
            let message = format!(
                "no row of the code map begins with `{}/` and names `{}`",
                package.folder, package.name
            );
            Finding::new(MAP, 1, RULE, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Package;

    fn found(map: &str) -> usize {
        let package = Package { name: "netkeep-a".to_owned(), folder: "a".to_owned(), ..Package::default() };
        let workspace = Workspace { root: "/".into(), packages: vec![package] };
        check(&workspace, &Tree::of([(MAP, map)])).len()
    }

    #[test]
    fn a_row_with_folder_and_package_is_good() {
        assert_eq!(found("| `a/` | `netkeep-a` | all of it |\n"), 0);
    }

    #[test]
    fn a_package_off_the_map_is_found() {
        assert_eq!(found("`a/` is `netkeep-a`\n"), 1);
        assert_eq!(found("| `a/` | `netkeep-ab` |\n"), 1);
        assert_eq!(check(&Workspace { root: "/".into(), packages: Vec::new() }, &Tree::default()).len(), 1);
    }
}
