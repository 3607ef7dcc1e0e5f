//! The kernel of Ironfern: Fernet tokens and PBKDF2 over batches of bytes.
//!
//! The modules are plain safe Rust over slices and are tested natively. The
//! WebAssembly interface in `exports` takes and returns numbers only: places
//! in one fixed arena, and slots for work that lasts over several calls.

#![cfg_attr(target_arch = "wasm32", no_std)]
#![warn(missing_docs)]

pub mod aes;
pub mod base64;
pub mod batch;
mod compression;
pub mod fernet;
pub mod lines;
pub mod pbkdf2;
pub mod secrecy;
pub mod sha256;
pub mod slots;
pub mod vector;

#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(test)]
mod test_bytes;
