//! The hashes of PBKDF2 but for SHA-256, seen as compression functions.

use hmac::{EagerHash, Hmac, KeyInit};
use sha1::Sha1;
use sha2::{Digest, Sha384, Sha512};
use zeroize::Zeroize;

/// The longest block (SHA-384, SHA-512) in bytes.
pub const MAX_BLOCK: usize = 128;
/// The longest digest (SHA-512) in bytes.
pub const MAX_DIGEST: usize = 64;

/// A Merkle-Damgård hash whose chaining value can be kept and resumed.
pub trait Compression {
    /// The chaining value.
    type State: Clone + Zeroize;
    /// Bytes in a block.
    const BLOCK: usize;
    /// Bytes of the digest.
    const DIGEST: usize;

    /// The initial chaining value (FIPS 180-4, section 5.3).
    fn initial() -> Self::State;
    /// Absorbs one block of `BLOCK` bytes.
    fn compress(state: &mut Self::State, block: &[u8]);
    /// Writes the first `DIGEST` bytes of the chaining value.
    fn write(state: &Self::State, out: &mut [u8]);
    /// Hashes a message of any length into the first `DIGEST` bytes of `out`.
    fn digest(message: &[u8], out: &mut [u8]);
    /// HMAC of the concatenated `parts` into the first `DIGEST` bytes of `out`.
    fn hmac(key: &[u8], parts: [&[u8]; 2], out: &mut [u8]);
}

/// HMAC takes a key of any length, so keying cannot fail.
fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!())
}

macro_rules! compression {
    ($hash:ident, $word:ty, $block:literal, $digest:literal, $compress:path, $initial:expr) => {
        impl Compression for $hash {
            type State = [$word; { $initial.len() }];
            const BLOCK: usize = $block;
            const DIGEST: usize = $digest;

            fn initial() -> Self::State {
                $initial
            }

            fn compress(state: &mut Self::State, block: &[u8]) {
                $compress(state, block.as_chunks::<$block>().0);
            }

            fn write(state: &Self::State, out: &mut [u8]) {
                let words = out[..$digest].chunks_exact_mut(size_of::<$word>());
                for (bytes, word) in words.zip(state) {
                    bytes.copy_from_slice(&word.to_be_bytes());
                }
            }

            fn digest(message: &[u8], out: &mut [u8]) {
                out[..$digest].copy_from_slice(&<$hash as Digest>::digest(message));
            }

            fn hmac(key: &[u8], parts: [&[u8]; 2], out: &mut [u8]) {
                let mut mac = keyed::<$hash>(key);
                for part in parts {
                    hmac::Mac::update(&mut mac, part);
                }
                out[..$digest].copy_from_slice(&hmac::Mac::finalize(mac).into_bytes());
            }
        }
    };
}

compression!(
    Sha1,
    u32,
    64,
    20,
    sha1::block_api::compress,
    [
        0x67452301_u32,
        0xefcdab89,
        0x98badcfe,
        0x10325476,
        0xc3d2e1f0
    ]
);
compression!(
    Sha384,
    u64,
    128,
    48,
    sha2::block_api::compress512,
    [
        0xcbbb9d5dc1059ed8_u64,
        0x629a292a367cd507,
        0x9159015a3070dd17,
        0x152fecd8f70e5939,
        0x67332667ffc00b31,
        0x8eb44a8768581511,
        0xdb0c2e0d64f98fa7,
        0x47b5481dbefa4fa4,
    ]
);
compression!(
    Sha512,
    u64,
    128,
    64,
    sha2::block_api::compress512,
    [
        0x6a09e667f3bcc908_u64,
        0xbb67ae8584caa73b,
        0x3c6ef372fe94f82b,
        0xa54ff53a5f1d36f1,
        0x510e527fade682d1,
        0x9b05688c2b3e6c1f,
        0x1f83d9abfb41bd6b,
        0x5be0cd19137e2179,
    ]
);
