import { Fernet, MultiFernet } from "@ironfern/ironfern";
import {
  sealCookie,
  SessionError,
  Sessions,
  type SessionsOptions,
} from "@ironfern/ironfern/session";
import { EncryptedStorage, type Json, type StringStore } from "@ironfern/ironfern/storage";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { testEach } from "../support/backends.ts";
import vectors from "../vectors/storage/vectors.json" with { type: "json" };
import { after, cookiesOf, withCookies } from "./support.ts";

const fernet = new Fernet(Fernet.generateKey());

/** Sessions over a map, and what a browser would do with them. */
function setUp(options: Partial<SessionsOptions> = {}) {
  const store = new Map<string, string>();
  const sessions = new Sessions({ fernet, store, ...options });
  return {
    store,
    sessions,
    load: (cookie: string) => sessions.load(withCookies(cookie)),
    /** Begins a session with these values, and signs in. */
    async begin(values: Record<string, Json>, user?: string): Promise<string> {
      const session = await sessions.load(withCookies(""));
      for (const [key, value] of Object.entries(values)) session.set(key, value);
      if (user !== undefined) await session.signIn(user);
      return cookiesOf(await session.save());
    },
  };
}

const kinds: Readonly<Record<string, Partial<SessionsOptions>>> = {
  store: {},
  cookie: { store: undefined },
};

/** A test of sessions in a store, and of sessions in cookies. */
function testBoth(name: string, body: (options: Partial<SessionsOptions>) => Promise<void>): void {
  for (const [kind, options] of Object.entries(kinds)) {
    Deno.test(`${name} [${kind}]`, () => body(options));
  }
}

testEach("Sessions read the record that Python wrote", async (backend) => {
  const { prefix, cookie, json, name, record } = vectors.session;
  const store = new Map([[name, record]]);
  const fernet = new Fernet(vectors.root, { backend });
  const { load } = setUp({ fernet, store, prefix });
  const { data, user, created } = JSON.parse(json);
  await after(vectors.time - Date.now() / 1_000 + 1, async () => {
    const session = await load(`__Host-session=${cookie}`);
    assertEquals([session.user, session.createdAt, session.isNew], [user, created, false]);
    assertEquals(session.get("cart"), data.cart);
    session.set("cart", 3);
    assertEquals((await session.save()).getSetCookie(), []);
    assertEquals((await load(`__Host-session=${cookie}`)).get("cart"), 3);
  });
  assertEquals([...store.keys()], [name]);
  assertNotEquals(store.get(name), record);
});

testBoth("values come back with their types, and go", async (options) => {
  const { load, begin } = setUp(options);
  const values = { text: "1", zero: -0, list: [null, { deep: "Zoë 🔑" }], __proto__x: true };
  let cookie = await begin(values);
  const session = await load(cookie);
  for (const [key, value] of Object.entries(values)) assertEquals(session.get(key), value);
  for (const key of ["__proto__", "constructor", "toString"]) {
    assertEquals(session.get(key), undefined);
    session.set(key, "own");
    assertEquals(session.get(key), "own");
  }
  session.delete("text");
  cookie = cookiesOf(await session.save()) || cookie;
  const again = await load(cookie);
  assertEquals([again.get("text"), again.get("__proto__")], [undefined, "own"]);
  assertEquals([again.isNew, again.user, session.isNew], [false, undefined, false]);
});

testBoth("what is set is copied, and what is read is frozen", async (options) => {
  const { load, begin } = setUp(options);
  const list = [1];
  const session = await load("");
  session.set("list", list);
  list.push(2);
  assertEquals(session.get("list"), [1]);
  const read = (await load(await begin({ deep: [{ a: 1 }] }))).get("deep") as { a: number }[];
  assertThrows(() => read[0].a = 2, TypeError);
  for (const bad of [undefined, NaN, new Date(), new Map(), () => {}] as unknown as Json[]) {
    assertThrows(() => session.set("list", bad), TypeError, "would not come back as it is");
  }
  assertEquals(session.get("list"), [1]);
});

