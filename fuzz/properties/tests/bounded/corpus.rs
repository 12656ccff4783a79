//! The samples: the seeds of the fuzz targets, and the stored forms that were ever released.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The samples of a property, in the order of their files.
pub(crate) fn samples(property: &str) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples: Vec<Vec<u8>> = match property {
        "record" => {
            files(&here.join("../../model/tests/golden")).iter().flat_map(|file| golden(file)).collect()
        }
        _ => files(&here.join("corpus").join(property)).iter().flat_map(|file| parts(file)).collect(),
    };
    assert!(!samples.is_empty(), "{property} has no samples");
    samples
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A text file has one sample in each line, any other file is one.
fn parts(file: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    if file.extension().is_some_and(|extension| extension == "txt") {
        bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    } else {
        vec![bytes]
    }
}

/// A golden file as it is, and with its smallest record as the stored one.
fn golden(file: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    let whole: Value = serde_json::from_slice(&bytes).unwrap();
    let (full, minimal) = (&whole["stored"]["record"], &whole["minimal"]);
    let stored = json!({"kind": whole["stored"]["kind"], "version": 1, "record": minimal});
    let smallest = json!({"key": whole["key"], "stored": stored, "minimal": full});
    vec![bytes, smallest.to_string().into_bytes()]
}
