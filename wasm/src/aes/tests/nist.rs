//! NIST's known-answer, multi-block message and Monte Carlo tests of AES-128-CBC
//! (AESAVS, section 6) on each implementation, whatever the number of messages.

use super::super::bitsliced::{self, LANES};
use super::super::vector_permute::{self, Schedule};
use super::{Aes128, BLOCK, Block};
use crate::vector::Vector;
use std::array;

macro_rules! vectors {
    ($name:literal) => {
        read(include_str!(concat!(
            "../../../../tests/vectors/nist/aes_128_cbc_",
            $name,
            ".json"
        )))
    };
}

struct Case {
    key: Block,
    iv: Block,
    plaintext: Vec<u8>,
    ciphertext: Vec<u8>,
}

struct Cases {
    encrypt: Vec<Case>,
    decrypt: Vec<Case>,
}

/// Reads a file of vectors: all of its strings are names and hexadecimal values.
fn read(json: &str) -> Cases {
    let strings: Vec<_> = json.split('"').skip(1).step_by(2).collect();
    let middle = strings.iter().position(|&name| name == "decrypt").unwrap();
    let (encrypt, decrypt) = strings.split_at(middle);
    assert_eq!([encrypt[0], decrypt[0]], ["encrypt", "decrypt"]);
    let cases = |strings: &[&str]| {
        let (cases, rest) = strings[1..].as_chunks();
        assert!(rest.is_empty());
        cases.iter().map(case).collect()
    };
    Cases {
        encrypt: cases(encrypt),
        decrypt: cases(decrypt),
    }
}

