/**
 * How tokens are read: their text, and their age.
 *
 * @module
 */

import { canonicalBase64Url } from "../bytes/base64.ts";
import { decodeLatin1, encodeAscii } from "../bytes/text.ts";
import { checkBoolean, checkSeconds, checkString } from "../checks.ts";

/** Seconds that a token's clock may be ahead of ours (fernet/spec). */
const MAX_CLOCK_SKEW = 60;
/** Seconds of some 3,000 years: who asks for more counts milliseconds. */
const MILLISECONDS = 1e11;

/** Options of the calls that read Fernet tokens. */
export interface FernetReadOptions {
  /**
   * Whether to accept what other tools make of base64url: white space, the
   * other alphabet, absent padding.
   *
   * @default {false}
   */
  lenient?: boolean;
}

/** Options of the calls that decrypt Fernet tokens. */
export interface FernetDecryptOptions extends FernetReadOptions {
  /**
   * How many seconds a token is valid, less than 10^11. With it, a token from
   * more than 60 seconds in the future is refused too. Without it time is not
   * looked at.
   */
  ttl?: number;
  /**
   * The Unix time in seconds to compare with, less than 10^11, instead of now; only
   * with `ttl`.
   */
  currentTime?: number;
}

/** The names of {@linkcode FernetReadOptions}. */
export const READ_OPTIONS = ["lenient"] as const;
/** The names of {@linkcode FernetDecryptOptions}. */
export const DECRYPT_OPTIONS = ["ttl", "currentTime", ...READ_OPTIONS] as const;

/** How tokens are read, when the options are checked. */
export interface TokenReader {
  /** The token's text as it is decoded. */
  readonly canonical: (token: string) => string;
  /** Whether a token of that Unix time, in seconds, is accepted; absent where all are. */
  readonly inTime?: (time: bigint) => boolean;
}

/**
 * Checks the options of a call that decrypts.
 *
 * @throws {TypeError} If one is of the wrong type, or `currentTime` is without `ttl`.
 * @throws {RangeError} If a time is negative or not finite, or one is in milliseconds.
 */
export function tokenReader(options: FernetDecryptOptions = {}): TokenReader {
  const { ttl, currentTime, lenient = false } = options;
  const canonical = checkBoolean(lenient, "lenient")
    ? (token: string) =>
      decodeLatin1(canonicalBase64Url(encodeAscii(checkString(token, "the token"))))
    : (token: string) => token;
  if (ttl === undefined) {
    if (currentTime !== undefined) {
      throw new TypeError("Cannot use currentTime without ttl: nothing would be compared with it");
    }
    return { canonical };
  }
  checkNotMilliseconds(ttl, "ttl", "how many seconds a token is valid, not milliseconds or a date");
  if (currentTime !== undefined) {
    checkNotMilliseconds(currentTime, "currentTime", "a Unix time in seconds, not milliseconds");
  }
  return {
    canonical,
    inTime(time) {
      // A stream of lines may last longer than its tokens.
      const now = currentTime ?? Math.floor(Date.now() / 1_000);
      return Number(time) + ttl >= now && Number(time) <= now + MAX_CLOCK_SKEW;
    },
  };
}

function checkNotMilliseconds(value: number, what: string, expected: string): void {
  if (checkSeconds(value, what) < MILLISECONDS) return;
  throw new RangeError(`Cannot use ${what} ${value}: expected ${expected}`);
}
