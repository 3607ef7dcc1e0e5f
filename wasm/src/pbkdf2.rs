//! PBKDF2-HMAC (RFC 8018, section 5.2), one output block at a time and a slice
//! of iterations at a time.
//!
//! HMAC is kept as two midstates, the hash after its ipad block and after its
//! opad block (RFC 2104), so that an iteration costs two compressions, not four.

use crate::compression::{Compression, MAX_BLOCK, MAX_DIGEST};
use crate::sha256::{pbkdf2::Block256, wipe};
use sha1::Sha1;
use sha2::{Sha384, Sha512};
use zeroize::Zeroize;

/// One output block `T_i` in the making.
pub struct Block<C: Compression> {
    inner: C::State,
    outer: C::State,
    /// `U_j` of the latest iteration.
    u: [u8; MAX_DIGEST],
    /// `U_1 ^ ... ^ U_j`: the output block for as many iterations as were done.
    t: [u8; MAX_DIGEST],
}

impl<C: Compression> Block<C> {
    /// Does the first iteration of output block `index`, which counts from 1.
    pub fn new(password: &[u8], salt: &[u8], index: u32) -> Self {
        let mut u = [0; MAX_DIGEST];
        C::hmac(password, [salt, &index.to_be_bytes()], &mut u);
        let mut key = [0; MAX_BLOCK];
        if password.len() > C::BLOCK {
            C::digest(password, &mut key);
        } else {
            key[..password.len()].copy_from_slice(password);
        }
        let midstate = |pad: u8| {
            let mut padded = key.map(|byte| byte ^ pad);
            let mut state = C::initial();
            C::compress(&mut state, &padded[..C::BLOCK]);
            wipe(&mut padded);
            state
        };
        let block = Self {
            inner: midstate(0x36),
            outer: midstate(0x5c),
            u,
            t: u,
        };
        wipe(&mut u);
        wipe(&mut key);
        block
    }

    /// Does `iterations` more iterations.
    pub fn run(&mut self, iterations: u32) {
        let mut block = [0; MAX_BLOCK];
        block[C::DIGEST] = 0x80;
        let bits = 8 * (C::BLOCK + C::DIGEST) as u64;
        block[C::BLOCK - 8..C::BLOCK].copy_from_slice(&bits.to_be_bytes());
        block[..C::DIGEST].copy_from_slice(&self.u[..C::DIGEST]);
        for _ in 0..iterations {
            for midstate in [&self.inner, &self.outer] {
                let mut state = midstate.clone();
                C::compress(&mut state, &block[..C::BLOCK]);
                C::write(&state, &mut block);
            }
            for (t, u) in self.t[..C::DIGEST].iter_mut().zip(&block) {
                *t ^= u;
            }
        }
        self.u[..C::DIGEST].copy_from_slice(&block[..C::DIGEST]);
        wipe(&mut block);
    }

    /// The output block for the iterations done so far.
    pub fn output(&self) -> &[u8] {
        &self.t[..C::DIGEST]
    }
}

impl<C: Compression> Drop for Block<C> {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
        wipe(&mut self.u);
        wipe(&mut self.t);
    }
}

/// The hashes by their number in the kernel's interface, less one: no tag is 0,
/// so that a table of empty slots is all zero and takes no room in the module. A
/// tag is as wide as the widest field: no byte beside it is moved along unseen.
#[repr(u64)]
pub enum AnyBlock {
    /// Number 0.
    Sha1(Block<Sha1>) = 1,
    /// Number 1.
    Sha256(Block256) = 2,
    /// Number 2.
    Sha384(Block<Sha384>) = 3,
    /// Number 3.
    Sha512(Block<Sha512>) = 4,
}

impl AnyBlock {
    /// Does the first iteration; `None` when no hash has that number.
    pub fn new(hash: u32, password: &[u8], salt: &[u8], index: u32) -> Option<Self> {
        Some(match hash {
            0 => Self::Sha1(Block::new(password, salt, index)),
            1 => Self::Sha256(Block256::new(password, salt, index)),
            2 => Self::Sha384(Block::new(password, salt, index)),
            3 => Self::Sha512(Block::new(password, salt, index)),
            _ => return None,
        })
    }

    /// Does `iterations` more iterations.
    pub fn run(&mut self, iterations: u32) {
        match self {
            Self::Sha1(block) => block.run(iterations),
            Self::Sha256(block) => block.run(iterations),
            Self::Sha384(block) => block.run(iterations),
            Self::Sha512(block) => block.run(iterations),
        }
    }

    /// The output block for the iterations done so far.
    pub fn output(&self) -> &[u8] {
        match self {
            Self::Sha1(block) => block.output(),
            Self::Sha256(block) => block.output(),
            Self::Sha384(block) => block.output(),
            Self::Sha512(block) => block.output(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_bytes::TestBytes;
    use sha2::Sha256;

    fn sliced(hash: u32, password: &[u8], salt: &[u8], slices: &[u32], length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut index = 1;
        while out.len() < length {
            let mut block = AnyBlock::new(hash, password, salt, index).unwrap();
            slices.iter().for_each(|&count| block.run(count));
            out.extend_from_slice(block.output());
            index += 1;
        }
        out.truncate(length);
        out
    }

    fn whole(hash: u32, password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        match hash {
            0 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut out),
            1 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut out),
            2 => pbkdf2::pbkdf2_hmac::<Sha384>(password, salt, iterations, &mut out),
            _ => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, &mut out),
        }
        out
    }

    #[test]
    fn equals_the_pbkdf2_crate_however_it_is_sliced() {
        let mut random = TestBytes::new(1);
        for case in 0..400 {
            let hash = case % 4;
            let password = random.up_to(300);
            let salt = random.up_to(200);
            let length = 1 + random.below(150);
            let slices = [random.below(9) as u32, random.below(9) as u32];
            assert_eq!(
                sliced(hash, &password, &salt, &slices, length),
                whole(hash, &password, &salt, 1 + slices[0] + slices[1], length),
                "hash {hash}, case {case}",
            );
        }
    }

    #[test]
    fn an_unknown_hash_is_refused() {
        assert!(AnyBlock::new(4, b"", b"", 1).is_none());
    }
}
