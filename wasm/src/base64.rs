//! base64url with padding (RFC 4648, section 5), sixteen characters at a time.
//!
//! Neither direction has a branch or a memory address that depends on the data:
//! a text that is not valid is found out at its end.

use crate::vector::Vector;

/// Bytes that become one vector of characters.
const BYTES: usize = 12;
/// Characters in one vector.
const CHARACTERS: usize = 16;

/// Vectors in memory. The compiler must not see their values: a vector written
/// into the code costs engines several instructions at each use.
#[inline(always)]
fn in_memory<const N: usize>(vectors: &'static [[u8; 16]; N]) -> [Vector; N] {
    let vectors = core::hint::black_box(vectors);
    core::array::from_fn(|index| Vector::from_bytes(&vectors[index]))
}

/// The same word four times, as bytes.
const fn words(word: u32) -> [u8; 16] {
    let [a, b, c, d] = word.to_le_bytes();
    [a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d]
}

/// Three bytes at the low end of each word, the first one on top, and back.
const THREES: [u8; 16] = [2, 1, 0, 255, 5, 4, 3, 255, 8, 7, 6, 255, 11, 10, 9, 255];
const PACKED: [u8; 16] = [2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255];

/// What leads from a value to its character, by the value's range: 0 for 26 to
/// 51, 1 to 10 for digits, 11 for `-`, 12 for `_`, 13 for 0 to 25.
const TO_CHARACTER: [u8; 16] = {
    let digit = b'0'.wrapping_sub(52);
    let mut offsets = [digit; 16];
    offsets[0] = b'a' - 26;
    offsets[11] = b'-'.wrapping_sub(62);
    offsets[12] = b'_' - 63;
    offsets[13] = b'A';
    offsets
};

static ENCODING: [[u8; 16]; 8] = [
    THREES,
    words(0x0000_3f00),
    words(0x003f_0000),
    words(0x3f00_0000),
    [51; 16],
    [26; 16],
    [13; 16],
    TO_CHARACTER,
];

/// Twelve bytes (four more are ignored) as sixteen characters.
#[inline(always)]
fn encode_vector(bytes: Vector, constants: &[Vector; 8]) -> Vector {
    let [
        threes,
        second,
        third,
        fourth,
        fifty_one,
        twenty_six,
        thirteen,
        offsets,
    ] = *constants;
    let threes = bytes.swizzle(threes);
    let values = threes.shift_right::<18>()
        | (threes.shift_right::<4>() & second)
        | (threes.shift_left::<10>() & third)
        | (threes.shift_left::<24>() & fourth);
    let range =
        values.subtract_bytes_to_zero(fifty_one) | (twenty_six.greater_bytes(values) & thirteen);
    values.add_bytes(offsets.swizzle(range))
}

/// Characters in the text of `length` bytes.
pub fn encoded_length(length: usize) -> usize {
    length.div_ceil(3) * 4
}

/// Spreads the bytes from `start` to the end over all of `place` as text.
///
/// # Panics
///
/// When the text does not fill `place`.
pub fn encode_in_place(place: &mut [u8], start: usize) {
    assert_eq!(encoded_length(place.len() - start), place.len());
    let constants = in_memory(&ENCODING);
    let (mut read, mut written) = (start, 0);
    // A text starts before its bytes and ends where they end, so that characters
    // are written only over bytes that were read.
    while let Some(bytes) = place[read..].first_chunk() {
        let text = encode_vector(Vector::from_bytes(bytes), &constants);
        read += BYTES;
        place[written..written + CHARACTERS].copy_from_slice(&text.to_bytes());
        written += CHARACTERS;
    }
    while read < place.len() {
        let taken = BYTES.min(place.len() - read);
        let mut bytes = [0; CHARACTERS];
        bytes[..taken].copy_from_slice(&place[read..read + taken]);
        read += taken;
        let mut text = encode_vector(Vector::from_bytes(&bytes), &constants).to_bytes();
        let length = encoded_length(taken);
        text[(4 * taken).div_ceil(3)..length].fill(b'=');
        place[written..written + length].copy_from_slice(&text[..length]);
        written += length;
    }
}

