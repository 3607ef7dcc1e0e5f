//! Secrets and other inputs.

use ironfern_kernel::secrecy::memcheck;

/// Bytes that look random, the same ones for the same `seed`.
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    // Xorshift (G. Marsaglia, 2003), which a state of 0 would keep at 0.
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A copy that counts as a secret.
pub fn secret(bytes: &[u8]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    memcheck::classify(&mut copy);
    copy
}

/// The same of an array.
pub fn secret_array<const N: usize>(bytes: &[u8; N]) -> [u8; N] {
    let mut copy = *bytes;
    memcheck::classify(&mut copy);
    copy
}

/// Publishes an output and compares it. Had it not depended on a secret in every
/// byte, the secrets would not have reached the code that was to be checked.
pub fn assert_secret_and_equal(output: &mut [u8], expected: &[u8]) {
    assert!(memcheck::is_secret(output), "no secret in the output");
    memcheck::publish(output);
    assert_eq!(output, expected);
}
