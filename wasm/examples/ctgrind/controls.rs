//! Code that leaks on purpose.

use crate::inputs::{bytes, secret};
use crate::report::Report;
use ironfern_kernel::secrecy::memcheck;
use std::hint::black_box;

pub fn run(report: &mut Report) {
    report.check("a branch on a secret bit", || {
        let secret = secret(&bytes(1, 1));
        black_box(branch(black_box(secret[0])));
    });
    report.check("a comparison that ends at the first difference", || {
        let expected = secret(&bytes(2, 32));
        let mut given = bytes(2, 32);
        given[20] ^= 1;
        black_box(first_difference(&expected, &given));
    });
    report.check("a table indexed by a secret byte", || {
        let secret = secret(&bytes(3, 16));
        black_box(substitute(&black_box([7; 256]), &secret));
    });
    report.check("a secret length", || {
        let mut length = secret(&[5]);
        let taken = black_box(&bytes(4, 16))[..usize::from(length[0])].to_vec();
        memcheck::publish(&mut length);
        assert_eq!(taken.len(), 5);
    });
}

#[inline(never)]
fn branch(secret: u8) -> u32 {
    // `black_box` keeps the two arms from becoming a conditional move.
    if secret & 1 == 1 {
        black_box(1)
    } else {
        black_box(2) + black_box(3)
    }
}

#[inline(never)]
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    a.iter().zip(b).position(|(a, b)| a != b)
}

#[inline(never)]
fn substitute(table: &[u8; 256], secret: &[u8]) -> u8 {
    secret
        .iter()
        .fold(0, |all, &byte| all ^ table[usize::from(byte)])
}
