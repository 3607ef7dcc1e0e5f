/**
 * The options of `Login`, and what it gives.
 *
 * @module
 */

import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkOptions,
  checkString,
  kindOf,
} from "../checks.ts";
import type { Fernet } from "../fernet/fernet.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import { checkCookie } from "../session/cookies.ts";
import { checkFernet } from "../session/keys.ts";
import { checkPrefix } from "../storage/names.ts";
import { recordsOf } from "../storage/records.ts";
import type { StringStore } from "../storage/store.ts";
import { ProviderClient } from "./client.ts";
import type { LoginErrorCode } from "./errors.ts";
import { safeUrl } from "./http.ts";
import type { Provider } from "./provider.ts";
import { SavedLogins } from "./saved.ts";
import type { Tokens } from "./tokens.ts";
import type { User } from "./user.ts";

const DEFAULT_PREFIX = "login.";
const DEFAULT_DAYS = 30;
/** Days that browsers keep a cookie at most. */
const MOST_DAYS = 400;
const DAY = 86_400;

/** How users are remembered. */
export interface RememberOptions {
  /**
   * Days after the last use that a login is kept: 400 at most, as browsers have it.
   *
   * @default {30}
   */
  days?: number;
  /**
   * The name of the cookie.
   *
   * @default {"__Host-saved-login"}
   */
  cookie?: string;
}

/** Options of {@linkcode Login}. */
export interface LoginOptions {
  /** The providers that people may sign in with. */
  providers: readonly Provider[];
  /**
   * Where they come back to: `https://app.example/callback`. The provider's id is
   * added, so that `https://app.example/callback/github` is what to register there.
   * `http:` is for this machine alone.
   */
  callback: string;
  /** The server's key; of a `MultiFernet` the first one seals, and all open. */
  fernet: Fernet | MultiFernet;
  /** Where logins are saved. Without it nobody is remembered, and no token is refreshed. */
  store?: StringStore;
  /**
   * What the names of the records begin with.
   *
   * @default {"login."}
   */
  prefix?: string;
  /** How users are remembered. */
  remember?: RememberOptions;
  /**
   * Whether cookies are `Secure`, and their names begin with `__Host-`. `false` is for
   * `http:` on this machine in browsers that keep no such cookies there, as Safari.
   *
   * @default {true}
   */
  secure?: boolean;
  /**
   * How requests to providers are sent, as through a proxy.
   *
   * @default {globalThis.fetch}
   */
  fetch?: typeof fetch;
}

/** Options of {@linkcode Login.start}. */
export interface StartOptions {
  /** The provider's id. It may come from the request. */
  provider: string;
  /**
   * The path to go to afterwards. It may come from the request: what leads to another
   * site becomes `/`.
   *
   * @default {"/"}
   */
  returnTo?: string;
  /**
   * Whether the user stays signed in after the browser is closed.
   *
   * @default {false}
   */
  remember?: boolean;
  /** What to ask for beside the provider's scopes. */
  scopes?: readonly string[];
}

/** Who signed in just now. */
export interface SignedIn {
  /** The user. */
  readonly user: User;
  /** The tokens. */
  readonly tokens: Tokens;
  /** The path to go to. */
  readonly returnTo: string;
  /** Whether the user asked to be remembered. */
  readonly remember: boolean;
  /** The cookies to send. */
  readonly headers: Headers;
}

/** Options of {@linkcode Login.resume}. */
export interface ResumeOptions {
  /** Called where there was a login, and it has ended: see `LoginError`. */
  onEnd?: (reason: LoginErrorCode) => void;
}

/** A login that goes on. */
export interface Resumed {
  /** The user, as at the sign-in. */
  readonly user: User;
  /** The tokens. They may have expired, if the provider cannot be reached. */
  readonly tokens: Tokens;
  /** The cookies to send. */
  readonly headers: Headers;
}

/** Options of {@linkcode Login.end}. */
export interface EndOptions {
  /**
   * The URL that the provider sends the browser to after it signed out there. It has
   * to be registered at the provider.
   */
  returnTo?: string;
}

/** A login that was ended. */
export interface Ended {
  /** The cookies to send. */
  readonly headers: Headers;
  /** Where the browser signs out at the provider too, if it has such a page. */
  readonly logoutUrl?: string;
}

/** Options that were checked. */
export interface CheckedLogin {
  /** The clients of the providers, by their ids. */
  readonly clients: ReadonlyMap<string, ProviderClient>;
  /** The key. */
  readonly fernet: Fernet | MultiFernet;
  /** The callback, without the provider's id. */
  readonly callback: string;
  /** The logins in the store. */
  readonly saved: SavedLogins | undefined;
  /** Whether cookies are `Secure`. */
  readonly secure: boolean;
  /** The name of the cookie that remembers a user. */
  readonly cookie: string;
}

/**
 * Checks the options of `Login`.
 *
 * @throws {TypeError} If one is missing, unknown or of the wrong type; if two
 * providers have one id.
 * @throws {RangeError} If a number is out of its bounds.
 */
export function checkLogin(options: LoginOptions): CheckedLogin {
  const {
    providers,
    callback,
    fernet,
    store,
    prefix = DEFAULT_PREFIX,
    remember,
    secure = true,
    fetch = globalThis.fetch,
  } = checkOptions(options, [
    "providers",
    "callback",
    "fernet",
    "store",
    "prefix",
    "remember",
    "secure",
    "fetch",
  ]);
  const { days = DEFAULT_DAYS, cookie = secure ? "__Host-saved-login" : "saved-login" } =
    checkOptions(remember, ["days", "cookie"]);
  if (typeof fetch !== "function") {
    throw new TypeError(`Cannot use fetch: expected a function, got ${kindOf(fetch)}`);
  }
  const clients = clientsOf(providers, (url, init) => fetch(url, init));
  const life = DAY * checkInteger(days, "days", 1, MOST_DAYS);
  const place = checkPrefix(prefix);
  checkCookie(cookie, secure);
  checkFernet(fernet);
  return {
    clients,
    fernet,
    callback: checkCallback(callback, checkBoolean(secure, "secure")),
    saved: store === undefined
      ? undefined
      : new SavedLogins(fernet, recordsOf(store), place, life, [...clients.values()]),
    secure,
    cookie,
  };
}

function clientsOf(
  providers: readonly Provider[],
  fetch: (url: string, init?: RequestInit) => Promise<Response>,
): Map<string, ProviderClient> {
  const clients = new Map<string, ProviderClient>();
  for (const provider of checkArray(providers, "providers")) {
    const client = new ProviderClient(provider, fetch);
    if (clients.has(provider.id)) {
      throw new TypeError(`Cannot use the providers: two of them have the id "${provider.id}"`);
    }
    clients.set(provider.id, client);
  }
  if (clients.size) return clients;
  throw new TypeError("Cannot use the providers: expected one at least");
}

function checkCallback(callback: string, secure: boolean): string {
  const url = safeUrl(checkString(callback, "callback"), "callback");
  if (url.search || url.hash) {
    throw new TypeError("Cannot use callback: expected no query and no fragment");
  }
  if (url.protocol === "https:" && !secure) {
    throw new TypeError("Cannot use secure: false with https, where every browser keeps cookies");
  }
  return url.href.replace(/\/$/, "");
}
