//! AES-128-CBC in constant time: no table in memory is indexed by a secret, and
//! nothing branches on one.
//!
//! Encryption is serial inside a message, so messages are encrypted side by side:
//! eight at once bitsliced, and what is left when fewer remain by byte shuffles,
//! up to four at once. Decryption takes any eight blocks.

mod bitsliced;
mod cbc;
mod planes;
mod sbox;
#[cfg(test)]
mod tests;
mod tower;
mod vector_permute;

use crate::vector::Vector;

/// Bytes in a block.
pub const BLOCK: usize = 16;
/// A block, a key or an IV.
pub type Block = [u8; BLOCK];

const ROUNDS: usize = 10;

/// A key, expanded: it is wiped when dropped.
pub struct Aes128 {
    bitsliced: bitsliced::Keys,
    serial: vector_permute::Keys,
}

impl Aes128 {
    /// Expands `key`.
    pub fn new(key: &Block) -> Self {
        let schedule = vector_permute::Schedule::new(key);
        Self {
            bitsliced: bitsliced::Keys::new(&schedule.bytes),
            serial: vector_permute::Keys::new(&schedule),
        }
    }
}

/// The block at `place`.
#[inline(always)]
fn load(data: &[u8], place: usize) -> Vector {
    let block = data[place..].first_chunk();
    Vector::from_bytes(block.unwrap_or_else(|| out_of_data()))
}

#[inline(always)]
fn store(data: &mut [u8], place: usize, block: Vector) {
    let at = data[place..].first_chunk_mut();
    *at.unwrap_or_else(|| out_of_data()) = block.to_bytes();
}

#[cold]
fn out_of_data() -> ! {
    panic!("a block is not inside the data")
}
