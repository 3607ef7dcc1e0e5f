/**
 * What is used of `@noble/ciphers` and `@noble/hashes`.
 *
 * @module
 */

import { cbc, gcm } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";

const NOBLE = { cbc, gcm, hmac, sha1, sha256, sha384, sha512 };

/**
 * Its functions. Their tables take some milliseconds to make, which the npm
 * package puts off until they are first asked for: nothing asks before it must.
 */
export function noble(): typeof NOBLE {
  return NOBLE;
}
