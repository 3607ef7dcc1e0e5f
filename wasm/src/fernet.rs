//! A Fernet token's parts (github.com/fernet/spec). Raw token:
//! 0x80 || time (u64be) || IV (16) || AES-128-CBC || HMAC-SHA256 (32).

use crate::aes::BLOCK;
use crate::base64;
use crate::secrecy::declassify;
use core::ops::Range;

/// Bytes in a key: the first 16 sign, the last 16 encrypt.
pub const KEY: usize = 32;
/// What precedes the ciphertext but for the version byte: time (8), IV (16).
pub const HEAD: usize = 24;
/// Bytes of the HMAC.
pub const TAG: usize = 32;

const VERSION: u8 = 0x80;
const PREFIX: usize = 1 + HEAD;
const SHORTEST: usize = PREFIX + BLOCK + TAG;

/// Bytes of the raw token of a record of `length` bytes.
pub fn raw_length(length: usize) -> usize {
    PREFIX + length - length % BLOCK + BLOCK + TAG
}

/// Characters in the token of a record of `length` bytes.
pub fn token_length(length: usize) -> usize {
    base64::encoded_length(raw_length(length))
}

/// Whether `raw` can be a token, as far as anybody can tell.
pub fn is_token(raw: &[u8]) -> bool {
    raw.len() >= SHORTEST && (raw.len() - SHORTEST).is_multiple_of(BLOCK) && raw[0] == VERSION
}

/// Where a raw token is in a run of bytes.
#[derive(Clone, Copy)]
pub struct Place {
    start: usize,
    end: usize,
}

impl Place {
    /// The raw token at `place`.
    pub fn new(place: Range<usize>) -> Self {
        let Range { start, end } = place;
        Self { start, end }
    }

    /// What the HMAC is over.
    pub fn signed(self) -> Range<usize> {
        self.start..self.end - TAG
    }

    /// The ciphertext, whose IV is in the 16 bytes before it.
    pub fn ciphertext(self) -> Range<usize> {
        self.start + PREFIX..self.end - TAG
    }

    /// The HMAC.
    pub fn tag(self) -> Range<usize> {
        self.end - TAG..self.end
    }

    /// Writes all that precedes the ciphertext, and the record with its padding
    /// (PKCS #7: RFC 5652, section 6.3) where the ciphertext will be.
    pub fn fill(self, bytes: &mut [u8], head: &[u8; HEAD], record: &[u8]) {
        let (prefix, message) = bytes[self.signed()].split_at_mut(PREFIX);
        prefix[0] = VERSION;
        prefix[1..].copy_from_slice(head);
        let (text, padding) = message.split_at_mut(record.len());
        text.copy_from_slice(record);
        padding.fill(padding.len() as u8);
    }

    /// The token's time.
    pub fn time(self, bytes: &[u8]) -> u64 {
        bytes[self.start + 1..]
            .first_chunk()
            .map_or(0, |time| u64::from_be_bytes(*time))
    }

    /// The record in a token that was decrypted, or `None` when its padding is
    /// wrong: what a key's owner did, and nobody else.
    pub fn record(self, bytes: &[u8]) -> Option<Range<usize>> {
        let Range { start, end } = self.ciphertext();
        let last: &[u8; BLOCK] = bytes[start..end].last_chunk()?;
        let padding = last[BLOCK - 1];
        let mut wrong = u8::from(padding == 0) | u8::from(padding > BLOCK as u8);
        for (index, byte) in (0..).zip(last) {
            let inside = u8::from(padding >= BLOCK as u8 - index).wrapping_neg();
            wrong |= inside & (byte ^ padding);
        }
        // Whether it is right, and how long the record is, is public.
        (declassify(wrong) == 0).then(|| start..end - usize::from(declassify(padding)))
    }
}