/// Whether a character is valid, by its low four bits and by its high four: it is
/// when the two have no bit in common. Each high half has the bit of a class, and
/// each low half the bits of the classes where it is not valid.
const LOW: [u8; 16] = {
    let mut classes = [NEVER; 16];
    let mut low = 0;
    while low < 16 {
        if low != 0xd {
            classes[low] |= HYPHEN;
        }
        if low > 9 {
            classes[low] |= DIGIT;
        }
        if low == 0 {
            classes[low] |= FROM_A;
        }
        if low > 0xa {
            classes[low] |= FROM_P;
        }
        if low > 0xa && low < 0xf {
            classes[low] |= FROM_P_OR_LOW_LINE;
        }
        low += 1;
    }
    classes
};
const HYPHEN: u8 = 1;
const DIGIT: u8 = 2;
const FROM_A: u8 = 4;
const FROM_P: u8 = 8;
const FROM_P_OR_LOW_LINE: u8 = 16;
const NEVER: u8 = 32;

const HIGH: [u8; 16] = {
    let mut classes = [NEVER; 16];
    classes[2] = HYPHEN;
    classes[3] = DIGIT;
    classes[4] = FROM_A;
    classes[5] = FROM_P_OR_LOW_LINE;
    classes[6] = FROM_A;
    classes[7] = FROM_P;
    classes
};

/// What leads from a character to its value, by the character's high four bits.
/// `_` is the one that shares them with others.
const TO_VALUE: [u8; 16] = {
    let mut offsets = [0_u8; 16];
    offsets[2] = 62 - b'-';
    offsets[3] = 52 - b'0';
    offsets[4] = 0_u8.wrapping_sub(b'A');
    offsets[5] = offsets[4];
    offsets[6] = 26_u8.wrapping_sub(b'a');
    offsets[7] = offsets[6];
    offsets
};
const LOW_LINE_MORE: u8 = 63_u8.wrapping_sub(b'_').wrapping_sub(TO_VALUE[5]);

static DECODING: [[u8; 16]; 10] = [
    [0x0f; 16],
    LOW,
    HIGH,
    TO_VALUE,
    [b'_'; 16],
    [LOW_LINE_MORE; 16],
    words(0x0000_003f),
    words(0x0000_3f00),
    words(0x003f_0000),
    PACKED,
];

/// Sixteen characters as twelve bytes (and four of zero); where a character is
/// not valid, `wrong` has bits set from then on.
#[inline(always)]
fn decode_vector(text: Vector, wrong: &mut Vector, constants: &[Vector; 10]) -> Vector {
    let [
        nibble,
        low,
        high,
        offsets,
        low_line,
        more,
        first,
        second,
        third,
        packed,
    ] = *constants;
    let (low_half, high_half) = (text & nibble, text.shift_right::<4>() & nibble);
    *wrong = *wrong | (low.swizzle(low_half) & high.swizzle(high_half));
    let offset = offsets
        .swizzle(high_half)
        .add_bytes(text.equal_bytes(low_line) & more);
    let values = text.add_bytes(offset);
    let threes = (values & first).shift_left::<18>()
        | (values & second).shift_left::<4>()
        | (values & third).shift_right::<10>()
        | values.shift_right::<24>();
    threes.swizzle(packed)
}

