//! PBKDF2.

use crate::test_bytes::TestBytes;
use ironfern_kernel::pbkdf2::AnyBlock;
use ironfern_kernel::sha256::pbkdf2::{Block256, run_many};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Writes as many blocks as `out` has room for.
type Derive = fn(&[u8], &[u8], u32, &mut [u8]);

/// By the hashes' numbers in the kernel: the crate's, and a digest's bytes.
const HASHES: [(Derive, usize); 4] = [
    (pbkdf2_hmac::<Sha1>, 20),
    (pbkdf2_hmac::<Sha256>, 32),
    (pbkdf2_hmac::<Sha384>, 48),
    (pbkdf2_hmac::<Sha512>, 64),
];
const SHA_256: usize = 1;

struct Input {
    password: Vec<u8>,
    salt: Vec<u8>,
    index: u32,
}

impl Input {
    fn new(random: &mut TestBytes) -> Self {
        Self {
            password: random.up_to(150),
            salt: random.up_to(150),
            index: 1 + random.below(3) as u32,
        }
    }

    /// The output block by the crate `pbkdf2`.
    fn expected(&self, hash: usize, iterations: u32) -> Vec<u8> {
        let (derive, digest) = HASHES[hash];
        let mut out = vec![0; digest * self.index as usize];
        derive(&self.password, &self.salt, iterations, &mut out);
        out.split_off(out.len() - digest)
    }
}

/// Blocks that begin, and are run in turns by groups of any size, until each has
/// another number of iterations behind it.
pub fn lanes(random: &mut TestBytes) -> usize {
    let count = 1 + random.below(12);
    let inputs: Vec<_> = (0..count).map(|_| Input::new(random)).collect();
    let mut blocks: Vec<_> = inputs
        .iter()
        .map(|input| Block256::new(&input.password, &input.salt, input.index))
        .collect();
    let mut iterations = vec![1; count];
    for _ in 0..3 {
        let (start, more) = (random.below(count), random.below(8) as u32);
        let running = random.below(count - start + 1);
        run_many(&mut blocks[start..], running, more);
        for done in &mut iterations[start..start + running] {
            *done += more;
        }
    }
    for (input, (block, iterations)) in inputs.iter().zip(blocks.iter().zip(iterations)) {
        let expected = input.expected(SHA_256, iterations);
        assert_eq!(block.output()[..], expected, "{iterations} iterations");
    }
    count
}

pub fn slices(random: &mut TestBytes) -> usize {
    let hash = random.below(HASHES.len());
    let input = Input::new(random);
    let Input {
        password,
        salt,
        index,
    } = &input;
    let mut block = AnyBlock::new(hash as u32, password, salt, *index).unwrap();
    let slices = [random.below(8) as u32, random.below(8) as u32];
    for slice in slices {
        block.run(slice);
    }
    let iterations = 1 + slices[0] + slices[1];
    let expected = input.expected(hash, iterations);
    assert_eq!(block.output(), expected, "hash {hash}, slices {slices:?}");
    1
}
