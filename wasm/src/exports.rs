//! The WebAssembly interface: numbers only. Places are offsets into the arena,
//! sliced with bounds checks; a call that does not fit traps.

use crate::aes::{Aes128, BLOCK, Block};
use crate::batch::Separator;
use crate::sha256::hmac;
use crate::sha256::pbkdf2::{Block256, Blocks, run_many};
use crate::{batch, fernet, lines, pbkdf2, slots::Slots};
use core::cell::{RefCell, RefMut};
use core::ops::Range;
use wasm_bindgen::prelude::wasm_bindgen;

/// A batch of text that is all of three bytes a character fits, but for the most
/// records; what does not fit is done one by one.
const ARENA: usize = 8 << 20;
const DERIVATIONS: usize = 64;
const MACS: usize = 16;
const NONE: i32 = -1;

struct Global<T>(RefCell<T>);

// SAFETY: the module is instantiated without shared memory or threads, so a
// global is reached by one thread only; `RefCell` guards against re-entry.
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    const fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    fn get(&self) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }
}

static ARENA_BYTES: Global<[u8; ARENA]> = Global::new([0; ARENA]);
static DERIVATION_SLOTS: Global<Slots<pbkdf2::AnyBlock, DERIVATIONS>> = Global::new(Slots::new());
static MAC_SLOTS: Global<Slots<hmac::Stream, MACS>> = Global::new(Slots::new());

unsafe extern "C" {
    /// Set by the linker: where the data begins, which is where the stack ends.
    static __global_base: u8;
}

fn span(start: usize, length: usize) -> Range<usize> {
    start..start + length
}

/// The arena's address in the memory.
#[wasm_bindgen]
pub fn arena_address() -> usize {
    ARENA_BYTES.get().as_ptr() as usize
}

/// Bytes in the arena.
#[wasm_bindgen]
pub fn arena_length() -> usize {
    ARENA
}

/// The stack lies between address 0 and this one; between calls it is free.
#[wasm_bindgen]
pub fn stack_end() -> usize {
    &raw const __global_base as usize
}

/// How many derivations can be under way at once.
#[wasm_bindgen]
pub fn derivation_slots() -> usize {
    DERIVATIONS
}

/// How many MACs can be under way at once.
#[wasm_bindgen]
pub fn mac_slots() -> usize {
    MACS
}

/// Seals `count` records into tokens at `out`, which `tokens` bounds there. `out`
/// lies after everything else.
#[wasm_bindgen]
pub fn seal_batch(
    count: usize,
    line_feeds: bool,
    key: usize,
    heads: usize,
    offsets: usize,
    records: usize,
    tokens: usize,
    out: usize,
) {
    let mut arena = ARENA_BYTES.get();
    let (input, output) = arena.split_at_mut(out);
    batch::seal(
        key_at(input, key),
        &input[span(heads, count * fernet::HEAD)],
        (
            &input[span(offsets, batch::offsets_length(count))],
            &input[records..],
        ),
        separator(line_feeds),
        &input[span(tokens, batch::offsets_length(count))],
        output,
    );
}

/// Opens `count` tokens into consecutive plaintexts at `out`. The tokens' times
/// go to `times`, the plaintexts' lengths after them; `times` and then `out` lie
/// after everything else.
#[wasm_bindgen]
pub fn open_batch(
    count: usize,
    line_feeds: bool,
    key: usize,
    offsets: usize,
    tokens: usize,
    times: usize,
    out: usize,
) {
    let mut arena = ARENA_BYTES.get();
    let (input, output) = arena.split_at_mut(times);
    let (results, out) = output.split_at_mut(out - times);
    let (times, lengths) = results.split_at_mut(batch::times_length(count));
    batch::open(
        key_at(input, key),
        (
            &input[span(offsets, batch::offsets_length(count))],
            &input[tokens..],
        ),
        separator(line_feeds),
        times,
        &mut lengths[..batch::lengths_length(count)],
        out,
    );
}

/// Writes the HMAC-SHA256 of each of `count` records, 32 bytes each, at `out`, which
/// lies after everything else. The key may have any length.
#[wasm_bindgen]
pub fn mac_batch(
    count: usize,
    line_feeds: bool,
    key: usize,
    key_length: usize,
    offsets: usize,
    records: usize,
    out: usize,
) {
    let mut arena = ARENA_BYTES.get();
    let (input, output) = arena.split_at_mut(out);
    batch::macs(
        &input[span(key, key_length)],
        (
            &input[span(offsets, batch::offsets_length(count))],
            &input[records..],
        ),
        separator(line_feeds),
        &mut output[..count * fernet::TAG],
    );
}

fn separator(line_feeds: bool) -> Separator {
    if line_feeds {
        Separator::LineFeed
    } else {
        Separator::Nothing
    }
}

/// Writes where the lines of the `length` bytes at `text` end, line feeds included
/// (u32, little-endian), to `ends`, which lies after them and has room for `room`
/// of them; returns how many it wrote.
#[wasm_bindgen]
pub fn find_lines(text: usize, length: usize, ends: usize, room: usize) -> usize {
    let mut arena = ARENA_BYTES.get();
    let (input, output) = arena.split_at_mut(ends);
    lines::find(
        &input[span(text, length)],
        &mut output[..batch::lengths_length(room)],
    )
}

fn key_at(bytes: &[u8], start: usize) -> &[u8; fernet::KEY] {
    bytes[start..].first_chunk().unwrap()
}

