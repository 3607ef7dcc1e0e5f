//! Eight blocks as eight bit planes (E. Käsper and P. Schwabe, "Faster and
//! timing-attack resistant AES-GCM", 2009): bit `k` of byte `j` of plane `i` is
//! bit `i` of byte `j` of block `k`. The linear layers are byte shuffles here.
//!
//! ShiftRows is never computed (A. Adomnicai and T. Peyrin, "Fixslicing AES-like
//! ciphers", 2020): after round `r` the state is kept as ShiftRows undone `r`
//! times, and MixColumns picks its bytes accordingly. Four rounds are a cycle.

use super::sbox::Planes;
use crate::vector::Vector;

/// Where each byte comes from when the columns turn by `rows` rows, in a state
/// whose ShiftRows was left out `round` times.
const fn turn(round: usize, rows: usize) -> Vector {
    let mut indices = [0; 16];
    let mut byte = 0;
    while byte < 16 {
        let (column, row) = (byte / 4, byte % 4);
        let from = (row + rows) % 4;
        indices[byte] = ((column + round * (from + 4 - row)) % 4 * 4 + from) as u8;
        byte += 1;
    }
    Vector::constant(indices)
}

/// ShiftRows done `times` times.
const fn shift_rows(times: usize) -> Vector {
    let mut indices = [0; 16];
    let mut byte = 0;
    while byte < 16 {
        let (column, row) = (byte / 4, byte % 4);
        indices[byte] = ((column + times * row) % 4 * 4 + row) as u8;
        byte += 1;
    }
    Vector::constant(indices)
}

/// ShiftRows done 0 to 3 times; 4 times is none.
pub static SHIFT_ROWS: [Vector; 4] = [shift_rows(0), shift_rows(1), shift_rows(2), shift_rows(3)];

/// The planes of eight times `block`.
#[inline(always)]
pub fn every_block(block: Vector) -> Planes {
    core::array::from_fn(|bit| {
        let bit = Vector::from_words([0x0101_0101 << bit; 4]);
        (block & bit).equal_bytes(bit)
    })
}

/// Byte `i` of the result is byte `indices[i]`, in every plane.
#[inline(always)]
pub fn shuffle(planes: &Planes, indices: Vector) -> Planes {
    planes.map(|plane| plane.swizzle(indices))
}

/// The shuffles of MixColumns in one round.
pub struct Turns {
    one: Vector,
    two: Vector,
}

/// Of round `r` at `r` modulo 4.
// In memory, and out of the compiler's sight by `black_box`: as constants they
// become `i8x16.shuffle`, for which V8 builds the indices anew each time. That
// was 13% slower and needed four rounds' code.
pub static TURNS: [Turns; 4] = [turns(0), turns(1), turns(2), turns(3)];

const fn turns(round: usize) -> Turns {
    Turns {
        one: turn(round, 1),
        two: turn(round, 2),
    }
}

/// The sum of two states.
#[inline(always)]
pub fn add(planes: &Planes, other: &Planes) -> Planes {
    core::array::from_fn(|bit| planes[bit] ^ other[bit])
}

/// MixColumns of round `ROUND`.
#[inline(always)]
pub fn mix_columns(planes: &Planes, turns: &Turns) -> Planes {
    let next = shuffle(planes, turns.one);
    let sums = add(planes, &next);
    let opposite = shuffle(&sums, turns.two);
    let rest = add(&next, &opposite);
    let doubled = double(&sums);
    add(&doubled, &rest)
}

/// Undoes [`mix_columns`]: the matrix is MixColumns after `1 + 4(x + y)`, where
/// `y` is the byte two rows on.
#[inline(always)]
pub fn mix_columns_back(planes: &Planes, turns: &Turns) -> Planes {
    let sums = add(planes, &shuffle(planes, turns.two));
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    let s67 = s6 ^ s7;
    let quadrupled = [s6, s67, s0 ^ s7, s1 ^ s6, s2 ^ s67, s3 ^ s7, s4, s5];
    mix_columns(&add(planes, &quadrupled), turns)
}

/// Every byte times 2 in GF(2^8).
#[inline(always)]
fn double(planes: &Planes) -> Planes {
    let [p0, p1, p2, p3, p4, p5, p6, p7] = *planes;
    [p7, p0 ^ p7, p1, p2 ^ p7, p3 ^ p7, p4, p5, p6]
}

/// Eight blocks to planes, and planes to eight blocks: it undoes itself.
#[inline(always)]
pub fn transpose(blocks: &Planes) -> Planes {
    let [a, b, c, d, e, f, g, h] = *blocks;
    let (a, b) = swap::<1>(a, b, 0x5555_5555);
    let (c, d) = swap::<1>(c, d, 0x5555_5555);
    let (e, f) = swap::<1>(e, f, 0x5555_5555);
    let (g, h) = swap::<1>(g, h, 0x5555_5555);
    let (a, c) = swap::<2>(a, c, 0x3333_3333);
    let (b, d) = swap::<2>(b, d, 0x3333_3333);
    let (e, g) = swap::<2>(e, g, 0x3333_3333);
    let (f, h) = swap::<2>(f, h, 0x3333_3333);
    let (a, e) = swap::<4>(a, e, 0x0f0f_0f0f);
    let (b, f) = swap::<4>(b, f, 0x0f0f_0f0f);
    let (c, g) = swap::<4>(c, g, 0x0f0f_0f0f);
    let (d, h) = swap::<4>(d, h, 0x0f0f_0f0f);
    [a, b, c, d, e, f, g, h]
}

/// Exchanges the bits of `first` that lie `BITS` above `mask` with the bits of
/// `second` under `mask`.
#[inline(always)]
fn swap<const BITS: u32>(first: Vector, second: Vector, mask: u32) -> (Vector, Vector) {
    let mask = Vector::from_words([mask; 4]);
    let exchanged = (first.shift_right::<BITS>() ^ second) & mask;
    (first ^ exchanged.shift_left::<BITS>(), second ^ exchanged)
}
