//! The workspace as cargo sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The workspace: its root and its packages, in cargo's order.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// Every member.
    pub packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Its folder, from the root, with forward slashes.
    pub folder: String,
    /// The description in its manifest.
    pub description: Option<String>,
    /// Whether it is a library that others can depend on.
    pub has_library: bool,
    /// The names of its examples.
    pub examples: Vec<String>,
    /// What its manifest depends on.
    pub dependencies: Vec<Dependency>,
}

/// One line in a manifest's table of dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package depended on.
    pub name: String,
    /// Which table names it.
    pub kind: DependencyKind,
}

/// The three tables of dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyKind {
    /// `[dependencies]`
    Normal,
    /// `[build-dependencies]`
    Build,
    /// `[dev-dependencies]`
    Dev,
}

impl Workspace {
    /// Asks `cargo metadata` about the workspace that this tool was built in.
    ///
    /// # Errors
    ///
    /// If cargo cannot be run or cannot read a manifest.
    pub fn load() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let output = cargo()
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
            .arg(manifest)
            .output()
            .context("cannot run cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata = serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")?;
        Self::from_metadata(&metadata)
    }

    /// Reads the answer of `cargo metadata --no-deps --format-version 1`.
    ///
    /// # Errors
    ///
    /// If a field that it needs is not there.
    pub fn from_metadata(metadata: &Value) -> Result<Self> {
        let root = PathBuf::from(text(metadata, "workspace_root")?);
        let packages = array(metadata, "packages")?
            .iter()
            .map(|package| Package::from_metadata(package, &root))
            .collect::<Result<_>>()?;
        Ok(Self { root, packages })
    }

    /// The member of that name.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

impl Package {
    /// The path of the manifest, from the root.
    pub fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    fn from_metadata(package: &Value, root: &Path) -> Result<Self> {
        let manifest = PathBuf::from(text(package, "manifest_path")?);
        let folder = manifest
            .parent()
            .and_then(|folder| folder.strip_prefix(root).ok())
            .with_context(|| format!("{} is not below {}", manifest.display(), root.display()))?;
        let mut examples = Vec::new();
        let mut has_library = false;
        for target in array(package, "targets")? {
            for kind in array(target, "kind")? {
                match kind.as_str() {
                    Some("lib") => has_library = true,
                    Some("example") => examples.push(text(target, "name")?.to_owned()),
                    _ => {}
                }
            }
        }
        let dependencies =
            array(package, "dependencies")?.iter().map(Dependency::from_metadata).collect::<Result<_>>()?;
        Ok(Self {
            name: text(package, "name")?.to_owned(),
            folder: folder.to_string_lossy().replace('\\', "/"),
            description: package["description"].as_str().map(str::to_owned),
            has_library,
            examples,
            dependencies,
        })
    }
}

impl Dependency {
    fn from_metadata(dependency: &Value) -> Result<Self> {
        let kind = match dependency["kind"].as_str() {
            None => DependencyKind::Normal,
            Some("build") => DependencyKind::Build,
            Some("dev") => DependencyKind::Dev,
            Some(other) => bail!("cargo metadata names an unknown kind of dependency: {other}"),
        };
        Ok(Self { name: text(dependency, "name")?.to_owned(), kind })
    }
}

/// Cargo with these arguments, in the root of the workspace.
pub(crate) fn cargo_in(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = cargo();
    command.current_dir(&workspace.root).args(arguments);
    command
}

/// The cargo that runs this tool, or the one on the path.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("cargo's answer has no text in its field {field}"))
}

fn array<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>> {
    value[field].as_array().with_context(|| format!("cargo's answer has no list in its field {field}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_packages_targets_and_dependencies() {
        let workspace = Workspace::from_metadata(&json!({
            "workspace_root": "/w",
            "packages": [{
                "name": "netkeep-model",
                "manifest_path": "/w/model/Cargo.toml",
                "description": "Records.",
                "targets": [
                    { "kind": ["lib"], "name": "netkeep_model" },
                    { "kind": ["example"], "name": "first" },
                ],
                "dependencies": [
                    { "name": "serde", "kind": null },
                    { "name": "proptest", "kind": "dev" },
                ],
            }],
        }))
        .unwrap();
        let model = workspace.package("netkeep-model").unwrap();
        assert_eq!(model.manifest(), "model/Cargo.toml");
        assert!(model.has_library);
        assert_eq!(model.examples, ["first"]);
        assert_eq!(model.dependencies[1].kind, DependencyKind::Dev);
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = Workspace::from_metadata(&json!({ "workspace_root": "/w" })).unwrap_err();
        assert!(error.to_string().contains("packages"), "{error}");
    }

    #[test]
    fn loads_the_workspace_it_lives_in() {
        let workspace = Workspace::load().unwrap();
        assert_eq!(workspace.package("xtask").unwrap().folder, "xtask");
    }
}
