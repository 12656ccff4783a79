//! The files of a folder, as those need them who make a new one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

/// What is asked of the file system to make a file, so that a test can let each step fail.
pub(crate) trait Folder {
    /// A file that is open.
    type Open: StorageBackend;

    /// What is at `path`; links are not followed.
    fn find(&self, path: &Path) -> io::Result<Found>;

    /// Makes an empty file where nothing is, for us alone.
    fn create(&self, path: &Path) -> io::Result<Self::Open>;

    /// Makes the file durable, its name excepted.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Gives a file a second name, which nothing has yet.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names durable in the folder where `path` is.
    fn sync_names(&self, path: &Path) -> io::Result<()>;
}

/// What is under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    File,
    Other,
}

/// The file system.
#[derive(Debug)]
pub(crate) struct RealFolder;

impl Folder for RealFolder {
    type Open = FileBackend;

    fn find(&self, path: &Path) -> io::Result<Found> {
        match path.symlink_metadata() {
            Ok(found) if found.is_file() => Ok(Found::File),
            Ok(_) => Ok(Found::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    fn create(&self, path: &Path) -> io::Result<FileBackend> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        FileBackend::new(file).map_err(io::Error::other)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_names(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}
