//! Batches of tokens, as the WebAssembly interface calls them.

use crate::inputs::{assert_secret_and_equal, bytes, secret, secret_array};
use crate::report::Report;
use base64ct::{Base64Url, Encoding};
use ironfern_kernel::batch::Separator;
use ironfern_kernel::fernet::{HEAD, KEY, TAG};
use ironfern_kernel::secrecy::memcheck;
use ironfern_kernel::{batch, fernet, sha256};

/// Lengths at and around those of blocks, of vectors and of whole batches.
const RECORDS: [&[usize]; 6] = [
    &[0],
    &[100],
    &[15, 16, 17],
    &[48; 8],
    &[64; 16],
    &[0, 1, 31, 32, 33, 200, 7, 128, 1_000, 47, 48],
];
/// Characters of a token in front of the first whole group of its ciphertext.
const PUBLIC_START: usize = 36;

pub fn run(report: &mut Report) {
    for lengths in RECORDS {
        let batch = Batch::new(lengths);
        report.check(&format!("seal {lengths:?}"), || check_seal(&batch));
        report.check(&format!("open {lengths:?}"), || check_open(&batch));
    }
    let batch = Batch::new(&[FORGED; 9]);
    for (name, change) in FORGERIES {
        report.check(&format!("open, {name}"), || check_forged(&batch, change));
    }
    report.check("open, wrong padding under a valid MAC", check_wrong_padding);
}

/// Records and their tokens, all public.
struct Batch {
    key: [u8; KEY],
    heads: Vec<u8>,
    records: Vec<u8>,
    lengths: Vec<usize>,
    tokens: Vec<u8>,
}

impl Batch {
    fn new(lengths: &[usize]) -> Self {
        let mut batch = Self {
            key: bytes(10, KEY).try_into().unwrap(),
            heads: bytes(11, HEAD * lengths.len()),
            records: bytes(12, lengths.iter().sum()),
            lengths: lengths.to_vec(),
            tokens: Vec::new(),
        };
        batch.tokens = batch.seal(&batch.key, &batch.records);
        batch
    }

    fn seal(&self, key: &[u8; KEY], records: &[u8]) -> Vec<u8> {
        let offsets = to_offsets(&self.lengths);
        let tokens = to_offsets(&self.token_lengths());
        let mut out = vec![0; self.token_lengths().iter().sum()];
        let records = (&offsets[..], records);
        batch::seal(
            key,
            &self.heads,
            records,
            Separator::Nothing,
            &tokens,
            &mut out,
        );
        out
    }

    fn token_lengths(&self) -> Vec<usize> {
        let lengths = self.lengths.iter();
        lengths.map(|&each| fernet::token_length(each)).collect()
    }

    /// The lengths that `batch::open` gives, and its output.
    fn open(&self, key: &[u8; KEY], tokens: &[u8]) -> (Vec<u32>, Vec<u8>) {
        let count = self.lengths.len();
        let offsets = to_offsets(&self.token_lengths());
        let mut times = vec![0; batch::times_length(count)];
        let mut lengths = vec![0; batch::lengths_length(count)];
        let mut out = vec![0; tokens.len()];
        let tokens = (&offsets[..], tokens);
        batch::open(
            key,
            tokens,
            Separator::Nothing,
            &mut times,
            &mut lengths,
            &mut out,
        );
        let lengths = lengths.as_chunks().0.iter();
        (lengths.map(|&each| u32::from_le_bytes(each)).collect(), out)
    }
}

fn to_offsets(lengths: &[usize]) -> Vec<u8> {
    let mut end = 0_u32;
    let mut offsets = end.to_le_bytes().to_vec();
    for &length in lengths {
        end += u32::try_from(length).unwrap();
        offsets.extend_from_slice(&end.to_le_bytes());
    }
    offsets
}

fn check_seal(batch: &Batch) {
    let mut tokens = batch.seal(&secret_array(&batch.key), &secret(&batch.records));
    let mut start = 0;
    for length in batch.token_lengths() {
        // The last group may be padding for the most part.
        let dependent = start + PUBLIC_START..start + length - 4;
        assert!(memcheck::is_secret(&tokens[dependent]));
        start += length;
    }
    memcheck::publish(&mut tokens);
    assert_eq!(tokens, batch.tokens);
}

fn check_open(batch: &Batch) {
    // Lengths are declassified where the kernel finds them.
    let (lengths, mut out) = batch.open(&secret_array(&batch.key), &batch.tokens);
    assert!(
        lengths
            .iter()
            .zip(&batch.lengths)
            .all(|(&a, &b)| a as usize == b)
    );
    assert_secret_and_equal(&mut out[..batch.records.len()], &batch.records);
}

/// Bytes in a record whose token has no base64 padding, so that the text ends
/// with 43 characters of MAC; the first shares its group with the ciphertext.
const FORGED: usize = 40;
/// A name for what is done to a valid token.
type Forgery = (&'static str, fn(&mut [u8]));
const FORGERIES: [Forgery; 4] = [
    ("first byte of the MAC changed", |token| {
        change(token, token.len() - 42);
    }),
    ("last byte of the MAC changed", |token| {
        change(token, token.len() - 1);
    }),
    ("ciphertext changed", |token| change(token, PUBLIC_START)),
    ("not base64url", |token| token[PUBLIC_START] = b'+'),
];

fn change(token: &mut [u8], place: usize) {
    token[place] = if token[place] == b'A' { b'B' } else { b'A' };
}

/// Every second token is forged.
fn check_forged(batch: &Batch, forge: fn(&mut [u8])) {
    let mut tokens = batch.tokens.clone();
    let length = fernet::token_length(batch.lengths[0]);
    tokens.chunks_mut(length).step_by(2).for_each(forge);
    let (lengths, _) = batch.open(&secret_array(&batch.key), &tokens);
    for (index, &length) in lengths.iter().enumerate() {
        assert_eq!(length == batch::INVALID, index % 2 == 0);
    }
}

fn check_wrong_padding() {
    let batch = Batch::new(&[FORGED]);
    let mut raw = Base64Url::decode_vec(str::from_utf8(&batch.tokens).unwrap()).unwrap();
    let end = raw.len() - TAG;
    raw[end - 1] ^= 1;
    let signer = sha256::hmac::Key::new(&batch.key[..KEY / 2]);
    let tag = signer.digest([&raw[..end], &[]]);
    raw[end..].copy_from_slice(&sha256::to_bytes(&tag));
    let (lengths, _) = batch.open(
        &secret_array(&batch.key),
        Base64Url::encode_string(&raw).as_bytes(),
    );
    assert_eq!(lengths, [batch::INVALID]);
}
