//! What may be known although it was computed from a secret.
//!
//! With the feature `ctgrind` the kernel runs under Valgrind's memcheck, and its
//! secrets are marked as memory that was never written: memcheck then reports
//! each branch and each address that depends on one (A. Langley, "Checking that
//! functions are constant time with Valgrind", 2010). What everyone may know is
//! marked as written, at the place where the kernel comes to know it.

/// Says that `value` is public, whatever it was computed from.
#[cfg(not(feature = "ctgrind"))]
#[inline(always)]
pub fn declassify<T: Copy>(value: T) -> T {
    value
}

/// Says that `value` is public, whatever it was computed from.
#[cfg(feature = "ctgrind")]
pub fn declassify<T: Copy>(mut value: T) -> T {
    memcheck::publish(core::slice::from_mut(&mut value));
    value
}

/// Requests to Valgrind's memcheck, as its headers define them. Where it is not
/// running they do nothing.
#[cfg(feature = "ctgrind")]
pub mod memcheck {
    const RUNNING: usize = 0x1001;
    const COUNT_ERRORS: usize = 0x1201;
    const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
    const MAKE_UNDEFINED: usize = MEMCHECK + 1;
    const MAKE_DEFINED: usize = MEMCHECK + 2;
    const GET_UNDEFINED_BITS: usize = MEMCHECK + 8;

    /// Whether this process runs under Valgrind.
    pub fn is_running() -> bool {
        request(RUNNING, [0; 3]) != 0
    }

    /// How many errors were found so far, one found again counted again.
    pub fn count_errors() -> usize {
        request(COUNT_ERRORS, [0; 3])
    }

    /// Marks `bytes` as secret.
    pub fn classify(bytes: &mut [u8]) {
        let address = bytes.as_mut_ptr().expose_provenance();
        request(MAKE_UNDEFINED, [address, bytes.len(), 0]);
    }

    /// Marks `values` as public.
    pub fn publish<T>(values: &mut [T]) {
        let length = size_of_val(values);
        request(
            MAKE_DEFINED,
            [values.as_mut_ptr().expose_provenance(), length, 0],
        );
    }

    /// Whether every byte depends on a secret.
    pub fn is_secret(bytes: &[u8]) -> bool {
        let address = bytes.as_ptr().expose_provenance();
        bytes.iter().enumerate().all(|(index, _)| {
            let mut bits = 0_u8;
            let answer = (&raw mut bits).expose_provenance();
            request(GET_UNDEFINED_BITS, [address + index, answer, 1]);
            bits != 0
        })
    }

    #[cfg(target_arch = "x86_64")]
    fn request(code: usize, [a, b, c]: [usize; 3]) -> usize {
        let request = [code, a, b, c, 0, 0];
        let mut answer = 0_usize;
        // SAFETY: for the processor this does nothing: the rotations are by 128
        // bits in all, and a register is exchanged with itself. For Valgrind it is
        // a request, at `rax` and answered in `rdx`. Those made here change what
        // memcheck knows of memory, and but for `bits` above not the memory.
        unsafe {
            core::arch::asm!(
                "rol rdi, 3",
                "rol rdi, 13",
                "rol rdi, 61",
                "rol rdi, 51",
                "xchg rbx, rbx",
                in("rax") request.as_ptr(),
                inout("rdx") answer,
                options(nostack),
            );
        }
        answer
    }

    #[cfg(not(target_arch = "x86_64"))]
    compile_error!("the requests to Valgrind are written for x86-64");
}
