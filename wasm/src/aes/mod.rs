//! AES-128-CBC in constant time: no table in memory, no branch on a secret.

pub mod bitsliced;
pub mod cbc;
mod planes;
mod sbox;
mod tower;
pub mod vector_permute;

/// Bytes in a block.
pub const BLOCK: usize = 16;
/// A block, a key or an IV.
pub type Block = [u8; BLOCK];
