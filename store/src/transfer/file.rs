//! The file that a content is exported to.
//!
//! Lines of JSON: a head, an entry a line in the order of the keys, and an end that tells a whole file from a part.
//! The format is described in `docs/export.md`.

use std::io::{BufRead, Write};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Content;
use crate::{Error, Identity, Key, Result};

/// The version of the format that [`write()`] writes and [`read`] reads.
pub const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// The version of the format.
    netkeep_export: u32,
    /// The store that it was made of.
    store: Identity,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: Key,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    entries: usize,
    /// Of every byte before this line.
    sha256: String,
}

/// Writes `content`, which came from the store `identity`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(content: &Content, identity: &Identity, to: &mut dyn Write) -> std::io::Result<()> {
    let mut digest = Sha256::new();
    let mut line = |value: &[u8]| {
        digest.update(value);
        digest.update(b"\n");
        to.write_all(value)?;
        to.write_all(b"\n")
    };
    line(&serde_json::to_vec(&Head { netkeep_export: FORMAT, store: identity.clone() })?)?;
    for (key, value) in content.iter() {
        let (text, base64) = match std::str::from_utf8(value) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(BASE64.encode(value))),
        };
        line(&serde_json::to_vec(&Line { key: key.clone(), text, base64 })?)?;
    }
    let end = End { entries: content.len(), sha256: HEXLOWER.encode(&digest.finalize()) };
    to.write_all(&serde_json::to_vec(&end)?)?;
    to.write_all(b"\n")?;
    to.flush()
}

/// Reads what [`write()`] wrote, whole or not at all, and the store that it came from.
///
/// # Errors
///
/// [`Kind::Invalid`](crate::Kind::Invalid) names the line that is wrong, the version that is not known, or what is
/// missing at the end.
pub fn read(from: &mut dyn BufRead) -> Result<(Content, Identity)> {
    let mut digest = Sha256::new();
    let mut lines = Lines { from, number: 0 };
    let first =
        lines.next()?.ok_or_else(|| Error::invalid("the file is empty; an export begins with a head"))?;
    #[derive(Deserialize)]
    struct Version {
        netkeep_export: u32,
    }
    let version: Version = parse(&first, 1, "the head of an export")?;
    if version.netkeep_export != FORMAT {
        return Err(Error::invalid(format!(
            "line 1: the export has format {}; this version reads format {FORMAT}",
            version.netkeep_export
        )));
    }
    let head: Head = parse(&first, 1, "the head of an export")?;
    let mut content = Content::default();
    let mut last: Option<Key> = None;
    let mut line = first;
    loop {
        digest.update(&line);
        line = lines.next()?.ok_or_else(|| {
            Error::invalid(format!(
                "the file ends after line {} without its end: a part is missing",
                lines.number
            ))
        })?;
        if line.starts_with(b"{\"entries\"") {
            break;
        }
        let entry: Line = parse(&line, lines.number, "an entry")?;
        let value = match (entry.text, entry.base64) {
            (Some(text), None) => Bytes::from(text),
            (None, Some(text)) => BASE64
                .decode(text.as_bytes())
                .map_err(|error| Error::invalid(format!("line {}: base64: {error}", lines.number)))?
                .into(),
            _ => {
                return Err(Error::invalid(format!(
                    "line {}: an entry has either text or base64",
                    lines.number
                )));
            }
        };
        if last.as_ref().is_some_and(|last| *last >= entry.key) {
            return Err(Error::invalid(format!("line {}: key {} is out of order", lines.number, entry.key)));
        }
        last = Some(entry.key.clone());
        content.0.insert(entry.key, value);
    }
    let end: End = parse(&line, lines.number, "the end of an export")?;
    if end.entries != content.len() {
        return Err(Error::invalid(format!(
            "the file says that it has {} entries, and has {}",
            end.entries,
            content.len()
        )));
    }
    if end.sha256 != HEXLOWER.encode(&digest.finalize()) {
        return Err(Error::invalid("the file was changed: its checksum does not fit"));
    }
    if lines.next()?.is_some() {
        return Err(Error::invalid(format!(
            "line {}: something follows the end of the export",
            lines.number
        )));
    }
    Ok((content, head.store))
}

struct Lines<'a> {
    from: &'a mut dyn BufRead,
    number: usize,
}

impl Lines<'_> {
    /// The next line with its end; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = self.from.read_until(b'\n', &mut line);
        let read = read.map_err(|error| Error::invalid("the file cannot be read").with_source(error))?;
        self.number += 1;
        Ok((read > 0).then_some(line))
    }
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8], number: usize, what: &str) -> Result<T> {
    serde_json::from_slice(line)
        .map_err(|error| Error::invalid(format!("line {number} is not {what}: {error}")))
}
