//! SHA-256's compression of one block: the message schedule in vectors, four
//! words at a time, and the rounds in plain words, which have a rotation.

use super::{DIGEST_PADDING, State, round_constants};
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
        let words = $words;
        round!($a $b $c $d $e $f $g $h, $bc, words[0]);
        round!($h $a $b $c $d $e $f $g, $bc, words[1]);
        round!($g $h $a $b $c $d $e $f, $bc, words[2]);
        round!($f $g $h $a $b $c $d $e, $bc, words[3]);
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
    pub fn compress(&mut self, state: &mut State, block: &[u32; 16]) {
        let words = block.as_chunks().0;
        self.rounds(
            state,
            core::array::from_fn(|index| Vector::load(&words[index])),
        );
    }

    /// Absorbs a block that is a digest and the padding after it.
    pub fn compress_digest(&mut self, state: &mut State, digest: &State) {
        let padding = core::hint::black_box(&DIGEST_PADDING).as_chunks().0;
        let words = digest.as_chunks().0;
        self.rounds(
            state,
            [&words[0], &words[1], &padding[0], &padding[1]].map(Vector::load),
        );
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
            eight_rounds!(a b c d e f g h, bc, &schedule[0], &schedule[1]);
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
