/**
 * Values in cookies, sealed.
 *
 *     token under HKDF(root, "ironfern/cookie/1"), context = part(full name of the cookie)
 *
 * @module
 */

import { encodeAscii } from "../bytes/text.ts";
import { checkOptions } from "../checks.ts";
import type { Fernet } from "../fernet/fernet.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import { tokenReader } from "../fernet/read_options.ts";
import type { Json } from "../storage/json.ts";
import { recordLength } from "../storage/values.ts";
import { checkCookieLength, checkCookieName, fitsCookie } from "./cookies.ts";
import {
  checkFernet,
  INFOS,
  jsonMessage,
  type OpenedJson,
  openJson,
  sealMessage,
  withKeys,
} from "./keys.ts";

/** Options of {@linkcode openCookie}. */
export interface OpenCookieOptions {
  /** Seconds that a value is valid after it was sealed. */
  ttl: number;
}

/**
 * Seals a value for a cookie of that name: it opens under no other name, so that
 * what was made for one purpose cannot be used for another.
 *
 * @param fernet The key; the first of several seals.
 * @param name The cookie's full name, with its prefix.
 * @param value The value: JSON.
 * @returns The cookie's value. Nothing in it needs quotes or escapes.
 * @throws {TypeError} If an argument is of the wrong type, the name holds what no
 * cookie's name may hold, or the value would not come back as it is.
 * @throws {RangeError} If name and value together have more than 4,096 bytes:
 * browsers drop such a cookie without a word. Nothing is sealed.
 *
 * @example A choice that nobody can change
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { openCookie, sealCookie } from "@ironfern/ironfern/session";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const text = await sealCookie(fernet, "__Host-plan", { plan: "pro" });
 * const ttl = 86_400;
 * assertEquals(await openCookie(fernet, "__Host-plan", text, { ttl }), { plan: "pro" });
 * assertEquals(await openCookie(fernet, "__Host-session", text, { ttl }), undefined);
 * ```
 */
export async function sealCookie(
  fernet: Fernet | MultiFernet,
  name: string,
  value: Json,
): Promise<string> {
  checkFernet(fernet);
  const message = jsonMessage([encodeAscii(checkCookieName(name))], value);
  checkCookieLength(name, recordLength(message));
  return await withKeys(fernet, ([newest]) => sealMessage(newest, INFOS.cookie, message));
}

/**
 * Opens the value of a cookie of that name.
 *
 * @param fernet The key; all of several open.
 * @param name The cookie's full name, with its prefix.
 * @param text The cookie's value, which may be anything.
 * @param options How old it may be.
 * @returns The value; or `undefined` if it was not sealed by these keys for a cookie
 * of this name, was changed, is too old, or is from more than 60 seconds in the
 * future. Which of them is not told.
 * @throws {TypeError} If an argument is of the wrong type, or `ttl` is missing.
 * @throws {RangeError} If `ttl` is negative or not finite, or is in milliseconds.
 *
 * @example What somebody else wrote
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { openCookie } from "@ironfern/ironfern/session";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * assertEquals(await openCookie(fernet, "__Host-plan", "forged", { ttl: 60 }), undefined);
 * ```
 */
export async function openCookie(
  fernet: Fernet | MultiFernet,
  name: string,
  text: string,
  options: OpenCookieOptions,
): Promise<Json | undefined> {
  const { ttl } = checkOptions(options, ["ttl"]);
  const { inTime } = tokenReader({ ttl });
  if (!inTime) throw new TypeError("Cannot open the cookie: ttl is missing, give it in seconds");
  const opened = await openSealedCookie(checkFernet(fernet), checkCookieName(name), text);
  return opened && inTime(opened.time) ? opened.value : undefined;
}

/** The value of a cookie of that name, with the time of its sealing. */
export async function openSealedCookie(
  fernet: Fernet | MultiFernet,
  name: string,
  text: string,
): Promise<OpenedJson | undefined> {
  if (typeof text !== "string") {
    throw new TypeError("Cannot open the cookie: expected its value, a string");
  }
  if (!fitsCookie(name, text.length)) return undefined;
  const context = [encodeAscii(name)];
  return await withKeys(fernet, async (keys) => {
    for (const key of keys) {
      const opened = await openJson(key, INFOS.cookie, context, text);
      if (opened) return opened;
    }
  });
}
