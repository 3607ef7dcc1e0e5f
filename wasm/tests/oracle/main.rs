//! The tuned kernels against the plain crates, on random cases: other ones each
//! run, unless IRONFERN_SEED names the run to repeat.
//!
//! A few thousand cases are run ordinarily, and a million when asked for: see
//! tests/audit/oracle.sh.

mod ciphers;
mod derivations;
mod macs;
mod plain;
mod texts;
mod tokens;

#[path = "../../src/test_bytes.rs"]
mod test_bytes;

use std::hash::{BuildHasher, RandomState};
use test_bytes::TestBytes;

/// What is compared: a name, the share of all cases in percent, and a function
/// that does some cases and says how many.
type Subject = (&'static str, usize, fn(&mut TestBytes) -> usize);

const SUBJECTS: [Subject; 11] = [
    (
        "AES-CBC, messages encrypted side by side",
        14,
        ciphers::encrypt_many,
    ),
    (
        "AES-CBC, messages decrypted side by side",
        14,
        ciphers::decrypt_many,
    ),
    (
        "AES-CBC, one message encrypted in pieces",
        4,
        ciphers::encrypt_one,
    ),
    (
        "AES-CBC, one message decrypted in pieces",
        4,
        ciphers::decrypt_one,
    ),
    ("HMAC-SHA256, messages side by side", 14, macs::many),
    ("HMAC-SHA256, one message in pieces", 6, macs::one),
    (
        "PBKDF2-HMAC-SHA256, blocks side by side",
        8,
        derivations::lanes,
    ),
    (
        "PBKDF2 with each hash, one block in slices",
        6,
        derivations::slices,
    ),
    (
        "tokens, sealed and opened, good and bad",
        10,
        tokens::seal_and_open,
    ),
    ("base64url, encoded", 8, texts::encode),
    ("base64url, decoded, well-formed or not", 12, texts::decode),
];

fn seed() -> u64 {
    match std::env::var("IRONFERN_SEED") {
        Ok(seed) => seed
            .parse::<i64>()
            .expect("IRONFERN_SEED is not an integer")
            .cast_unsigned(),
        // Of a size that the TypeScript tests take as well.
        Err(_) => RandomState::new().hash_one(0) >> 33,
    }
}

/// Compares `total` cases at least.
fn compare(total: usize) {
    assert_eq!(
        SUBJECTS.map(|(_, share, _)| share).iter().sum::<usize>(),
        100
    );
    let seed = seed();
    println!("Repeat this run with IRONFERN_SEED={}", seed.cast_signed());
    let mut compared = 0;
    for (name, share, run) in SUBJECTS {
        // A subject's cases do not depend on what ran before it.
        let mut random = TestBytes::new(seed);
        let mut done = 0;
        while done * 100 < total * share {
            done += run(&mut random);
        }
        println!("{done:>9} {name}");
        compared += done;
    }
    println!("{compared:>9} cases are equal");
    assert!(compared >= total);
}

#[test]
fn a_few_thousand_cases_equal_the_plain_crates() {
    compare(5_000);
}

#[test]
#[ignore = "takes minutes: run it by tests/audit/oracle.sh"]
fn a_million_cases_equal_the_plain_crates() {
    compare(1_000_000);
}

/// A length of 0 bytes to 64 KiB, mostly a short one.
fn any_length(random: &mut TestBytes) -> usize {
    match random.below(1_024) {
        0 => random.below((64 << 10) + 1),
        1..8 => random.below(8_000),
        8..128 => random.below(1_000),
        // Around the ends of blocks, of AES and of SHA-256.
        128..256 => (16 * random.below(20) + random.below(3)).saturating_sub(1),
        _ => random.below(120),
    }
}

/// Cuts `length` in three.
fn cuts(random: &mut TestBytes, length: usize) -> [std::ops::Range<usize>; 3] {
    let (a, b) = (random.below(length + 1), random.below(length + 1));
    let (a, b) = (a.min(b), a.max(b));
    [0..a, a..b, b..length]
}
