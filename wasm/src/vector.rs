//! 128 bits as one value: `v128` in WebAssembly, and the same operations on
//! plain integers elsewhere, so that every kernel runs natively in tests.

#[cfg(not(target_arch = "wasm32"))]
pub use portable::Vector;
#[cfg(target_arch = "wasm32")]
pub use simd128::Vector;

impl Vector {
    /// No bit set.
    pub const ZERO: Self = Self::from_words([0; 4]);

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

impl Default for Vector {
    /// All zero.
    fn default() -> Self {
        Self::ZERO
    }
}

impl zeroize::DefaultIsZeroes for Vector {}

#[cfg(target_arch = "wasm32")]
mod simd128 {
    use core::arch::wasm32::{
        i8x16_add, i8x16_bitmask, i8x16_eq, i8x16_gt, i8x16_swizzle, i32x4_add, i32x4_shl,
        i32x4_shuffle, u8x16_sub_sat, u32x4, u32x4_shr, u32x4_splat, u64x2_shr, v128, v128_and,
        v128_any_true, v128_not, v128_or, v128_xor,
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

        /// Four words from memory.
        #[inline(always)]
        pub fn load(words: &[u32; 4]) -> Self {
            // SAFETY: both are 16 bytes without padding, and any bits are valid.
            unsafe { core::mem::transmute(*words) }
        }

        /// One word four times.
        #[inline(always)]
        pub fn splat(word: u32) -> Self {
            Self(u32x4_splat(word))
        }

        /// Words picked by number: 0 to 3 from `self`, 4 to 7 from `other`.
        #[inline(always)]
        pub fn pick<const A: usize, const B: usize, const C: usize, const D: usize>(
            self,
            other: Self,
        ) -> Self {
            Self(i32x4_shuffle::<A, B, C, D>(self.0, other.0))
        }

        /// Each half of 64 bits (its low word first) shifted right.
        #[inline(always)]
        pub fn shift_halves_right<const BITS: u32>(self) -> Self {
            Self(u64x2_shr(self.0, BITS))
        }

        /// The sums of the bytes.
        #[inline(always)]
        pub fn add_bytes(self, other: Self) -> Self {
            Self(i8x16_add(self.0, other.0))
        }

        /// The differences of the bytes, 0 where `other` has the greater one.
        #[inline(always)]
        pub fn subtract_bytes_to_zero(self, other: Self) -> Self {
            Self(u8x16_sub_sat(self.0, other.0))
        }

        /// 0xff where the signed byte is greater than that of `other`, else 0.
        #[inline(always)]
        pub fn greater_bytes(self, other: Self) -> Self {
            Self(i8x16_gt(self.0, other.0))
        }

        /// 0xff where the bytes are equal, else 0.
        #[inline(always)]
        pub fn equal_bytes(self, other: Self) -> Self {
            Self(i8x16_eq(self.0, other.0))
        }

        /// Whether any bit is set.
        #[inline(always)]
        pub fn any(self) -> bool {
            v128_any_true(self.0)
        }

        /// The top bit of each byte, that of the first one at the bottom.
        #[inline(always)]
        pub fn top_bits(self) -> u16 {
            i8x16_bitmask(self.0)
        }

        /// The four words in their place.
        #[inline(always)]
        pub fn words_mut(&mut self) -> &mut [u32; 4] {
            // SAFETY: a `v128` is 16 bytes, aligned for words, and any bits are valid.
            unsafe { &mut *core::ptr::from_mut(&mut self.0).cast() }
        }
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
            // Every byte is looked at for every index: an address that is made of
            // an index would leak it, which a processor's shuffle does not.
            let indices = indices.to_bytes();
            let mut picked = [0; 16];
            for (number, byte) in (0_u8..).zip(self.to_bytes()) {
                for (picked, index) in picked.iter_mut().zip(indices) {
                    *picked |= byte & u8::from(index == number).wrapping_neg();
                }
            }
            Self::from_bytes(&picked)
        }

        /// Four words from memory.
        pub fn load(words: &[u32; 4]) -> Self {
            Self(*words)
        }

        /// One word four times.
        pub fn splat(word: u32) -> Self {
            Self([word; 4])
        }

        /// Words picked by number: 0 to 3 from `self`, 4 to 7 from `other`.
        pub fn pick<const A: usize, const B: usize, const C: usize, const D: usize>(
            self,
            other: Self,
        ) -> Self {
            let word = |index: usize| {
                if index < 4 {
                    self.0[index]
                } else {
                    other.0[index - 4]
                }
            };
            Self([word(A), word(B), word(C), word(D)])
        }

        /// Each half of 64 bits (its low word first) shifted right.
        pub fn shift_halves_right<const BITS: u32>(self) -> Self {
            let half = |low: u32, high: u32| {
                let shifted = (u64::from(high) << 32 | u64::from(low)) >> BITS;
                [shifted as u32, (shifted >> 32) as u32]
            };
            let [a, b, c, d] = self.0;
            let ([a, b], [c, d]) = (half(a, b), half(c, d));
            Self([a, b, c, d])
        }

        /// The sums of the bytes.
        pub fn add_bytes(self, other: Self) -> Self {
            self.zip_bytes(other, u8::wrapping_add)
        }

        /// The differences of the bytes, 0 where `other` has the greater one.
        pub fn subtract_bytes_to_zero(self, other: Self) -> Self {
            self.zip_bytes(other, u8::saturating_sub)
        }

        /// 0xff where the signed byte is greater than that of `other`, else 0.
        pub fn greater_bytes(self, other: Self) -> Self {
            self.zip_bytes(other, |a, b| {
                u8::from(a.cast_signed() > b.cast_signed()).wrapping_neg()
            })
        }

        /// 0xff where the bytes are equal, else 0.
        pub fn equal_bytes(self, other: Self) -> Self {
            self.zip_bytes(other, |a, b| u8::from(a == b).wrapping_neg())
        }

        /// Whether any bit is set.
        pub fn any(self) -> bool {
            self.0.iter().fold(0, |all, word| all | word) != 0
        }

        /// The top bit of each byte, that of the first one at the bottom.
        pub fn top_bits(self) -> u16 {
            (0..).zip(self.to_bytes()).fold(0, |bits, (place, byte)| {
                bits | u16::from(byte >> 7) << place
            })
        }

        /// The four words in their place.
        pub fn words_mut(&mut self) -> &mut [u32; 4] {
            &mut self.0
        }

        fn zip_bytes(self, other: Self, operation: impl Fn(u8, u8) -> u8) -> Self {
            let (a, b) = (self.to_bytes(), other.to_bytes());
            Self::from_bytes(&core::array::from_fn(|index| operation(a[index], b[index])))
        }
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