/// Decodes `text` into the start of `out`, which has at least three bytes for
/// every four characters; returns how many were written, or `None` when the text
/// is not the one that its bytes are encoded as. Then `out` holds anything.
pub fn decode(text: &[u8], out: &mut [u8]) -> Option<usize> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let Some(&[before, last]) = text.last_chunk() else {
        return Some(0);
    };
    let constants = in_memory(&DECODING);
    let mut wrong = Vector::default();
    let room = text.len() / 4 * 3;
    let out = &mut out[..room];
    let (mut read, mut written) = (0, 0);
    // The last vector is left for below: it has the padding, and its sixteen bytes
    // would not fit.
    while text.len() - read > CHARACTERS + 4 {
        let text = Vector::from_bytes(text[read..].first_chunk().unwrap());
        let bytes = decode_vector(text, &mut wrong, &constants);
        out[written..written + CHARACTERS].copy_from_slice(&bytes.to_bytes());
        read += CHARACTERS;
        written += BYTES;
    }

    // 0xff where there is padding, else 0.
    let pad = |character: u8| u8::from(character == b'=').wrapping_neg();
    let pads = [pad(before) & pad(last), pad(last)];
    // What follows the data in the last word has to be zero: a padding character
    // stands for that, and other bits there make a text that is not canonical.
    let mut trailing = 0;
    while read < text.len() {
        let taken = CHARACTERS.min(text.len() - read);
        let mut piece = [b'A'; CHARACTERS];
        piece[..taken].copy_from_slice(&text[read..read + taken]);
        read += taken;
        let is_last = read == text.len();
        if is_last {
            for (character, pad) in piece[taken - 2..taken].iter_mut().zip(pads) {
                *character ^= (b'=' ^ b'A') & pad;
            }
        }
        let bytes = decode_vector(Vector::from_bytes(&piece), &mut wrong, &constants).to_bytes();
        let length = taken / 4 * 3;
        if is_last {
            trailing = (bytes[length - 2] & pads[0]) | (bytes[length - 1] & pads[1]);
        }
        out[written..written + length].copy_from_slice(&bytes[..length]);
        written += length;
    }
    let padding = usize::from(pads[0] & 1) + usize::from(pads[1] & 1);
    let valid = !wrong.any() & (trailing == 0);
    valid.then_some(room - padding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_bytes::TestBytes;
    use base64ct::{Base64Url, Encoding};

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut place = vec![0; encoded_length(bytes.len())];
        let start = place.len() - bytes.len();
        place[start..].copy_from_slice(bytes);
        encode_in_place(&mut place, start);
        place
    }

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0xaa; text.len() / 4 * 3];
        let length = decode(text, &mut out)?;
        out.truncate(length);
        Some(out)
    }

    fn check_text(text: &[u8]) {
        let mut room = vec![0; text.len()];
        let expected = Base64Url::decode(text, &mut room).ok();
        assert_eq!(decoded(text).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn rfc_4648s_vectors() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encoded(bytes.as_bytes()), text.as_bytes());
            assert_eq!(decoded(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn bytes_of_every_length_come_back() {
        let mut random = TestBytes::new(30);
        for length in (0..2_000).chain([65_534, 65_535, 65_536]) {
            let bytes = random.bytes(length);
            let text = encoded(&bytes);
            assert_eq!(text, Base64Url::encode_string(&bytes).as_bytes());
            assert_eq!(decoded(&text), Some(bytes));
        }
    }

    #[test]
    fn all_of_one_and_two_bytes_come_back() {
        for number in 0..=u16::MAX {
            let bytes = number.to_be_bytes();
            for bytes in [&bytes[..], &bytes[1..]] {
                let text = encoded(bytes);
                assert_eq!(text, Base64Url::encode_string(bytes).as_bytes());
                assert_eq!(decoded(&text).as_deref(), Some(bytes));
            }
        }
    }

    #[test]
    fn every_end_of_a_text_is_judged_as_base64ct_does() {
        for start in [&b"AA"[..], b"AAAAAA", b"AAAAAAAAAAAAAAAAAA"] {
            for end in 0..=u16::MAX {
                check_text(&[start, &end.to_be_bytes()].concat());
            }
        }
    }

    #[test]
    fn every_character_at_every_place_is_judged_as_base64ct_does() {
        let mut random = TestBytes::new(31);
        for length in [1, 2, 3, 11, 12, 14, 18, 25, 34] {
            let text = encoded(&random.bytes(length));
            for place in 0..text.len() {
                for character in 0..=u8::MAX {
                    let mut text = text.clone();
                    text[place] = character;
                    check_text(&text);
                }
            }
            for cut in 0..text.len() {
                check_text(&text[..cut]);
                check_text(&text[cut..]);
            }
        }
    }
}
