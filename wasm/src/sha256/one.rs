//! SHA-256's compression of one block: the message schedule in vectors, four
//! words at a time, and the rounds in plain words, which have a rotation.

use super::hmac::Key;
use super::{BLOCK, DIGEST_PADDING, REVERSED, State, round_constants};
use crate::vector::Vector;
use zeroize::Zeroize;

/// The words of a schedule with the round constants added, wiped when dropped.
///
/// They pass from vectors to words through memory, which is cheaper than taking
/// the lanes of a vector one by one.
pub struct Schedule([[u32; 4]; 16]);

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

macro_rules! four_rounds {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $bc:ident, $words:expr) => {
        let [first, second, third, fourth] = $words;
        round!($a $b $c $d $e $f $g $h, $bc, first);
        round!($h $a $b $c $d $e $f $g, $bc, second);
        round!($g $h $a $b $c $d $e $f, $bc, third);
        round!($f $g $h $a $b $c $d $e, $bc, fourth);
    };
}

macro_rules! eight_rounds {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $bc:ident, $first:expr, $second:expr) => {
        four_rounds!($a $b $c $d $e $f $g $h, $bc, $first);
        four_rounds!($e $f $g $h $a $b $c $d, $bc, $second);
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

impl Schedule {
    /// An empty schedule.
    pub fn new() -> Self {
        Self([[0; 4]; 16])
    }

    /// Absorbs a block.
    #[inline(never)]
    pub fn compress(&mut self, state: &mut State, block: &[u8; BLOCK]) {
        let reversed = Vector::from_bytes(core::hint::black_box(&REVERSED));
        let bytes = block.as_chunks().0;
        let quarter = |index: usize| Vector::from_bytes(&bytes[index]).swizzle(reversed);
        self.rounds(state, core::array::from_fn(quarter));
    }

    /// Absorbs blocks that are a digest and the padding after it: two for each
    /// iteration of PBKDF2. `u` is the last iteration's value, `t` their sum.
    #[inline(never)]
    pub fn iterate(&mut self, key: &Key, u: &mut State, t: &mut State, iterations: u32) {
        let padding = core::hint::black_box(&DIGEST_PADDING).as_chunks().0;
        let padding = [Vector::load(&padding[0]), Vector::load(&padding[1])];
        let mut digest = *u;
        for _ in 0..iterations {
            for midstate in [&key.inner, &key.outer] {
                // Lane by lane: a vector's load would wait for eight stores.
                let [a, b, c, d, e, f, g, h] = digest;
                let words = [
                    Vector::from_words([a, b, c, d]),
                    Vector::from_words([e, f, g, h]),
                    padding[0],
                    padding[1],
                ];
                digest = *midstate;
                self.rounds(&mut digest, words);
            }
            for (t, u) in t.iter_mut().zip(digest) {
                *t ^= u;
            }
        }
        *u = digest;
    }

    #[inline(always)]
    fn rounds(&mut self, state: &mut State, mut words: [Vector; 4]) {
        let constants = round_constants();
        let schedule = &mut self.0;
        for index in 0..4 {
            schedule[index] = (words[index] + Vector::load(&constants[index])).to_words();
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        let mut bc = b ^ c;
        let mut at = 0;
        while at < 12 {
            let constants: &[[u32; 4]; 4] = constants[at + 4..].first_chunk().unwrap();
            let schedule: &mut [[u32; 4]; 8] = schedule[at..].first_chunk_mut().unwrap();
            macro_rules! next {
                ($index:literal) => {{
                    words[$index] = extend([
                        words[$index],
                        words[($index + 1) % 4],
                        words[($index + 2) % 4],
                        words[($index + 3) % 4],
                    ]);
                    let word = words[$index] + Vector::load(&constants[$index]);
                    schedule[$index + 4] = word.to_words();
                    schedule[$index]
                }};
            }
            eight_rounds!(a b c d e f g h, bc, next!(0), next!(1));
            eight_rounds!(a b c d e f g h, bc, next!(2), next!(3));
            at += 4;
        }
        let mut at = 12;
        while at < 16 {
            let schedule: &[[u32; 4]; 2] = schedule[at..].first_chunk().unwrap();
            eight_rounds!(a b c d e f g h, bc, schedule[0], schedule[1]);
            at += 2;
        }
        for (state, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *state = state.wrapping_add(word);
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
