//! Files that a command makes and that must not be lost.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::Failure;
use crate::exit::Exit;

/// Writes a file that must not exist yet, and returns once it would outlast a crash.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    durably(path, content).map_err(|error| {
        Failure::new(Exit::Invalid, format!("{} cannot be written: {error}", path.display()))
    })
}

fn durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
