/**
 * Sessions that are in their cookies.
 *
 * @module
 */

import type { Fernet } from "../fernet/fernet.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import type { Held, Place } from "./place.ts";
import { openSealedCookie, sealCookie } from "./sealed_cookie.ts";
import { isAlive, type Lifetimes, now, readState, type SessionState, stateJson } from "./state.ts";

/** Sessions in cookies of one name. The last one that a browser gets counts. */
export class CookiePlace implements Place {
  readonly #fernet: Fernet | MultiFernet;
  readonly #name: string;
  readonly #lifetimes: Lifetimes;

  /** Reads nothing yet. */
  constructor(fernet: Fernet | MultiFernet, name: string, lifetimes: Lifetimes) {
    this.#fernet = fernet;
    this.#name = name;
    this.#lifetimes = lifetimes;
  }

  async find(cookie: string): Promise<Held | undefined> {
    const opened = await openSealedCookie(this.#fernet, this.#name, cookie);
    const state = opened && readState(opened.value);
    if (!state) return undefined;
    const time = Number(opened.time);
    return isAlive(state, time, this.#lifetimes) ? { state, time, cookie } : undefined;
  }

  async create(state: SessionState): Promise<Held> {
    const time = now();
    return { state, time, cookie: await sealCookie(this.#fernet, this.#name, stateJson(state)) };
  }

  async update(held: Held, change: (state: SessionState) => SessionState): Promise<Held> {
    return await this.create(change(held.state));
  }

  async touch(held: Held): Promise<Held> {
    return await this.create(held.state);
  }

  take({ state }: Held): Promise<SessionState> {
    return Promise.resolve(state);
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  epochs(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}
