//! AES-128-CBC over whole blocks in place, for messages longer than a batch:
//! the caller keeps the chaining value and does the padding.

use aes::Aes128;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, array::Array};

/// Bytes in a block.
pub const BLOCK: usize = 16;

/// Encrypts `data` and moves `iv` on to its last ciphertext block.
pub fn encrypt(key: &[u8; BLOCK], iv: &mut [u8; BLOCK], data: &mut [u8]) {
    let mut cipher = cbc::Encryptor::<Aes128>::new(key.into(), (&*iv).into());
    let (blocks, _) = Array::slice_as_chunks_mut(data);
    cipher.encrypt_blocks(blocks);
    if let Some(last) = data.last_chunk() {
        *iv = *last;
    }
}

/// Decrypts `data` and moves `iv` on to its last ciphertext block.
pub fn decrypt(key: &[u8; BLOCK], iv: &mut [u8; BLOCK], data: &mut [u8]) {
    let Some(&last) = data.last_chunk() else {
        return;
    };
    let mut cipher = cbc::Decryptor::<Aes128>::new(key.into(), (&*iv).into());
    let (blocks, _) = Array::slice_as_chunks_mut(data);
    cipher.decrypt_blocks(blocks);
    *iv = last;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_bytes::TestBytes;

    #[test]
    fn pieces_equal_the_whole() {
        let mut random = TestBytes::new(4);
        for _ in 0..100 {
            let key = random.bytes(BLOCK).try_into().unwrap();
            let iv: [u8; BLOCK] = random.bytes(BLOCK).try_into().unwrap();
            let length = random.below(20) * BLOCK;
            let plaintext = random.bytes(length);
            let split = random.below(length / BLOCK + 1) * BLOCK;

            let mut whole = plaintext.clone();
            encrypt(&key, &mut iv.clone(), &mut whole);
            let mut pieces = plaintext.clone();
            let mut chain = iv;
            encrypt(&key, &mut chain, &mut pieces[..split]);
            encrypt(&key, &mut chain, &mut pieces[split..]);
            assert_eq!(pieces, whole);

            chain = iv;
            decrypt(&key, &mut chain, &mut pieces[..split]);
            decrypt(&key, &mut chain, &mut pieces[split..]);
            assert_eq!(pieces, plaintext);
        }
    }
}
