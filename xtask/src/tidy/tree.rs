//! The files of the workspace, in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What holds nothing of ours: git's own (a file in a second worktree), and cargo's output.
const FOREIGN: [&str; 2] = [".git", "target"];

/// What a fuzzer leaves behind.
const FUZZED: [&str; 2] = ["fuzz/artifacts", "fuzz/corpus"];

/// Every text file of the workspace by its path from the root, with forward slashes.
///
/// Build output, what a fuzzer left and `.git` are left out, and files that are no text.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads every text file below `root`.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    /// A tree of these files.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }

    /// Path and text of every file, ordered by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Path and text of every file below a folder, ordered by path.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        let start = format!("{folder}/");
        self.files().filter(move |(path, _)| path.starts_with(&start))
    }

    /// The text of one file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is such a file, or a file below such a folder.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.below(path.trim_end_matches('/')).next().is_some()
    }

    fn read_folder(&mut self, folder: &Path, from_root: &str) -> Result<()> {
        let context = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(folder).with_context(context)? {
            let entry = entry.with_context(context)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if from_root.is_empty() { name.clone() } else { format!("{from_root}/{name}") };
            let kind = entry.file_type().with_context(context)?;
            if FOREIGN.contains(&name.as_str()) || FUZZED.contains(&path.as_str()) {
                continue;
            }
            if kind.is_dir() {
                self.read_folder(&entry.path(), &path)?;
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    self.files.insert(path, text);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_files_and_folders() {
        let tree = Tree::of([("a/b.rs", "1"), ("ab.rs", "2")]);
        assert!(tree.has("a") && tree.has("a/") && tree.has("a/b.rs"));
        assert!(!tree.has("b"));
        assert_eq!(tree.below("a").count(), 1);
        assert_eq!(tree.get("ab.rs"), Some("2"));
    }

    #[test]
    fn reads_this_package_and_no_build_output() {
        let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(tree.has("src/tidy/tree.rs"));
        assert!(tree.files().all(|(path, _)| !path.starts_with("target/")));
    }
}
