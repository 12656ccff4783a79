//! What is known of the global store, in a file of this host.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use netkeep_model::Timestamp;
use netkeep_store::{Entry, Identity, Key, Revision};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The form that is written and read.
const FORMAT: &str = "netkeep global snapshot 1";
/// The most bytes that a snapshot may have.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// How long to wait between two snapshots, at least.
const PAUSE: Duration = Duration::from_secs(30);

/// Where the last-known state of the global store is kept, so that it can be read after a start until the store is
/// reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFile {
    pub(super) path: PathBuf,
    pub(super) pause: Duration,
}

/// What stands at the head of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    format: String,
    /// The store that it is of.
    pub(super) identity: Identity,
    /// All commits up to this one are in it.
    pub(super) revision: Revision,
    /// When it was taken.
    pub(super) at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: Key,
    revision: Revision,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    entries: usize,
    sha256: String,
}

impl SnapshotFile {
    /// A snapshot in this file, whose folder exists; it is written at most every 30 s.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), pause: PAUSE }
    }

    /// The same with another pause between two snapshots.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Reads the file; `None` if there is none.
    pub(super) fn read(&self) -> Result<Option<(Head, Vec<Entry>)>, String> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let bytes = file.metadata().map_err(|error| error.to_string())?.len();
        if bytes > MOST_BYTES {
            return Err(format!("it has {bytes} bytes; {MOST_BYTES} are the most"));
        }
        let mut lines = BufReader::new(file).lines();
        let mut digest = Sha256::new();
        let first = lines.next().transpose().map_err(|error| error.to_string())?.unwrap_or_default();
        digest.update(first.as_bytes());
        let head: Head = serde_json::from_str(&first).map_err(|error| format!("its first line: {error}"))?;
        if head.format != FORMAT {
            return Err(format!("its format is {:?}; this program reads {FORMAT:?}", head.format));
        }
        let mut entries = Vec::new();
        for line in lines {
            let line = line.map_err(|error| error.to_string())?;
            if let Ok(end) = serde_json::from_str::<End>(&line) {
                let whole = end.entries == entries.len() && end.sha256 == HEXLOWER.encode(&digest.finalize());
                return if whole { Ok(Some((head, entries))) } else { Err("it was changed".to_owned()) };
            }
            digest.update(line.as_bytes());
            let Line { key, revision, value } = serde_json::from_str(&line)
                .map_err(|error| format!("line {}: {error}", entries.len() + 2))?;
            entries.push(Entry { key, value: value.into(), revision, lease: None });
        }
        Err("it has no end".to_owned())
    }

    /// Writes the file, whole or not at all; of two crashes in a row one leaves the file before.
    pub(super) fn write(&self, head: &Head, entries: &[Entry]) -> io::Result<()> {
        let new = beside(&self.path);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let mut file = BufWriter::new(file);
        let mut digest = Sha256::new();
        let mut bytes = put(&mut file, Some(&mut digest), head)?;
        for entry in entries {
            let value = std::str::from_utf8(&entry.value).map_err(io::Error::other)?.to_owned();
            let line = Line { key: entry.key.clone(), revision: entry.revision, value };
            bytes += put(&mut file, Some(&mut digest), &line)?;
            if bytes > MOST_BYTES {
                drop(file);
                fs::remove_file(&new)?;
                return Err(io::Error::other(format!("it would have more than {MOST_BYTES} bytes")));
            }
        }
        let sha256 = HEXLOWER.encode(&digest.finalize());
        put(&mut file, None, &End { entries: entries.len(), sha256 })?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&new, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Head {
    pub(super) fn new(identity: Identity, revision: Revision) -> Self {
        Self { format: FORMAT.to_owned(), identity, revision, at: Timestamp::now() }
    }
}

fn put(file: &mut impl Write, digest: Option<&mut Sha256>, line: &impl Serialize) -> io::Result<u64> {
    let text = serde_json::to_vec(line)?;
    if let Some(digest) = digest {
        digest.update(&text);
    }
    file.write_all(&text)?;
    file.write_all(b"\n")?;
    Ok(text.len() as u64 + 1)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(n: u64) -> Vec<Entry> {
        let entry = |n| Entry {
            key: Key::parse(&format!("networks/{n}")).unwrap(),
            value: format!("{{\"n\": {n}}}").into(),
            revision: Revision::new(n),
            lease: None,
        };
        (1..=n).map(entry).collect()
    }

    #[test]
    fn what_was_written_is_read_and_what_was_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = SnapshotFile::new(folder.path().join("snapshot"));
        assert_eq!(file.read().unwrap(), None);
        let head = Head::new(Identity::fresh(), Revision::new(7));
        for n in [0, 1, 40] {
            file.write(&head, &entries(n)).unwrap();
            assert_eq!(file.read().unwrap(), Some((head.clone(), entries(n))));
        }
        let whole = fs::read(&file.path).unwrap();
        for at in (0..whole.len()).step_by(7) {
            fs::write(&file.path, &whole[..at]).unwrap();
            assert!(file.read().is_err(), "cut at {at}");
            let mut odd = whole.clone();
            odd[at] ^= 1;
            fs::write(&file.path, odd).unwrap();
            assert!(file.read().is_err(), "changed at {at}");
        }
        // What a crash has left of the next one is in nobody's way.
        fs::write(beside(&file.path), &whole[..9]).unwrap();
        file.write(&head, &entries(3)).unwrap();
        assert_eq!(file.read().unwrap().unwrap().1.len(), 3);
    }
}
