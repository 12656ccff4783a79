//! Ports on 127.0.0.1 that stay with a fixture, also while its server is down.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::{Error, Kind, Result};

/// Where to look for ports: below those that the system hands out for outgoing connections, of which one could
/// otherwise take the port of a server that is down for the moment.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;

/// A port that no other fixture of any process takes while this is alive.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// Locked; the lock goes with the process, however that ends.
    _lock: File,
}

impl Port {
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// As many free ports as wanted. The folder holds the locks.
pub(crate) fn take(count: usize, locks: &Path) -> Result<Vec<Port>> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    fs::create_dir_all(locks)
        .map_err(|error| Error::failed(format!("cannot make {}", locks.display()), error))?;
    let width = LAST - FIRST;
    // Processes that start together begin far from each other.
    let start = (std::process::id().wrapping_mul(97) % u32::from(width)) as u16;
    let mut ports = Vec::with_capacity(count);
    for _ in 0..width {
        if ports.len() == count {
            break;
        }
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % width;
        let number = FIRST + (start + step) % width;
        if let Some(port) = try_take(number, locks) {
            ports.push(port);
        }
    }
    if ports.len() < count {
        return Err(Error::new(Kind::Failed, format!("no {count} ports from {FIRST} to {LAST} are free")));
    }
    Ok(ports)
}

fn try_take(number: u16, locks: &Path) -> Option<Port> {
    let lock = File::options().create(true).append(true).open(locks.join(number.to_string())).ok()?;
    lock.try_lock().ok()?;
    // Containers publish on 127.0.0.1 and processes listen there; somebody else may listen everywhere.
    TcpListener::bind(("0.0.0.0", number)).ok()?;
    std::net::UdpSocket::bind(("0.0.0.0", number)).ok()?;
    Some(Port { number, _lock: lock })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_are_kept() {
        let locks = tempfile::tempdir().unwrap();
        let ports = take(10, locks.path()).unwrap();
        let numbers: std::collections::BTreeSet<u16> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 10);
        for number in &numbers {
            assert!(try_take(*number, locks.path()).is_none(), "{number} is kept");
        }
        drop(ports);
        assert!(numbers.iter().any(|number| try_take(*number, locks.path()).is_some()));
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        let locks = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(try_take(listener.local_addr().unwrap().port(), locks.path()).is_none());
    }
}
