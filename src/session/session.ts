/**
 * The session of one request.
 *
 * @module
 */

import { checkString } from "../checks.ts";
import { type Json, writeJson } from "../storage/json.ts";
import { Turns } from "../storage/records.ts";
import { clearCookie, setCookie } from "./cookies.ts";
import { SessionError } from "./errors.ts";
import type { CookieSettings } from "./options.ts";
import type { Held, Place } from "./place.ts";
import {
  emptyState,
  frozen,
  type Lifetimes,
  now,
  secondsLeft,
  type SessionState,
} from "./state.ts";
import { checkUser } from "./user_records.ts";

/** A session that did not change is kept anew after this part of its idle time. */
const TOUCH_PART = 1 / 10;

/**
 * The session of one request, made by {@linkcode Sessions.load}.
 *
 * @typeParam T The values by their keys.
 */
export interface Session<T extends object> {
  /** Who signed in, or `undefined`. */
  readonly user: string | undefined;
  /** When the session began, in Unix seconds; `undefined` while it is not kept. */
  readonly createdAt: number | undefined;
  /** Whether no session is kept yet. */
  readonly isNew: boolean;
  /**
   * Reads a value. It is frozen: a change within it would not be kept.
   *
   * @param key The value's key.
   * @returns The value, or `undefined`.
   */
  get<K extends keyof T & string>(key: K): T[K] | undefined;
  /**
   * Sets a value, which `save` keeps.
   *
   * @param key The value's key.
   * @param value The value: JSON.
   * @throws {TypeError} If the value would not come back as it is.
   */
  set<K extends keyof T & string>(key: K, value: T[K]): void;
  /**
   * Removes a value, when `save` is called.
   *
   * @param key The value's key.
   */
  delete(key: keyof T & string): void;
  /**
   * Gives the session a user and a new id, at once: the old id is worth nothing from
   * then on, and so is what somebody else knew of it. Call it whenever somebody signs
   * in, and with the same user when rights change. What was set stays, but the values
   * of another user are dropped.
   *
   * @param user Who signed in: a name that stays the same, 4,096 bytes at most.
   * @throws {TypeError} If the user is no string, is empty, or holds a lone surrogate.
   * @throws {RangeError} If it is too long; as of {@linkcode Session.save}.
   * @throws {SessionError} `gone`, if a session that somebody is signed in to was
   * ended meanwhile; `conflict`.
   * @throws {StorageError} If the store fails.
   */
  signIn(user: string): Promise<void>;
  /**
   * Ends the session: no request under way can bring it back. What is set afterwards
   * begins a new one. A session in a cookie alone is ended in this browser only.
   *
   * @throws {StorageError} If the store fails; the session then goes on.
   */
  end(): Promise<void>;
  /**
   * Keeps what was changed, beside what other requests changed meanwhile. Call it at
   * the end of each request, changed or not: it also keeps the session from expiring.
   *
   * @returns The cookie to send, if there is one: add these headers to the response.
   * @throws {SessionError} `gone`, if there are changes and the session was ended, or
   * expired; `conflict`. Nothing was written.
   * @throws {RangeError} If a session in a cookie has more than 4,096 bytes with the
   * cookie's name.
   * @throws {StorageError} If the store fails, or a record is too large for it.
   */
  save(): Promise<Headers>;
}

/** What a session's cookie and times go by. */
export interface SessionSettings {
  /** The cookie. */
  readonly cookie: CookieSettings;
  /** How long it lasts. */
  readonly lifetimes: Lifetimes;
}

/** A session at the place where it is kept. */
export class LiveSession<T extends object> implements Session<T> {
  readonly #place: Place;
  readonly #settings: SessionSettings;
  /** One call after the other: two first saves would make two sessions. */
  readonly #turns = new Turns();
  /** What is to be kept; `undefined` removes. */
  readonly #changes = new Map<string, Json | undefined>();
  readonly #hadCookie: boolean;
  #held: Held | undefined;
  #wasEnded = false;
  /** Whether the browser has to be told the cookie. */
  #isToSend = false;

  /** Takes the session that was found, if one was. */
  constructor(
    place: Place,
    settings: SessionSettings,
    found: { readonly held: Held | undefined; readonly hadCookie: boolean },
  ) {
    this.#place = place;
    this.#settings = settings;
    this.#held = found.held;
    this.#hadCookie = found.hadCookie;
  }

