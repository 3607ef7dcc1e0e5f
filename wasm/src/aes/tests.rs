mod nist;

use super::{Aes128, BLOCK, Block};
use crate::test_bytes::TestBytes;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, array::Array};
use std::ops::Range;

fn block(hex: &str) -> Block {
    std::array::from_fn(|byte| u8::from_str_radix(&hex[byte * 2..][..2], 16).unwrap())
}

fn random_block(random: &mut TestBytes) -> Block {
    random.bytes(BLOCK).try_into().unwrap()
}

/// The same by the crates `aes` and `cbc`.
fn expected(key: &Block, iv: &Block, message: &[u8], encrypt: bool) -> Vec<u8> {
    let mut message = message.to_vec();
    let (blocks, _) = Array::slice_as_chunks_mut(&mut message);
    if encrypt {
        cbc::Encryptor::<aes::Aes128>::new(key.into(), iv.into()).encrypt_blocks(blocks);
    } else {
        cbc::Decryptor::<aes::Aes128>::new(key.into(), iv.into()).decrypt_blocks(blocks);
    }
    message
}

/// Messages of the given numbers of blocks, with an IV before and a random gap
/// after each, and where they are.
fn lay_out(random: &mut TestBytes, lengths: &[usize]) -> (Vec<u8>, Vec<Range<usize>>) {
    let mut data = random.up_to(40);
    let mut jobs = Vec::new();
    for length in lengths {
        data.extend(random.bytes((length + 1) * BLOCK));
        jobs.push(data.len() - length * BLOCK..data.len());
        data.extend(random.up_to(40));
    }
    (data, jobs)
}

fn check_many(key: &Block, data: &[u8], jobs: &[Range<usize>]) {
    let keys = Aes128::new(key);
    for encrypt in [true, false] {
        let mut wanted = data.to_vec();
        for job in jobs {
            let iv = data[job.start - BLOCK..job.start].try_into().unwrap();
            wanted[job.clone()].copy_from_slice(&expected(key, &iv, &data[job.clone()], encrypt));
        }
        let mut got = data.to_vec();
        if encrypt {
            keys.cbc_encrypt_many(&mut got, jobs.iter().cloned());
        } else {
            keys.cbc_decrypt_many(&mut got, jobs.iter().cloned());
        }
        assert!(got == wanted, "encrypt {encrypt}, jobs {jobs:?}");
    }
}

#[test]
fn fips_197_appendix_c_1() {
    let key = block("000102030405060708090a0b0c0d0e0f");
    let plain = block("00112233445566778899aabbccddeeff");
    let cipher = block("69c4e0d86a7b0430d8cdb78070b4c55a");
    let keys = Aes128::new(&key);
    let mut data = plain;
    keys.cbc_encrypt(&mut [0; BLOCK], &mut data);
    assert_eq!(data, cipher);
    keys.cbc_decrypt(&mut [0; BLOCK], &mut data);
    assert_eq!(data, plain);
}

#[test]
fn sp_800_38a_appendix_f_2() {
    let key = block("2b7e151628aed2a6abf7158809cf4f3c");
    let iv = block("000102030405060708090a0b0c0d0e0f");
    let plain = [
        block("6bc1bee22e409f96e93d7e117393172a"),
        block("ae2d8a571e03ac9c9eb76fac45af8e51"),
        block("30c81c46a35ce411e5fbc1191a0a52ef"),
        block("f69f2445df4f9b17ad2b417be66c3710"),
    ]
    .concat();
    let cipher = [
        block("7649abac8119b246cee98e9b12e9197d"),
        block("5086cb9b507219ee95db113a917678b2"),
        block("73bed6b8e3c1743b7116e69e22229516"),
        block("3ff1caa1681fac09120eca307586e1a7"),
    ]
    .concat();
    let keys = Aes128::new(&key);
    for count in 1..=17 {
        let stride = BLOCK + plain.len();
        let jobs = || (0..count).map(|index| index * stride + BLOCK..(index + 1) * stride);
        let mut data = [&iv[..], &plain].concat().repeat(count);
        keys.cbc_encrypt_many(&mut data, jobs());
        assert_eq!(data, [&iv[..], &cipher].concat().repeat(count));
        keys.cbc_decrypt_many(&mut data, jobs());
        assert_eq!(data, [&iv[..], &plain].concat().repeat(count));
    }
}

#[test]
fn every_number_of_messages_and_ragged_lengths() {
    let mut random = TestBytes::new(10);
    for count in (0..40).chain([1000]) {
        for longest in [1, 2, 9, 30] {
            let lengths: Vec<_> = (0..count).map(|_| random.below(longest + 1)).collect();
            let (data, jobs) = lay_out(&mut random, &lengths);
            check_many(&random_block(&mut random), &data, &jobs);
        }
    }
}

#[test]
fn a_long_message_among_short_ones() {
    let mut random = TestBytes::new(11);
    for place in 0..12 {
        let mut lengths = [1; 12];
        lengths[place] = 700;
        lengths[11 - place] = 5 * place;
        let (data, jobs) = lay_out(&mut random, &lengths);
        check_many(&random_block(&mut random), &data, &jobs);
    }
}

#[test]
fn random_keys_and_blocks() {
    let mut random = TestBytes::new(12);
    for _ in 0..500 {
        let lengths: Vec<_> = (0..random.below(12)).map(|_| random.below(12)).collect();
        let (data, jobs) = lay_out(&mut random, &lengths);
        check_many(&random_block(&mut random), &data, &jobs);
    }
}

#[test]
fn pieces_of_one_message_equal_the_whole() {
    let mut random = TestBytes::new(13);
    for _ in 0..100 {
        let (key, iv) = (random_block(&mut random), random_block(&mut random));
        let keys = Aes128::new(&key);
        let length = random.below(600) * BLOCK;
        let plain = random.bytes(length);
        let split = random.below(length / BLOCK + 1) * BLOCK;

        let mut data = plain.clone();
        let mut chain = iv;
        keys.cbc_encrypt(&mut chain, &mut data[..split]);
        keys.cbc_encrypt(&mut chain, &mut data[split..]);
        assert!(data == expected(&key, &iv, &plain, true));
        assert_eq!(chain, data.last_chunk().copied().unwrap_or(iv));

        let last = chain;
        chain = iv;
        keys.cbc_decrypt(&mut chain, &mut data[..split]);
        keys.cbc_decrypt(&mut chain, &mut data[split..]);
        assert!(data == plain);
        assert_eq!(chain, last);
    }
}

#[test]
#[should_panic]
fn a_message_without_an_iv_is_refused() {
    Aes128::new(&[0; BLOCK]).cbc_decrypt_many(&mut [0; 64], std::iter::once(0..32));
}

#[test]
#[should_panic]
fn a_part_of_a_block_is_refused() {
    Aes128::new(&[0; BLOCK]).cbc_encrypt_many(&mut [0; 64], std::iter::once(16..40));
}
