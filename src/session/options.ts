/**
 * The options of `Sessions`.
 *
 * @module
 */

import { checkBoolean, checkInteger, checkOptions } from "../checks.ts";
import type { Fernet } from "../fernet/fernet.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import type { StringStore } from "../storage/store.ts";
import { checkCookie } from "./cookies.ts";
import type { Lifetimes } from "./state.ts";

const DAY = 86_400;
/** Days that browsers keep a cookie at most (RFC 6265bis, section 5.5). */
const MOST_DAYS = 400;

/** Options of {@linkcode Sessions}. */
export interface SessionsOptions {
  /**
   * The server's key; or a `MultiFernet`, to change keys: new sessions begin under
   * its first one.
   */
  fernet: Fernet | MultiFernet;
  /**
   * Where the sessions are kept. Without a store they are in their cookies: small,
   * and valid until they expire, whoever has copied them.
   */
  store?: StringStore;
  /**
   * What the names of the records begin with, 256 bytes at most: of nothing else in
   * the store, `sweep` would remove it. Only with a store.
   *
   * @default {"session."}
   */
  prefix?: string;
  /** The cookie. */
  cookie?: SessionCookieOptions;
  /**
   * Seconds that a session lasts without a request.
   *
   * @default {86_400}
   */
  idle?: number;
  /**
   * Seconds that a session lasts in all: from its beginning, and again from when
   * somebody signs in.
   *
   * @default {604_800}
   */
  absolute?: number;
}

/** The cookie of a session. It is always `HttpOnly`, `SameSite=Lax` and of `Path=/`. */
export interface SessionCookieOptions {
  /**
   * Its name.
   *
   * @default {"__Host-session", or "session" where it is not `Secure`}
   */
  name?: string;
  /**
   * Whether browsers send it by HTTPS alone, or to this machine. Only a server in
   * development, which is asked by HTTP from another machine, needs `false`.
   *
   * @default {true}
   */
  secure?: boolean;
  /**
   * Whether it stays when the browser is closed, as long as the session lasts.
   *
   * @default {false}
   */
  persistent?: boolean;
}

/** How a session's cookie is sent. */
export interface CookieSettings {
  /** Its name. */
  readonly name: string;
  /** Whether it is `Secure`. */
  readonly secure: boolean;
  /** Whether it stays when the browser is closed. */
  readonly persistent: boolean;
}

/**
 * Checks how long sessions last.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is no integer from 1 second to 400 days.
 */
export function checkLifetimes(idle = DAY, absolute = 7 * DAY): Lifetimes {
  const most = MOST_DAYS * DAY;
  return {
    idle: checkInteger(idle, "idle", 1, most),
    absolute: checkInteger(absolute, "absolute", 1, most),
  };
}

/**
 * Checks the options of a session's cookie.
 *
 * @throws {TypeError} If one is of the wrong type, or no browser would keep it.
 */
export function checkSessionCookie(options: SessionCookieOptions | undefined): CookieSettings {
  const { secure = true, persistent = false, ...rest } = checkOptions(
    options,
    ["name", "secure", "persistent"],
  );
  const { name = checkBoolean(secure, "secure") ? "__Host-session" : "session" } = rest;
  checkCookie(name, secure);
  return { name, secure, persistent: checkBoolean(persistent, "persistent") };
}
