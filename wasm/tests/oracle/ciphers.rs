//! AES-128-CBC.

use crate::plain::{BLOCK, Block, cbc_decrypt, cbc_encrypt};
use crate::test_bytes::TestBytes;
use crate::{any_length, cuts};
use ironfern_kernel::aes::Aes128;
use std::ops::Range;

type Plain = fn(&Block, &Block, &mut [u8]);

fn block(random: &mut TestBytes) -> Block {
    random.bytes(BLOCK).try_into().unwrap()
}

fn whole_blocks(random: &mut TestBytes) -> usize {
    any_length(random).next_multiple_of(BLOCK)
}

/// A key, and messages each with an IV before and a gap after it: up to 40 of any
/// length, or a few that are longer than what is encrypted in one go.
fn batch(random: &mut TestBytes) -> (Block, Vec<u8>, Vec<Range<usize>>) {
    let key = block(random);
    let mut data = random.up_to(40);
    let are_long = random.below(8) == 0;
    let count = 1 + random.below(if are_long { 6 } else { 40 });
    let jobs = (0..count).map(|_| {
        let length = match are_long {
            true => BLOCK * random.below(600),
            false => whole_blocks(random),
        };
        let start = data.len() + BLOCK;
        data.extend(random.bytes(BLOCK + length));
        data.extend(random.up_to(40));
        start..start + length
    });
    let jobs = jobs.collect();
    (key, data, jobs)
}

fn expected(plain: Plain, key: &Block, data: &[u8], jobs: &[Range<usize>]) -> Vec<u8> {
    let mut expected = data.to_vec();
    for job in jobs {
        let iv = data[..job.start].last_chunk().unwrap();
        plain(key, iv, &mut expected[job.clone()]);
    }
    expected
}

pub fn encrypt_many(random: &mut TestBytes) -> usize {
    let (key, mut data, jobs) = batch(random);
    let expected = expected(cbc_encrypt, &key, &data, &jobs);
    Aes128::new(&key).cbc_encrypt_many(&mut data, jobs.iter().cloned());
    assert!(data == expected, "key {key:?}, messages at {jobs:?}");
    jobs.len()
}

pub fn decrypt_many(random: &mut TestBytes) -> usize {
    let (key, mut data, jobs) = batch(random);
    let expected = expected(cbc_decrypt, &key, &data, &jobs);
    Aes128::new(&key).cbc_decrypt_many(&mut data, jobs.iter().cloned());
    assert!(data == expected, "key {key:?}, messages at {jobs:?}");
    jobs.len()
}

pub fn encrypt_one(random: &mut TestBytes) -> usize {
    in_pieces(random, Aes128::cbc_encrypt, cbc_encrypt);
    1
}

pub fn decrypt_one(random: &mut TestBytes) -> usize {
    in_pieces(random, Aes128::cbc_decrypt, cbc_decrypt);
    1
}

fn in_pieces(random: &mut TestBytes, tuned: fn(&Aes128, &mut Block, &mut [u8]), plain: Plain) {
    let (key, iv) = (block(random), block(random));
    let length = whole_blocks(random);
    let mut data = random.bytes(length);
    let mut expected = data.clone();
    plain(&key, &iv, &mut expected);
    let keys = Aes128::new(&key);
    let mut chain = iv;
    let pieces = cuts(random, length / BLOCK);
    for piece in &pieces {
        tuned(
            &keys,
            &mut chain,
            &mut data[piece.start * BLOCK..piece.end * BLOCK],
        );
    }
    assert!(
        data == expected,
        "key {key:?}, IV {iv:?}, pieces {pieces:?}"
    );
}
