//! SHA-256's compression of four independent blocks at once: word `i` of every
//! block is in one vector, a lane to a block.

use super::{BLOCK, DIGEST_PADDING, REVERSED, State, round_constants};
use crate::vector::Vector;
use zeroize::Zeroize;

/// How many blocks are compressed at once.
pub const LANES: usize = 4;

/// With fewer streams than this, one after the other is faster. On a Zen 5 three
/// of the four lanes have to be of use; where vectors are fast beside words, as on
/// Intel's servers, two would do.
pub const FEWEST: usize = 3;

/// Four chaining values.
pub type States = [Vector; 8];

const ROUNDS: usize = 64;

/// The message schedules of four blocks, wiped when dropped.
///
/// They lie in memory, and not in variables: the rounds are then a short loop,
/// which engines allocate registers for better than for long code, and which
/// leaves them no freedom to move one chain of additions far behind the other.
pub struct Schedules([Vector; ROUNDS]);

#[inline(always)]
fn rotate_right<const RIGHT: u32, const LEFT: u32>(x: Vector) -> Vector {
    const { assert!(RIGHT + LEFT == 32) };
    x.shift_right::<RIGHT>() | x.shift_left::<LEFT>()
}

// The functions of FIPS 180-4, section 4.1.2.

#[inline(always)]
fn big_sigma_0(x: Vector) -> Vector {
    rotate_right::<2, 30>(x) ^ rotate_right::<13, 19>(x) ^ rotate_right::<22, 10>(x)
}

#[inline(always)]
fn big_sigma_1(x: Vector) -> Vector {
    rotate_right::<6, 26>(x) ^ rotate_right::<11, 21>(x) ^ rotate_right::<25, 7>(x)
}

#[inline(always)]
fn small_sigma_0(x: Vector) -> Vector {
    rotate_right::<7, 25>(x) ^ rotate_right::<18, 14>(x) ^ x.shift_right::<3>()
}

#[inline(always)]
fn small_sigma_1(x: Vector) -> Vector {
    rotate_right::<17, 15>(x) ^ rotate_right::<19, 13>(x) ^ x.shift_right::<10>()
}

/// One round on variables that trade places from round to round. `$bc` is
/// `$b ^ $c`, which the round before had as its `a ^ b`.
///
/// The sum that `d` and `h` share is not formed first: one more addition takes
/// another off the chain from one `e` to the next, the longest there is.
macro_rules! round {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $bc:ident, $word:expr) => {
        let sigma = big_sigma_1($e);
        let sum = $word + $h + ($g ^ ($e & ($f ^ $g)));
        let ab = $a ^ $b;
        let other = big_sigma_0($a) + ($b ^ (ab & $bc)) + sum;
        $d = $d + sum + sigma;
        $h = other + sigma;
        $bc = ab;
    };
}

/// Four rounds, after which the variables have moved on by four places. The
/// words come in with their round constants added.
macro_rules! four_rounds {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $bc:ident, $word:expr) => {
        round!($a $b $c $d $e $f $g $h, $bc, $word(0));
        round!($h $a $b $c $d $e $f $g, $bc, $word(1));
        round!($g $h $a $b $c $d $e $f, $bc, $word(2));
        round!($f $g $h $a $b $c $d $e, $bc, $word(3));
        ($a, $b, $c, $d, $e, $f, $g, $h) = ($e, $f, $g, $h, $a, $b, $c, $d);
    };
}

impl Schedules {
    /// Schedules of blocks whose words are zero but for the padding after a digest.
    pub fn new() -> Self {
        let mut words = [Vector::default(); ROUNDS];
        for (word, padding) in words[8..].iter_mut().zip(DIGEST_PADDING) {
            *word = Vector::splat(padding);
        }
        Self(words)
    }

    /// The first half of the blocks, where a digest goes: unless [`Self::load`] has
    /// overwritten it, the other half is the padding after one.
    pub fn digests(&mut self) -> &mut States {
        self.0.first_chunk_mut().unwrap()
    }

    /// Takes in a block for each lane.
    pub fn load(&mut self, blocks: [&[u8; BLOCK]; LANES]) {
        let reversed = Vector::from_bytes(core::hint::black_box(&REVERSED));
        for quarter in 0..4 {
            let row = |lane: usize| {
                Vector::from_bytes(&blocks[lane].as_chunks().0[quarter]).swizzle(reversed)
            };
            let [a, b, c, d] = transpose([row(0), row(1), row(2), row(3)]);
            let words: &mut [Vector; 4] = self.0[4 * quarter..].first_chunk_mut().unwrap();
            *words = [a, b, c, d];
        }
    }

    /// Absorbs the blocks.
    #[inline(never)]
    pub fn compress(&mut self, states: &mut States) {
        let constants = round_constants();
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *states;
        let mut bc = b ^ c;
        let mut t = 0;
        while t < ROUNDS - 16 {
            let constants = &constants[t / 4];
            let words: &mut [Vector; 20] = self.0[t..].first_chunk_mut().unwrap();
            let mut word = |i: usize| {
                let sum = words[i] + small_sigma_0(words[i + 1]) + words[i + 9];
                words[i + 16] = sum + small_sigma_1(words[i + 14]);
                Vector::splat(constants[i]) + words[i]
            };
            four_rounds!(a b c d e f g h, bc, word);
            t += 4;
        }
        while t < ROUNDS {
            let constants = &constants[t / 4];
            let words: &[Vector; 4] = self.0[t..].first_chunk().unwrap();
            let word = |i: usize| Vector::splat(constants[i]) + words[i];
            four_rounds!(a b c d e f g h, bc, word);
            t += 4;
        }
        for (state, word) in states.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *state = *state + word;
        }
    }
}

impl Default for Schedules {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Word `j` of row `i` becomes word `i` of row `j`.
#[inline(always)]
fn transpose([a, b, c, d]: [Vector; 4]) -> [Vector; 4] {
    let (ab_low, ab_high) = (a.pick::<0, 4, 1, 5>(b), a.pick::<2, 6, 3, 7>(b));
    let (cd_low, cd_high) = (c.pick::<0, 4, 1, 5>(d), c.pick::<2, 6, 3, 7>(d));
    [
        ab_low.pick::<0, 1, 4, 5>(cd_low),
        ab_low.pick::<2, 3, 6, 7>(cd_low),
        ab_high.pick::<0, 1, 4, 5>(cd_high),
        ab_high.pick::<2, 3, 6, 7>(cd_high),
    ]
}

/// The chaining value of `lane`.
#[inline(never)]
pub fn extract(states: &States, lane: usize) -> State {
    states.map(|word| word.to_words()[lane])
}

/// Puts a chaining value into `lane`.
#[inline(never)]
pub fn insert(states: &mut States, lane: usize, value: &State) {
    for (state, word) in states.iter_mut().zip(value) {
        state.words_mut()[lane] = *word;
    }
}
