//! Folders of fixtures: one for each, which goes with it, and the files of its nodes therein.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::owner::{self, Owner};
use crate::{Error, Result, watchdog};

/// The folder of one fixture. Its name begins with the word of its owner.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    token: String,
}

/// The folder of one node: `data`, `conf` and, for a local process, `log`.
#[derive(Clone, Debug)]
pub(crate) struct NodeFolder {
    path: PathBuf,
}

/// Where all fixtures of this user have their folders.
pub(crate) fn base() -> PathBuf {
    std::env::temp_dir().join(format!("netkeep-testcontainers-{}", nix::unistd::geteuid()))
}

/// Where the locks of ports lie.
pub(crate) fn locks() -> PathBuf {
    base().join("ports")
}

/// Removes the folders whose owners are gone.
pub(crate) fn reap() {
    let Ok(entries) = fs::read_dir(base()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name == "ports" {
            continue;
        }
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if owner::is_abandoned(&name.to_string_lossy(), age) {
            // Another process may be at it too.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Folder {
    /// A new one.
    pub(crate) fn make() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let token = format!("{}-{}", Owner::this().word(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = base().join(&token);
        watchdog::remember("folder", &path.to_string_lossy());
        fs::create_dir_all(&path).map_err(|error| failed("make", &path, error))?;
        Ok(Self { path, token })
    }

    /// A word that no other fixture has.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The folder of a node, empty.
    pub(crate) fn node(&self, name: &str) -> Result<NodeFolder> {
        let node = NodeFolder { path: self.path.join(name) };
        for folder in [node.data(), node.conf()] {
            fs::create_dir_all(&folder).map_err(|error| failed("make", &folder, error))?;
        }
        Ok(node)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{}", failed("remove", &self.path, error));
        }
    }
}

impl NodeFolder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(crate) fn conf(&self) -> PathBuf {
        self.path.join("conf")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Puts files into a folder of this node.
    pub(crate) fn write(&self, folder: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
        for (name, content) in files {
            let path = folder.join(name);
            fs::write(&path, content).map_err(|error| failed("write", &path, error))?;
        }
        Ok(())
    }

    /// Takes all data away.
    pub(crate) fn wipe(&self) -> Result<()> {
        let data = self.data();
        let wiped = fs::remove_dir_all(&data).and_then(|()| fs::create_dir_all(&data));
        wiped.map_err(|error| failed("wipe", &data, error))
    }

    /// Copies all data to a folder that is not there yet.
    pub(crate) fn copy_data(&self, to: &Path) -> Result<()> {
        copy(&self.data(), to).map_err(|error| failed("copy the data to", to, error))
    }

    /// Puts what [`copy_data`](Self::copy_data) made in the place of the data.
    pub(crate) fn replace_data(&self, from: &Path) -> Result<()> {
        if !from.is_dir() {
            return Err(Error::invalid(format!("{} is no folder of copied data", from.display())));
        }
        let data = self.data();
        let replaced = fs::remove_dir_all(&data).and_then(|()| copy(from, &data));
        replaced.map_err(|error| failed("replace the data from", from, error))
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::failed(format!("cannot {what} {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_fixture() {
        let folder = Folder::make().unwrap();
        let node = folder.node("n1").unwrap();
        node.write(&node.data(), &[("myid".to_owned(), b"1".to_vec())]).unwrap();
        let path = folder.path.clone();
        assert!(path.join("n1/data/myid").is_file());
        reap();
        assert!(path.is_dir(), "its owner lives");
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn data_can_be_copied_wiped_and_put_back() {
        let folder = Folder::make().unwrap();
        let node = folder.node("n1").unwrap();
        fs::create_dir(node.data().join("deep")).unwrap();
        fs::write(node.data().join("deep/file"), "old").unwrap();
        let copy = tempfile::tempdir().unwrap();
        let copy = copy.path().join("copy");
        node.copy_data(&copy).unwrap();
        fs::write(node.data().join("deep/file"), "new").unwrap();
        fs::write(node.data().join("later"), "new").unwrap();
        node.replace_data(&copy).unwrap();
        assert_eq!(fs::read_to_string(node.data().join("deep/file")).unwrap(), "old");
        assert!(!node.data().join("later").exists());
        node.wipe().unwrap();
        assert_eq!(fs::read_dir(node.data()).unwrap().count(), 0);
        assert!(node.replace_data(&copy.join("absent")).is_err());
    }
}
