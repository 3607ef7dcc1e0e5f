/**
 * A login that was begun: what its answer is checked against, sealed in a cookie of
 * its own. So the answer counts in the browser that began it, and two tabs are two
 * logins.
 *
 *     cookie  __Host-login.<first 8 characters of the state>, 10 minutes
 *     value   token under HKDF(root, "ironfern/cookie/1"), context = part(the cookie's name)
 *             JSON {provider, issuer, callback, state, nonce, verifier, returnTo, remember}
 *
 * @module
 */

import type { Fernet } from "../fernet/fernet.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import { clearCookie, readCookie, requestCookies, setCookie } from "../session/cookies.ts";
import { openSealedCookie, sealCookie } from "../session/sealed_cookie.ts";
import { LoginError } from "./errors.ts";

/** Seconds that a login may take. */
const LIFE = 600;
/** Seconds that a cookie's clock may be ahead of ours, as for other tokens. */
const SKEW = 60;
/** Logins that are under way in one browser: the oldest makes room for a new one. */
const MOST = 4;
/** Characters of the state that tell the cookies apart. */
const SHOWN = 8;
const STATE = /^[\w-]{43}$/;

/** A login that was begun. */
export interface Transaction {
  /** The provider's id. */
  readonly provider: string;
  /** Its issuer. */
  readonly issuer: string;
  /** Where it sends the browser. */
  readonly callback: string;
  /** What binds the answer to this login. */
  readonly state: string;
  /** What binds the ID token to it. */
  readonly nonce: string;
  /** What the code is exchanged with. */
  readonly verifier: string;
  /** Where the user goes afterwards. */
  readonly returnTo: string;
  /** Whether the user is to be remembered. */
  readonly remember: boolean;
}

/** A transaction that was found, and what makes the browser forget it. */
export interface FoundTransaction {
  /** The transaction. */
  readonly transaction: Transaction;
  /** A `Set-Cookie` header. */
  readonly clear: string;
}

/** Transactions in the cookies of browsers. */
export class Transactions {
  readonly #fernet: Fernet | MultiFernet;
  readonly #prefix: string;
  readonly #secure: boolean;

  /** Takes the key that seals them, and whether cookies are `Secure`. */
  constructor(fernet: Fernet | MultiFernet, secure: boolean) {
    this.#fernet = fernet;
    this.#secure = secure;
    this.#prefix = secure ? "__Host-login." : "login.";
  }

  /** The `Set-Cookie` headers that begin one, and end the oldest where there are many. */
  async begin(request: Request, transaction: Transaction): Promise<string[]> {
    const name = this.#name(transaction.state);
    const value = await sealCookie(this.#fernet, name, { ...transaction });
    const old = await this.#stale(request);
    return [
      ...old.map((name) => clearCookie(name, this.#secure)),
      setCookie(name, value, { secure: this.#secure, maxAge: LIFE }),
    ];
  }

  /**
   * The transaction of a state.
   *
   * @throws {LoginError} `no-transaction`, `expired` or `wrong-state`.
   */
  async find(request: Request, state: string): Promise<FoundTransaction> {
    if (!STATE.test(state)) throw new LoginError("wrong-state");
    const name = this.#name(state);
    const text = readCookie(request, name);
    const opened = text === undefined
      ? undefined
      : await openSealedCookie(this.#fernet, name, text);
    if (!opened) throw new LoginError("no-transaction");
    const clear = clearCookie(name, this.#secure);
    const age = Date.now() / 1_000 - Number(opened.time);
    if (age > LIFE || age < -SKEW) {
      throw new LoginError("expired", { headers: new Headers({ "set-cookie": clear }) });
    }
    // It is authentic, and sealed for a cookie of this name: no other part of the
    // package writes such cookies.
    const transaction = opened.value as unknown as Transaction;
    if (!isEqual(transaction.state, state)) throw new LoginError("wrong-state");
    return { transaction, clear };
  }

  #name(state: string): string {
    return this.#prefix + state.slice(0, SHOWN);
  }

  /** The names of cookies that are to go: those that do not open, and the oldest. */
  async #stale(request: Request): Promise<string[]> {
    const known = new Map(requestCookies(request));
    const names = [...known.keys()].filter((name) => name.startsWith(this.#prefix));
    const opened = await Promise.all(names.map(async (name) => {
      const opened = await openSealedCookie(this.#fernet, name, known.get(name)!);
      return { name, time: Number(opened?.time ?? 0) };
    }));
    opened.sort((a, b) => b.time - a.time);
    return opened.filter(({ time }, index) => !time || index >= MOST - 1).map(({ name }) => name);
  }
}

/** Takes as long for a text that is nearly right as for one that is not. */
function isEqual(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}
