//! SHA-256 (FIPS 180-4) for this kernel's two uses, PBKDF2 and HMAC, which keep
//! chaining values as words and so need neither byte swaps nor a general hasher.

pub mod four;
mod hasher;
pub mod hmac;
pub mod one;
pub mod pbkdf2;

/// A chaining value, or a digest, as words.
pub type State = [u32; 8];

/// Bytes in a block.
pub const BLOCK: usize = 64;
/// Bytes in a digest.
pub const DIGEST: usize = 32;

/// The initial chaining value (FIPS 180-4, section 5.3.3).
pub const INITIAL: State = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// The words that follow a digest when it is hashed after one other block, which
/// is HMAC's outer hash and both hashes of a PBKDF2 iteration: a one bit, zeros,
/// and the length of 64 + 32 bytes in bits (FIPS 180-4, section 5.1.1).
const DIGEST_PADDING: [u32; 8] = [0x8000_0000, 0, 0, 0, 0, 0, 0, 8 * (BLOCK + DIGEST) as u32];

/// The round constants (FIPS 180-4, section 4.2.2), by fours.
static ROUND_CONSTANTS: [[u32; 4]; 16] = [
    [0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5],
    [0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5],
    [0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3],
    [0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174],
    [0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc],
    [0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da],
    [0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7],
    [0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967],
    [0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13],
    [0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85],
    [0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3],
    [0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070],
    [0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5],
    [0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3],
    [0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208],
    [0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2],
];

/// The round constants in memory. The compiler must not see their values: a
/// vector written into the code costs engines several instructions at each use.
#[inline(always)]
fn round_constants() -> &'static [[u32; 4]; 16] {
    core::hint::black_box(&ROUND_CONSTANTS)
}

/// The bytes of each word in reverse.
static REVERSED: [u8; 16] = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/// The bytes of a digest.
pub fn to_bytes(digest: &State) -> [u8; DIGEST] {
    let mut bytes = [0; DIGEST];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(digest) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

/// Wipes bytes. `zeroize` takes a store for each byte, for a block as long as
/// its compression; the barrier keeps what is stored here from being left out.
pub(crate) fn wipe<const N: usize>(bytes: &mut [u8; N]) {
    bytes.fill(0);
    core::hint::black_box(bytes);
}

/// The last blocks of a message: `rest` (less than a block) and the padding of a
/// message of `length` bytes in all (FIPS 180-4, section 5.1.1). Returns how many
/// of the two blocks are used.
fn pad(rest: &[u8], length: u64, blocks: &mut [[u8; BLOCK]; 2]) -> usize {
    let used = if rest.len() < BLOCK - 8 { 1 } else { 2 };
    let bytes = blocks.as_flattened_mut();
    bytes[..rest.len()].copy_from_slice(rest);
    bytes[rest.len()] = 0x80;
    bytes[rest.len() + 1..].fill(0);
    bytes[used * BLOCK - 8..used * BLOCK].copy_from_slice(&(8 * length).to_be_bytes());
    used
}
