//! A small process that removes what is left when this one dies without having cleaned up.
//!
//! A test that is killed, or that keeps a server in a static, drops nothing. The watchdog notices the end of the
//! pipe between them.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

const SCRIPT: &str = include_str!("watchdog.sh");

static PIPE: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// Has a container, a network or a folder removed when this process ends.
pub(crate) fn remember(what: &str, name: &str) {
    let mut pipe = PIPE.lock().unwrap_or_else(PoisonError::into_inner);
    if pipe.is_none() {
        *pipe = start();
    }
    let Some(input) = pipe.as_mut() else { return };
    if writeln!(input, "{what} {name}").is_err() {
        // It was killed. What it knew is found at the next start, by its owner.
        *pipe = None;
    }
}

fn start() -> Option<ChildStdin> {
    // A group of its own: the key that ends a test at a terminal must not end this.
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().ok()?.stdin
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_script_removes_folders_when_its_input_ends() {
        let parent = tempfile::tempdir().unwrap();
        let folders = [parent.path().join("one"), parent.path().join("with a blank")];
        let mut input = start().unwrap();
        for folder in &folders {
            std::fs::create_dir(folder).unwrap();
            writeln!(input, "folder {}", folder.display()).unwrap();
        }
        writeln!(input, "folder {}", parent.path().join("absent").display()).unwrap();
        assert!(folders.iter().all(|folder| folder.is_dir()));
        drop(input);
        let end = Instant::now() + Duration::from_secs(30);
        while folders.iter().any(|folder| folder.exists()) {
            assert!(Instant::now() < end, "still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
