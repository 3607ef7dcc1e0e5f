//! The tables of the vector-permute AES, derived at compile time.
//!
//! M. Hamburg, "Accelerating AES with vector permute instructions" (2009): AES's
//! field is rewritten as pairs of elements of GF(2^4), here `k + it` in a byte
//! `i << 4 | k`, with `t * t = a * t + a`. Then a table of 16 bytes, one vector,
//! holds any function of `i` or of `k`, and
//!
//! ```text
//! u = 1 / (i + k + 1 / (1 / i + a / k)),  w = 1 / (i + 1 / (1 / (i + k) + a / k))
//! 1 / (k + it) = u + (u + (u + w) / a) / a * t
//! ```
//!
//! where `1 / 0` is a byte that a shuffle takes to 0, as it does any from 16 on.

/// What stands for `1 / 0`.
const INFINITY: u8 = 0x80;

/// `x * y` in GF(2^4), modulo `x^4 + x + 1`.
const fn multiply_nibbles(x: u8, y: u8) -> u8 {
    let mut sum = 0;
    let mut bit = 4;
    while bit > 0 {
        bit -= 1;
        sum <<= 1;
        sum ^= (sum >> 4) * 0x13;
        sum ^= (y >> bit & 1) * x;
    }
    sum
}

/// `1 / x` in GF(2^4), and 0 of 0.
const fn invert_nibble(x: u8) -> u8 {
    let square = multiply_nibbles(x, x);
    let fourth = multiply_nibbles(square, square);
    let eighth = multiply_nibbles(fourth, fourth);
    multiply_nibbles(multiply_nibbles(square, fourth), eighth)
}

/// The first `a` for which `t * t + a * t + a` has no root in GF(2^4).
const A: u8 = {
    let mut a = 1;
    loop {
        let mut roots = 0;
        let mut t = 0;
        while t < 16 {
            let value = multiply_nibbles(t, t) ^ multiply_nibbles(a, t) ^ a;
            roots += (value == 0) as u8;
            t += 1;
        }
        if roots == 0 {
            break a;
        }
        a += 1;
    }
};

/// `x * y` of two pairs.
const fn multiply(x: u8, y: u8) -> u8 {
    let (xi, xk, yi, yk) = (x >> 4, x & 15, y >> 4, y & 15);
    let reduced = multiply_nibbles(A, multiply_nibbles(xi, yi));
    let low = multiply_nibbles(xk, yk) ^ reduced;
    let high = multiply_nibbles(xk, yi) ^ multiply_nibbles(xi, yk) ^ reduced;
    high << 4 | low
}

/// The pair that is `byte` with `root` for AES's 2.
const fn evaluate(byte: u16, root: u8) -> u8 {
    let mut sum = 0;
    let mut bit = 9;
    while bit > 0 {
        bit -= 1;
        sum = multiply(sum, root) ^ (byte >> bit & 1) as u8;
    }
    sum
}

/// AES's 2 among the pairs: a root of AES's polynomial.
const TWO: u8 = {
    let mut root = 0;
    while evaluate(0x11b, root) != 0 {
        root += 1;
    }
    root
};

/// The pair of every byte of AES.
const PAIRS: [u8; 256] = {
    let mut pairs = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = evaluate(byte as u16, TWO);
        byte += 1;
    }
    pairs
};

/// The byte of every pair.
const BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        bytes[PAIRS[byte] as usize] = byte as u8;
        byte += 1;
    }
    bytes
};

/// The pair `1 / (k + it)` from `u` and `w`.
const fn inverse(u: u8, w: u8) -> u8 {
    let a_inverse = invert_nibble(A);
    let high = multiply_nibbles(u ^ multiply_nibbles(u ^ w, a_inverse), a_inverse);
    high << 4 | u
}

/// The linear part of the S-box after the inversion.
const fn spread(inverse: u8) -> u8 {
    let byte = BYTES[inverse as usize];
    byte ^ byte.rotate_left(1) ^ byte.rotate_left(2) ^ byte.rotate_left(3) ^ byte.rotate_left(4)
}

/// A function of two nibbles, as the sum of what two tables hold.
#[derive(Clone, Copy)]
pub struct Sum(pub [u8; 16], pub [u8; 16]);

/// `S(x) ^ 0x63` times `factor` as a pair, or once as a byte for `factor` 0, by
/// `1 / u` and `1 / w`.
const fn substituted(factor: u8) -> Sum {
    let mut sum = Sum([0; 16], [0; 16]);
    let mut index = 1;
    while index < 16 {
        let value = invert_nibble(index as u8);
        sum.0[index] = output(spread(inverse(value, 0)), factor);
        sum.1[index] = output(spread(inverse(0, value)), factor);
        index += 1;
    }
    sum
}

const fn output(byte: u8, factor: u8) -> u8 {
    match factor {
        0 => byte,
        factor => multiply(PAIRS[byte as usize], PAIRS[factor as usize]),
    }
}

/// `S(x) ^ 0x63`, a byte of AES.
pub const PLAIN: Sum = substituted(0);
/// `S(x) ^ 0x63`, a pair.
pub const ONCE: Sum = substituted(1);
/// Twice that.
pub const TWICE: Sum = substituted(2);
/// Three times that.
pub const THRICE: Sum = substituted(3);

/// The pair of a byte, by its low and its high nibble.
pub const PAIR: Sum = {
    let mut sum = Sum([0; 16], [0; 16]);
    let mut index = 0;
    while index < 16 {
        sum.0[index] = PAIRS[index];
        sum.1[index] = PAIRS[index << 4];
        index += 1;
    }
    sum
};

/// `factor / x`.
const fn quotients(factor: u8) -> [u8; 16] {
    let mut table = [INFINITY; 16];
    let mut index = 1;
    while index < 16 {
        table[index] = multiply_nibbles(factor, invert_nibble(index as u8));
        index += 1;
    }
    table
}

/// `1 / x`.
pub const ONE_BY: [u8; 16] = quotients(1);
/// `a / x`.
pub const A_BY: [u8; 16] = quotients(A);

/// The same byte in every place of a word, as it is and as a pair.
const fn every_byte(byte: u8) -> [u32; 2] {
    [
        u32::from_ne_bytes([byte; 4]),
        u32::from_ne_bytes([PAIRS[byte as usize]; 4]),
    ]
}

/// The 0x63 of the S-box, which the tables leave out, as bytes and as pairs.
pub const LEFT_OUT: [u32; 2] = every_byte(0x63);

/// The constants of the key schedule, for every column, as bytes and as pairs,
/// with what [`LEFT_OUT`] is.
pub const ROUND_CONSTANTS: [[u32; 2]; 10] = {
    let mut constants = [LEFT_OUT; 10];
    let mut pair = 1;
    let mut round = 0;
    while round < constants.len() {
        constants[round][0] ^= BYTES[pair as usize] as u32;
        constants[round][1] ^= pair as u32;
        pair = multiply(pair, TWO);
        round += 1;
    }
    constants
};
