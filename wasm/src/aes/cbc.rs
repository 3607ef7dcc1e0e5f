//! CBC (NIST SP 800-38A, section 6.2) over whole blocks, in place.

use super::bitsliced::{self, LANES};
use super::{Aes128, BLOCK, Block, load};
use crate::vector::Vector;
use core::ops::Range;

/// Up to so many messages at once are encrypted by byte shuffles.
const SERIAL_LANES: usize = 4;
/// Blocks in a call by byte shuffles: V8 optimizes a function while it is called
/// often, and never replaces one in the middle of a long loop.
const SERIAL_BLOCKS: usize = 256;

impl Aes128 {
    /// Encrypts `data`, one message or a part of one, and moves `iv` on to its
    /// last block.
    ///
    /// # Panics
    ///
    /// When `data` has a part of a block.
    pub fn cbc_encrypt(&self, iv: &mut Block, data: &mut [u8]) {
        assert!(data.len().is_multiple_of(BLOCK));
        for part in data.chunks_mut(SERIAL_BLOCKS * BLOCK) {
            let count = part.len() / BLOCK;
            let chain = [Vector::from_bytes(iv)];
            self.serial.cbc_encrypt(chain, part, [0], count);
            *iv = load(part, part.len() - BLOCK).to_bytes();
        }
    }

    /// Encrypts the messages at `jobs` in `data`. Each is of whole blocks and has
    /// its IV in the 16 bytes before it.
    ///
    /// # Panics
    ///
    /// When a job is not inside `data`, has no IV, or has a part of a block.
    pub fn cbc_encrypt_many(&self, data: &mut [u8], jobs: impl Iterator<Item = Range<usize>>) {
        let mut jobs = jobs.filter(|job| !job.is_empty());
        // Lane `n` is at `places[n]` and ends at `ends[n]`; the first `active`
        // lanes have a message.
        let mut places = [0; LANES];
        let mut ends = [0; LANES];
        let mut active = 0;
        loop {
            let mut lane = 0;
            while lane < LANES {
                if lane < active && places[lane] < ends[lane] {
                    lane += 1;
                } else if let Some(job) = jobs.next() {
                    assert_is_message(data.len(), &job);
                    (places[lane], ends[lane]) = (job.start, job.end);
                    active = active.max(lane + 1);
                    lane += 1;
                } else if lane < active {
                    active -= 1;
                    (places[lane], ends[lane]) = (places[active], ends[active]);
                } else {
                    break;
                }
            }
            if active == 0 {
                return;
            }
            let left = |lane: usize| (ends[lane] - places[lane]) / BLOCK;
            let steps = (0..active).map(left).min().unwrap_or(0);
            if active <= SERIAL_LANES {
                self.encrypt_serially(data, &mut places[..active], steps);
            } else {
                // A lane without a message repeats one that has.
                let first = places[0];
                places[active..].fill(first);
                let mut chain = bitsliced::chain(data, &places);
                for _ in 0..steps {
                    bitsliced::encrypt_step(&self.bitsliced, &mut chain, data, &places);
                    for place in &mut places {
                        *place += BLOCK;
                    }
                }
            }
        }
    }

    /// Encrypts `count` blocks from each of `places` and moves them on.
    fn encrypt_serially(&self, data: &mut [u8], places: &mut [usize], mut count: usize) {
        while count > 0 {
            let steps = count.min(SERIAL_BLOCKS);
            match *places {
                [a] => self.encrypt_lanes(data, [a], steps),
                [a, b] => self.encrypt_lanes(data, [a, b], steps),
                // Twice the same message comes to the same.
                [a, b, c] => self.encrypt_lanes(data, [a, b, c, c], steps),
                [a, b, c, d] => self.encrypt_lanes(data, [a, b, c, d], steps),
                _ => unreachable!(),
            }
            for place in &mut *places {
                *place += steps * BLOCK;
            }
            count -= steps;
        }
    }

    fn encrypt_lanes<const N: usize>(&self, data: &mut [u8], places: [usize; N], count: usize) {
        let ivs = places.map(|place| load(data, place - BLOCK));
        self.serial.cbc_encrypt(ivs, data, places, count);
    }

    /// Decrypts `data`, one message or a part of one, and moves `iv` on to its
    /// last ciphertext block.
    ///
    /// # Panics
    ///
    /// When `data` has a part of a block.
    pub fn cbc_decrypt(&self, iv: &mut Block, data: &mut [u8]) {
        let Some(&last) = data.last_chunk() else {
            assert!(data.is_empty());
            return;
        };
        assert!(data.len().is_multiple_of(BLOCK));
        let places = (0..data.len()).step_by(BLOCK).rev();
        self.decrypt_pooled(Vector::from_bytes(iv), data, places);
        *iv = last;
    }

    /// Decrypts the messages at `jobs` in `data`. Each is of whole blocks and has
    /// its IV in the 16 bytes before it.
    ///
    /// # Panics
    ///
    /// When a job is not inside `data`, has no IV, or has a part of a block.
    pub fn cbc_decrypt_many(&self, data: &mut [u8], jobs: impl Iterator<Item = Range<usize>>) {
        let length = data.len();
        let places = jobs.flat_map(|job| {
            assert_is_message(length, &job);
            job.step_by(BLOCK).rev()
        });
        self.decrypt_pooled(Vector::ZERO, data, places);
    }

    /// Decrypts the blocks at `places`, which lead through a message from its end,
    /// so that every block's predecessor is still there.
    fn decrypt_pooled(&self, iv: Vector, data: &mut [u8], places: impl Iterator<Item = usize>) {
        let mut pool = [0; LANES];
        let mut pooled = 0;
        for place in places {
            pool[pooled] = place;
            pooled += 1;
            if pooled == LANES {
                bitsliced::decrypt_step(&self.bitsliced, iv, data, &pool);
                pooled = 0;
            }
        }
        if pooled > 0 {
            // The last one again: no other overwrites what is before it.
            let last = pool[pooled - 1];
            pool[pooled..].fill(last);
            bitsliced::decrypt_step(&self.bitsliced, iv, data, &pool);
        }
    }
}

fn assert_is_message(length: usize, job: &Range<usize>) {
    assert!(job.is_empty() || job.start >= BLOCK && job.end <= length);
    assert!(job.len().is_multiple_of(BLOCK));
}
