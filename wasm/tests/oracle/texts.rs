//! base64url.

use crate::any_length;
use crate::plain;
use crate::test_bytes::TestBytes;
use ironfern_kernel::base64;

pub fn encode(random: &mut TestBytes) -> usize {
    let length = any_length(random);
    let bytes = random.bytes(length);
    let mut place = vec![0xaa; base64::encoded_length(length)];
    let start = place.len() - length;
    place[start..].copy_from_slice(&bytes);
    base64::encode_in_place(&mut place, start);
    assert!(place == plain::encode(&bytes), "{bytes:?}");
    1
}

pub fn decode(random: &mut TestBytes) -> usize {
    let length = any_length(random);
    let mut text = plain::encode(&random.bytes(length));
    disturb(random, &mut text);
    let mut out = vec![0xaa; text.len() / 4 * 3];
    let decoded = base64::decode(&text, &mut out).map(|length| &out[..length]);
    assert!(decoded == plain::decode(&text).as_deref(), "{text:?}");
    1
}

/// What a text may come to on its way, or nothing: a third is left alone.
pub fn disturb(random: &mut TestBytes, text: &mut Vec<u8>) {
    const LIKELY: &[u8] = b"=+/-_ \n\0Az09\x80\xff";
    if text.is_empty() {
        return;
    }
    let any = random.bytes(1)[0];
    let likely = LIKELY[random.below(LIKELY.len())];
    let place = random.below(text.len());
    let last = text.len() - 1 - random.below(text.len().min(4));
    match random.below(12) {
        0 => text[place] = any,
        1 => text[place] = likely,
        // Among these are texts that are not canonical.
        2 => text[last] = b"ABCDEFGHghijQRSTwxyz0189-_="[random.below(27)],
        3 => text[last] = any,
        4 => text[last..].fill(b'='),
        5 => drop(text.remove(place)),
        6 => text.insert(place, likely),
        7 => text.truncate(place / 4 * 4),
        _ => {}
    }
}
