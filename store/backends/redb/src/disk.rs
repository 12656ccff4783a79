//! Where the bytes of a store lie.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise, posix_fallocate};
use redb::StorageBackend;
use redb::backends::FileBackend;

/// Where the bytes of a store lie: a file, or what a test puts in its place.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Opens what is there. It is opened again, after the backend that was given before has been dropped, when a
    /// full disk made that one useless.
    ///
    /// # Errors
    ///
    /// What the disk answers.
    fn open(&self) -> io::Result<Box<dyn StorageBackend>>;

    /// Makes the reserve exactly this large: space that the disk holds for us and that we can give back.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::StorageFull`] if the space is not there; the reserve is then as large as before.
    /// [`io::ErrorKind::Unsupported`] if this disk keeps no reserve, which is what a disk does that does not
    /// define this method.
    fn set_reserve(&self, bytes: u64) -> io::Result<()> {
        let _ = bytes;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// How large the reserve is.
    ///
    /// # Errors
    ///
    /// What the disk answers.
    fn reserve(&self) -> io::Result<u64> {
        Ok(0)
    }

    /// Has whatever keeps a copy of the disk in memory forget what it need not write, so that what is read next is
    /// what is on the disk. Asked for after the disk has failed: a sync that fails may leave pages in memory that
    /// pass for written and never will be.
    ///
    /// # Errors
    ///
    /// What the disk answers. One that is read directly has nothing to do.
    fn forget_cached(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A file, with its reserve in a second file beside it, `<path>.reserve`.
#[derive(Debug)]
pub struct FileDisk {
    path: PathBuf,
    reserve: PathBuf,
}

impl FileDisk {
    /// The file at `path`. Nothing is touched before it is opened.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let reserve = beside(&path, "reserve");
        Self { path, reserve }
    }
}

impl Disk for FileDisk {
    fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        Ok(Box::new(FileBackend::new(file).map_err(io::Error::other)?))
    }

    fn set_reserve(&self, bytes: u64) -> io::Result<()> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.reserve)?;
        let before = file.metadata()?.len();
        if bytes < before {
            file.set_len(bytes)?;
            // A journalling file system may hold freed blocks back until the change is on disk.
            return file.sync_all();
        }
        if bytes > 0
            && let Err(error) = allocate(&file, bytes)
        {
            file.set_len(before)?;
            return Err(error);
        }
        Ok(())
    }

    fn reserve(&self) -> io::Result<u64> {
        match self.reserve.metadata() {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn forget_cached(&self) -> io::Result<()> {
        let file = File::open(&self.path)?;
        // From the beginning to the end, which is what no length means.
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).map_err(io::Error::from)
    }
}

/// Makes the file hold `bytes` bytes that have their place on the disk, as a file that is merely long has not.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    let length = bytes.try_into().map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    posix_fallocate(file, 0, length).map_err(io::Error::from)
}

/// The path of a file that belongs to the one at `path`.
pub(crate) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_takes_its_place_on_the_disk_and_gives_it_back() {
        use std::os::unix::fs::MetadataExt;

        let dir = tempfile::tempdir().unwrap();
        let disk = FileDisk::new(dir.path().join("s"));
        assert_eq!(disk.reserve().unwrap(), 0);
        for bytes in [1 << 20, 3 << 20, 1 << 18, 0] {
            disk.set_reserve(bytes).unwrap();
            assert_eq!(disk.reserve().unwrap(), bytes);
            let blocks = dir.path().join("s.reserve").metadata().unwrap().blocks();
            let held = blocks * 512;
            assert!(held >= bytes && held <= bytes + 64 * 1024, "{held} bytes for {bytes}");
        }
    }
}
