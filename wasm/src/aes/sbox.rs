//! The S-box of AES and its inverse as circuits over bit planes: J. Boyar and
//! R. Peralta, "A new combinational logic minimization technique with
//! applications to cryptology" (2010), and for the inverse "A depth-16 circuit
//! for the AES S-box" (2011). No table, no branch: constant time.
//!
//! The complements of both circuits (the constant 0x63) are left out: whoever
//! calls adds 0x63 to the round keys instead, which costs nothing.

use crate::vector::Vector;

/// Plane `i` holds bit `i` of every byte.
pub type Planes = [Vector; 8];

/// `S(x) ^ 0x63` of every byte.
#[inline(always)]
pub fn substitute(planes: &Planes) -> Planes {
    // The papers count the bits from the most significant one.
    let [x7, x6, x5, x4, x3, x2, x1, x0] = *planes;

    let y14 = x3 ^ x5;
    let y13 = x0 ^ x6;
    let y9 = x0 ^ x3;
    let y8 = x0 ^ x5;
    let t0 = x1 ^ x2;
    let y1 = t0 ^ x7;
    let y4 = y1 ^ x3;
    let y12 = y13 ^ y14;
    let y2 = y1 ^ x0;
    let y5 = y1 ^ x6;
    let y3 = y5 ^ y8;
    let t1 = x4 ^ y12;
    let y15 = t1 ^ x5;
    let y20 = t1 ^ x1;
    let y6 = y15 ^ x7;
    let y10 = y15 ^ t0;
    let y11 = y20 ^ y9;
    let y7 = x7 ^ y11;
    let y17 = y10 ^ y11;
    let y19 = y10 ^ y8;
    let y16 = t0 ^ y11;
    let y21 = y13 ^ y16;
    let y18 = x0 ^ y16;

    let t2 = y12 & y15;
    let t4 = (y3 & y6) ^ t2;
    let t6 = (y4 & x7) ^ t2;
    let t7 = y13 & y16;
    let t9 = (y5 & y1) ^ t7;
    let t11 = (y2 & y7) ^ t7;
    let t12 = y9 & y11;
    let t14 = (y14 & y17) ^ t12;
    let t16 = (y8 & y10) ^ t12;
    let t21 = t4 ^ t14 ^ y20;
    let t22 = t6 ^ t16 ^ y19;
    let t23 = t9 ^ t14 ^ y21;
    let t24 = t11 ^ t16 ^ y18;

    let [t29, t40, t33, t37] = invert([t21, t22, t23, t24]);
    let t41 = t40 ^ t37;
    let t42 = t29 ^ t33;
    let t43 = t29 ^ t40;
    let t44 = t33 ^ t37;
    let t45 = t42 ^ t41;

    let z0 = t44 & y15;
    let z1 = t37 & y6;
    let z2 = t33 & x7;
    let z3 = t43 & y16;
    let z4 = t40 & y1;
    let z5 = t29 & y7;
    let z6 = t42 & y11;
    let z7 = t45 & y17;
    let z8 = t41 & y10;
    let z9 = t44 & y12;
    let z10 = t37 & y3;
    let z11 = t33 & y4;
    let z12 = t43 & y13;
    let z13 = t40 & y5;
    let z14 = t29 & y2;
    let z15 = t42 & y9;
    let z16 = t45 & y14;
    let z17 = t41 & y8;

    let t46 = z15 ^ z16;
    let t47 = z10 ^ z11;
    let t48 = z5 ^ z13;
    let t49 = z9 ^ z10;
    let t50 = z2 ^ z12;
    let t51 = z2 ^ z5;
    let t52 = z7 ^ z8;
    let t53 = z0 ^ z3;
    let t54 = z6 ^ z7;
    let t55 = z16 ^ z17;
    let t56 = z12 ^ t48;
    let t57 = t50 ^ t53;
    let t58 = z4 ^ t46;
    let t59 = z3 ^ t54;
    let t60 = t46 ^ t57;
    let t61 = z14 ^ t57;
    let t62 = t52 ^ t58;
    let t63 = t49 ^ t58;
    let t64 = z4 ^ t59;
    let t65 = t61 ^ t62;
    let t66 = z1 ^ t63;
    let s0 = t59 ^ t63;
    let s6 = t56 ^ t62;
    let s7 = t48 ^ t60;
    let t67 = t64 ^ t65;
    let s3 = t53 ^ t66;
    let s4 = t51 ^ t66;
    let s5 = t47 ^ t65;
    let s1 = t64 ^ s3;
    let s2 = t55 ^ t67;
    [s7, s6, s5, s4, s3, s2, s1, s0]
}

