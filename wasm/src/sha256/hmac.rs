//! HMAC-SHA256 (RFC 2104) over whole messages: one, or a ragged batch of them in
//! four lanes.

use super::four::{self, FEWEST, LANES, Schedules, States};
use super::hasher::Hasher;
use super::{BLOCK, DIGEST, DIGEST_PADDING, INITIAL, State, one, pad, to_bytes, wipe};
use crate::vector::Vector;
use core::ops::Range;
use zeroize::Zeroize;

/// A key as two midstates, the hash after its ipad block and after its opad
/// block; wiped when dropped.
#[derive(Clone)]
pub struct Key {
    pub(super) inner: State,
    pub(super) outer: State,
}

impl Key {
    /// Takes a key of any length.
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        if key.len() > BLOCK {
            let mut hasher = Hasher::new(INITIAL, 0);
            hasher.update(key);
            block[..DIGEST].copy_from_slice(&to_bytes(&hasher.finish()));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let midstate = |pad: u8| {
            let mut padded = block.map(|byte| byte ^ pad);
            let mut state = INITIAL;
            one::compress(&mut state, &padded);
            wipe(&mut padded);
            state
        };
        let key = Self {
            inner: midstate(0x36),
            outer: midstate(0x5c),
        };
        wipe(&mut block);
        key
    }

    /// The HMAC of a message that is in two parts.
    pub fn digest(&self, parts: [&[u8]; 2]) -> State {
        let mut inner = Hasher::new(self.inner, BLOCK);
        parts.iter().for_each(|part| inner.update(part));
        self.finish(&inner.finish())
    }

