//! Whole tokens.

use crate::any_length;
use crate::plain::{self, BLOCK, encode, pad, raw_token, sign};
use crate::test_bytes::TestBytes;
use crate::texts::disturb;
use ironfern_kernel::batch::{self, INVALID, Separator};
use ironfern_kernel::fernet::{HEAD, KEY, token_length};

const SIGNING: usize = 16;

/// Records in one run of bytes, and the offsets that bound them.
fn to_batch(records: &[Vec<u8>], separator: Separator) -> (Vec<u8>, Vec<u8>) {
    let lengths = records
        .iter()
        .map(|record| record.len() + separator.length());
    (offsets(lengths), joined(records, separator))
}

fn joined(records: &[Vec<u8>], separator: Separator) -> Vec<u8> {
    let line_feed = &b"\n"[..separator.length()];
    let pieces = records.iter().flat_map(|record| [record, line_feed]);
    pieces.collect::<Vec<_>>().concat()
}

fn offsets(lengths: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut end = 0;
    let ends = lengths.map(|length| {
        end += length as u32;
        end
    });
    let ends: Vec<_> = ends.collect();
    [0].iter()
        .chain(&ends)
        .flat_map(|end| end.to_le_bytes())
        .collect()
}

fn seal(
    key: &[u8; KEY],
    heads: &[[u8; HEAD]],
    records: &[Vec<u8>],
    separator: Separator,
) -> Vec<u8> {
    let length = |record: &Vec<u8>| token_length(record.len()) + separator.length();
    let lengths = || records.iter().map(length);
    let (places, bytes) = to_batch(records, separator);
    let mut out = vec![0xaa; lengths().sum()];
    let tokens = offsets(lengths());
    batch::seal(
        key,
        heads.as_flattened(),
        (&places, &bytes),
        separator,
        &tokens,
        &mut out,
    );
    out
}

fn open(key: &[u8; KEY], tokens: &[Vec<u8>], separator: Separator) -> Vec<Option<(u64, Vec<u8>)>> {
    let (places, bytes) = to_batch(tokens, separator);
    let mut times = vec![0xff; batch::times_length(tokens.len())];
    let mut lengths = vec![0xff; batch::lengths_length(tokens.len())];
    let mut out = vec![0xff; bytes.len()];
    let tokens = (&places[..], &bytes[..]);
    batch::open(key, tokens, separator, &mut times, &mut lengths, &mut out);
    let mut rest = &out[..];
    let results = times.as_chunks().0.iter().zip(lengths.as_chunks().0);
    results
        .map(|(time, length)| {
            let length = u32::from_le_bytes(*length);
            let valid = length != INVALID;
            let length = if valid { length as usize } else { 0 };
            let record = rest.split_off(..length).unwrap();
            let line_feed = rest.split_off(..separator.length()).unwrap();
            assert!(line_feed.iter().all(|&byte| byte == b'\n'));
            valid.then(|| (u64::from_le_bytes(*time), record.to_vec()))
        })
        .collect()
}

pub fn seal_and_open(random: &mut TestBytes) -> usize {
    let key: [u8; KEY] = random.bytes(KEY).try_into().unwrap();
    let count = 1 + random.below(24);
    let heads: Vec<[u8; HEAD]> = (0..count)
        .map(|_| random.bytes(HEAD).try_into().unwrap())
        .collect();
    let mut record = || {
        let length = any_length(random);
        random.bytes(length)
    };
    let records: Vec<_> = (0..count).map(|_| record()).collect();

    let sealed = records.iter().zip(&heads);
    let mut tokens: Vec<_> = sealed
        .map(|(record, head)| encode(&raw_token(&key, head, &pad(record))))
        .collect();
    let lengths: Vec<_> = records.iter().map(Vec::len).collect();
    let separator = [Separator::Nothing, Separator::LineFeed][random.below(2)];
    let got = seal(&key, &heads, &records, separator);
    let expected = joined(&tokens, separator);
    assert!(got == expected, "key {key:?}, lengths {lengths:?}");

    for (token, head) in tokens.iter_mut().zip(&heads) {
        match random.below(8) {
            0 => disturb(random, token),
            1 => *token = forge(random, &key, head),
            _ => {}
        }
    }
    let expected: Vec<_> = tokens
        .iter()
        .map(|token| plain::open(&key, token))
        .collect();
    assert!(
        open(&key, &tokens, separator) == expected,
        "key {key:?}, {tokens:?}"
    );
    count
}

/// A token with a valid tag over anything: any ending where the padding should be,
/// another version, a part of a block, or no ciphertext at all.
fn forge(random: &mut TestBytes, key: &[u8; KEY], head: &[u8; HEAD]) -> Vec<u8> {
    let length = BLOCK * (1 + random.below(9));
    let mut padded = random.bytes(length);
    let padding = random.below(20);
    padded[length - padding.min(BLOCK)..].fill(padding as u8);
    let place = length - 1 - random.below(BLOCK + 4).min(length - 1);
    if random.below(2) == 0 {
        padded[place] ^= 1;
    }
    let mut raw = raw_token(key, head, &padded);
    if random.below(4) == 0 {
        raw.truncate(raw.len() - 32);
        match random.below(3) {
            0 => raw[0] ^= 1 << random.below(8),
            1 => raw.truncate(random.below(raw.len() + 1)),
            _ => raw.push(0),
        }
        raw = sign(&key[..SIGNING], raw);
    }
    encode(&raw)
}
