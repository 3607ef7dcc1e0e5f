//! CBC (NIST SP 800-38A) over whole blocks in place.

use super::bitsliced::{self, LANES};
use super::{BLOCK, Block};
use core::ops::Range;

/// Encrypts the messages at `jobs` in `data`, each of whole blocks and preceded
/// by its IV of 16 bytes.
///
/// # Panics
///
/// When a job is not inside `data`, has no IV before it, or a part of a block.
pub fn encrypt_many(
    keys: &bitsliced::Keys,
    data: &mut [u8],
    jobs: impl IntoIterator<Item = Range<usize>>,
) {
    let mut jobs = jobs.into_iter().filter(|job| !job.is_empty());
    // Lane `n` is at `places[n]` and ends at `ends[n]`; a lane without a job is
    // left out by moving the last one into its place.
    let mut places = [0; LANES];
    let mut ends = [0; LANES];
    let mut active = 0;
    loop {
        let mut lane = 0;
        while lane < LANES {
            if lane < active && places[lane] < ends[lane] {
                lane += 1;
            } else if let Some(job) = jobs.next() {
                assert!(job.start >= BLOCK && job.end <= data.len() && job.len() % BLOCK == 0);
                (places[lane], ends[lane]) = (job.start, job.end);
                active = active.max(lane + 1);
                lane += 1;
            } else if lane < active {
                active -= 1;
                (places[lane], ends[lane]) = (places[active], ends[active]);
            } else {
                break;
            }
        }
        if active == 0 {
            return;
        }
        let left = |lane: usize| (ends[lane] - places[lane]) / BLOCK;
        let steps = (0..active).map(left).min().unwrap_or(0);
        for _ in 0..steps {
            bitsliced::encrypt_step(keys, data, &places[..active]);
            for place in &mut places {
                *place += BLOCK;
            }
        }
    }
}

/// Decrypts the messages at `jobs` in `data`, each of whole blocks and preceded
/// by its IV of 16 bytes.
///
/// # Panics
///
/// When a job is not inside `data`, has no IV before it, or a part of a block.
pub fn decrypt_many(
    keys: &bitsliced::Keys,
    data: &mut [u8],
    jobs: impl IntoIterator<Item = Range<usize>>,
) {
    let mut pool = [0; LANES];
    let mut pooled = 0;
    for job in jobs {
        assert!(job.is_empty() || job.start >= BLOCK);
        decrypt_backwards(keys, &[0; BLOCK], data, job, &mut pool, &mut pooled);
    }
    bitsliced::decrypt_step(keys, &[0; BLOCK], data, &pool[..pooled]);
}

/// Decrypts `data`, one message or a part of one, and moves `iv` on to its last
/// ciphertext block.
///
/// # Panics
///
/// When `data` has a part of a block.
pub fn decrypt(keys: &bitsliced::Keys, iv: &mut Block, data: &mut [u8]) {
    let Some(&last) = data.last_chunk() else {
        return;
    };
    let mut pool = [0; LANES];
    let mut pooled = 0;
    decrypt_backwards(keys, iv, data, 0..data.len(), &mut pool, &mut pooled);
    bitsliced::decrypt_step(keys, iv, data, &pool[..pooled]);
    *iv = last;
}

/// Decrypts `job` from its end, so that every block's predecessor is still there,
/// all but the blocks left in `pool`.
#[inline(always)]
fn decrypt_backwards(
    keys: &bitsliced::Keys,
    iv: &Block,
    data: &mut [u8],
    job: Range<usize>,
    pool: &mut [usize; LANES],
    pooled: &mut usize,
) {
    assert!(job.len() % BLOCK == 0);
    for place in job.step_by(BLOCK).rev() {
        pool[*pooled] = place;
        *pooled += 1;
        if *pooled == LANES {
            bitsliced::decrypt_step(keys, iv, data, pool);
            *pooled = 0;
        }
    }
}
