//! SHA-256 of a message that comes in parts.

use super::{BLOCK, State, one, pad, wipe};
use zeroize::Zeroize;

/// A hash in the making: wiped when dropped.
pub struct Hasher {
    state: State,
    /// The bytes that do not fill a block yet.
    block: [u8; BLOCK],
    /// A word, as all the rest: between fields of one alignment there are no
    /// bytes that are moved along and never wiped.
    length: usize,
}

impl Hasher {
    /// Goes on from a chaining value that has absorbed `length` bytes, whole
    /// blocks.
    pub fn new(state: State, length: usize) -> Self {
        Self {
            state,
            block: [0; BLOCK],
            length,
        }
    }

    /// Absorbs bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let filled = self.length % BLOCK;
        self.length += bytes.len();
        if filled > 0 {
            let taken = bytes.len().min(BLOCK - filled);
            self.block[filled..filled + taken].copy_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if filled + taken < BLOCK {
                return;
            }
            one::compress(&mut self.state, &self.block);
        }
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            one::compress(&mut self.state, block);
        }
        self.block[..rest.len()].copy_from_slice(rest);
    }

    /// The digest of what was absorbed.
    pub fn finish(&self) -> State {
        let mut state = self.state;
        let mut last = [[0; BLOCK]; 2];
        let used = pad(
            &self.block[..self.length % BLOCK],
            self.length as u64,
            &mut last,
        );
        for block in &last[..used] {
            one::compress(&mut state, block);
        }
        last.iter_mut().for_each(wipe);
        state
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.state.zeroize();
        wipe(&mut self.block);
        self.length.zeroize();
    }
}