  get user(): string | undefined {
    return this.#held?.state.login?.user;
  }

  get createdAt(): number | undefined {
    return this.#held?.state.created;
  }

  get isNew(): boolean {
    return this.#held === undefined;
  }

  get<K extends keyof T & string>(key: K): T[K] | undefined {
    const values = this.#changes.has(key) ? this.#changes : this.#held?.state.data;
    return values?.get(key) as T[K] | undefined;
  }

  set<K extends keyof T & string>(key: K, value: T[K]): void {
    this.#changes.set(checkString(key, "the key of the value"), copied(value));
  }

  delete(key: keyof T & string): void {
    this.#changes.set(checkString(key, "the key of the value"), undefined);
  }

  async signIn(user: string): Promise<void> {
    checkUser(user);
    await this.#turns.take(async () => {
      const before = await this.#take();
      const isOther = before.login !== undefined && before.login.user !== user;
      if (isOther) this.#changes.clear();
      const changes = new Map(this.#changes);
      const { created, data } = isOther ? emptyState() : before;
      const epochs = await this.#place.epochs(user);
      const login = { user, since: now(), epochs };
      this.#keep(await this.#place.create(changed({ created, data, login }, changes)), changes);
      this.#isToSend = true;
    });
  }

  async end(): Promise<void> {
    await this.#turns.take(async () => {
      if (this.#held) await this.#place.remove(this.#held);
      this.#held = undefined;
      this.#changes.clear();
      this.#wasEnded = true;
    });
  }

  async save(): Promise<Headers> {
    return await this.#turns.take(async () => {
      const held = this.#held;
      const changes = new Map(this.#changes);
      if (held && changes.size) {
        this.#keep(await this.#place.update(held, (state) => changed(state, changes)), changes);
      } else if (held) {
        if (this.#isDue(held)) this.#keep(await this.#place.touch(held), changes);
      } else if ([...changes.values()].some((value) => value !== undefined)) {
        this.#keep(await this.#place.create(changed(emptyState(), changes)), changes);
      }
      return this.#headers();
    });
  }

  /** What the session holds, which is removed from its place. */
  async #take(): Promise<SessionState> {
    const held = this.#held;
    const state = held && await this.#place.take(held);
    // Whoever was signed in was signed out meanwhile. That an anonymous session is
    // gone, as after a second click on the button, keeps nobody from signing in.
    if (held?.state.login && !state) throw new SessionError("gone");
    this.#held = undefined;
    return state ?? emptyState();
  }

  #keep(held: Held, kept: ReadonlyMap<string, Json | undefined>): void {
    const { persistent } = this.#settings.cookie;
    const isOther = held.cookie !== this.#held?.cookie;
    if (isOther || persistent && held.time !== this.#held?.time) this.#isToSend = true;
    this.#held = held;
    // What was set while that was under way is still to be kept.
    for (const [key, value] of kept) {
      if (this.#changes.get(key) === value) this.#changes.delete(key);
    }
  }

  #isDue({ time }: Held): boolean {
    return now() - time >= this.#settings.lifetimes.idle * TOUCH_PART;
  }

  #headers(): Headers {
    const { name, secure, persistent } = this.#settings.cookie;
    const headers = new Headers();
    if (this.#held && this.#isToSend) {
      const { state, cookie } = this.#held;
      const maxAge = persistent ? secondsLeft(state, this.#settings.lifetimes) : undefined;
      headers.append("set-cookie", setCookie(name, cookie, { secure, maxAge }));
    } else if (!this.#held && this.#wasEnded && this.#hadCookie) {
      headers.append("set-cookie", clearCookie(name, secure));
    }
    return headers;
  }
}

function changed(
  state: SessionState,
  changes: ReadonlyMap<string, Json | undefined>,
): SessionState {
  const data = new Map(state.data);
  for (const [key, value] of changes) {
    if (value === undefined) data.delete(key);
    else data.set(key, value);
  }
  return { ...state, data };
}

/** The value as it will come back; what the caller does to its own changes nothing. */
function copied(value: unknown): Json {
  return frozen(JSON.parse(writeJson(value)));
}