/// Encrypts `length` bytes at `data` in place and moves the IV on.
#[wasm_bindgen]
pub fn cbc_encrypt(key: usize, iv: usize, data: usize, length: usize) {
    with_cbc(Aes128::cbc_encrypt, key, iv, data, length);
}

/// Decrypts `length` bytes at `data` in place and moves the IV on.
#[wasm_bindgen]
pub fn cbc_decrypt(key: usize, iv: usize, data: usize, length: usize) {
    with_cbc(Aes128::cbc_decrypt, key, iv, data, length);
}

fn with_cbc(
    operation: fn(&Aes128, &mut Block, &mut [u8]),
    key: usize,
    iv: usize,
    data: usize,
    length: usize,
) {
    let mut arena = ARENA_BYTES.get();
    let [key, iv, data] = arena
        .get_disjoint_mut([span(key, BLOCK), span(iv, BLOCK), span(data, length)])
        .ok()
        .unwrap();
    let iv = iv.as_mut_array().unwrap();
    operation(&Aes128::new(key.as_array().unwrap()), iv, data);
}

/// Starts an HMAC-SHA256; returns its slot, or -1 when all are taken.
#[wasm_bindgen]
pub fn mac_start(key: usize, length: usize) -> i32 {
    let state = hmac::Stream::new(&ARENA_BYTES.get()[span(key, length)]);
    MAC_SLOTS
        .get()
        .insert(state)
        .map_or(NONE, |slot| slot as i32)
}

/// Absorbs `length` bytes at `data`.
#[wasm_bindgen]
pub fn mac_update(slot: usize, data: usize, length: usize) {
    let mut slots = MAC_SLOTS.get();
    let state = slots.get(slot).unwrap();
    state.update(&ARENA_BYTES.get()[span(data, length)]);
}

/// Writes the tag of what was absorbed (32 bytes) at `out`.
#[wasm_bindgen]
pub fn mac_tag(slot: usize, out: usize) {
    let mut slots = MAC_SLOTS.get();
    let tag = slots.get(slot).unwrap().tag();
    ARENA_BYTES.get()[span(out, tag.len())].copy_from_slice(&tag);
}

/// Wipes and frees a slot.
#[wasm_bindgen]
pub fn mac_free(slot: usize) {
    MAC_SLOTS.get().remove(slot);
}

/// Does the first iteration of a PBKDF2 output block, which counts from 1;
/// returns its slot, or -1 when all are taken.
#[wasm_bindgen]
pub fn derivation_start(
    hash: u32,
    password: usize,
    password_length: usize,
    salt: usize,
    salt_length: usize,
    block: u32,
) -> i32 {
    let arena = ARENA_BYTES.get();
    let state = pbkdf2::AnyBlock::new(
        hash,
        &arena[span(password, password_length)],
        &arena[span(salt, salt_length)],
        block,
    );
    DERIVATION_SLOTS
        .get()
        .insert(state.unwrap())
        .map_or(NONE, |slot| slot as i32)
}

/// The SHA-256 derivations among the slots.
struct Lanes<'a> {
    table: &'a mut Slots<pbkdf2::AnyBlock, DERIVATIONS>,
    slots: [u8; DERIVATIONS],
}

impl Blocks for Lanes<'_> {
    fn block(&mut self, index: usize) -> &mut Block256 {
        match self.table.get(self.slots[index].into()) {
            Some(pbkdf2::AnyBlock::Sha256(block)) => block,
            _ => unreachable!(),
        }
    }
}

/// Does `iterations` more iterations of each of the `count` slots whose numbers
/// (a byte each, no two the same) are at `slots`. Ask for 1,000 at most: engines
/// compile a kernel between calls, never within one.
#[wasm_bindgen]
pub fn derivation_run(slots: usize, count: usize, iterations: u32) {
    let arena = ARENA_BYTES.get();
    let mut table = DERIVATION_SLOTS.get();
    let mut lanes = Lanes {
        table: &mut table,
        slots: [0; DERIVATIONS],
    };
    let mut in_lanes = 0;
    for &slot in &arena[span(slots, count)] {
        match lanes.table.get(slot.into()).unwrap() {
            pbkdf2::AnyBlock::Sha256(_) => {
                lanes.slots[in_lanes] = slot;
                in_lanes += 1;
            }
            other => other.run(iterations),
        }
    }
    run_many(&mut lanes, in_lanes, iterations);
}

/// Writes the output block for the iterations done so far at `out`; returns
/// its length.
#[wasm_bindgen]
pub fn derivation_output(slot: usize, out: usize) -> usize {
    let mut slots = DERIVATION_SLOTS.get();
    let output = slots.get(slot).unwrap().output();
    ARENA_BYTES.get()[span(out, output.len())].copy_from_slice(output);
    output.len()
}

/// Wipes and frees a slot.
#[wasm_bindgen]
pub fn derivation_free(slot: usize) {
    DERIVATION_SLOTS.get().remove(slot);
}

/// A trap is all that a panic says: its message could hold data.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// The kernel has no heap, so no copy of a secret can be left on one.
struct NoHeap;

// SAFETY: null is an allocator's answer for "no memory", and nothing that came
// from `alloc` can reach `dealloc`.
unsafe impl core::alloc::GlobalAlloc for NoHeap {
    unsafe fn alloc(&self, _: core::alloc::Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: core::alloc::Layout) {}
}

#[global_allocator]
static HEAP: NoHeap = NoHeap;
