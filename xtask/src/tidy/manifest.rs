//! Manifests: every package has a description and inherits the workspace's lints, data and versions.

use crate::Workspace;
use crate::tidy::{Finding, Tree};

const RULE: &str = "manifest";

/// What each `[package]` table takes from the workspace.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// Every manifest that says for itself what the workspace says once.
pub(super) fn check(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let path = package.manifest();
        if package.description.as_deref().unwrap_or_default().trim().is_empty() {
            findings.push(Finding::new(
                &path,
                1,
                RULE,
                "no description; say in one sentence what is in the package",
            ));
        }
        if let Some(text) = tree.get(&path) {
            findings.extend(check_text(&path, text));
        }
    }
    for (path, _) in tree.files() {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
        let is_member = workspace.packages.iter().any(|package| package.folder == folder);
        if !is_member && !is_excluded(folder, tree) {
            findings.push(Finding::new(path, 1, RULE, "not a member; add the folder to the root manifest"));
        }
    }
    findings
}

/// Whether the root manifest says that a folder holds a workspace of its own.
fn is_excluded(folder: &str, tree: &Tree) -> bool {
    let root = tree.get("Cargo.toml").unwrap_or_default();
    root.lines().any(|line| line.starts_with("exclude = ") && line.contains(&format!("\"{folder}\"")))
}

fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut table = "";
    let mut inherited = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            table = line.trim_matches(['[', ']']);
            // `[dependencies.name]` is a table of its own in which `workspace = true` stands on its own line.
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let (key, value) = (key.trim(), value.trim());
        let from_workspace = key.ends_with(".workspace") || value.contains("workspace = true");
        if table == "package" && from_workspace || table == "lints" && key == "workspace" {
            inherited.push(if table == "lints" { table } else { key.trim_end_matches(".workspace") });
        }
        if is_dependency_table(table) && !from_workspace && !key.contains('.') {
            let message = format!("{key} names a version of its own; put it under [workspace.dependencies]");
            findings.push(Finding::new(path, index + 1, RULE, message));
        }
    }
    for key in INHERITED.iter().chain(&["lints"]) {
        if !inherited.contains(key) {
            findings.push(Finding::new(path, 1, RULE, format!("{key} is not the workspace's; inherit it")));
        }
    }
    findings
}

fn is_dependency_table(table: &str) -> bool {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .any(|name| table == *name || table.starts_with("target.") && table.ends_with(&format!(".{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Package;

    const GOOD: &str = "\
[package]
name = \"a\"
description = \"A.\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish = { workspace = true }

[lints]
workspace = true

[dependencies]
# serde = \"1\"
bytes.workspace = true
tokio = { workspace = true, features = [\"full\"] }
";

    fn found(description: Option<&str>, manifest: &str) -> Vec<String> {
        let package = Package {
            name: "a".to_owned(),
            folder: "a".to_owned(),
            description: description.map(str::to_owned),
            ..Package::default()
        };
        let workspace = Workspace { root: "/".into(), packages: vec![package] };
        let tree = Tree::of([("Cargo.toml", "[workspace]\n"), ("a/Cargo.toml", manifest)]);
        check(&workspace, &tree).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_inherits_everything_is_good() {
        assert_eq!(found(Some("A."), GOOD), Vec::<String>::new());
    }

    #[test]
    fn a_description_is_wanted() {
        assert_eq!(found(None, GOOD).len(), 1);
        assert_eq!(found(Some(" "), GOOD).len(), 1);
    }

    #[test]
    fn lints_and_package_data_are_the_workspaces() {
        assert!(found(Some("A."), &GOOD.replace("[lints]\nworkspace = true\n", ""))[0].contains("lints"));
        let own = GOOD.replace("edition.workspace = true", "edition = \"2021\"");
        assert!(found(Some("A."), &own)[0].contains("edition"));
    }

    #[test]
    fn versions_stand_in_the_root_manifest() {
        let own = format!("{GOOD}serde = \"1\"\n\n[dev-dependencies]\nrand = {{ version = \"1\" }}\n");
        let findings = found(Some("A."), &own);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("serde") && findings[1].contains("rand"), "{findings:?}");
    }

    #[test]
    fn a_stray_manifest_is_found() {
        let workspace = Workspace { root: "/".into(), packages: Vec::new() };
        let findings = check(&workspace, &Tree::of([("Cargo.toml", ""), ("b/Cargo.toml", GOOD)]));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "b/Cargo.toml");
        for (exclude, findings) in [("exclude = [\"b\"]\n", 0), ("exclude = [\"bb\"]\n", 1)] {
            let tree = Tree::of([("Cargo.toml", exclude), ("b/Cargo.toml", GOOD)]);
            assert_eq!(check(&workspace, &tree).len(), findings, "{exclude}");
        }
    }
}
