//! The programs that cargo has built for a test run.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{DependencyKind, Package, Workspace};

/// What servers are started with; who depends on it in whatever way has tests that wait for them.
const TESTCONTAINERS: &str = "netkeep-testcontainers";

/// A program that cargo has built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// The package that it belongs to.
    pub(crate) package: String,
    /// The name of its target; a library or a program has its tests under its own name.
    pub(crate) target: String,
    /// Whether it is an example; otherwise it runs tests.
    pub(crate) is_example: bool,
    folder: PathBuf,
    path: PathBuf,
}

impl Program {
    /// The example or test program of which a line of cargo's JSON messages says that it was built.
    pub(crate) fn in_line(line: &str, workspace: &Workspace) -> Option<Self> {
        let message: Value = serde_json::from_str(line).ok()?;
        let target = &message["target"];
        let is_example = target["kind"].as_array()?.iter().any(|kind| kind == "example");
        let is_wanted = is_example || message["profile"]["test"] == true;
        if message["reason"] != "compiler-artifact" || !is_wanted {
            return None;
        }
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
        let package =
            workspace.packages.iter().find(|package| workspace.root.join(&package.folder) == folder)?;
        Some(Self {
            package: package.name.clone(),
            target: target["name"].as_str()?.to_owned(),
            is_example,
            folder: folder.to_owned(),
            path: PathBuf::from(message["executable"].as_str()?),
        })
    }

    /// What it is called where it is run.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.package, self.target)
    }

    /// How to run it: where cargo would, with what cargo tells a program.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command
    }

    /// Whether it may have tests that need servers.
    pub(crate) fn waits_for_servers(&self, workspace: &Workspace) -> bool {
        workspace.package(&self.package).is_some_and(starts_servers)
    }

    /// Whether its tests are of servers themselves, wherever these run.
    pub(crate) fn tests_servers(&self) -> bool {
        self.package == TESTCONTAINERS
    }
}

fn starts_servers(package: &Package) -> bool {
    let starts = |kind| kind != DependencyKind::Build;
    package.name == TESTCONTAINERS
        || package.dependencies.iter().any(|other| other.name == TESTCONTAINERS && starts(other.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dependency;

    const BUILT: &str = r#"{"reason":"compiler-artifact","manifest_path":"/w/store/Cargo.toml","target":{"kind":["test"],"name":"faults"},"profile":{"test":true},"executable":"/t/faults-1"}"#;

    fn workspace() -> Workspace {
        let package = |name: &str, folder: &str, uses: &[&str]| Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies: uses
                .iter()
                .map(|name| Dependency { name: (*name).to_owned(), kind: DependencyKind::Dev })
                .collect(),
            ..Package::default()
        };
        let packages = vec![
            package("netkeep-store", "store", &["tempfile"]),
            package("netkeep-store-etcd", "store/etcd", &[TESTCONTAINERS]),
            package(TESTCONTAINERS, "testcontainers", &[]),
        ];
        Workspace { root: "/w".into(), packages }
    }

    #[test]
    fn finds_tests_and_examples_and_nothing_else() {
        let found = |line: &str| Program::in_line(line, &workspace());
        let program = found(BUILT).unwrap();
        assert_eq!((program.title().as_str(), program.is_example), ("netkeep-store faults", false));
        let example = BUILT.replace("[\"test\"]", "[\"example\"]").replace("true", "false");
        assert!(found(&example).unwrap().is_example);
        for other in [
            BUILT.replace("true", "false"),
            BUILT.replace("\"/t/faults-1\"", "null"),
            BUILT.replace("/w/store/", "/elsewhere/"),
            BUILT.replace("compiler-artifact", "build-script-executed"),
            "warning: not JSON".to_owned(),
        ] {
            assert_eq!(found(&other), None, "{other}");
        }
    }

    #[test]
    fn who_depends_on_the_fixtures_waits_for_servers() {
        let workspace = workspace();
        for (folder, waits, tests) in
            [("store", false, false), ("store/etcd", true, false), ("testcontainers", true, true)]
        {
            let line = BUILT.replace("/w/store/", &format!("/w/{folder}/"));
            let program = Program::in_line(&line, &workspace).unwrap();
            assert_eq!((program.waits_for_servers(&workspace), program.tests_servers()), (waits, tests));
        }
    }
}
