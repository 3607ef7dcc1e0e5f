//! What tokens and derivations are made of.

use crate::inputs::{assert_secret_and_equal, bytes, secret, secret_array};
use crate::report::Report;
use core::ops::Range;
use ironfern_kernel::aes::{Aes128, BLOCK, Block};
use ironfern_kernel::base64;
use ironfern_kernel::pbkdf2::AnyBlock;
use ironfern_kernel::secrecy::{declassify, memcheck};
use ironfern_kernel::sha256::hmac::{Key, Messages, Stream, hmac_many};
use ironfern_kernel::sha256::pbkdf2::{Block256, run_many};

/// Blocks of the messages of a batch: fewer, as many and more than there are
/// lanes, of one length and of several.
const BATCHES: [&[usize]; 8] = [
    &[1],
    &[4, 4],
    &[1, 2, 3],
    &[3; 4],
    &[2, 9, 1, 4, 3],
    &[4; 8],
    &[7; 16],
    &[1, 0, 20, 3, 5, 8, 2, 2, 1, 40, 6, 1, 3],
];
const MESSAGES: [&[usize]; 7] = [
    &[0],
    &[200],
    &[55, 56],
    &[1, 63, 64],
    &[105; 4],
    &[137; 9],
    &[0, 1_000, 5, 119, 120, 128, 64, 3, 300, 55, 12],
];
const PARTS: [&[usize]; 4] = [&[0], &[64], &[10, 54, 1], &[63, 2, 200, 7]];