fn case(strings: &[&str; 8]) -> Case {
    let &[k, key, i, iv, p, plaintext, c, ciphertext] = strings;
    assert_eq!([k, i, p, c], ["key", "iv", "plaintext", "ciphertext"]);
    Case {
        key: super::block(key),
        iv: super::block(iv),
        plaintext: bytes(plaintext),
        ciphertext: bytes(ciphertext),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let digits = pairs.map(|pair| str::from_utf8(pair).unwrap());
    digits
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// An implementation of one direction: takes the key, the IV, which it moves on,
/// and whole blocks in place.
type Cbc = fn(&Schedule, &Aes128, &mut Block, &mut [u8]);

/// Every lane has the same message.
fn encrypt_bitsliced(schedule: &Schedule, _: &Aes128, iv: &mut Block, data: &mut [u8]) {
    let keys = bitsliced::Keys::new(&schedule.bytes);
    in_lanes::<LANES>(iv, data, |lanes, places, count| {
        let mut chain = bitsliced::chain(lanes, &places);
        for block in 0..count {
            let places = places.map(|place| place + block * BLOCK);
            bitsliced::encrypt_step(&keys, &mut chain, lanes, &places);
        }
    });
    *iv = *data.last_chunk().unwrap();
}

fn encrypt_serially<const N: usize>(
    schedule: &Schedule,
    _: &Aes128,
    iv: &mut Block,
    data: &mut [u8],
) {
    let keys = vector_permute::Keys::new(schedule);
    let chain = [Vector::from_bytes(iv); N];
    in_lanes(iv, data, |lanes, places, count| {
        keys.cbc_encrypt(chain, lanes, places, count);
    });
    *iv = *data.last_chunk().unwrap();
}

/// Lays the message out `N` times, each with its IV before it, and takes back the
/// result, which has to be the same in every lane.
fn in_lanes<const N: usize>(
    iv: &Block,
    data: &mut [u8],
    encrypt: impl FnOnce(&mut [u8], [usize; N], usize),
) {
    let stride = BLOCK + data.len();
    let mut lanes = [&iv[..], data].concat().repeat(N);
    encrypt(
        &mut lanes,
        array::from_fn(|lane| BLOCK + lane * stride),
        data.len() / BLOCK,
    );
    data.copy_from_slice(&lanes[BLOCK..stride]);
    assert_eq!(lanes, [&iv[..], data].concat().repeat(N));
}

/// One block in each lane: of a message's blocks, and then of its last one again.
fn decrypt_bitsliced(schedule: &Schedule, _: &Aes128, iv: &mut Block, data: &mut [u8]) {
    let keys = bitsliced::Keys::new(&schedule.bytes);
    let next = *data.last_chunk().unwrap();
    for place in (0..data.len()).step_by(BLOCK).rev() {
        bitsliced::decrypt_step(&keys, Vector::from_bytes(iv), data, &[place; LANES]);
    }
    *iv = next;
}

fn encrypt_stream(_: &Schedule, keys: &Aes128, iv: &mut Block, data: &mut [u8]) {
    keys.cbc_encrypt(iv, data);
}

fn decrypt_stream(_: &Schedule, keys: &Aes128, iv: &mut Block, data: &mut [u8]) {
    keys.cbc_decrypt(iv, data);
}

const ENCRYPTIONS: [(&str, Cbc); 6] = [
    ("bitsliced", encrypt_bitsliced),
    ("byte shuffles in one lane", encrypt_serially::<1>),
    ("byte shuffles in two lanes", encrypt_serially::<2>),
    ("byte shuffles in three lanes", encrypt_serially::<3>),
    ("byte shuffles in four lanes", encrypt_serially::<4>),
    ("a stream", encrypt_stream),
];
const DECRYPTIONS: [(&str, Cbc); 2] = [
    ("bitsliced", decrypt_bitsliced),
    ("a stream", decrypt_stream),
];

fn run(cbc: Cbc, key: &Block, iv: &Block, data: &[u8]) -> Vec<u8> {
    let (schedule, keys) = (Schedule::new(key), Aes128::new(key));
    let mut data = data.to_vec();
    cbc(&schedule, &keys, &mut { *iv }, &mut data);
    data
}

fn check_known_answers(vectors: &Cases, count: usize) {
    let Cases { encrypt, decrypt } = vectors;
    assert_eq!([encrypt.len(), decrypt.len()], [count; 2]);
    for (number, case) in encrypt.iter().enumerate() {
        for (name, cbc) in ENCRYPTIONS {
            let got = run(cbc, &case.key, &case.iv, &case.plaintext);
            assert_eq!(got, case.ciphertext, "{name}, count {number}");
        }
    }
    for (number, case) in decrypt.iter().enumerate() {
        for (name, cbc) in DECRYPTIONS {
            let got = run(cbc, &case.key, &case.iv, &case.ciphertext);
            assert_eq!(got, case.plaintext, "{name}, count {number}");
        }
    }
}

#[test]
fn known_answers_of_the_galois_field_sbox() {
    check_known_answers(&vectors!("gfsbox"), 7);
}

#[test]
fn known_answers_of_the_key_sbox() {
    check_known_answers(&vectors!("keysbox"), 21);
}

#[test]
fn known_answers_of_variable_keys() {
    check_known_answers(&vectors!("varkey"), 128);
}

#[test]
fn known_answers_of_variable_texts() {
    check_known_answers(&vectors!("vartxt"), 128);
}

#[test]
fn messages_of_several_blocks() {
    check_known_answers(&vectors!("mmt"), 10);
}

/// The Monte Carlo test (AESAVS, section 6.4.2): 1,000 blocks in one stream, of
/// which each is what came out two steps before, for each of 100 keys.
fn check_monte_carlo(cbc: Cbc, cases: &[Case], encrypt: bool) {
    assert_eq!(cases.len(), 100);
    let block = |bytes: &[u8]| Block::try_from(bytes).unwrap();
    let inputs = |case: &Case| {
        block(if encrypt {
            &case.plaintext
        } else {
            &case.ciphertext
        })
    };
    let outputs = |case: &Case| {
        block(if encrypt {
            &case.ciphertext
        } else {
            &case.plaintext
        })
    };
    let (mut key, mut iv, mut input) = (cases[0].key, cases[0].iv, inputs(&cases[0]));
    for (count, case) in cases.iter().enumerate() {
        let given = (case.key, case.iv, inputs(case));
        assert_eq!((key, iv, input), given, "count {count}");
        let (schedule, keys) = (Schedule::new(&key), Aes128::new(&key));
        let mut chain = iv;
        let mut last = iv;
        for _ in 0..1_000 {
            let mut data = input;
            cbc(&schedule, &keys, &mut chain, &mut data);
            input = last;
            last = data;
        }
        assert_eq!(last, outputs(case), "count {count}");
        key = array::from_fn(|byte| key[byte] ^ last[byte]);
        iv = last;
    }
}

#[test]
fn monte_carlo_encryption_bitsliced() {
    check_monte_carlo(encrypt_bitsliced, &vectors!("mct").encrypt, true);
}

#[test]
fn monte_carlo_encryption_by_byte_shuffles() {
    check_monte_carlo(encrypt_serially::<1>, &vectors!("mct").encrypt, true);
}

#[test]
fn monte_carlo_decryption_bitsliced() {
    check_monte_carlo(decrypt_bitsliced, &vectors!("mct").decrypt, false);
}
