//! SHA-256's compression of one block: the message schedule in vectors, four
//! words at a time, and the rounds in plain words, which have a rotation.

use super::{BLOCK, DIGEST_PADDING, REVERSED, State, round_constants};
use crate::vector::Vector;

/// One round (FIPS 180-4, section 6.2.2, step 3) on variables that trade places.
///
/// The rotations are nested in part, which saves instructions without making the
/// chain from one `e` to the next longer; and the sum that `d` and `h` share is
/// not formed first, which makes it shorter.
macro_rules! round {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $bc:ident, $word:expr) => {
        let sum = $h.wrapping_add($word).wrapping_add($g ^ ($e & ($f ^ $g)));
        let sigma = ($e.rotate_right(5) ^ $e).rotate_right(6) ^ $e.rotate_right(25);
        $d = $d.wrapping_add(sum).wrapping_add(sigma);
        let ab = $a ^ $b;
        let big_sigma_0 = ($a.rotate_right(11) ^ $a).rotate_right(2) ^ $a.rotate_right(22);
        let majority = $b ^ (ab & $bc);
        $h = sum
            .wrapping_add(big_sigma_0)
            .wrapping_add(majority)
            .wrapping_add(sigma);
        $bc = ab;
    };
}

/// Four rounds, after which the variables have moved on by four places. The
/// words come in with their round constants added.
macro_rules! four_rounds {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $bc:ident, $words:expr) => {
        let [first, second, third, fourth] = $words.to_words();
        round!($a $b $c $d $e $f $g $h, $bc, first);
        round!($h $a $b $c $d $e $f $g, $bc, second);
        round!($g $h $a $b $c $d $e $f, $bc, third);
        round!($f $g $h $a $b $c $d $e, $bc, fourth);
        ($a, $b, $c, $d, $e, $f, $g, $h) = ($e, $f, $g, $h, $a, $b, $c, $d);
    };
}

/// The next four words of a schedule (FIPS 180-4, section 6.2.2, step 1) from the
/// last sixteen.
#[inline(always)]
fn extend([a, b, c, d]: [Vector; 4]) -> Vector {
    let next = a.pick::<1, 2, 3, 4>(b);
    let rotated = |x: Vector| {
        (x.shift_right::<7>() | x.shift_left::<25>())
            ^ (x.shift_right::<18>() | x.shift_left::<14>())
            ^ x.shift_right::<3>()
    };
    let sum = a + rotated(next) + c.pick::<1, 2, 3, 4>(d);
    // Words 2 and 3 need the new words 0 and 1. Where a word stands twice in 64
    // bits, a shift to the right leaves it rotated in the low half.
    let sigma = |twice: Vector| {
        twice.shift_halves_right::<17>()
            ^ twice.shift_halves_right::<19>()
            ^ twice.shift_right::<10>()
    };
    let zero = Vector::default();
    let sum = sum + sigma(d.pick::<2, 2, 3, 3>(d)).pick::<0, 2, 4, 4>(zero);
    sum + zero.pick::<0, 0, 4, 6>(sigma(sum.pick::<0, 0, 1, 1>(sum)))
}

/// Absorbs a block.
#[inline(never)]
pub fn compress(state: &mut State, block: &[u8; BLOCK]) {
    let reversed = Vector::from_bytes(core::hint::black_box(&REVERSED));
    let bytes = block.as_chunks().0;
    let quarter = |index: usize| Vector::from_bytes(&bytes[index]).swizzle(reversed);
    rounds(state, core::array::from_fn(quarter));
}

/// Iterates PBKDF2 under a key, given by its inner and its outer midstate: `u` is
/// the last iteration's value, `t` the sum of all so far.
#[inline(never)]
pub fn iterate(midstates: [&State; 2], u: &mut State, t: &mut State, iterations: u32) {
    let padding = core::hint::black_box(&DIGEST_PADDING).as_chunks().0;
    let padding = [Vector::load(&padding[0]), Vector::load(&padding[1])];
    let mut digest = *u;
    for _ in 0..iterations {
        for midstate in midstates {
            // Lane by lane: a vector's load would wait for the stores of words.
            let [a, b, c, d, e, f, g, h] = digest;
            let words = [
                Vector::from_words([a, b, c, d]),
                Vector::from_words([e, f, g, h]),
                padding[0],
                padding[1],
            ];
            digest = *midstate;
            rounds(&mut digest, words);
        }
        for (t, u) in t.iter_mut().zip(digest) {
            *t ^= u;
        }
    }
    *u = digest;
}

/// The rounds. They are a short loop: engines allocate registers for it better
/// than for long code, and keep closer to the order that the instructions are in.
#[inline(always)]
fn rounds(state: &mut State, mut words: [Vector; 4]) {
    let constants = round_constants();
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    let mut bc = b ^ c;
    for constants in &constants[..12] {
        let word = words[0] + Vector::load(constants);
        words = [words[1], words[2], words[3], extend(words)];
        four_rounds!(a b c d e f g h, bc, word);
    }
    for constants in &constants[12..] {
        let word = words[0] + Vector::load(constants);
        words = [words[1], words[2], words[3], words[0]];
        four_rounds!(a b c d e f g h, bc, word);
    }
    for (state, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *state = state.wrapping_add(word);
    }
}
