//! AES-128-CBC of one stream or a few, by byte shuffles alone (see `tower`).
//!
//! CBC makes each block wait for the one before it, so what counts here is the
//! length of the chain of operations through a round, not their number:
//! MixColumns looks up once, twice and three times the S-box side by side.

use super::tower::{self, Sum};
use super::{BLOCK, Block, ROUNDS, load, store};
use crate::vector::Vector;
use core::hint::black_box;
use zeroize::Zeroize;

/// The round keys of one key, wiped when dropped.
pub struct Keys {
    /// As pairs, with the 0x63 of the S-box.
    rounds: [Vector; ROUNDS],
    /// The last one as it is, but for the 0x63.
    last: Vector,
    /// The last one and the first, as pairs: from one block to the next.
    chain: Vector,
}

struct Tables {
    low_nibbles: Vector,
    pair: [Vector; 2],
    one_by: Vector,
    a_by: Vector,
    plain: [Vector; 2],
    once: [Vector; 2],
    twice: [Vector; 2],
    thrice: [Vector; 2],
    /// ShiftRows, and each column turned by 0 to 3 rows.
    turns: [Vector; 4],
    rotated_last_word: Vector,
    one_column_on: Vector,
    two_columns_on: Vector,
}

// In memory, and out of the compiler's sight by `black_box`: V8 is slow to build
// constants, and a known shuffle becomes `i8x16.shuffle`, which has one in it.
static TABLES: Tables = Tables {
    low_nibbles: Vector::from_words([0x0f0f_0f0f; 4]),
    pair: both(tower::PAIR),
    one_by: Vector::constant(tower::ONE_BY),
    a_by: Vector::constant(tower::A_BY),
    plain: both(tower::PLAIN),
    once: both(tower::ONCE),
    twice: both(tower::TWICE),
    thrice: both(tower::THRICE),
    turns: [turn(0), turn(1), turn(2), turn(3)],
    rotated_last_word: Vector::constant([
        13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12,
    ]),
    one_column_on: Vector::constant([16, 16, 16, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    two_columns_on: Vector::constant([16, 16, 16, 16, 16, 16, 16, 16, 0, 1, 2, 3, 4, 5, 6, 7]),
};

const fn both(sum: Sum) -> [Vector; 2] {
    [Vector::constant(sum.0), Vector::constant(sum.1)]
}

const fn turn(rows: usize) -> Vector {
    let mut indices = [0; BLOCK];
    let mut byte = 0;
    while byte < BLOCK {
        let row = (byte + rows) % 4;
        indices[byte] = ((byte / 4 + row) % 4 * 4 + row) as u8;
        byte += 1;
    }
    Vector::constant(indices)
}

impl Tables {
    /// The nibbles of every byte, the low ones first.
    #[inline(always)]
    fn nibbles(&self, bytes: Vector) -> [Vector; 2] {
        [
            bytes & self.low_nibbles,
            bytes.shift_right::<4>() & self.low_nibbles,
        ]
    }

    /// Bytes of AES to pairs.
    #[inline(always)]
    fn to_pairs(&self, bytes: Vector) -> Vector {
        look_up(&self.pair, self.nibbles(bytes))
    }

    /// `1 / u` and `1 / w`, which the tables of the S-box take.
    #[inline(always)]
    fn invert(&self, pairs: Vector) -> [Vector; 2] {
        let [k, i] = self.nibbles(pairs);
        let j = i ^ k;
        let a_by_k = self.a_by.swizzle(k);
        let first = self.one_by.swizzle(i) ^ a_by_k;
        let second = self.one_by.swizzle(j) ^ a_by_k;
        [
            self.one_by.swizzle(first) ^ j,
            self.one_by.swizzle(second) ^ i,
        ]
    }

    /// SubBytes, ShiftRows, MixColumns and AddRoundKey.
    #[inline(always)]
    fn round(&self, state: Vector, key: Vector) -> Vector {
        let inverse = self.invert(state);
        let once = look_up(&self.once, inverse);
        let twice = look_up(&self.twice, inverse);
        let thrice = look_up(&self.thrice, inverse);
        let [turn0, turn1, turn2, turn3] = self.turns;
        ((twice.swizzle(turn0) ^ key) ^ thrice.swizzle(turn1))
            ^ (once.swizzle(turn2) ^ once.swizzle(turn3))
    }
}

#[inline(always)]
fn look_up(tables: &[Vector; 2], indices: [Vector; 2]) -> Vector {
    tables[0].swizzle(indices[0]) ^ tables[1].swizzle(indices[1])
}

/// The round keys of AES-128 (FIPS 197, section 5.2).
pub struct Schedule {
    /// As they are.
    pub bytes: [Vector; ROUNDS + 1],
    pairs: [Vector; ROUNDS + 1],
}

impl Schedule {
    /// Expands `key` in constant time.
    pub fn new(key: &Block) -> Self {
        let tables = black_box(&TABLES);
        let key = Vector::from_bytes(key);
        let mut bytes = [key; ROUNDS + 1];
        // Both forms are carried along: to derive one from the other would make
        // each round wait for it.
        let mut pairs = [tables.to_pairs(key); ROUNDS + 1];
        for (index, constants) in tower::ROUND_CONSTANTS.iter().enumerate() {
            let inverse = tables.invert(pairs[index]);
            let next = |key: Vector, substituted: Vector, constant: u32| {
                let columns = key ^ key.swizzle(tables.one_column_on);
                let columns = columns ^ columns.swizzle(tables.two_columns_on);
                let constant = Vector::from_words([constant; 4]);
                columns ^ constant ^ substituted.swizzle(tables.rotated_last_word)
            };
            bytes[index + 1] = next(bytes[index], look_up(&tables.plain, inverse), constants[0]);
            pairs[index + 1] = next(pairs[index], look_up(&tables.once, inverse), constants[1]);
        }
        Self { bytes, pairs }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.bytes.zeroize();
        self.pairs.zeroize();
    }
}

impl Keys {
    /// Takes the round keys of one key.
    pub fn new(schedule: &Schedule) -> Self {
        let left_out = Vector::from_words([tower::LEFT_OUT[1]; 4]);
        let mut rounds = schedule.pairs.map(|key| key ^ left_out);
        rounds[0] = schedule.pairs[0];
        Self {
            chain: rounds[ROUNDS] ^ rounds[0],
            last: schedule.bytes[ROUNDS] ^ Vector::from_words([tower::LEFT_OUT[0]; 4]),
            rounds: *rounds.first_chunk().unwrap_or_else(|| unreachable!()),
        }
    }

    /// Encrypts `count` blocks of each of `LANES` streams in CBC mode. Those of
    /// stream `n` begin at `places[n]` in `data` and chain from `ivs[n]`.
    // Not inlined: see `bitsliced::encrypt_step`.
    #[inline(never)]
    pub fn cbc_encrypt<const LANES: usize>(
        &self,
        ivs: [Vector; LANES],
        data: &mut [u8],
        mut places: [usize; LANES],
        count: usize,
    ) {
        let tables = black_box(&TABLES);
        let [first, keys @ ..] = &self.rounds;
        // The chain of operations leads from pairs to pairs, past the bytes.
        let mut chain = ivs.map(|iv| tables.to_pairs(iv) ^ *first);
        for _ in 0..count {
            let mut state: [Vector; LANES] = core::array::from_fn(|lane| {
                tables.to_pairs(load(data, places[lane])) ^ chain[lane]
            });
            for &key in keys {
                state = state.map(|state| tables.round(state, key));
            }
            for lane in 0..LANES {
                let inverse = tables.invert(state[lane]);
                let pairs = look_up(&tables.once, inverse).swizzle(tables.turns[0]);
                let bytes = look_up(&tables.plain, inverse).swizzle(tables.turns[0]);
                chain[lane] = pairs ^ self.chain;
                store(data, places[lane], bytes ^ self.last);
                places[lane] += BLOCK;
            }
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.rounds.zeroize();
        self.last.zeroize();
        self.chain.zeroize();
    }
}
