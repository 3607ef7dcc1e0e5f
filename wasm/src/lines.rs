//! Where lines end. That is public: of each line its token tells the length, to
//! sixteen bytes.

use crate::secrecy::declassify;
use crate::vector::Vector;

const LINE_FEED: u8 = b'\n';
const STEP: usize = 16;
const END: usize = 4;

/// Writes where each line of `text` ends, its line feed included (u32,
/// little-endian), to `ends`, as many as there is room for; returns how many.
pub fn find(text: &[u8], ends: &mut [u8]) -> usize {
    let line_feeds = Vector::from_bytes(&[LINE_FEED; STEP]);
    let mut ends = ends.as_chunks_mut::<END>().0.iter_mut();
    let room = ends.len();
    let (steps, rest) = text.as_chunks::<STEP>();
    let mut last = [0; STEP];
    last[..rest.len()].copy_from_slice(rest);
    for (step, bytes) in steps.iter().chain([&last]).enumerate() {
        let found = Vector::from_bytes(bytes).equal_bytes(line_feeds);
        let mut found = declassify(found.top_bits());
        while found != 0 {
            let Some(end) = ends.next() else {
                return room;
            };
            let place = step * STEP + found.trailing_zeros() as usize;
            *end = (place as u32 + 1).to_le_bytes();
            found &= found - 1;
        }
    }
    room - ends.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_bytes::TestBytes;

    fn found(text: &[u8], room: usize) -> Vec<usize> {
        let mut ends = vec![0xff; room * END];
        let count = find(text, &mut ends);
        let ends = ends
            .as_chunks()
            .0
            .iter()
            .map(|end| u32::from_le_bytes(*end));
        ends.take(count).map(|end| end as usize).collect()
    }

    fn expected(text: &[u8]) -> Vec<usize> {
        let places = text.iter().enumerate();
        places
            .filter_map(|(place, &byte)| (byte == LINE_FEED).then_some(place + 1))
            .collect()
    }

    #[test]
    fn a_line_feed_is_found_at_every_place() {
        for length in 0..70 {
            for place in 0..length {
                let mut text = vec![0; length];
                text[place] = LINE_FEED;
                assert_eq!(found(&text, length), [place + 1]);
            }
            assert_eq!(found(&vec![LINE_FEED; length], length).len(), length);
            assert_eq!(found(&vec![LINE_FEED | 0x80; length], length), []);
        }
    }

    #[test]
    fn lines_of_all_lengths_are_found_up_to_the_room() {
        let mut random = TestBytes::new(40);
        for length in 0..500 {
            let text: Vec<u8> = random.bytes(length).iter().map(|byte| byte % 24).collect();
            let all = expected(&text);
            for room in [0, 1, all.len() / 2, all.len(), all.len() + 1] {
                assert_eq!(found(&text, room), all[..room.min(all.len())]);
            }
        }
    }
}
