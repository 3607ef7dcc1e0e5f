//! AES-128 over eight blocks at once, bitsliced.

use super::planes::{self, add, mix_columns, mix_columns_back, shuffle, transpose};
use super::sbox::{Planes, substitute, substitute_back};
use super::{BLOCK, ROUNDS, load, store};
use crate::vector::Vector;
use core::hint::black_box;
use zeroize::Zeroize;

/// Blocks in a step.
pub const LANES: usize = 8;

/// The round keys of one key, the same for all eight blocks, for encryption and
/// decryption: both keep the same state after the same round. They are wiped
/// when dropped.
pub struct Keys {
    /// Key `r` with ShiftRows undone `r` times, and with the 0x63 that the
    /// circuits leave out.
    rounds: [Planes; ROUNDS + 1],
}

impl Keys {
    /// Takes the round keys of one key.
    pub fn new(expanded: &[Vector; ROUNDS + 1]) -> Self {
        let shuffles = black_box(&planes::SHIFT_ROWS);
        let mut rounds = [[Vector::ZERO; 8]; ROUNDS + 1];
        for (round, (place, &key)) in rounds.iter_mut().zip(expanded).enumerate() {
            let left_out = Vector::from_words([0x6363_6363; 4]);
            let key = if round == 0 { key } else { key ^ left_out };
            *place = planes::every_block(key.swizzle(shuffles[round.wrapping_neg() % 4]));
        }
        Self { rounds }
    }

    /// Encrypts eight blocks in planes.
    #[inline(always)]
    fn encrypt(&self, planes: &Planes) -> Planes {
        let mut state = add(planes, &self.rounds[0]);
        let turns = black_box(&planes::TURNS);
        for round in 1..ROUNDS {
            state = add(
                &mix_columns(&substitute(&state), &turns[round % 4]),
                &self.rounds[round],
            );
        }
        state = add(&substitute(&state), &self.rounds[10]);
        shuffle(&state, black_box(&planes::SHIFT_ROWS)[2])
    }

    /// Decrypts eight blocks.
    #[inline(always)]
    pub fn decrypt(&self, blocks: &Planes) -> Planes {
        let state = add(
            &shuffle(&transpose(blocks), black_box(&planes::SHIFT_ROWS)[2]),
            &self.rounds[10],
        );
        let turns = black_box(&planes::TURNS);
        let mut state = substitute_back(&state);
        for round in (1..ROUNDS).rev() {
            state = add(&state, &self.rounds[round]);
            state = substitute_back(&mix_columns_back(&state, &turns[round % 4]));
        }
        transpose(&add(&state, &self.rounds[0]))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.rounds.as_flattened_mut().zeroize();
    }
}

/// The 16 bytes before each of `places`, which CBC adds to the block there, in
/// planes.
#[inline(never)]
pub fn chain(data: &[u8], places: &[usize; LANES]) -> Planes {
    transpose(&places.map(|place| load(data, place - BLOCK)))
}

/// Encrypts the block of `data` at each of `places`, added to its lane of `chain`,
/// which becomes the result: kept in planes, it does not wait for the way into
/// blocks and back. A place may be there repeatedly.
// Not inlined: V8 optimizes a function while it is called often, and never
// replaces one in the middle of a long loop.
#[inline(never)]
pub fn encrypt_step(keys: &Keys, chain: &mut Planes, data: &mut [u8], places: &[usize; LANES]) {
    let plain = transpose(&places.map(|place| load(data, place)));
    *chain = keys.encrypt(&add(&plain, chain));
    for (block, &place) in transpose(chain).iter().zip(places) {
        store(data, place, *block);
    }
}

/// Decrypts the block of `data` at each of `places` and adds the 16 bytes before
/// it, or `iv` at place 0. Of two places in one message the later comes first, so
/// that no predecessor is overwritten too early; the last one may be repeated.
#[inline(never)]
pub fn decrypt_step(keys: &Keys, iv: Vector, data: &mut [u8], places: &[usize; LANES]) {
    let blocks = keys.decrypt(&places.map(|place| load(data, place)));
    for (block, &place) in blocks.iter().zip(places) {
        let before = match place.checked_sub(BLOCK) {
            Some(before) => load(data, before),
            None => iv,
        };
        store(data, place, *block ^ before);
    }
}
