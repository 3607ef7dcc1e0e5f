/**
 * A logout at every moment of a slow request: before each call of the store, and
 * after the last.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { type Session, SessionError, Sessions } from "@ironfern/ironfern/session";
import type { Json, StringStore } from "@ironfern/ironfern/storage";
import { assert, assertEquals } from "@std/assert";
import { after, cookiesOf, withCookies } from "./support.ts";

type Values = Record<string, Json>;

const MOST_CALLS = 20;

/** A store in memory that runs something before one of its calls. */
class SlowStore implements StringStore {
  readonly records = new Map<string, string>();
  /** Before which call it is run; those are counted down. */
  left = Infinity;
  before: () => Promise<unknown> = () => Promise.resolve();

  async get(name: string) {
    await this.#wait();
    return this.records.get(name);
  }
  async set(name: string, record: string) {
    await this.#wait();
    this.records.set(name, record);
  }
  async delete(name: string) {
    await this.#wait();
    this.records.delete(name);
  }
  keys() {
    return this.records.keys();
  }
  async swap(name: string, old: string | null, next: string | null) {
    await this.#wait();
    if ((this.records.get(name) ?? null) !== old) return false;
    if (next === null) this.records.delete(name);
    else this.records.set(name, next);
    return true;
  }
  async #wait() {
    if (this.left-- === 0) await this.before();
  }
}

/** What a slow request does; and whether the logout then has nothing to end. */
const REQUESTS: Readonly<Record<string, (session: Session<Values>) => Promise<unknown>>> = {
  async save(session) {
    session.set("late", 1);
    await session.save();
  },
  touch: (session) => session.save(),
};

/** Lets a request be overtaken before its n-th call of the store; whether it had as many. */
async function overtake(
  work: (session: Session<Values>) => Promise<unknown>,
  calls: number,
  logout: (sessions: Sessions<Values>, cookie: string) => Promise<void>,
): Promise<boolean> {
  const store = new SlowStore();
  const sessions = new Sessions<Values>({ fernet: new Fernet(Fernet.generateKey()), store });
  const session = await sessions.load(withCookies(""));
  await session.signIn("ada");
  const cookie = cookiesOf(await session.save());
  return await after(10_000, async () => {
    const slow = await sessions.load(withCookies(cookie));
    store.before = () => logout(sessions, cookie);
    store.left = calls;
    await work(slow).catch((error) => {
      assert(error instanceof SessionError && error.code === "gone", String(error));
    });
    const wasOvertaken = store.left < 0;
    store.left = Infinity;
    if (!wasOvertaken) await logout(sessions, cookie);
    assertEquals((await sessions.load(withCookies(cookie))).user, undefined);
    await slow.save().catch((error) => assert(error instanceof SessionError));
    assertEquals((await sessions.load(withCookies(cookie))).user, undefined);
    return wasOvertaken;
  });
}

const LOGOUTS: Readonly<
  Record<string, (sessions: Sessions<Values>, cookie: string) => Promise<void>>
> = {
  end: async (sessions, cookie) => await (await sessions.load(withCookies(cookie))).end(),
  endAll: (sessions) => sessions.endAll("ada"),
};

for (const [request, work] of Object.entries(REQUESTS)) {
  for (const [name, logout] of Object.entries(LOGOUTS)) {
    Deno.test(`${name} at every moment of a slow ${request}`, async () => {
      let calls = 0;
      while (calls < MOST_CALLS && await overtake(work, calls, logout)) calls++;
      assert(calls > 0 && calls < MOST_CALLS, `${calls} calls`);
    });
  }
}

Deno.test("two requests that sign in at every moment of each other leave one session", async () => {
  let calls = 0;
  for (let isOvertaken = true; isOvertaken && calls < MOST_CALLS; calls++) {
    const store = new SlowStore();
    const sessions = new Sessions<Values>({ fernet: new Fernet(Fernet.generateKey()), store });
    const session = await sessions.load(withCookies(""));
    await session.signIn("ada");
    const cookie = cookiesOf(await session.save());
    const [slow, quick] = [
      await sessions.load(withCookies(cookie)),
      await sessions.load(withCookies(cookie)),
    ];
    const signIn = async (session: Session<Values>) => {
      await session.signIn("ada").catch((error) => assert(error instanceof SessionError));
    };
    store.before = () => signIn(quick);
    store.left = calls;
    await signIn(slow);
    isOvertaken = store.left < 0;
    store.left = Infinity;
    if (!isOvertaken) await signIn(quick);
    assertEquals(store.records.size, 1);
  }
  assert(calls > 2 && calls < MOST_CALLS, `${calls} calls`);
});
