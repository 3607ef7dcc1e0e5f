import { Fernet, MultiFernet } from "@ironfern/ironfern";
import { openCookie, sealCookie } from "@ironfern/ironfern/session";
import { EncryptedStorage, type Json } from "@ironfern/ironfern/storage";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { testEach } from "../support/backends.ts";
import vectors from "../vectors/storage/vectors.json" with { type: "json" };
import { after } from "./support.ts";

const ttl = 60;
const fernet = new Fernet(Fernet.generateKey());
const name = "__Host-session";

testEach("openCookie opens what Python sealed", async (backend) => {
  const fernet = new Fernet(vectors.root, { backend });
  const { name, json, value } = vectors.cookie;
  const options = { ttl: 1e10 };
  assertEquals(await openCookie(fernet, name, value, options), JSON.parse(json));
  assertEquals(await openCookie(fernet, name.slice(7), value, options), undefined);
  assertEquals(await openCookie(fernet, name, value, { ttl }), undefined);
});

testEach("sealCookie writes what comes back with its types", async (backend) => {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const values: Json[] = [null, "", "1", -0, [{ a: "Zoë 🔑" }], JSON.parse('{"__proto__":1}')];
  for (const value of values) {
    const text = await sealCookie(fernet, name, value);
    assertMatch(text, /^[\w-]+=*$/);
    assertEquals(await openCookie(fernet, name, text, { ttl }), value);
  }
});

Deno.test("a session of 100 bytes is a cookie of 248 characters", async () => {
  assertEquals((await sealCookie(fernet, name, "x".repeat(98))).length, 248);
});

Deno.test("openCookie refuses everything else alike", async () => {
  const text = await sealCookie(fernet, name, { role: "user" });
  const other = new Fernet(Fernet.generateKey());
  const store = new Map<string, string>();
  await new EncryptedStorage(store, { fernet }).set("a", { role: "admin" });
  const refused: [string, string, string][] = [
    ["renamed", "__Host-magic", text],
    ["the name's prefix dropped", "session", text],
    ["of other letters", "__host-session", text],
    ["cut", name, text.slice(0, -4)],
    ["longer", name, `${text}AAAA`],
    ["with padding", name, `${text}====`],
    ["quoted", name, `"${text}"`],
    ["empty", name, ""],
    ["no token", name, "\u{1f511}"],
    ["of another key", name, await sealCookie(other, name, { role: "admin" })],
    ["a plain token of the key", name, fernet.encrypt('{"role":"admin"}')],
    ["a stored value of the key", name, [...store.values()][0]],
    ["longer than any cookie", name, "A".repeat(8_000)],
  ];
  for (const [what, as, value] of refused) {
    assertEquals(await openCookie(fernet, as, value, { ttl }), undefined, what);
  }
  // One character of each block of four.
  for (let at = 0; at < text.length; at += 4) {
    const changed = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    assertEquals(await openCookie(fernet, name, changed, { ttl }), undefined, `at ${at}`);
  }
  assertEquals(await openCookie(fernet, name, text, { ttl }), { role: "user" });
});

Deno.test("openCookie refuses what is too old, and what is from the future", async () => {
  const text = await sealCookie(fernet, name, 1);
  const at = (seconds: number) => after(seconds, () => openCookie(fernet, name, text, { ttl }));
  assertEquals([await at(59), await at(62), await at(-58), await at(-62)], [
    1,
    undefined,
    1,
    undefined,
  ]);
});

Deno.test("sealCookie seals with the newest key, and openCookie opens with all", async () => {
  const fresh = new Fernet(Fernet.generateKey());
  const both = new MultiFernet([fresh, fernet]);
  const [old, sealed] = [await sealCookie(fernet, name, 1), await sealCookie(both, name, 2)];
  assertEquals(await openCookie(both, name, old, { ttl }), 1);
  assertEquals(await openCookie(fresh, name, sealed, { ttl }), 2);
  assertEquals(await openCookie(fernet, name, sealed, { ttl }), undefined);
});

Deno.test("sealCookie seals 4,096 bytes of name and value, and not 4,097", async () => {
  const value = "x".repeat(2_973);
  assertEquals((await sealCookie(fernet, "__Host-a", value)).length + "__Host-a".length, 4_096);
  const error = await assertRejects(() => sealCookie(fernet, "__Host-ab", value), RangeError);
  assertEquals(
    error.message,
    "Cannot use the cookie: its name and value have 4097 bytes, expected at most 4096",
  );
});

Deno.test("sealCookie and openCookie refuse what is no cookie", async () => {
  for (const bad of ["", "a b", "a=b", "a;b", "ä", "a\r\nSet-Cookie: b"]) {
    await assertRejects(() => sealCookie(fernet, bad, 1), TypeError, "the cookie's name");
    await assertRejects(() => openCookie(fernet, bad, "", { ttl }), TypeError, "the cookie's name");
  }
  for (const bad of [undefined, NaN, new Date(), new Map()] as unknown as Json[]) {
    await assertRejects(() => sealCookie(fernet, name, bad), TypeError, "would not come back");
  }
  const untyped = openCookie as (...args: unknown[]) => Promise<unknown>;
  await assertRejects(() => untyped(fernet, name, ""), TypeError, "ttl is missing");
  await assertRejects(() => untyped(fernet, name, undefined, { ttl }), TypeError, "a string");
  await assertRejects(() => untyped("key", name, "", { ttl }), TypeError, "expected a Fernet");
  await assertRejects(() => untyped(fernet, name, "", { ttL: 1 }), TypeError, "did you mean ttl?");
  await assertRejects(() => untyped(fernet, name, "", { ttl: -1 }), RangeError);
});

Deno.test("a key that is destroyed while a cookie is sealed does not become zeros", async () => {
  const key = Fernet.generateKey();
  const shortLived = new Fernet(key);
  const sealing = sealCookie(shortLived, name, 1);
  shortLived.destroy();
  assertEquals(await openCookie(new Fernet(key), name, await sealing, { ttl }), 1);
  await assertRejects(() => sealCookie(shortLived, name, 1), TypeError, "destroyed");
});
