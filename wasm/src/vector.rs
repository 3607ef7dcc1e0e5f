//! 128 bits as one value: `v128` in WebAssembly, and the same operations on
//! plain integers elsewhere, so that every kernel runs natively in tests.

#[cfg(not(target_arch = "wasm32"))]
pub use portable::Vector;
#[cfg(target_arch = "wasm32")]
pub use simd128::Vector;

#[cfg(target_arch = "wasm32")]
mod simd128 {
    use core::arch::wasm32::{
        i8x16_eq, i8x16_swizzle, i32x4_add, i32x4_shl, u32x4, u32x4_shr, v128, v128_and,
        v128_andnot, v128_not, v128_or, v128_xor,
    };
    use core::ops::{Add, BitAnd, BitOr, BitXor, Not};

    /// Four words of 32 bits, or sixteen bytes, in the order of the memory.
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    pub struct Vector(v128);

    impl Vector {
        /// Four words.
        #[inline(always)]
        pub const fn from_words(words: [u32; 4]) -> Self {
            Self(u32x4(words[0], words[1], words[2], words[3]))
        }

        /// The four words.
        #[inline(always)]
        pub fn to_words(self) -> [u32; 4] {
            // SAFETY: both are 16 bytes without padding, and any bits are valid.
            unsafe { core::mem::transmute(self.0) }
        }

        /// Sixteen bytes.
        #[inline(always)]
        pub fn from_bytes(bytes: &[u8; 16]) -> Self {
            // SAFETY: both are 16 bytes without padding, and any bits are valid.
            unsafe { core::mem::transmute(*bytes) }
        }

        /// The sixteen bytes.
        #[inline(always)]
        pub fn to_bytes(self) -> [u8; 16] {
            // SAFETY: both are 16 bytes without padding, and any bits are valid.
            unsafe { core::mem::transmute(self.0) }
        }

        /// `!self & other`.
        #[inline(always)]
        pub fn and_not(self, other: Self) -> Self {
            Self(v128_andnot(other.0, self.0))
        }

        /// Each word shifted left.
        #[inline(always)]
        pub fn shift_left<const BITS: u32>(self) -> Self {
            Self(i32x4_shl(self.0, BITS))
        }

        /// Each word shifted right, zeros coming in.
        #[inline(always)]
        pub fn shift_right<const BITS: u32>(self) -> Self {
            Self(u32x4_shr(self.0, BITS))
        }

        /// Byte `i` of the result is byte `indices[i]`, or 0 where that is 16 or more.
        #[inline(always)]
        pub fn swizzle(self, indices: Self) -> Self {
            Self(i8x16_swizzle(self.0, indices.0))
        }

        /// 0xff in every byte that is the same in both, else 0.
        #[inline(always)]
        pub fn equal_bytes(self, other: Self) -> Self {
            Self(i8x16_eq(self.0, other.0))
        }

        /// No bit set.
        pub const ZERO: Self = Self::from_words([0; 4]);
    }

    impl Add for Vector {
        type Output = Self;
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(i32x4_add(self.0, other.0))
        }
    }

    impl BitAnd for Vector {
        type Output = Self;
        #[inline(always)]
        fn bitand(self, other: Self) -> Self {
            Self(v128_and(self.0, other.0))
        }
    }

    impl BitOr for Vector {
        type Output = Self;
        #[inline(always)]
        fn bitor(self, other: Self) -> Self {
            Self(v128_or(self.0, other.0))
        }
    }

    impl BitXor for Vector {
        type Output = Self;
        #[inline(always)]
        fn bitxor(self, other: Self) -> Self {
            Self(v128_xor(self.0, other.0))
        }
    }

    impl Not for Vector {
        type Output = Self;
        #[inline(always)]
        fn not(self) -> Self {
            Self(v128_not(self.0))
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod portable {
    use core::ops::{Add, BitAnd, BitOr, BitXor, Not};

    /// Four words of 32 bits, or sixteen bytes, in the order of the memory.
    #[derive(Clone, Copy)]
    pub struct Vector([u32; 4]);

    impl Vector {
        /// Four words.
        pub const fn from_words(words: [u32; 4]) -> Self {
            Self(words)
        }

        /// The four words.
        pub fn to_words(self) -> [u32; 4] {
            self.0
        }

        /// Sixteen bytes.
        pub fn from_bytes(bytes: &[u8; 16]) -> Self {
            let words = bytes.as_chunks::<4>().0;
            Self(core::array::from_fn(|index| {
                u32::from_le_bytes(words[index])
            }))
        }

        /// The sixteen bytes.
        pub fn to_bytes(self) -> [u8; 16] {
            core::array::from_fn(|index| self.0[index / 4].to_le_bytes()[index % 4])
        }

        /// `!self & other`.
        pub fn and_not(self, other: Self) -> Self {
            !self & other
        }

        /// Each word shifted left.
        pub fn shift_left<const BITS: u32>(self) -> Self {
            Self(self.0.map(|word| word << BITS))
        }

        /// Each word shifted right, zeros coming in.
        pub fn shift_right<const BITS: u32>(self) -> Self {
            Self(self.0.map(|word| word >> BITS))
        }

        /// Byte `i` of the result is byte `indices[i]`, or 0 where that is 16 or more.
        pub fn swizzle(self, indices: Self) -> Self {
            let bytes = self.to_bytes();
            let picked = indices.to_bytes().map(|index| {
                // A mask and not a branch: natively, too, nothing may depend on a
                // secret. The index is public in every use but vector-permute AES.
                let inside = u8::from(index < 16).wrapping_neg();
                bytes[usize::from(index & 15)] & inside
            });
            Self::from_bytes(&picked)
        }

        /// 0xff in every byte that is the same in both, else 0.
        pub fn equal_bytes(self, other: Self) -> Self {
            let differing = (self ^ other).to_bytes();
            // From 0 the subtraction borrows, from 1 to 255 it does not.
            Self::from_bytes(&differing.map(|byte| (u16::from(byte).wrapping_sub(1) >> 8) as u8))
        }

        /// No bit set.
        pub const ZERO: Self = Self::from_words([0; 4]);
    }

    impl Add for Vector {
        type Output = Self;
        fn add(self, other: Self) -> Self {
            Self(core::array::from_fn(|lane| {
                self.0[lane].wrapping_add(other.0[lane])
            }))
        }
    }

    impl BitAnd for Vector {
        type Output = Self;
        fn bitand(self, other: Self) -> Self {
            Self(core::array::from_fn(|lane| self.0[lane] & other.0[lane]))
        }
    }

    impl BitOr for Vector {
        type Output = Self;
        fn bitor(self, other: Self) -> Self {
            Self(core::array::from_fn(|lane| self.0[lane] | other.0[lane]))
        }
    }

    impl BitXor for Vector {
        type Output = Self;
        fn bitxor(self, other: Self) -> Self {
            Self(core::array::from_fn(|lane| self.0[lane] ^ other.0[lane]))
        }
    }

    impl Not for Vector {
        type Output = Self;
        fn not(self) -> Self {
            Self(self.0.map(|word| !word))
        }
    }
}

impl zeroize::DefaultIsZeroes for Vector {}

impl Default for Vector {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Vector {
    /// Sixteen bytes, at compile time.
    pub const fn constant(bytes: [u8; 16]) -> Self {
        let mut words = [0; 4];
        let mut byte = 0;
        while byte < 16 {
            words[byte / 4] |= (bytes[byte] as u32) << (byte % 4 * 8);
            byte += 1;
        }
        Self::from_words(words)
    }
}
