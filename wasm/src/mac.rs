//! HMAC-SHA256 (RFC 2104) as the `hmac` crate has it.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 in the making.
pub type HmacSha256 = Hmac<Sha256>;

/// HMAC takes a key of any length, so keying cannot fail.
pub fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!())
}

/// The tag of what `mac` has absorbed.
pub fn tag(mac: &HmacSha256) -> [u8; 32] {
    mac.clone().finalize().into_bytes().into()
}
