//! A batch, the kernel's unit: records in one run of bytes, back to back or each
//! with a line feed after it, and `count + 1` offsets (u32, little-endian) that
//! bound them, line feeds included. Each step of the way is done for all records
//! before the next one, which fills the kernels' lanes.

use crate::aes::Aes128;
use crate::base64;
use crate::fernet::{self, HEAD, KEY, Place, TAG};
use crate::secrecy::declassify;
use crate::sha256::hmac::{self, Messages, hmac_many};
use core::ops::Range;
use subtle::ConstantTimeEq;

const OFFSET: usize = 4;
const TIME: usize = 8;
const LINE_FEED: u8 = b'\n';

/// The length that marks a token which is not valid.
pub const INVALID: u32 = u32::MAX;

/// What is between records.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// Nothing.
    Nothing,
    /// A line feed, after the last one too.
    LineFeed,
}

impl Separator {
    /// How many bytes it has.
    pub fn length(self) -> usize {
        usize::from(self == Self::LineFeed)
    }

    /// Writes it to the start of `out`.
    fn write(self, out: &mut [u8]) {
        out[..self.length()].fill(LINE_FEED);
    }
}

/// Where records are.
#[derive(Clone, Copy)]
struct Offsets<'a> {
    offsets: &'a [[u8; OFFSET]],
    separator: Separator,
}

impl<'a> Offsets<'a> {
    fn new(offsets: &'a [u8], separator: Separator) -> Self {
        Self {
            offsets: offsets.as_chunks().0,
            separator,
        }
    }

    fn at(self, index: usize) -> usize {
        u32::from_le_bytes(self.offsets[index]) as usize
    }

    fn range(self, index: usize) -> Range<usize> {
        self.at(index)..self.end(index)
    }

    fn end(self, index: usize) -> usize {
        self.at(index + 1) - self.separator.length()
    }
}

/// A key, expanded: it is wiped when dropped.
struct Keys {
    signing: hmac::Key,
    encryption: Aes128,
}

impl Keys {
    fn new(key: &[u8; KEY]) -> Self {
        let [signing, encryption] = key.as_chunks().0 else {
            unreachable!("a key is two halves")
        };
        Self {
            signing: hmac::Key::new(signing),
            encryption: Aes128::new(encryption),
        }
    }
}

/// Bytes of the offsets of `count` records.
pub fn offsets_length(count: usize) -> usize {
    (count + 1) * OFFSET
}

/// Bytes of the times of `count` tokens.
pub fn times_length(count: usize) -> usize {
    count * TIME
}

/// Bytes of the lengths of `count` plaintexts.
pub fn lengths_length(count: usize) -> usize {
    count * OFFSET
}

/// Seals `records` (offsets and bytes), each with its head (time and IV), into the
/// tokens that `tokens` bounds in `out`, separated as the records are.
pub fn seal(
    key: &[u8; KEY],
    heads: &[u8],
    records: (&[u8], &[u8]),
    separator: Separator,
    tokens: &[u8],
    out: &mut [u8],
) {
    let keys = Keys::new(key);
    let heads = heads.as_chunks::<HEAD>().0;
    let (records, bytes) = (Offsets::new(records.0, separator), records.1);
    let layout = Sealed {
        records,
        tokens: Offsets::new(tokens, separator),
    };
    for (index, head) in heads.iter().enumerate() {
        layout
            .place(index)
            .fill(out, head, &bytes[records.range(index)]);
    }
    let ciphertexts = (0..heads.len()).map(|index| layout.place(index).ciphertext());
    keys.encryption.cbc_encrypt_many(out, ciphertexts);
    hmac_many(&keys.signing, heads.len(), &mut Signing { layout, out });
    for index in 0..heads.len() {
        let token = layout.tokens.range(index);
        let start = layout.place(index).signed().start - token.start;
        let end = token.end;
        base64::encode_in_place(&mut out[token], start);
        separator.write(&mut out[end..]);
    }
}

/// Where tokens come to be: each raw token is at the end of its text's room.
#[derive(Clone, Copy)]
struct Sealed<'a> {
    records: Offsets<'a>,
    tokens: Offsets<'a>,
}

impl Sealed<'_> {
    fn place(self, index: usize) -> Place {
        let end = self.tokens.end(index);
        let length = fernet::raw_length(self.records.range(index).len());
        Place::new(end - length..end)
    }
}

/// Writes the tags of new tokens.
struct Signing<'a> {
    layout: Sealed<'a>,
    out: &'a mut [u8],
}

impl Messages for Signing<'_> {
    fn bytes(&self) -> &[u8] {
        self.out
    }

    fn place(&mut self, index: usize) -> Range<usize> {
        self.layout.place(index).signed()
    }

    fn tag(&mut self, index: usize, tag: &[u8; TAG]) {
        self.out[self.layout.place(index).tag()].copy_from_slice(tag);
    }
}

