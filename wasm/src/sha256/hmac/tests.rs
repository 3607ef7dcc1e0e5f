use super::*;
use crate::test_bytes::TestBytes;
use ::hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

fn expected(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Messages with gaps for their tags, as tokens are sealed.
struct Sealing {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
    asked: usize,
    tagged: usize,
}

impl Messages for Sealing {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn place(&mut self, index: usize) -> Range<usize> {
        assert_eq!(index, self.asked);
        self.asked += 1;
        self.places[index].clone()
    }

    fn tag(&mut self, index: usize, tag: &[u8; 32]) {
        let end = self.places[index].end;
        self.bytes[end..end + 32].copy_from_slice(tag);
        self.tagged += 1;
    }
}

fn check(random: &mut TestBytes, key: &[u8], lengths: &[usize]) {
    let mut places = Vec::new();
    let mut end = 0;
    for length in lengths {
        places.push(end..end + length);
        end += length + 32;
    }
    let bytes = random.bytes(end);
    let tags: Vec<_> = places
        .iter()
        .map(|place| expected(key, &bytes[place.clone()]))
        .collect();
    let mut messages = Sealing {
        bytes: bytes.clone(),
        places,
        asked: 0,
        tagged: 0,
    };
    hmac_many(&Key::new(key), lengths.len(), &mut messages);
    assert_eq!(messages.tagged, lengths.len());
    for (place, tag) in messages.places.iter().zip(tags) {
        assert_eq!(messages.bytes[place.clone()], bytes[place.clone()]);
        assert_eq!(messages.bytes[place.end..place.end + 32], tag);
    }
}

#[test]
fn every_length_of_message_and_of_key_equals_the_hmac_crate() {
    let mut random = TestBytes::new(21);
    for length in 0..300 {
        let (key, message) = (random.up_to(200), random.bytes(length));
        for split in [0, length / 3, length] {
            let (left, right) = message.split_at(split);
            let digest = Key::new(&key).digest([left, right]);
            assert_eq!(to_bytes(&digest), expected(&key, &message));
        }
    }
}

#[test]
fn ragged_batches_equal_the_hmac_crate() {
    let mut random = TestBytes::new(22);
    for case in 0..4_000 {
        let count = case % 14;
        let longest = [130, 70, 600][case % 3];
        let key = random.up_to(100);
        let lengths: Vec<_> = (0..count).map(|_| random.below(longest)).collect();
        check(&mut random, &key, &lengths);
    }
}

#[test]
fn large_batches_and_messages_equal_the_hmac_crate() {
    let mut random = TestBytes::new(23);
    let lengths: Vec<_> = (0..1_000).map(|_| random.below(200)).collect();
    check(&mut random, b"key", &lengths);
    for lengths in [&[65_536][..], &[0, 65_535, 1], &[9, 30_000, 64, 0, 7_777]] {
        check(&mut random, b"key", lengths);
    }
}

#[test]
fn rfc_4231s_vector() {
    // RFC 4231, test case 2
    let digest = Key::new(b"Jefe").digest([b"what do ya want ", b"for nothing?"]);
    assert_eq!(
        &to_bytes(&digest),
        b"\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7\
          \x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43"
    );
}
