//! PBKDF2-HMAC-SHA256 (RFC 8018, section 5.2) over several output blocks at once.

use super::four::{self, FEWEST, LANES, Schedules};
use super::hmac::Key;
use super::{DIGEST, State, one, to_bytes};
use crate::vector::Vector;
use zeroize::Zeroize;

/// One output block `T_i` in the making, wiped when dropped.
pub struct Block256 {
    key: Key,
    /// `U_j` of the latest iteration.
    u: State,
    /// `U_1 ^ ... ^ U_j`: the output block for as many iterations as were done.
    t: State,
    /// `t` in bytes.
    output: [u8; DIGEST],
}

/// Output blocks by their number.
pub trait Blocks {
    /// The block with that number, always the same one.
    fn block(&mut self, index: usize) -> &mut Block256;
}

impl Blocks for [Block256] {
    fn block(&mut self, index: usize) -> &mut Block256 {
        &mut self[index]
    }
}

impl Block256 {
    /// Does the first iteration of output block `index`, which counts from 1.
    pub fn new(password: &[u8], salt: &[u8], index: u32) -> Self {
        let key = Key::new(password);
        let u = key.digest([salt, &index.to_be_bytes()]);
        Self {
            key,
            u,
            t: u,
            output: to_bytes(&u),
        }
    }

    /// Does `iterations` more iterations.
    pub fn run(&mut self, iterations: u32) {
        let midstates = [&self.key.inner, &self.key.outer];
        one::iterate(midstates, &mut self.u, &mut self.t, iterations);
        self.output = to_bytes(&self.t);
    }

    /// The output block for the iterations done so far.
    pub fn output(&self) -> &[u8; DIGEST] {
        &self.output
    }
}

impl Drop for Block256 {
    fn drop(&mut self) {
        self.u.zeroize();
        self.t.zeroize();
        self.output.zeroize();
    }
}

/// Does `iterations` more iterations of each of the `count` blocks.
pub fn run_many(blocks: &mut (impl Blocks + ?Sized), count: usize, iterations: u32) {
    let mut at = 0;
    while count - at >= FEWEST {
        let taken = LANES.min(count - at);
        run_lanes(blocks, at, taken, iterations);
        at += taken;
    }
    for index in at..count {
        blocks.block(index).run(iterations);
    }
}

/// Runs `count` blocks from `first` on, a lane to each; lanes that have none
/// repeat the last one's work.
#[inline(never)]
fn run_lanes(blocks: &mut (impl Blocks + ?Sized), first: usize, count: usize, iterations: u32) {
    let mut lanes = Lanes::default();
    for lane in 0..LANES {
        let block = blocks.block(first + lane.min(count - 1));
        four::insert(&mut lanes.inner, lane, &block.key.inner);
        four::insert(&mut lanes.outer, lane, &block.key.outer);
        four::insert(&mut lanes.u, lane, &block.u);
        four::insert(&mut lanes.t, lane, &block.t);
    }
    lanes.run(iterations);
    for lane in 0..count {
        let block = blocks.block(first + lane);
        block.u = four::extract(&lanes.u, lane);
        block.t = four::extract(&lanes.t, lane);
        block.output = to_bytes(&block.t);
    }
}

/// The fields of four blocks, a lane to each, wiped when dropped.
#[derive(Default)]
struct Lanes {
    inner: [Vector; 8],
    outer: [Vector; 8],
    u: [Vector; 8],
    t: [Vector; 8],
}

impl Lanes {
    fn run(&mut self, iterations: u32) {
        let mut schedules = Schedules::new();
        *schedules.digests() = self.u;
        for _ in 0..iterations {
            for midstates in [&self.inner, &self.outer] {
                let mut states = *midstates;
                schedules.compress(&mut states);
                *schedules.digests() = states;
            }
            for (t, u) in self.t.iter_mut().zip(schedules.digests()) {
                *t = *t ^ *u;
            }
        }
        self.u = *schedules.digests();
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for field in [&mut self.inner, &mut self.outer, &mut self.u, &mut self.t] {
            field.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_bytes::TestBytes;
    use sha2::Sha256;

    #[test]
    fn equals_the_pbkdf2_crate_however_many_run_together() {
        let mut random = TestBytes::new(20);
        for case in 0..300 {
            let count = case % 10;
            let inputs: Vec<_> = (0..count)
                .map(|_| (random.up_to(150), random.up_to(150)))
                .collect();
            let mut blocks: Vec<_> = inputs
                .iter()
                .map(|(password, salt)| Block256::new(password, salt, 1))
                .collect();
            // Blocks join with different numbers of iterations behind them.
            for (index, block) in blocks.iter_mut().enumerate() {
                block.run(index as u32);
            }
            let slices = [random.below(5) as u32, random.below(5) as u32];
            for slice in slices {
                run_many(&mut blocks[..], count, slice);
            }
            for (index, (password, salt)) in inputs.iter().enumerate() {
                let iterations = 1 + index as u32 + slices[0] + slices[1];
                let mut expected = [0; DIGEST];
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut expected);
                assert_eq!(blocks[index].output(), &expected, "case {case}");
            }
        }
    }

    #[test]
    fn rfc_7914s_vectors() {
        // RFC 7914, section 11: the first 32 of 64 bytes.
        for (password, salt, iterations, expected) in [
            (
                &b"passwd"[..],
                &b"salt"[..],
                1,
                *b"\x55\xac\x04\x6e\x56\xe3\x08\x9f\xec\x16\x91\xc2\x25\x44\xb6\x05\
                   \xf9\x41\x85\x21\x6d\xde\x04\x65\xe6\x8b\x9d\x57\xc2\x0d\xac\xbc",
            ),
            (
                b"Password",
                b"NaCl",
                80_000,
                *b"\x4d\xdc\xd8\xf6\x0b\x98\xbe\x21\x83\x0c\xee\x5e\xf2\x27\x01\xf9\
                   \x64\x1a\x44\x18\xd0\x4c\x04\x14\xae\xff\x08\x87\x6b\x34\xab\x56",
            ),
        ] {
            let mut block = Block256::new(password, salt, 1);
            block.run(iterations - 1);
            assert_eq!(block.output(), &expected);
        }
    }
}
