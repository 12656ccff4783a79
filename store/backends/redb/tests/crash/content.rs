//! The bytes of a disk.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

const BLOCK: u64 = 4096;

/// The bytes of a file, in blocks; a clone shares those that are the same. A block that was never written is zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    length: u64,
    blocks: BTreeMap<u64, Arc<[u8]>>,
}

impl Content {
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Reads what lies within the length.
    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (at, range) in pieces(offset, out.len()) {
            let start = (at % BLOCK) as usize;
            let out = &mut out[range];
            match self.blocks.get(&(at / BLOCK)) {
                Some(block) => out.copy_from_slice(&block[start..start + out.len()]),
                None => out.fill(0),
            }
        }
        Ok(())
    }

    /// Writes, also beyond the length, which stays as it is: what lies there is seen once the length has grown.
    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) {
        for (at, range) in pieces(offset, data.len()) {
            let start = (at % BLOCK) as usize;
            let data = &data[range];
            if data.len() as u64 == BLOCK {
                self.blocks.insert(at / BLOCK, data.into());
                continue;
            }
            let mut block = match self.blocks.get(&(at / BLOCK)) {
                Some(block) => block.to_vec(),
                None => vec![0; BLOCK as usize],
            };
            block[start..start + data.len()].copy_from_slice(data);
            self.blocks.insert(at / BLOCK, block.into());
        }
    }

    /// Gives the file another length. What lies beyond it is gone, and zeros once the file grows again.
    pub(crate) fn resize(&mut self, length: u64) {
        self.blocks.split_off(&length.div_ceil(BLOCK));
        let within = (length % BLOCK) as usize;
        if within > 0
            && let Some(block) = self.blocks.get(&(length / BLOCK))
        {
            let mut block = block.to_vec();
            block[within..].fill(0);
            self.blocks.insert(length / BLOCK, block.into());
        }
        self.length = length;
    }

    /// Writes all of it to a file, to be looked at.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap()];
        self.read(0, &mut bytes)?;
        std::fs::write(path, bytes)
    }

    /// True if exactly these bytes lie there.
    pub(crate) fn holds(&self, offset: u64, data: &[u8]) -> bool {
        pieces(offset, data.len()).all(|(at, range)| {
            let (start, data) = ((at % BLOCK) as usize, &data[range]);
            match self.blocks.get(&(at / BLOCK)) {
                Some(block) => block[start..start + data.len()] == *data,
                None => data.iter().all(|byte| *byte == 0),
            }
        })
    }
}

/// The parts of `count` bytes from `offset` on that lie in one block each: where each is, and which bytes it has.
fn pieces(offset: u64, count: usize) -> impl Iterator<Item = (u64, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == count {
            return None;
        }
        let at = offset + done as u64;
        let here = ((BLOCK - at % BLOCK) as usize).min(count - done);
        done += here;
        Some((at, done - here..done))
    })
}
