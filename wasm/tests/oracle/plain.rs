//! The same by the plain crates.

use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, array::Array};
use base64ct::{Base64Url, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub const BLOCK: usize = 16;
pub type Block = [u8; BLOCK];

const PREFIX: usize = 25;
const TAG: usize = 32;

pub fn cbc_encrypt(key: &Block, iv: &Block, data: &mut [u8]) {
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    assert!(rest.is_empty());
    cbc::Encryptor::<aes::Aes128>::new(key.into(), iv.into()).encrypt_blocks(blocks);
}

pub fn cbc_decrypt(key: &Block, iv: &Block, data: &mut [u8]) {
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    assert!(rest.is_empty());
    cbc::Decryptor::<aes::Aes128>::new(key.into(), iv.into()).decrypt_blocks(blocks);
}

pub fn hmac(key: &[u8], message: &[u8]) -> [u8; TAG] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub fn encode(bytes: &[u8]) -> Vec<u8> {
    Base64Url::encode_string(bytes).into_bytes()
}

pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut room = vec![0; text.len()];
    Base64Url::decode(text, &mut room).ok().map(<[u8]>::to_vec)
}

fn halves(key: &[u8; 32]) -> [&Block; 2] {
    [key.first_chunk().unwrap(), key.last_chunk().unwrap()]
}

/// The raw token of a message that has its padding, whatever that is; `head` is
/// the time and the IV.
pub fn raw_token(key: &[u8; 32], head: &[u8; 24], padded: &[u8]) -> Vec<u8> {
    let [signing, encryption] = halves(key);
    let mut ciphertext = padded.to_vec();
    cbc_encrypt(encryption, head.last_chunk().unwrap(), &mut ciphertext);
    sign(signing, [&[0x80], &head[..], &ciphertext].concat())
}

/// Puts the tag after what it is over.
pub fn sign(key: &[u8], mut signed: Vec<u8>) -> Vec<u8> {
    let tag = hmac(key, &signed);
    signed.extend_from_slice(&tag);
    signed
}

pub fn pad(record: &[u8]) -> Vec<u8> {
    let padding = BLOCK - record.len() % BLOCK;
    [record, &vec![padding as u8; padding]].concat()
}

/// A token's time and record, or `None` when it is not valid.
pub fn open(key: &[u8; 32], token: &[u8]) -> Option<(u64, Vec<u8>)> {
    let [signing, encryption] = halves(key);
    let raw = decode(token)?;
    let (signed, tag) = raw.split_last_chunk::<TAG>()?;
    let (prefix, ciphertext) = signed.split_first_chunk::<PREFIX>()?;
    let is_whole = !ciphertext.is_empty() && ciphertext.len().is_multiple_of(BLOCK);
    if prefix[0] != 0x80 || !is_whole || *tag != hmac(signing, signed) {
        return None;
    }
    let mut padded = ciphertext.to_vec();
    cbc_decrypt(encryption, prefix.last_chunk().unwrap(), &mut padded);
    let padding = usize::from(*padded.last()?);
    let record = &padded[..padded.len().checked_sub(padding)?];
    let time = u64::from_be_bytes(*prefix[1..].first_chunk()?);
    (pad(record) == padded).then(|| (time, record.to_vec()))
}
