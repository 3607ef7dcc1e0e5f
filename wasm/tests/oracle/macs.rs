//! HMAC-SHA256.

use crate::plain::hmac;
use crate::test_bytes::TestBytes;
use crate::{any_length, cuts};
use ironfern_kernel::sha256::hmac::{Key, Messages, Stream, hmac_many};
use std::ops::Range;

/// Messages and their tags.
struct Batch {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
    tags: Vec<Option<[u8; 32]>>,
}

impl Messages for Batch {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn place(&mut self, index: usize) -> Range<usize> {
        self.places[index].clone()
    }

    fn tag(&mut self, index: usize, tag: &[u8; 32]) {
        assert_eq!(self.tags[index].replace(*tag), None);
    }
}

pub fn many(random: &mut TestBytes) -> usize {
    let key = random.up_to(150);
    let count = 1 + random.below(40);
    let mut end = 0;
    let mut place = || {
        let start = end;
        end += any_length(random);
        start..end
    };
    let places: Vec<_> = (0..count).map(|_| place()).collect();
    let mut batch = Batch {
        bytes: random.bytes(end),
        places,
        tags: vec![None; count],
    };
    hmac_many(&Key::new(&key), count, &mut batch);
    for (place, tag) in batch.places.iter().zip(&batch.tags) {
        let expected = hmac(&key, &batch.bytes[place.clone()]);
        assert_eq!(
            *tag,
            Some(expected),
            "key {key:?}, places {:?}",
            batch.places
        );
    }
    count
}

pub fn one(random: &mut TestBytes) -> usize {
    let key = random.up_to(150);
    let length = any_length(random);
    let message = random.bytes(length);
    let pieces = cuts(random, length);
    let mut stream = Stream::new(&key);
    for piece in &pieces {
        stream.update(&message[piece.clone()]);
    }
    assert_eq!(
        stream.tag(),
        hmac(&key, &message),
        "key {key:?}, pieces {pieces:?}"
    );
    1
}