/// Opens `tokens` (offsets and bytes) into consecutive plaintexts in `out`, which
/// has at least as many bytes, separated as the tokens are; the plaintext of a
/// token that is not valid is empty. A token's time goes to `times` (u64,
/// little-endian) and its plaintext's length, or [`INVALID`], to `lengths` (u32,
/// likewise).
pub fn open(
    key: &[u8; KEY],
    tokens: (&[u8], &[u8]),
    separator: Separator,
    times: &mut [u8],
    lengths: &mut [u8],
    out: &mut [u8],
) {
    let keys = Keys::new(key);
    let (tokens, texts) = (Offsets::new(tokens.0, separator), tokens.1);
    let lengths = lengths.as_chunks_mut().0;
    let count = lengths.len();
    for (index, length) in lengths.iter_mut().enumerate() {
        let text = &texts[tokens.range(index)];
        let raw = &mut out[tokens.at(index)..][..text.len() / 4 * 3];
        let decoded = base64::decode(text, raw).filter(|&length| fernet::is_token(&raw[..length]));
        *length = decoded
            .map_or(INVALID, |length| length as u32)
            .to_le_bytes();
    }
    let mut opening = Verifying {
        tokens,
        lengths,
        out,
    };
    hmac_many(&keys.signing, count, &mut opening);
    let Verifying { lengths, out, .. } = opening;

    let ciphertexts = (0..count)
        .filter_map(|index| raw_place(tokens, lengths, index))
        .map(Place::ciphertext);
    keys.encryption.cbc_decrypt_many(out, ciphertexts);
    let mut written = 0;
    for (index, time) in times.as_chunks_mut().0.iter_mut().enumerate() {
        let place = raw_place(tokens, lengths, index);
        let record = place.and_then(|place| Some((place.time(out), place.record(out)?)));
        (*time, lengths[index]) = match record {
            Some((time, record)) => {
                let length = record.len();
                out.copy_within(record, written);
                written += length;
                (time.to_le_bytes(), (length as u32).to_le_bytes())
            }
            None => ([0; TIME], INVALID.to_le_bytes()),
        };
        separator.write(&mut out[written..]);
        written += separator.length();
    }
}

/// The raw token, where it is one: it begins where its text does, and its length
/// is in `lengths`.
fn raw_place(tokens: Offsets, lengths: &[[u8; OFFSET]], index: usize) -> Option<Place> {
    let length = u32::from_le_bytes(lengths[index]);
    let start = tokens.at(index);
    (length != INVALID).then(|| Place::new(start..start + length as usize))
}

/// Compares the tags of tokens and marks those that are not valid.
struct Verifying<'a> {
    tokens: Offsets<'a>,
    lengths: &'a mut [[u8; OFFSET]],
    out: &'a mut [u8],
}

impl Verifying<'_> {
    fn raw(&self, index: usize) -> Option<Place> {
        raw_place(self.tokens, self.lengths, index)
    }
}

impl Messages for Verifying<'_> {
    fn bytes(&self) -> &[u8] {
        self.out
    }

    fn place(&mut self, index: usize) -> Range<usize> {
        self.raw(index).map_or(0..0, Place::signed)
    }

    fn tag(&mut self, index: usize, tag: &[u8; TAG]) {
        let Some(place) = self.raw(index) else {
            return;
        };
        // Which tokens are valid is public.
        if !declassify(bool::from(self.out[place.tag()].ct_eq(tag))) {
            self.lengths[index] = INVALID.to_le_bytes();
        }
    }
}

/// Writes the HMAC-SHA256 of each of the `records` (offsets and bytes) under a key
/// of any length to `tags`, back to back.
pub fn macs(key: &[u8], records: (&[u8], &[u8]), separator: Separator, tags: &mut [u8]) {
    let tags = tags.as_chunks_mut().0;
    let count = tags.len();
    let mut tagging = Tagging {
        records: Offsets::new(records.0, separator),
        bytes: records.1,
        tags,
    };
    hmac_many(&hmac::Key::new(key), count, &mut tagging);
}

/// Writes the tags of records.
struct Tagging<'a> {
    records: Offsets<'a>,
    bytes: &'a [u8],
    tags: &'a mut [[u8; TAG]],
}

impl Messages for Tagging<'_> {
    fn bytes(&self) -> &[u8] {
        self.bytes
    }

    fn place(&mut self, index: usize) -> Range<usize> {
        self.records.range(index)
    }

    fn tag(&mut self, index: usize, tag: &[u8; TAG]) {
        self.tags[index] = *tag;
    }
}

#[cfg(test)]
mod tests;
