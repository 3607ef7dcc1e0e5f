/**
 * What sessions have to do over every store alike. It runs in other processes too,
 * so it needs nothing but the package.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { type Session, SessionError, Sessions } from "@ironfern/ironfern/session";
import type { Json, StringStore } from "@ironfern/ironfern/storage";
import { after, cookiesOf, withCookies } from "./support.ts";

const REQUESTS = 8;

type Values = Record<string, Json>;
type Load = () => Promise<Session<Values>>;

interface Place {
  readonly sessions: Sessions<Values>;
  /** Begins a session of a user. */
  begin(user: string): Promise<Load>;
}

function check(good: boolean, what: string): void {
  if (!good) throw new Error(what);
}

async function checkGone(work: () => Promise<unknown>): Promise<void> {
  const error = await work().then(() => undefined, (error) => error);
  check(error instanceof SessionError && error.code === "gone", `expected gone, got ${error}`);
}

const CASES: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  async "logout beside slow requests"({ begin }) {
    const load = await begin("ada");
    const slow = await Promise.all([load(), load(), load()]);
    await (await load()).end();
    slow[0].set("late", 1);
    await checkGone(() => slow[0].save());
    await checkGone(() => slow[1].signIn("ada"));
    await after(50_000, () => slow[2].save());
    const session = await load();
    check(session.isNew && session.user === undefined, "the session came back");
  },

  async "another id beside slow requests"({ begin }) {
    const load = await begin("ada");
    const slow = await load();
    const session = await load();
    await session.signIn("ada");
    slow.set("late", 1);
    await checkGone(() => slow.save());
    await checkGone(() => slow.signIn("ada"));
    check((await load()).isNew, "the old id is worth something");
    session.set("own", 1);
    await session.save();
  },

  async "requests that change different values"({ begin }) {
    const load = await begin("ada");
    const all = await Promise.all(Array.from({ length: REQUESTS }, load));
    all.forEach((session, index) => session.set(`k${index}`, index));
    await Promise.all(all.map((session) => session.save()));
    const session = await load();
    for (let index = 0; index < REQUESTS; index++) {
      check(session.get(`k${index}`) === index, `the value ${index} was lost`);
    }
    session.delete("k0");
    await session.save();
    check((await load()).get("k0") === undefined, "a value came back");
  },

  async "the end of all sessions of a user"({ sessions, begin }) {
    const loads = [await begin("ada"), await begin("ada"), await begin("bob")];
    await sessions.endAll("ada");
    const users = [];
    for (const load of loads) users.push((await load()).user ?? "-");
    check(users.join() === "-,-,bob", users.join());
    check((await (await begin("ada"))()).user === "ada", "nobody can sign in again");
  },

  async "sweeping"({ sessions, begin }) {
    const load = await begin("ada");
    await sessions.sweep();
    check((await load()).user === "ada", "a session was removed too soon");
    check(await after(700_000, () => sessions.sweep()) > 0, "nothing was removed");
    check((await load()).isNew, "the session is still there");
    check(await after(700_000, () => sessions.sweep()) === 0, "not all was removed");
  },
};

/** The names of the cases. */
export const CONTRACT: readonly string[] = Object.keys(CASES);

/** Does all cases on one store; how many. */
export async function runContract(store: StringStore): Promise<number> {
  for (const [index, name] of CONTRACT.entries()) {
    const sessions = new Sessions<Values>({
      fernet: new Fernet(Fernet.generateKey()),
      store,
      prefix: `case${index}.`,
      idle: 400_000,
    });
    const begin = async (user: string): Promise<Load> => {
      const session = await sessions.load(withCookies(""));
      await session.signIn(user);
      const cookie = cookiesOf(await session.save());
      return () => sessions.load(withCookies(cookie));
    };
    try {
      await CASES[name]({ sessions, begin });
    } catch (cause) {
      throw new Error(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }
  return CONTRACT.length;
}
