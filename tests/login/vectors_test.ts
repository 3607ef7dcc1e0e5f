/**
 * Records that Python wrote by the description of the formats.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { google, Login, openToken, sealToken } from "@ironfern/ironfern/login";
import { assertEquals, assertNotEquals } from "@std/assert";
import { withClock } from "../support/clock.ts";
import vectors from "../vectors/storage/vectors.json" with { type: "json" };

const { cookie, clientId, json, name, record, prefix } = vectors.login;
const TOKENS = { access_token: "a", token_type: "bearer", scope: "x" };
const BOUND = { issuer: "https://accounts.google.com", clientId: "app", user: "google:7" };

Deno.test("Login: a saved login that Python wrote is found and opened", () =>
  withClock(async () => {
    Date.now = () => vectors.time * 1_000 + 60_000;
    const request = new Request("https://app.example/", {
      headers: { cookie: `__Host-saved-login=${cookie}` },
    });
    const resume = async (store: Map<string, string>, client = clientId) => {
      const login = new Login({
        providers: [google({ clientId: client })],
        callback: "https://app.example/callback",
        fernet: new Fernet(vectors.root),
        store,
        prefix,
      });
      return await login.resume(request);
    };
    const resumed = await resume(new Map([[name, record]]));
    const { user, tokens } = JSON.parse(json);
    assertEquals<unknown>([resumed?.user, resumed?.tokens], [user, tokens]);
    assertEquals(await resume(new Map([[name, record]]), "another-app"), undefined);
    assertEquals(await resume(new Map([[`${name}0`, record]])), undefined);
    // 30 days after its last use it is over.
    Date.now = () => (vectors.time + 30 * 86_400 + 1) * 1_000;
    assertEquals(await resume(new Map([[name, record]])), undefined);
  }));

Deno.test("Login: kept tokens open for their issuer, client and user, and in time", async () => {
  const fernet = new Fernet(Fernet.generateKey());
  const text = await sealToken(fernet, TOKENS, BOUND);
  assertEquals(await openToken(fernet, text, BOUND, { ttl: 60 }), TOKENS);
  const reasons: string[] = [];
  const onRefused = (reason: string) => reasons.push(reason);
  for (const part of ["issuer", "clientId", "user"] as const) {
    const other = { ...BOUND, [part]: `${BOUND[part]}x` };
    assertEquals(await openToken(fernet, text, other, { onRefused }), undefined);
  }
  // The lengths of the parts count, too.
  const moved = { ...BOUND, clientId: "ap", user: "pgoogle:7" };
  assertEquals(await openToken(fernet, text, moved, { onRefused }), undefined);
  const strange = new Fernet(Fernet.generateKey());
  assertEquals(await openToken(strange, text, BOUND, { onRefused }), undefined);
  // A token of another purpose of the same key.
  assertEquals(await openToken(fernet, fernet.encrypt("{}"), BOUND, { onRefused }), undefined);
  await withClock(async () => {
    const now = Date.now();
    Date.now = () => now + 100_000;
    assertEquals(await openToken(fernet, text, BOUND, { ttl: 60, onRefused }), undefined);
    assertEquals(await openToken(fernet, text, BOUND, { ttl: 120 }), TOKENS);
  });
  assertEquals(reasons, [...Array(6).fill("unreadable"), "too-old"]);
  assertNotEquals(await sealToken(fernet, TOKENS, BOUND), text);
});
