use super::*;
use crate::test_bytes::TestBytes;

fn to_batch(records: &[Vec<u8>], separator: Separator) -> (Vec<u8>, Vec<u8>) {
    let mut offsets = 0_u32.to_le_bytes().to_vec();
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend_from_slice(record);
        bytes.extend_from_slice(&b"\n"[..separator.length()]);
        offsets.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
    }
    (offsets, bytes)
}

/// Takes the next record and what separates it from the one after.
fn take(rest: &mut &[u8], length: usize, separator: Separator) -> Vec<u8> {
    let (record, after) = rest.split_at(length);
    *rest = after
        .strip_prefix(&b"\n"[..separator.length()])
        .expect("the separator");
    record.to_vec()
}

fn seal_separated(
    key: &[u8; KEY],
    heads: &[u8],
    records: &[Vec<u8>],
    separator: Separator,
) -> Vec<Vec<u8>> {
    let (offsets, bytes) = to_batch(records, separator);
    let mut end = 0;
    let mut tokens = 0_u32.to_le_bytes().to_vec();
    for record in records {
        end += fernet::token_length(record.len()) + separator.length();
        tokens.extend_from_slice(&u32::try_from(end).unwrap().to_le_bytes());
    }
    let mut out = vec![0; end];
    let records_run = (&offsets[..], &bytes[..]);
    seal(key, heads, records_run, separator, &tokens, &mut out);
    let mut rest = &out[..];
    let tokens = records
        .iter()
        .map(|record| take(&mut rest, fernet::token_length(record.len()), separator))
        .collect();
    assert!(rest.is_empty());
    tokens
}

fn seal_all(key: &[u8; KEY], heads: &[u8], records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let tokens = seal_separated(key, heads, records, Separator::Nothing);
    let lines = seal_separated(key, heads, records, Separator::LineFeed);
    assert_eq!(tokens, lines);
    tokens
}

type Opened = Option<(u64, Vec<u8>)>;

fn open_all(key: &[u8; KEY], tokens: &[Vec<u8>]) -> Vec<Opened> {
    let opened = open_separated(key, tokens, Separator::Nothing);
    let lines = open_separated(key, tokens, Separator::LineFeed);
    assert_eq!(opened, lines);
    opened
}

fn open_separated(key: &[u8; KEY], tokens: &[Vec<u8>], separator: Separator) -> Vec<Opened> {
    let (offsets, bytes) = to_batch(tokens, separator);
    let mut times = vec![0xff; times_length(tokens.len())];
    let mut lengths = vec![0xff; lengths_length(tokens.len())];
    let mut out = vec![0xff; bytes.len()];
    let tokens_run = (&offsets[..], &bytes[..]);
    open(
        key,
        tokens_run,
        separator,
        &mut times,
        &mut lengths,
        &mut out,
    );
    let mut rest = &out[..];
    let results = times.as_chunks().0.iter().zip(lengths.as_chunks().0);
    results
        .map(|(time, length)| {
            let length = u32::from_le_bytes(*length);
            let valid = length != INVALID;
            let plaintext = take(
                &mut rest,
                if valid { length as usize } else { 0 },
                separator,
            );
            valid.then(|| (u64::from_le_bytes(*time), plaintext))
        })
        .collect()
}

#[test]
fn the_specifications_token_comes_out() {
    // github.com/fernet/spec, generate.json
    let key = b"\x73\x0f\xf4\xc7\xaf\x3d\x46\x92\x3e\x8e\xd4\x51\xee\x81\x3c\x87\
                \xf7\x90\xb0\xa2\x26\xbc\x96\xa9\x2d\xe4\x9b\x5e\x9c\x05\xe1\xee";
    let mut head = 499_162_800_u64.to_be_bytes().to_vec();
    head.extend(0..16);
    let tokens = seal_all(key, &head, &[b"hello".to_vec()]);
    assert_eq!(
        tokens[0],
        b"gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
    );
    assert_eq!(
        open_all(key, &tokens),
        [Some((499_162_800, b"hello".to_vec()))]
    );
}

#[test]
fn ragged_batches_come_back_in_order() {
    let mut random = TestBytes::new(2);
    for _ in 0..100 {
        let key: [u8; KEY] = random.bytes(KEY).try_into().unwrap();
        let records: Vec<_> = (0..random.below(20)).map(|_| random.up_to(200)).collect();
        let heads = random.bytes(HEAD * records.len());
        let tokens = seal_all(&key, &heads, &records);
        let opened = open_all(&key, &tokens);
        for (index, record) in records.iter().enumerate() {
            let time = heads[index * HEAD..][..8].try_into().unwrap();
            assert_eq!(
                opened[index],
                Some((u64::from_be_bytes(time), record.clone()))
            );
        }
    }
}

#[test]
fn macs_of_ragged_batches() {
    let mut random = TestBytes::new(4);
    for _ in 0..100 {
        let key = random.up_to(150);
        let records: Vec<_> = (0..random.below(20)).map(|_| random.up_to(200)).collect();
        let digest = |record: &Vec<u8>| hmac::Key::new(&key).digest([record, &[]]);
        let expected: Vec<_> = records
            .iter()
            .flat_map(|record| crate::sha256::to_bytes(&digest(record)))
            .collect();
        for separator in [Separator::Nothing, Separator::LineFeed] {
            let (offsets, bytes) = to_batch(&records, separator);
            let mut tags = vec![0xff; TAG * records.len()];
            macs(&key, (&offsets, &bytes), separator, &mut tags);
            assert_eq!(tags, expected);
        }
    }
}

#[test]
fn any_changed_character_is_refused_and_its_neighbours_are_not() {
    let mut random = TestBytes::new(3);
    let key: [u8; KEY] = random.bytes(KEY).try_into().unwrap();
    let record = random.bytes(20);
    let heads = random.bytes(HEAD);
    let token = seal_all(&key, &heads, std::slice::from_ref(&record)).remove(0);
    for position in 0..token.len() {
        let mut changed = token.clone();
        changed[position] = if changed[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let cut = token[..position].to_vec();
        let opened = open_all(&key, &[token.clone(), changed, cut, token.clone()]);
        assert_eq!(opened[1..3], [None, None], "position {position}");
        assert_eq!(opened[0], opened[3]);
        assert_eq!(opened[0].as_ref().unwrap().1, record);
    }
}

#[test]
fn a_valid_mac_over_bad_padding_is_refused() {
    // The second block of a valid token is dropped and the rest signed again.
    use crate::sha256::to_bytes;
    use base64ct::{Base64Url, Encoding};
    let key = [7; KEY];
    let token = seal_all(&key, &[1; HEAD], &[vec![0; 16]]).remove(0);
    let mut raw = Base64Url::decode_vec(std::str::from_utf8(&token).unwrap()).unwrap();
    raw.truncate(raw.len() - 32 - 16);
    let signature = hmac::Key::new(&key[..16]).digest([&raw, &[]]);
    raw.extend_from_slice(&to_bytes(&signature));
    let forged = Base64Url::encode_string(&raw).into_bytes();
    assert_eq!(open_all(&key, &[forged]), [None]);
}