/// The inverse S-box of every byte `^ 0x63`: of `y` where the plane has `y ^ 0x63`.
#[inline(always)]
pub fn substitute_back(planes: &Planes) -> Planes {
    let [u7, u6, u5, u4, u3, u2, u1, u0] = *planes;

    let t23 = u0 ^ u3;
    let t22 = u1 ^ u3;
    let t2 = u0 ^ u1;
    let t1 = u3 ^ u4;
    let t24 = u4 ^ u7;
    let r5 = u6 ^ u7;
    let t8 = u1 ^ t23;
    let t19 = t22 ^ r5;
    let t9 = u7 ^ t1;
    let t10 = t2 ^ t24;
    let t13 = t2 ^ r5;
    let t3 = t1 ^ r5;
    let t25 = u2 ^ t1;
    let r13 = u1 ^ u6;
    let t17 = u2 ^ t19;
    let t20 = t24 ^ r13;
    let t4 = u4 ^ t8;
    let r17 = u2 ^ u5;
    let r18 = u5 ^ u6;
    let r19 = u2 ^ u4;
    let y5 = u0 ^ r17;
    let t6 = t22 ^ r17;
    let t16 = r13 ^ r19;
    let t27 = t1 ^ r18;
    let t15 = t10 ^ t27;
    let t14 = t10 ^ r18;
    let t26 = t3 ^ t16;

    let m1 = t13 & t6;
    let m3 = t14 ^ m1;
    let m5 = (t19 & y5) ^ m1;
    let m6 = t3 & t16;
    let m8 = t26 ^ m6;
    let m10 = (t20 & t17) ^ m6;
    let m11 = t1 & t15;
    let m13 = (t4 & t27) ^ m11;
    let m15 = (t2 & t10) ^ m11;
    let m20 = m3 ^ (t23 & t8) ^ m13;
    let m21 = m5 ^ t24 ^ m15;
    let m22 = m8 ^ (t22 & t9) ^ m13;
    let m23 = m10 ^ m15 ^ t25;

    let [m37, m38, m39, m40] = invert([m20, m21, m22, m23]);
    let m41 = m38 ^ m40;
    let m42 = m37 ^ m39;
    let m43 = m37 ^ m38;
    let m44 = m39 ^ m40;
    let m45 = m42 ^ m41;

    let m46 = m44 & t6;
    let m47 = m40 & t8;
    let m48 = m39 & y5;
    let m49 = m43 & t16;
    let m50 = m38 & t9;
    let m51 = m37 & t17;
    let m52 = m42 & t15;
    let m53 = m45 & t27;
    let m54 = m41 & t10;
    let m55 = m44 & t13;
    let m56 = m40 & t23;
    let m57 = m39 & t19;
    let m58 = m43 & t3;
    let m59 = m38 & t22;
    let m60 = m37 & t20;
    let m61 = m42 & t1;
    let m62 = m45 & t4;
    let m63 = m41 & t2;

    let p0 = m52 ^ m61;
    let p1 = m58 ^ m59;
    let p2 = m54 ^ m62;
    let p3 = m47 ^ m50;
    let p4 = m48 ^ m56;
    let p5 = m46 ^ m51;
    let p6 = m49 ^ m60;
    let p7 = p0 ^ p1;
    let p8 = m50 ^ m53;
    let p9 = m55 ^ m63;
    let p10 = m57 ^ p4;
    let p11 = p0 ^ p3;
    let p12 = m46 ^ m48;
    let p13 = m49 ^ m51;
    let p14 = m49 ^ m62;
    let p15 = m54 ^ m59;
    let p16 = m57 ^ m61;
    let p17 = m58 ^ p2;
    let p18 = m63 ^ p5;
    let p19 = p2 ^ p3;
    let p20 = p4 ^ p6;
    let p22 = p2 ^ p7;
    let p23 = p7 ^ p8;
    let p24 = p5 ^ p7;
    let p25 = p6 ^ p10;
    let p26 = p9 ^ p11;
    let p27 = p10 ^ p18;
    let p28 = p11 ^ p25;
    let p29 = p15 ^ p20;
    let w0 = p13 ^ p22;
    let w1 = p26 ^ p29;
    let w2 = p17 ^ p28;
    let w3 = p12 ^ p22;
    let w4 = p23 ^ p27;
    let w5 = p19 ^ p24;
    let w6 = p14 ^ p23;
    let w7 = p9 ^ p16;
    [w7, w6, w5, w4, w3, w2, w1, w0]
}

/// The inversion in GF(2^4) in the middle of both circuits.
#[inline(always)]
fn invert([a, b, c, d]: [Vector; 4]) -> [Vector; 4] {
    let ab = a ^ b;
    let ac = a & c;
    let d_ac = d ^ ac;
    let first = (ab & d_ac) ^ b;
    let cd = c ^ d;
    let third = ((b ^ ac) & cd) ^ d;
    let d_third = d & (d_ac ^ third);
    let fourth = d_third ^ c ^ third;
    let second = ab ^ (first & (d_ac ^ d_third));
    [first, second, third, fourth]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The S-box from its definition: the inverse in GF(2^8), then an affine map.
    fn defined(byte: u8) -> u8 {
        let multiply = |a: u8, b: u8| {
            (0..8).rev().fold(0_u8, |sum, bit| {
                let doubled = (sum << 1) ^ if sum & 0x80 == 0 { 0 } else { 0x1b };
                doubled ^ if b >> bit & 1 == 0 { 0 } else { a }
            })
        };
        let inverse = (0..254).fold(1, |power, _| multiply(power, byte));
        (0..5).fold(0x63, |sum, turn| sum ^ inverse.rotate_left(turn))
    }

    fn in_planes(byte: u8) -> Planes {
        std::array::from_fn(|bit| Vector::from_bytes(&[(byte >> bit & 1).wrapping_neg(); 16]))
    }

    fn from_planes(planes: &Planes) -> u8 {
        (0..8).fold(0, |byte, bit| byte | (planes[bit].to_bytes()[5] & 1) << bit)
    }

    #[test]
    fn every_byte_is_substituted_as_defined_and_back() {
        for byte in 0..=255 {
            let substituted = from_planes(&substitute(&in_planes(byte)));
            assert_eq!(substituted, defined(byte) ^ 0x63, "of {byte}");
            assert_eq!(from_planes(&substitute_back(&in_planes(substituted))), byte);
        }
    }
}
