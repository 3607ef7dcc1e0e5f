//! Repeatable test data: SHA-256 in counter mode over a seed.

use sha2::{Digest, Sha256};

pub struct TestBytes {
    seed: u64,
    counter: u64,
}

impl TestBytes {
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while out.len() < length {
            let mut hash = Sha256::new();
            hash.update(self.seed.to_be_bytes());
            hash.update(self.counter.to_be_bytes());
            out.extend_from_slice(&hash.finalize());
            self.counter += 1;
        }
        out.truncate(length);
        out
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from_be_bytes(self.bytes(8).try_into().unwrap()) % bound
    }

    /// Bytes of a length from 0 to `longest`.
    pub fn up_to(&mut self, longest: usize) -> Vec<u8> {
        let length = self.below(longest + 1);
        self.bytes(length)
    }
}
