//! Fernet tokens (github.com/fernet/spec): from plaintext to base64url text and
//! back. Raw token: 0x80 || time (u64be) || IV (16) || AES-128-CBC || HMAC (32).

use crate::mac::{self, HmacSha256};
use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use base64ct::{Base64Url, Encoding};
use hmac::Mac;
use zeroize::Zeroize;

/// Bytes in a key.
pub const KEY: usize = 32;
/// What precedes the ciphertext but for the version byte: time (8), IV (16).
pub const HEAD: usize = 24;
const VERSION: u8 = 0x80;
const PREFIX: usize = 1 + HEAD;
const TAG: usize = 32;
const BLOCK: usize = 16;
const SHORTEST: usize = PREFIX + BLOCK + TAG;

/// A Fernet key, expanded: it is wiped when dropped.
pub struct Keys {
    mac: HmacSha256,
    aes: Aes128,
}

impl Keys {
    /// The first 16 bytes sign, the last 16 encrypt.
    pub fn new(key: &[u8; KEY]) -> Self {
        let (signing, encryption) = key.split_at(KEY / 2);
        Self {
            mac: mac::keyed(signing),
            aes: Aes128::new_from_slice(encryption).unwrap_or_else(|_| unreachable!()),
        }
    }
}

/// Characters in the token of a record of `length` bytes.
pub fn token_length(length: usize) -> usize {
    let raw = PREFIX + length - length % BLOCK + BLOCK + TAG;
    raw.div_ceil(3) * 4
}

/// Bytes in the raw token of `length` characters, padding counted as data: an
/// upper bound.
pub fn raw_length(length: usize) -> usize {
    length / 4 * 3
}

/// Seals `record` into `out`, which has `token_length(record.len())` bytes.
pub fn seal(keys: &Keys, head: &[u8; HEAD], record: &[u8], out: &mut [u8]) {
    // The raw token is built at the end of `out`, then spread over it as text:
    // four characters are written only after the three bytes below were read.
    let ciphertext = record.len() - record.len() % BLOCK + BLOCK;
    let raw_start = out.len() - (PREFIX + ciphertext + TAG);
    let raw = &mut out[raw_start..];
    raw[0] = VERSION;
    raw[1..PREFIX].copy_from_slice(head);
    let (signed, tag) = raw.split_at_mut(PREFIX + ciphertext);
    cbc::Encryptor::inner_iv_slice_init(&keys.aes, &head[8..])
        .unwrap_or_else(|_| unreachable!())
        .encrypt_padded_b2b::<Pkcs7>(record, &mut signed[PREFIX..])
        .unwrap_or_else(|_| unreachable!());
    let mut mac = keys.mac.clone();
    mac.update(signed);
    tag.copy_from_slice(&mac::tag(&mac));
    encode_in_place(out, raw_start);
}

/// Opens `token` into the start of `out`, which has at least
/// `raw_length(token.len())` bytes, and returns the token's time and the
/// plaintext's length; `None` for any token that is not valid.
pub fn open(keys: &Keys, token: &[u8], out: &mut [u8]) -> Option<(u64, u32)> {
    let raw_length = Base64Url::decode(token, out).ok()?.len();
    let raw = &mut out[..raw_length];
    if raw_length < SHORTEST || !(raw_length - SHORTEST).is_multiple_of(BLOCK) || raw[0] != VERSION
    {
        return None;
    }
    let (signed, tag) = raw.split_at_mut(raw_length - TAG);
    let mut expected = keys.mac.clone();
    expected.update(signed);
    expected.verify_slice(tag).ok()?;

    let (prefix, ciphertext) = signed.split_at_mut(PREFIX);
    let time = u64::from_be_bytes(*prefix[1..].first_chunk()?);
    let length = cbc::Decryptor::inner_iv_slice_init(&keys.aes, &prefix[9..])
        .ok()?
        .decrypt_padded::<Pkcs7>(ciphertext)
        .ok()?
        .len();
    raw.copy_within(PREFIX..PREFIX + length, 0);
    raw[length..].zeroize();
    Some((time, u32::try_from(length).ok()?))
}

/// Spreads the bytes from `start` to the end over all of `out` as base64url.
fn encode_in_place(out: &mut [u8], start: usize) {
    let mut read = start;
    let mut written = 0;
    while read < out.len() {
        let mut piece = [0; 48];
        let taken = piece.len().min(out.len() - read);
        piece[..taken].copy_from_slice(&out[read..read + taken]);
        read += taken;
        let text = Base64Url::encode(&piece[..taken], &mut out[written..])
            .unwrap_or_else(|_| unreachable!());
        written += text.len();
    }
}
