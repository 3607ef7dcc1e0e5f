//! AES-128 over eight blocks at once, bitsliced.

use super::planes::{self, add, mix_columns, mix_columns_back, shuffle, transpose};
use super::sbox::{Planes, substitute, substitute_back};
use super::{BLOCK, Block};
use crate::vector::Vector;

/// Blocks in a step.
pub const LANES: usize = 8;
const ROUNDS: usize = 10;

/// The round keys of one key, the same for all eight blocks, for encryption and
/// decryption: both keep the same state after the same round. They are wiped
/// when dropped.
pub struct Keys {
    /// Key `r` with ShiftRows undone `r` times, and with the 0x63 that the
    /// circuits leave out.
    rounds: [Planes; ROUNDS + 1],
}

impl Keys {
    /// Expands `key` in constant time.
    pub fn new(key: &Block) -> Self {
        let bytes = Vector::from_bytes(key);
        let mut state: Planes = core::array::from_fn(|bit| {
            let bit = Vector::from_words([0x0101_0101 << bit; 4]);
            (bytes & bit).equal_bytes(bit)
        });
        let mut rounds = [state; ROUNDS + 1];
        let mut constant = 1_u32;
        for (round, place) in rounds.iter_mut().enumerate().skip(1) {
            let word = shuffle(&substitute(&state), planes::ROTATED_LAST_WORD);
            let columns = add(&state, &shuffle(&state, planes::ONE_COLUMN_ON));
            let columns = add(&columns, &shuffle(&columns, planes::TWO_COLUMNS_ON));
            // With the 0x63 that the circuit leaves out.
            state = add(
                &add(&columns, &word),
                &planes::every_word(0x6363_6363 ^ constant),
            );
            constant = constant << 1 ^ (constant >> 7) * 0x11b;
            let turned = shuffle(&state, planes::SHIFT_ROWS[(ROUNDS * 4 - round) % 4]);
            *place = add(&turned, &planes::every_word(0x6363_6363));
        }
        Self { rounds }
    }

    /// Encrypts eight blocks.
    #[inline(always)]
    pub fn encrypt(&self, blocks: &Planes) -> Planes {
        let mut state = add(&transpose(blocks), &self.rounds[0]);
        for round in [0, 4] {
            state = self.encrypt_round::<1>(&state, round + 1);
            state = self.encrypt_round::<2>(&state, round + 2);
            state = self.encrypt_round::<3>(&state, round + 3);
            state = self.encrypt_round::<0>(&state, round + 4);
        }
        state = self.encrypt_round::<1>(&state, 9);
        state = add(&substitute(&state), &self.rounds[10]);
        transpose(&shuffle(&state, planes::SHIFT_ROWS[2]))
    }

    #[inline(always)]
    fn encrypt_round<const TURN: usize>(&self, state: &Planes, round: usize) -> Planes {
        add(
            &mix_columns::<TURN>(&substitute(state)),
            &self.rounds[round],
        )
    }

    /// Decrypts eight blocks.
    #[inline(always)]
    pub fn decrypt(&self, blocks: &Planes) -> Planes {
        let state = add(
            &shuffle(&transpose(blocks), planes::SHIFT_ROWS[2]),
            &self.rounds[10],
        );
        let mut state = self.decrypt_round::<1>(&substitute_back(&state), 9);
        for round in [4, 0] {
            state = self.decrypt_round::<0>(&state, round + 4);
            state = self.decrypt_round::<3>(&state, round + 3);
            state = self.decrypt_round::<2>(&state, round + 2);
            state = self.decrypt_round::<1>(&state, round + 1);
        }
        transpose(&add(&state, &self.rounds[0]))
    }

    #[inline(always)]
    fn decrypt_round<const TURN: usize>(&self, state: &Planes, round: usize) -> Planes {
        substitute_back(&mix_columns_back::<TURN>(&add(state, &self.rounds[round])))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        for plane in self.rounds.as_flattened_mut() {
            zeroize::Zeroize::zeroize(plane);
        }
    }
}

/// Encrypts the block of `data` at each of up to eight `places`, added to the 16
/// bytes before it: its predecessor's ciphertext or the IV.
// Not inlined: V8 optimizes a function while it is called often, and never
// replaces one in the middle of a long loop.
#[inline(never)]
pub fn encrypt_step(keys: &Keys, data: &mut [u8], places: &[usize]) {
    let mut blocks = [Vector::ZERO; LANES];
    for (block, &place) in blocks.iter_mut().zip(places) {
        *block = load(data, place) ^ load(data, place - BLOCK);
    }
    let blocks = keys.encrypt(&blocks);
    for (block, &place) in blocks.iter().zip(places) {
        data[place..][..BLOCK].copy_from_slice(&block.to_bytes());
    }
}

/// Decrypts the block of `data` at each of up to eight `places` and adds the 16
/// bytes before it, or `iv` at place 0. Of two places in one message the later
/// comes first, so that no predecessor is overwritten too early.
#[inline(never)]
pub fn decrypt_step(keys: &Keys, iv: &Block, data: &mut [u8], places: &[usize]) {
    let mut blocks = [Vector::ZERO; LANES];
    for (block, &place) in blocks.iter_mut().zip(places) {
        *block = load(data, place);
    }
    let blocks = keys.decrypt(&blocks);
    for (block, &place) in blocks.iter().zip(places) {
        let before = match place.checked_sub(BLOCK) {
            Some(before) => load(data, before),
            None => Vector::from_bytes(iv),
        };
        data[place..][..BLOCK].copy_from_slice(&(*block ^ before).to_bytes());
    }
}

#[inline(always)]
fn load(data: &[u8], place: usize) -> Vector {
    Vector::from_bytes(data[place..].first_chunk().expect("a place has a block"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fips_197() {
        let key: Block = core::array::from_fn(|i| i as u8);
        let plain: Block = core::array::from_fn(|i| (i * 0x11) as u8);
        let keys = Keys::new(&key);
        let out = keys.encrypt(&[Vector::from_bytes(&plain); 8]);
        println!("{:02x?}", out.map(|v| v.to_bytes()));
        let back = keys.decrypt(&out);
        assert_eq!(back[3].to_bytes(), plain);
        assert_eq!(out[3].to_bytes()[..3], [0x69, 0xc4, 0xe0]);
    }
}
