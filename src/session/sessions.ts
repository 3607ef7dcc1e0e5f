/**
 * Sessions of a server.
 *
 * @module
 */

import { checkOptions } from "../checks.ts";
import type { Json } from "../storage/json.ts";
import { checkPrefix } from "../storage/names.ts";
import { recordsOf } from "../storage/records.ts";
import { CookiePlace } from "./cookie_place.ts";
import { requestCookies } from "./cookies.ts";
import { checkFernet } from "./keys.ts";
import { checkLifetimes, checkSessionCookie, type SessionsOptions } from "./options.ts";
import { LiveSession, type Session, type SessionSettings } from "./session.ts";
import type { Place } from "./place.ts";
import { StorePlace } from "./store_place.ts";
import { checkUser } from "./user_records.ts";

const DEFAULT_PREFIX = "session.";

/**
 * Sessions of a server, in a store or in their cookies.
 *
 * In a store, a session is sealed under a key that is made of the server's key and
 * the session's id, and the id is in the cookie alone: nobody opens a session with
 * the store and the server's key. A session that was ended stays so, whatever
 * requests are still under way, and two requests that change different values lose
 * neither. That rests on the store's `swap`; with a store without it, it holds for
 * one process.
 *
 * Put {@linkcode isCrossSite} before every handler that changes something.
 *
 * @typeParam T The values by their keys, where they are known.
 *
 * @example A counter, and a login
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { isCrossSite, Sessions } from "@ironfern/ironfern/session";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey()); // the server's, from its settings
 * const sessions = new Sessions<{ visits: number }>({ fernet, store: new Map() });
 *
 * async function handler(request: Request): Promise<Response> {
 *   if (isCrossSite(request)) return new Response("from another site", { status: 403 });
 *   const session = await sessions.load(request);
 *   if (request.method === "POST") await session.signIn("ada");
 *   const visits = (session.get("visits") ?? 0) + 1;
 *   session.set("visits", visits);
 *   const headers = await session.save();
 *   return new Response(`${session.user ?? "somebody"}: ${visits}`, { headers });
 * }
 *
 * let cookie = "";
 * async function send(method: string): Promise<string> {
 *   const response = await handler(new Request("https://app.example/", { method, headers: { cookie } }));
 *   cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
 *   return await response.text();
 * }
 * assertEquals(await send("GET"), "somebody: 1");
 * const first = cookie;
 * assertEquals(await send("POST"), "ada: 2");
 * assertEquals(await send("GET"), "ada: 3");
 * cookie = first; // its id is worth nothing now
 * assertEquals(await send("GET"), "somebody: 1");
 * ```
 */
export class Sessions<T extends object = Record<string, Json>> {
  readonly #settings: SessionSettings;
  readonly #place: Place;

  /**
   * Constructs a new instance. Nothing is read or written yet.
   *
   * @param options The key; the store and the prefix; the cookie; how long sessions
   * last.
   * @throws {TypeError} If an option is of the wrong type, no browser would keep the
   * cookie, or there is a prefix without a store.
   * @throws {RangeError} If a time is no integer from 1 second to 400 days, or the
   * prefix is longer than 256 bytes.
   */
  constructor(options: SessionsOptions) {
    const { fernet, store, prefix, cookie, idle, absolute } = checkOptions(
      options,
      ["fernet", "store", "prefix", "cookie", "idle", "absolute"],
    );
    const key = checkFernet(fernet);
    const lifetimes = checkLifetimes(idle, absolute);
    this.#settings = { cookie: checkSessionCookie(cookie), lifetimes };
    if (store === undefined && prefix !== undefined) {
      throw new TypeError("Cannot use prefix without a store: sessions are in their cookies");
    }
    this.#place = store === undefined
      ? new CookiePlace(key, this.#settings.cookie.name, lifetimes)
      : new StorePlace(key, recordsOf(store), checkPrefix(prefix ?? DEFAULT_PREFIX), lifetimes);
  }

  /**
   * Loads the session of a request. Where there is none, or its cookie is unknown,
   * expired, malformed or doubled, it is a new one, of which nothing is kept until
   * something is set. No id that a browser sends is ever taken over.
   *
   * @param request The request.
   * @returns Its session.
   * @throws {TypeError} If it is no `Request`, or the `Fernet` was destroyed.
   * @throws {StorageError} If the store fails: a session must not look as if nobody
   * were signed in because a database is down.
   *
   * @example Whether somebody is signed in
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { Sessions } from "@ironfern/ironfern/session";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const sessions = new Sessions({ fernet, store: new Map() });
   * const session = await sessions.load(new Request("https://app.example/"));
   * assertEquals([session.user, session.isNew], [undefined, true]);
   * ```
   */
  async load(request: Request): Promise<Session<T>> {
    const { name } = this.#settings.cookie;
    const values = requestCookies(request).filter(([each]) => each === name);
    const held = values.length === 1 ? await this.#place.find(values[0][1]) : undefined;
    return new LiveSession(this.#place, this.#settings, { held, hadCookie: values.length > 0 });
  }

  /**
   * Ends all sessions that the user signed in to before, on all devices; to stay
   * signed in here, end the session of the request first, and sign in again
   * afterwards.
   *
   * @param user The user, as of {@linkcode Session.signIn}.
   * @throws {TypeError} If the user is no string or is empty, or there is no store:
   * what is in cookies alone cannot be ended from afar.
   * @throws {StorageError} If the store fails.
   *
   * @example After a change of the password
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { Sessions } from "@ironfern/ironfern/session";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const sessions = new Sessions({ fernet, store: new Map() });
   * const session = await sessions.load(new Request("https://app.example/"));
   * await session.end();
   * await sessions.endAll("ada");
   * await session.signIn("ada");
   * assertEquals(session.user, "ada");
   * ```
   */
  async endAll(user: string): Promise<void> {
    await this.#store("end the sessions of a user").endAll(checkUser(user));
  }

  /**
   * Removes the records of sessions that have expired for long. Call it now and then,
   * as once a day: records are not removed otherwise. Only the times are looked at,
   * which are not secret, so it takes no key and little time.
   *
   * @returns How many records were removed.
   * @throws {TypeError} If there is no store.
   * @throws {StorageError} If the store fails.
   *
   * @example Once a day
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { Sessions } from "@ironfern/ironfern/session";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const sessions = new Sessions({ fernet, store: new Map() });
   * const timer = setInterval(() => sessions.sweep(), 86_400_000);
   * assertEquals(await sessions.sweep(), 0);
   * clearInterval(timer);
   * ```
   */
  async sweep(): Promise<number> {
    return await this.#store("remove expired sessions").sweep();
  }

  #store(doing: string): StorePlace {
    if (this.#place instanceof StorePlace) return this.#place;
    throw new TypeError(`Cannot ${doing}: they are in their cookies alone, give a store`);
  }
}