testBoth("a session of which nothing is set is not kept", async (options) => {
  const { store, load } = setUp(options);
  const session = await load("");
  session.get("a");
  session.delete("a");
  assertEquals([...await session.save()], []);
  assertEquals([session.isNew, session.createdAt, store.size], [true, undefined, 0]);
});

testBoth("the cookie has all flags by default", async (options) => {
  const { load } = setUp(options);
  const session = await load("");
  session.set("a", 1);
  const [cookie] = (await session.save()).getSetCookie();
  assertMatch(cookie, /^__Host-session=[\w=-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  await session.end();
  assertEquals((await session.save()).getSetCookie(), []);
  const known = await load(cookie.split(";")[0]);
  await known.end();
  assertEquals((await known.save()).getSetCookie(), [
    "__Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
  ]);
});

testBoth(
  "signIn changes the cookie, and the old one is worth nothing in a store",
  async (options) => {
    const { load, begin, store } = setUp(options);
    const anonymous = await begin({ cart: 2 });
    const session = await load(anonymous);
    session.set("seen", true);
    await session.signIn("github:1");
    assertEquals([session.user, session.get("cart"), session.get("seen")], ["github:1", 2, true]);
    const cookie = cookiesOf(await session.save());
    assertNotEquals(cookie, anonymous);
    const old = await load(anonymous);
    assertEquals(old.user, undefined);
    if (options.store !== undefined || !("store" in options)) {
      assertEquals([old.isNew, old.get("cart"), store.size], [true, undefined, 1]);
    }
    const again = await load(cookie);
    assertEquals([again.user, again.get("cart"), again.get("seen")], ["github:1", 2, true]);
    // The same user again, as when rights change.
    await again.signIn("github:1");
    const next = cookiesOf(await again.save());
    assertNotEquals(next, cookie);
    assertEquals((await load(next)).get("cart"), 2);
    // Another one must not see what the first one left.
    const other = await load(next);
    other.set("draft", "of the first user");
    await other.signIn("github:2");
    const [last] = [await load(cookiesOf(await other.save()))];
    assertEquals([last.user, last.get("cart"), last.get("draft")], [
      "github:2",
      undefined,
      undefined,
    ]);
  },
);

testBoth("end ends, and what is set afterwards begins a new session", async (options) => {
  const { load, begin, store } = setUp(options);
  const cookie = await begin({ secret: 1 }, "ada");
  const session = await load(cookie);
  session.set("late", 1);
  await session.end();
  assertEquals(
    [session.user, session.get("secret"), session.get("late")],
    Array(3).fill(undefined),
  );
  assertEquals([session.isNew, store.size], [true, 0]);
  session.set("message", "signed out");
  const next = await load(cookiesOf(await session.save()));
  assertEquals([next.user, next.get("secret"), next.get("message")], [
    undefined,
    undefined,
    "signed out",
  ]);
});

testBoth("unknown, changed and doubled cookies are a new session alike", async (options) => {
  const { load, begin, store } = setUp(options);
  const cookie = await begin({ role: "user" }, "ada");
  const other = await begin({ role: "admin" }, "eve");
  const [name, value] = cookie.split(/=(.*)/s);
  const size = store.size;
  const refused = [
    "",
    `${name}=`,
    `${name}=${"A".repeat(43)}`,
    `${name}=${"\u00e9".repeat(43)}`,
    `${name}=${"A".repeat(5_000)}`,
    `${name}="${value}"`,
    `${name}=${value}A`,
    `${name}=${value.slice(1)}`,
    `session=${value}`,
    `__host-session=${value}`,
    `${cookie}; ${other}`,
    `${other}; ${cookie}`,
    `${cookie}; ${cookie}`,
    `${cookie}; ${name}=`,
  ];
  for (const each of refused) {
    const session = await load(each);
    assertEquals([session.user, session.isNew, session.get("role")], [undefined, true, undefined]);
    assertEquals([...await session.save()], [], "no cookie is taken from another tab");
    session.set("a", 1);
    assert(!cookiesOf(await session.save()).includes(value), "no id of a browser is taken over");
    await session.end();
  }
  assertEquals(store.size, size);
  // The last character of an id holds two bits that are not used.
  for (let at = 0; at < value.length; at++) {
    for (const letter of value[at] === "A" ? "BQ" : "A") {
      const changed = value.slice(0, at) + letter + value.slice(at + 1);
      assertEquals((await load(`${name}=${changed}`)).isNew, true, `at ${at}`);
    }
  }
  const last = value.at(-1)!;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const next = alphabet[alphabet.indexOf(last) ^ 1];
  if (next) assertEquals((await load(`${name}=${value.slice(0, -1)}${next}`)).isNew, true);
  assertEquals((await load(`other=1; ${cookie}; another=2`)).user, "ada");
});

testBoth("a session ends without requests, and in all", async (options) => {
  const { load, begin } = setUp({ ...options, idle: 100, absolute: 250 });
  let cookie = await begin({ a: 1 });
  const visit = (seconds: number) =>
    after(seconds, async () => {
      const session = await load(cookie);
      cookie = cookiesOf(await session.save()) || cookie;
      return !session.isNew;
    });
  assertEquals(await after(103, async () => (await load(cookie)).isNew), true);
  assertEquals([await visit(90), await visit(170), await visit(245)], [true, true, true]);
  assertEquals(await visit(253), false);
  // From the future, as by a clock that went back.
  assertEquals(await after(-50, async () => (await load(cookie)).isNew), true);
});

testBoth("who signs in begins anew", async (options) => {
  const { load, begin } = setUp({ ...options, idle: 1_000, absolute: 250 });
  const anonymous = await begin({ cart: 1 });
  const cookie = await after(200, async () => {
    const session = await load(anonymous);
    await session.signIn("ada");
    return cookiesOf(await session.save());
  });
  await after(400, async () => assertEquals((await load(cookie)).get("cart"), 1));
  await after(460, async () => assertEquals((await load(cookie)).isNew, true));
});

testBoth(
  "a session that did not change is kept anew after a tenth of its idle time",
  async (options) => {
    const { load, begin, store } = setUp({ ...options, idle: 100 });
    const cookie = await begin({ a: 1 });
    const touched = (seconds: number) =>
      after(seconds, async () => {
        const before = [...store.values()].join();
        const headers = await (await load(cookie)).save();
        return before !== [...store.values()].join() || cookiesOf(headers) !== "";
      });
    assertEquals([await touched(8), await touched(11)], [false, true]);
  },
);

testBoth("a persistent cookie stays as long as the session", async (options) => {
  const persistent = { cookie: { persistent: true }, idle: 100, absolute: 150 };
  const { load } = setUp({ ...options, ...persistent });
  const ages = (headers: Headers) =>
    headers.getSetCookie().map((each) => Number(each.match(/; Max-Age=(\d+)$/)?.[1]));
  const session = await load("");
  session.set("a", 1);
  const headers = await session.save();
  assertEquals(ages(headers), [100]);
  const cookie = cookiesOf(headers);
  assertEquals(ages(await (await load(cookie)).save()), []);
  const [age] = await after(80, async () => ages(await (await load(cookie)).save()));
  assert(age >= 69 && age <= 70);
});

Deno.test("a stolen store opens no session, with the server's key neither", async () => {
  const { store, begin, load } = setUp();
  const secret = "4111 1111 1111 1111";
  const cookie = await begin({ card: secret }, "ada");
  const [[name, record]] = store;
  const [, id] = cookie.split("=");
  for (const part of [id, "ada", secret, "card"]) {
    assert(![...store].flat().join().includes(part));
  }
  // Whoever has the key opens what is sealed under it, but not this: the key of the
  // record is made of the id.
  assertThrows(() => fernet.decrypt(record), Error);
  const storage = new EncryptedStorage(store, { fernet, prefix: "session." });
  assertEquals((await storage.verify()).unreadable, [name]);
  const digits = name.slice("session.".length);
  for (const guess of [digits, digits.padEnd(43, "A"), Fernet.generateKey().slice(0, 43)]) {
    assertEquals((await load(`__Host-session=${guess}`)).isNew, true);
  }
  // Nor does a session of one's own open it, put under the other name or copied.
  const own = await begin({}, "eve");
  const ownName = [...store.keys()].find((each) => each !== name)!;
  const ownRecord = store.get(ownName)!;
  store.set(ownName, record);
  assertEquals((await load(own)).isNew, true);
  store.set(ownName, ownRecord);
  store.set(name, ownRecord);
  assertEquals((await load(cookie)).isNew, true);
  store.set(name, record);
  assertEquals((await load(cookie)).get("card"), secret);
  // Without the server's key the cookie opens nothing either.
  const other = setUp({ store, fernet: new Fernet(Fernet.generateKey()) });
  assertEquals((await other.load(cookie)).isNew, true);
  // Nor under another prefix, whose name is another one.
  const moved = new Map([[name.replace("session.", "admin."), record]]);
  assertEquals((await setUp({ store: moved, prefix: "admin." }).load(cookie)).isNew, true);
});

Deno.test("a session in a cookie opens under no other name, and no other cookie as one", async () => {
  const { begin } = setUp({ store: undefined });
  const cookie = await begin({ role: "admin" }, "ada");
  const renamed = setUp({ store: undefined, cookie: { name: "__Host-admin" } });
  const [, value] = cookie.split(/=(.*)/s);
  assertEquals((await renamed.load(`__Host-admin=${value}`)).isNew, true);
  assertEquals((await setUp({}).load(cookie)).isNew, true);
});

Deno.test("what is sealed under a session's name is one only if it has the form of one", async () => {
  const { load } = setUp({ store: undefined });
  const isNew = async (value: Json) =>
    (await load(`__Host-session=${await sealCookie(fernet, "__Host-session", value)}`)).isNew;
  const created = Math.floor(Date.now() / 1_000);
  const good = { created, data: {}, epochs: ["e"], since: created, user: "ada" };
  assertEquals(await isNew(good), false);
  const bad: Json[] = [null, 1, "", [], {}];
  for (
    const [name, values] of Object.entries({
      created: ["1", null],
      data: [null, [], ""],
      epochs: [null, "e", [1]],
      since: [null, "1", 1e12, 0],
      user: [null, "", 1],
      other: [null],
    })
  ) {
    for (const value of values) bad.push({ ...good, [name]: value });
  }
  for (const time of [1e300, -1, 0, created + 100]) bad.push({ created: time, data: {} });
  bad.push({ created, data: {}, user: "ada" }, { created, data: {}, since: created });
  for (const value of bad) assertEquals(await isNew(value), true, JSON.stringify(value));
});

Deno.test("endAll ends the user's sessions, and nobody else's", async () => {
  const { sessions, begin, load } = setUp();
  const cookies = [await begin({}, "ada"), await begin({}, "ada"), await begin({}, "bob")];
  const anonymous = await begin({ a: 1 });
  const users = async () => await Promise.all(cookies.map(async (each) => (await load(each)).user));
  const slow = await load(cookies[0]);
  assertEquals(await users(), ["ada", "ada", "bob"]);
  await sessions.endAll("ada");
  assertEquals(await users(), [undefined, undefined, "bob"]);
  assertEquals((await load(anonymous)).get("a"), 1);
  // Neither a save nor another id brings it back.
  slow.set("late", 1);
  for (const late of [() => slow.save(), () => slow.signIn("ada")]) {
    assertEquals((await assertRejects(late, SessionError)).code, "gone");
  }
  assertEquals(await users(), [undefined, undefined, "bob"]);
  // In the same second.
  cookies[0] = await begin({}, "ada");
  assertEquals(await users(), ["ada", undefined, "bob"]);
  await sessions.endAll("ada");
  await sessions.endAll("nobody");
  assertEquals(await users(), [undefined, undefined, "bob"]);
});

Deno.test("a damaged record of endAll ends sessions, and lets the user sign in again", async () => {
  const { sessions, begin, load, store } = setUp();
  const cookie = await begin({}, "ada");
  const known = [...store.keys()];
  await sessions.endAll("ada");
  const name = [...store.keys()].find((each) => !known.includes(each))!;
  store.set(name, "damaged");
  assertEquals((await load(cookie)).user, undefined);
  assertEquals((await load(await begin({}, "ada"))).user, "ada");
  assertEquals((await load(cookie)).user, undefined);
});

Deno.test("sweep removes what is too old for any session, and nothing else", async () => {
  const { sessions, begin, load, store } = setUp({ idle: 100, absolute: 250 });
  const old = await begin({ a: 1 });
  await begin({}, "ada");
  await sessions.endAll("ada");
  const foreign = ["session.other", `session.${"A".repeat(32)}`, `other.${"a".repeat(32)}`];
  for (const name of foreign) store.set(name, fernet.encryptAtTime("", 1));
  store.set(`session.${"0".repeat(32)}`, "no token");
  assertEquals([store.size, await sessions.sweep()], [7, 0]);
  await after(200, async () => {
    assertEquals(await sessions.sweep(), 0, "endAll is still needed");
    await begin({ b: 1 });
  });
  assertEquals(await after(312, () => sessions.sweep()), 3);
  assertEquals([store.size, (await load(old)).isNew], [5, true]);
});

Deno.test("sweep removes nothing that was kept meanwhile", async () => {
  const records = new Map<string, string>();
  let beforeSwap = () => {};
  const store: StringStore = {
    get: (name) => records.get(name),
    set: (name, record) => records.set(name, record),
    delete: (name) => records.delete(name),
    keys: () => records.keys(),
    swap(name, old, next) {
      beforeSwap();
      if ((records.get(name) ?? null) !== old) return false;
      if (next === null) records.delete(name);
      else records.set(name, next);
      return true;
    },
  };
  const { sessions, begin } = setUp({ store, absolute: 100 });
  await begin({ a: 1 });
  const [name] = records.keys();
  beforeSwap = () => records.set(name, "another one");
  assertEquals(await after(200, () => sessions.sweep()), 0);
  assertEquals(records.get(name), "another one");
});

Deno.test("keys change without a gap: sessions stay under theirs, new ones get the newest", async () => {
  const fresh = new Fernet(Fernet.generateKey());
  const store = new Map<string, string>();
  const [before, between, afterwards] = [[fernet, fresh], [fresh, fernet], [fresh]]
    .map((keys) => setUp({ store, fernet: new MultiFernet(keys) }));
  const old = await before.begin({ a: 1 }, "ada");
  for (const { load } of [between, before]) {
    const session = await load(old);
    session.set("a", Number(session.get("a")) + 1);
    await session.save();
  }
  assertEquals((await before.load(old)).get("a"), 3);
  const next = await between.begin({}, "ada");
  assertEquals([(await before.load(next)).user, (await afterwards.load(next)).user], [
    "ada",
    "ada",
  ]);
  assertEquals((await afterwards.load(old)).isNew, true);
  // Whichever host ends all, every other one sees it, in whatever order the calls come.
  await Promise.all([before, between].map(({ sessions }) => sessions.endAll("ada")));
  for (const { load } of [before, between, afterwards]) {
    assertEquals([(await load(old)).user, (await load(next)).user], [undefined, undefined]);
  }
  for (const { begin } of [before, between]) {
    const again = await begin({}, "ada");
    for (const { load } of [before, between]) assertEquals((await load(again)).user, "ada");
  }
  const cookies = [[fernet], [fresh, fernet], [fresh]]
    .map((keys) => setUp({ store: undefined, fernet: new MultiFernet(keys) }));
  const sealed = await cookies[0].begin({ a: 1 });
  const session = await cookies[1].load(sealed);
  session.set("a", 2);
  assertEquals((await cookies[2].load(cookiesOf(await session.save()))).get("a"), 2);
});

Deno.test("a session in a cookie of exactly 4,096 bytes, and of one more", async () => {
  const cookie = { name: "__Host-a" };
  const { load } = setUp({ store: undefined, cookie });
  const session = await load("");
  session.set("v", "x".repeat(2_940));
  const [text] = (await session.save()).getSetCookie();
  assertEquals(text.split(";")[0].length - 1, 4_096);
  const longer = await setUp({ store: undefined, cookie: { name: "__Host-ab" } }).load("");
  longer.set("v", "x".repeat(2_940));
  await assertRejects(() => longer.save(), RangeError, "4097 bytes, expected at most 4096");
  await assertRejects(() => longer.signIn("ada"), RangeError, "expected at most 4096");
});

Deno.test("Sessions refuse what they cannot do", async () => {
  const untyped = Sessions as unknown as new (options: unknown) => Sessions;
  const bad: [unknown, string][] = [
    [undefined, "expected a Fernet"],
    [{ fernet: "key" }, "expected a Fernet or a MultiFernet, got string"],
    [{ fernet, store: {} }, "without the method get"],
    [{ fernet, prefix: "a." }, "prefix without a store"],
    [{ fernet, store: new Map(), prefix: 1 }, "prefix"],
    [{ fernet, cookie: { name: "a b" } }, "the cookie's name"],
    [{ fernet, cookie: { secure: 1 } }, "secure"],
    [{ fernet, cookie: { name: "__Host-a", secure: false } }, "no browser would keep it"],
    [{ fernet, cookie: { maxAge: 1 } }, "the option"],
    [{ fernet, ttl: 1 }, "the option"],
    [{ fernet, idle: "1" }, "idle"],
  ];
  for (const [options, message] of bad) {
    assertThrows(() => new untyped(options), TypeError, message);
  }
  for (const idle of [0, -1, 1.5, NaN, Infinity, 86_400_000]) {
    assertThrows(() => new Sessions({ fernet, idle }), RangeError, "idle");
    assertThrows(() => new Sessions({ fernet, absolute: idle }), RangeError, "absolute");
  }
  const { sessions, load } = setUp({ store: undefined });
  await assertRejects(() => sessions.endAll("ada"), TypeError, "give a store");
  await assertRejects(() => sessions.sweep(), TypeError, "give a store");
  await assertRejects(() => sessions.load({} as Request), TypeError, "a Request of the web");
  for (const user of ["", "\ud800", 1, undefined] as string[]) {
    await assertRejects(async () => await (await load("")).signIn(user), TypeError, "user");
    await assertRejects(() => setUp().sessions.endAll(user), TypeError, "user");
  }
  await assertRejects(async () => await (await load("")).signIn("x".repeat(4_097)), RangeError);
  assertMatch(
    String((await (async () => {
      const session = await setUp({ store: undefined, cookie: { secure: false } }).load("");
      session.set("a", 1);
      return await session.save();
    })()).get("set-cookie")),
    /^session=[\w=-]+; Path=\/; HttpOnly; SameSite=Lax$/,
  );
});

Deno.test("a failing store is no reason to sign people out", async () => {
  const failing: StringStore = {
    get: () => Promise.reject(new Error("down")),
    set: () => {},
    delete: () => Promise.reject(new Error("down")),
    keys: () => [],
  };
  const { store, begin } = setUp();
  const cookie = await begin({}, "ada");
  const { load } = setUp({ store: failing });
  await assertRejects(() => load(cookie), Error, "down");
  assertEquals((await load("")).isNew, true);
  const session = await setUp({ store }).load(cookie);
  store.delete = () => {
    throw new Error("down");
  };
  await assertRejects(() => session.end(), Error, "down");
  assertEquals(session.user, "ada");
  assertEquals((await session.save()).getSetCookie(), []);
});

Deno.test("two calls at once on one session make one session", async () => {
  const { load, store } = setUp();
  const session = await load("");
  session.set("a", 1);
  const saves = [session.save(), session.save()];
  session.set("b", 2);
  const [first, second] = await Promise.all(saves);
  assertEquals([store.size, cookiesOf(first)], [1, cookiesOf(second)]);
  await session.save();
  assertEquals((await load(cookiesOf(first))).get("b"), 2);
});

Deno.test("a record that is too long is refused, and the old one stays", async () => {
  const store = Object.assign(new Map<string, string>(), { maxRecord: 400 });
  const { load, begin } = setUp({ store });
  const cookie = await begin({ a: 1 });
  const session = await load(cookie);
  session.set("b", "x".repeat(400));
  await assertRejects(() => session.save(), Error, "and the store allows 400");
  assertEquals((await load(cookie)).get("a"), 1);
});