pub fn run(report: &mut Report) {
    for blocks in BATCHES {
        report.check(&format!("AES, blocks of the messages: {blocks:?}"), || {
            check_aes_many(blocks);
        });
    }
    for blocks in [1, 5, 8, 17, 300] {
        report.check(&format!("AES, blocks of one message: {blocks}"), || {
            check_aes(blocks);
        });
    }
    for lengths in MESSAGES {
        report.check(&format!("HMAC, bytes of the messages: {lengths:?}"), || {
            check_hmac(lengths);
        });
    }
    for lengths in PARTS {
        report.check(&format!("HMAC, bytes of the parts: {lengths:?}"), || {
            check_stream(lengths);
        });
    }
    for (number, hash) in (0..).zip(["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
        for length in [1, 12, 64, 65, 128, 200] {
            report.check(
                &format!("PBKDF2-{hash}, bytes of the password: {length}"),
                || {
                    check_pbkdf2(number, length);
                },
            );
        }
    }
    for count in 1..=9 {
        report.check(&format!("PBKDF2, output blocks at once: {count}"), || {
            check_run_many(count);
        });
    }
    for length in [0, 1, 2, 3, 11, 12, 13, 47, 48, 49, 105, 1_000] {
        report.check(&format!("base64, bytes: {length}"), || {
            check_base64(length);
        });
    }
    report.check("base64, not valid", check_wrong_base64);
}

/// Where messages of so many bytes are that have room for `space` before each.
fn places(lengths: &[usize], space: usize) -> (Vec<Range<usize>>, usize) {
    let mut end = 0;
    let places = lengths.iter().map(|length| {
        let start = end + space;
        end = start + length;
        start..end
    });
    (places.collect(), end)
}

fn check_aes_many(blocks: &[usize]) {
    let lengths: Vec<usize> = blocks.iter().map(|count| BLOCK * count).collect();
    let (jobs, length) = places(&lengths, BLOCK);
    let key: Block = bytes(40, BLOCK).try_into().unwrap();
    let plaintext = bytes(41, length);
    let cipher = Aes128::new(&key);
    let mut ciphertext = plaintext.clone();
    cipher.cbc_encrypt_many(&mut ciphertext, jobs.iter().cloned());

    // The key alone is secret first, then the text too.
    for is_text_secret in [false, true] {
        let cipher = Aes128::new(&secret_array(&key));
        let mut data = plaintext.clone();
        if is_text_secret {
            memcheck::classify(&mut data);
        }
        cipher.cbc_encrypt_many(&mut data, jobs.iter().cloned());
        reveal_jobs(&jobs, &mut data, &ciphertext);
        if is_text_secret {
            memcheck::classify(&mut data);
        }
        cipher.cbc_decrypt_many(&mut data, jobs.iter().cloned());
        reveal_jobs(&jobs, &mut data, &plaintext);
    }
}

fn reveal_jobs(jobs: &[Range<usize>], data: &mut [u8], expected: &[u8]) {
    for job in jobs {
        assert_secret_and_equal(&mut data[job.clone()], &expected[job.clone()]);
    }
    memcheck::publish(data);
}

fn check_aes(blocks: usize) {
    let key: Block = bytes(42, BLOCK).try_into().unwrap();
    let iv: Block = bytes(43, BLOCK).try_into().unwrap();
    let plaintext = bytes(44, BLOCK * blocks);
    let mut ciphertext = plaintext.clone();
    Aes128::new(&key).cbc_encrypt(&mut { iv }, &mut ciphertext);

    let cipher = Aes128::new(&secret_array(&key));
    let mut data = secret(&plaintext);
    cipher.cbc_encrypt(&mut { iv }, &mut data);
    assert_secret_and_equal(&mut data, &ciphertext);
    cipher.cbc_decrypt(&mut secret_array(&iv), &mut data);
    assert_secret_and_equal(&mut data, &plaintext);
}

struct Tagged {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
    tags: Vec<[u8; 32]>,
}

impl Messages for Tagged {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn place(&mut self, index: usize) -> Range<usize> {
        self.places[index].clone()
    }

    fn tag(&mut self, index: usize, tag: &[u8; 32]) {
        self.tags[index] = *tag;
    }
}

fn check_hmac(lengths: &[usize]) {
    let (places, length) = places(lengths, 0);
    let messages = bytes(50, length);
    let tags = |key: &[u8], bytes: Vec<u8>| {
        let mut tagged = Tagged {
            bytes,
            places: places.clone(),
            tags: vec![[0; 32]; lengths.len()],
        };
        hmac_many(&Key::new(key), lengths.len(), &mut tagged);
        tagged.tags
    };
    for key_length in [16, 32, 64, 100] {
        let key = bytes(51, key_length);
        let expected = tags(&key, messages.clone());
        for messages in [messages.clone(), secret(&messages)] {
            let mut found = tags(&secret(&key), messages);
            assert_secret_and_equal(found.as_flattened_mut(), expected.as_flattened());
        }
    }
}

fn check_stream(lengths: &[usize]) {
    let (places, length) = places(lengths, 0);
    let (key, message) = (bytes(52, 16), bytes(53, length));
    let tag = |key: &[u8], message: &[u8]| {
        let mut stream = Stream::new(key);
        places
            .iter()
            .for_each(|part| stream.update(&message[part.clone()]));
        stream.tag()
    };
    let expected = tag(&key, &message);
    let mut found = tag(&secret(&key), &secret(&message));
    assert_secret_and_equal(&mut found, &expected);
}

fn check_pbkdf2(hash: u32, length: usize) {
    let (password, salt) = (bytes(60, length), bytes(61, 16));
    let derive = |password: &[u8]| {
        let mut block = AnyBlock::new(hash, password, &salt, 1).unwrap();
        block.run(3);
        block.output().to_vec()
    };
    assert_secret_and_equal(&mut derive(&secret(&password)), &derive(&password));
}

fn check_run_many(count: usize) {
    let salt = bytes(60, 16);
    let derive = |password: &[u8]| -> Vec<u8> {
        let blocks = 1..=u32::try_from(count).unwrap();
        let mut blocks: Vec<_> = blocks
            .map(|index| Block256::new(password, &salt, index))
            .collect();
        run_many(&mut blocks[..], count, 3);
        blocks.iter().flat_map(|block| *block.output()).collect()
    };
    for length in [12, 100] {
        let password = bytes(61, length);
        let mut output = derive(&secret(&password));
        assert_secret_and_equal(&mut output, &derive(&password));
    }
}

fn check_base64(length: usize) {
    let input = bytes(70, length);
    let encode = |bytes: &[u8]| {
        let mut place = vec![0; base64::encoded_length(length)];
        let start = place.len() - length;
        place[start..].copy_from_slice(bytes);
        base64::encode_in_place(&mut place, start);
        place
    };
    let expected = encode(&input);
    let mut text = encode(&secret(&input));
    let dependent = (4 * length).div_ceil(3);
    assert_secret_and_equal(&mut text[..dependent], &expected[..dependent]);

    memcheck::classify(&mut text);
    let mut out = vec![0; text.len() / 4 * 3];
    // That it is valid, and how long it is, is public.
    let decoded = declassify(base64::decode(&text, &mut out));
    assert_eq!(decoded, Some(length));
    assert_secret_and_equal(&mut out[..length], &input);
}

fn check_wrong_base64() {
    for place in [0, 20, 62, 63] {
        let mut text = vec![b'A'; 64];
        text[place] = b'+';
        let mut out = vec![0; 48];
        let decoded = declassify(base64::decode(&secret(&text), &mut out));
        assert_eq!(decoded, None);
    }
}