    /// The outer hash over the inner one's digest.
    fn finish(&self, inner: &State) -> State {
        let mut block = [0; BLOCK];
        let (digest, padding) = block.split_at_mut(DIGEST);
        digest.copy_from_slice(&to_bytes(inner));
        padding.copy_from_slice(&to_bytes(&DIGEST_PADDING));
        let mut state = self.outer;
        one::compress(&mut state, &block);
        state
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

/// An HMAC in the making: wiped when dropped.
pub struct Stream {
    key: Key,
    inner: Hasher,
}

impl Stream {
    /// Takes a key of any length.
    pub fn new(key: &[u8]) -> Self {
        let key = Key::new(key);
        let inner = Hasher::new(key.inner, BLOCK);
        Self { key, inner }
    }

    /// Absorbs bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    /// The tag of what was absorbed.
    pub fn tag(&self) -> [u8; DIGEST] {
        to_bytes(&self.key.finish(&self.inner.finish()))
    }
}

/// Messages in one run of bytes, and a place for their tags, which may be in the
/// same run: a message's tag comes only when no more of that message is read.
pub trait Messages {
    /// The bytes that hold the messages.
    fn bytes(&self) -> &[u8];
    /// Where message `index` is. It is asked for once a message, in order.
    fn place(&mut self, index: usize) -> Range<usize>;
    /// Takes the tag of message `index`; tags come in any order.
    fn tag(&mut self, index: usize, tag: &[u8; 32]);
}

/// Gives every message of `count` its tag.
pub fn hmac_many(key: &Key, count: usize, messages: &mut dyn Messages) {
    if count < FEWEST {
        for index in 0..count {
            let place = messages.place(index);
            let digest = key.digest([&messages.bytes()[place], &[]]);
            messages.tag(index, &to_bytes(&digest));
        }
        return;
    }
    let mut inner = Inner::new();
    let mut outer = Outer::new();
    let mut started = 0;
    loop {
        for lane in 0..LANES {
            if inner.lanes[lane].index.is_none() && started < count {
                inner.start(lane, key, started, messages);
                started += 1;
            }
        }
        let busy = inner.lanes.iter().filter(|lane| lane.index.is_some());
        match busy.count() {
            0 => break,
            1..FEWEST => inner.finish_alone(messages.bytes()),
            _ => inner.absorb(messages.bytes()),
        }
        for lane in 0..LANES {
            if let Some((index, digest)) = inner.take(lane) {
                outer.push(key, index, &digest, messages);
            }
        }
    }
    outer.flush(key, messages);
}

/// The inner hashes under way. Its functions, and those of [`Outer`], are called
/// and not copied in, once for each lane, for the sake of the module's size.
struct Inner {
    lanes: [Lane; LANES],
    states: States,
    schedules: Schedules,
}

/// What a lane's inner hash has still to absorb.
struct Lane {
    /// The message's number, or `None` when the lane is idle.
    index: Option<usize>,
    /// Whole blocks.
    whole: Range<usize>,
    /// The last blocks, with the message's end and its padding.
    last: [[u8; BLOCK]; 2],
    /// Which of those.
    ending: Range<usize>,
}

impl Lane {
    const IDLE: Self = Self {
        index: None,
        whole: 0..0,
        last: [[0; BLOCK]; 2],
        ending: 0..0,
    };

    fn new(index: usize, messages: &mut dyn Messages) -> Self {
        let Range { start, end } = messages.place(index);
        let (blocks, rest) = messages.bytes()[start..end].as_chunks::<BLOCK>();
        let mut last = [[0; BLOCK]; 2];
        let used = pad(rest, (BLOCK + end - start) as u64, &mut last);
        Self {
            index: Some(index),
            whole: start..start + BLOCK * blocks.len(),
            last,
            ending: 0..used,
        }
    }

    /// The next block, or any when there is none.
    fn next<'a>(&'a mut self, bytes: &'a [u8]) -> &'a [u8; BLOCK] {
        if self.whole.is_empty() {
            &self.last[self.ending.next().unwrap_or(0)]
        } else {
            let (block, _) = bytes[self.whole.start..].split_first_chunk().unwrap();
            self.whole.start += BLOCK;
            block
        }
    }

    fn is_done(&self) -> bool {
        self.whole.is_empty() && self.ending.is_empty()
    }
}

impl Inner {
    fn new() -> Self {
        Self {
            lanes: [Lane::IDLE; LANES],
            states: States::default(),
            schedules: Schedules::new(),
        }
    }

    #[inline(never)]
    fn start(&mut self, lane: usize, key: &Key, index: usize, messages: &mut dyn Messages) {
        self.lanes[lane] = Lane::new(index, messages);
        four::insert(&mut self.states, lane, &key.inner);
    }

    /// Absorbs one block in every lane.
    #[inline(never)]
    fn absorb(&mut self, bytes: &[u8]) {
        self.schedules
            .load(self.lanes.each_mut().map(|lane| lane.next(bytes)));
        self.schedules.compress(&mut self.states);
    }

    /// Absorbs all that the lanes have, one lane after the other.
    #[inline(never)]
    fn finish_alone(&mut self, bytes: &[u8]) {
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            let mut state = four::extract(&self.states, number);
            while !lane.is_done() {
                one::compress(&mut state, lane.next(bytes));
            }
            four::insert(&mut self.states, number, &state);
        }
    }

    /// Takes the digest of a lane that is done, and leaves the lane idle.
    #[inline(never)]
    fn take(&mut self, lane: usize) -> Option<(usize, State)> {
        if !self.lanes[lane].is_done() {
            return None;
        }
        let index = self.lanes[lane].index.take()?;
        Some((index, four::extract(&self.states, lane)))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.states.zeroize();
    }
}

/// Inner digests that wait until there are enough of them to fill the lanes.
struct Outer {
    indices: [usize; LANES],
    waiting: usize,
    schedules: Schedules,
}

impl Outer {
    fn new() -> Self {
        Self {
            indices: [0; LANES],
            waiting: 0,
            schedules: Schedules::new(),
        }
    }

    #[inline(never)]
    fn push(&mut self, key: &Key, index: usize, inner: &State, messages: &mut dyn Messages) {
        four::insert(self.schedules.digests(), self.waiting, inner);
        self.indices[self.waiting] = index;
        self.waiting += 1;
        if self.waiting == LANES {
            self.flush(key, messages);
        }
    }

    /// Hashes what waits.
    #[inline(never)]
    fn flush(&mut self, key: &Key, messages: &mut dyn Messages) {
        let indices = &self.indices[..self.waiting];
        if self.waiting < FEWEST {
            for (lane, &index) in indices.iter().enumerate() {
                let inner = four::extract(self.schedules.digests(), lane);
                messages.tag(index, &to_bytes(&key.finish(&inner)));
            }
        } else {
            let mut states = key.outer.map(Vector::splat);
            self.schedules.compress(&mut states);
            for (lane, &index) in indices.iter().enumerate() {
                messages.tag(index, &to_bytes(&four::extract(&states, lane)));
            }
        }
        self.waiting = 0;
    }
}

#[cfg(test)]
mod tests;
