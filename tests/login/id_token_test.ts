/**
 * ID tokens, tokens and documents that are not as they should be.
 *
 * @module
 */

import { LoginError, type LoginErrorCode, oidc } from "@ironfern/ironfern/login";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Answer, base64Url, begin, makeSigner, part, Recorded } from "../support/recorded.ts";

const ISSUER = "https://sso.example";
const APP = { id: "sso", issuer: ISSUER, clientId: "the-app", clientSecret: "the secret" } as const;
const DOCUMENT = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/keys`,
  id_token_signing_alg_values_supported: ["RS256", "HS256", "none"],
};
const TOKENS = { access_token: "an-access-token", token_type: "Bearer", expires_in: 60 };
const DOCUMENT_URL = `${ISSUER}/.well-known/openid-configuration`;
const signer = await makeSigner();

async function failure(work: () => Promise<unknown>): Promise<LoginErrorCode> {
  const error = await assertRejects(work, LoginError);
  // Whatever it is, nothing of it is shown.
  const shown = Deno.inspect(error, { depth: 10, showHidden: true });
  assertEquals(["an-access-token", "the secret", "eyJ"].filter((text) => shown.includes(text)), []);
  return error.code;
}

/** A provider, and a login with it whose token answer is made of the nonce. */
async function login(token: (nonce: string) => Promise<object>, keys: Answer = signer.jwks) {
  const recorded = new Recorded().on(DOCUMENT_URL, DOCUMENT).on(`${ISSUER}/keys`, keys);
  const begun = await begin(oidc(APP), recorded);
  return {
    ...begun,
    recorded: recorded.on(`${ISSUER}/token`, () => token(begun.sent.get("nonce")!)),
  };
}

const claimsOf = (nonce: string) => ({ iss: ISSUER, aud: APP.clientId, sub: "7", nonce });
const idToken = (change: object, header: object = {}) => async (nonce: string) => ({
  ...TOKENS,
  id_token: await signer.sign({ ...claimsOf(nonce), ...change }, header),
});

Deno.test("ID token: a right one is taken", async () => {
  const { finish } = await login(idToken({}));
  assertEquals((await finish()).user.id, "sso:7");
  const several = await login(idToken({ aud: [APP.clientId, "other"], azp: APP.clientId }));
  assertEquals((await several.finish()).user.subject, "7");
});

Deno.test("ID token: wrong claims", async () => {
  const now = Math.floor(Date.now() / 1_000);
  const cases = [
    { iss: "https://evil.example" },
    { iss: `${ISSUER}/` },
    { aud: "other-app" },
    { aud: ["other-app"] },
    { aud: [APP.clientId, "other"] },
    { aud: [APP.clientId, "other"], azp: "other" },
    { nonce: "another" },
    { nonce: undefined },
    { exp: now - 3_600 },
    { exp: undefined },
    { exp: "never" },
    { nbf: now + 3_600 },
    { iat: undefined },
    { sub: undefined },
    { sub: "" },
    { sub: 7 },
  ];
  for (const change of cases) {
    const { finish } = await login(idToken(change));
    assertEquals(await failure(finish), "bad-id-token", JSON.stringify(change));
  }
});

Deno.test("ID token: none, unsigned, by another key, or by the client's secret as a key", async () => {
  const other = await makeSigner();
  const hmac = async (nonce: string, secret: string, header = {}) => {
    const times = { iat: Math.floor(Date.now() / 1_000), exp: Math.floor(Date.now() / 1_000) + 60 };
    const text = `${part({ alg: "HS256", kid: "key-1", ...header })}.${
      part({ ...claimsOf(nonce), ...times })
    }`;
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const bytes = new TextEncoder().encode(secret);
    const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
    return `${text}.${base64Url(new Uint8Array(mac))}`;
  };
  const unsigned = (nonce: string, alg: string) =>
    `${part({ alg })}.${part({ ...claimsOf(nonce), exp: 1e10, iat: 1 })}.`;
  const tokens: ((nonce: string) => Promise<unknown> | unknown)[] = [
    () => undefined,
    () => "",
    () => "x",
    () => "x.y.z",
    () => 7,
    (nonce) => unsigned(nonce, "none"),
    (nonce) => unsigned(nonce, "None"),
    (nonce) => other.sign(claimsOf(nonce)),
    (nonce) => other.sign(claimsOf(nonce), { kid: "key-2" }),
    (nonce) => signer.sign(claimsOf(nonce), { crit: ["b64"], b64: false }),
    (nonce) => hmac(nonce, APP.clientSecret),
    (nonce) => hmac(nonce, JSON.stringify(signer.jwks)),
    async (nonce) => (await signer.sign(claimsOf(nonce))).slice(0, -8) + "AAAAAAAA",
    // Claims of one token, signature of another.
    async (nonce) => {
      const [head, , signature] = (await signer.sign(claimsOf(nonce))).split(".");
      return `${head}.${
        part({ ...claimsOf(nonce), sub: "admin", exp: 1e10, iat: 1 })
      }.${signature}`;
    },
  ];
  for (const token of tokens) {
    const { finish } = await login(async (nonce) => ({ ...TOKENS, id_token: await token(nonce) }));
    assertEquals(await failure(finish), "bad-id-token", String(token));
  }
});

Deno.test("Answers of the token endpoint that are none", async () => {
  const cases: [object, LoginErrorCode][] = [
    [new Response("not json"), "bad-response"],
    [new Response("[]"), "bad-response"],
    [Response.json({ ...TOKENS, access_token: undefined }), "bad-response"],
    [Response.json({ ...TOKENS, access_token: 7 }), "bad-response"],
    [Response.json({ ...TOKENS, expires_in: "soon" }), "bad-response"],
    [Response.json({ ...TOKENS, token_type: "mac" }), "bad-response"],
    [new Response("<html>", { status: 404 }), "bad-response"],
    [Response.json({ error: "invalid_client" }, { status: 401 }), "provider-error"],
    [Response.json({ error: 'a"\n' }, { status: 400 }), "provider-error"],
    [
      new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
      "provider-error",
    ],
    [new Response(null, { status: 503 }), "unavailable"],
    [new Response(null, { status: 429 }), "unavailable"],
    [
      new Response(null, { status: 302, headers: { location: "https://evil.example" } }),
      "bad-response",
    ],
    [new Response("x".repeat(2 << 20)), "bad-response"],
  ];
  for (const [answer, code] of cases) {
    const { finish } = await login(() => Promise.resolve(answer));
    assertEquals(await failure(finish), code, Deno.inspect(answer));
  }
});

Deno.test("Keys that cannot be fetched, or are none", async () => {
  for (const keys of [{}, { keys: [] }, { keys: [7] }, new Response(null, { status: 404 })]) {
    const answer = () => keys instanceof Response ? keys.clone() : keys;
    const { finish } = await login(idToken({}), answer);
    const code = await failure(finish);
    assertEquals(["bad-id-token", "bad-response"].includes(code), true, code);
  }
  const { finish } = await login(idToken({}), () => new Response(null, { status: 500 }));
  assertEquals(await failure(finish), "unavailable");
});

Deno.test("Discovery: another issuer, http, a redirect, 2 MiB, no JSON; then it is asked again", async () => {
  const documents: [object, LoginErrorCode][] = [
    [{ ...DOCUMENT, issuer: "https://evil.example" }, "bad-response"],
    [{ ...DOCUMENT, authorization_endpoint: "javascript:alert(1)" }, "bad-response"],
    [{ ...DOCUMENT, authorization_endpoint: "http://sso.example/authorize" }, "bad-response"],
    [{ ...DOCUMENT, authorization_endpoint: undefined }, "bad-response"],
    [{ ...DOCUMENT, authorization_endpoint: "https://user:pw@sso.example/" }, "bad-response"],
    [
      new Response(null, { status: 301, headers: { location: "https://evil.example" } }),
      "bad-response",
    ],
    [new Response("x".repeat(2 << 20)), "bad-response"],
    [new Response("<html>"), "bad-response"],
    [new Response(null, { status: 404 }), "bad-response"],
    [new Response(null, { status: 500 }), "unavailable"],
  ];
  for (const [document, code] of documents) {
    const recorded = new Recorded().on(DOCUMENT_URL, document);
    assertEquals(await failure(() => begin(oidc(APP), recorded)), code, Deno.inspect(document));
  }
  let count = 0;
  const flaky = new Recorded().on(
    DOCUMENT_URL,
    () => ++count === 1 ? new Response(null, { status: 500 }) : DOCUMENT,
  );
  const first = await assertRejects(() => begin(oidc(APP), flaky), LoginError);
  assertEquals(first.code, "unavailable");
  const { login: app, browser } = await begin(oidc(APP), flaky);
  for (let times = 0; times < 3; times++) await browser.begin(app, { provider: "sso" });
  assertEquals(count, 2);
});

Deno.test("A token endpoint without https gets no secret", async () => {
  for (const endpoint of ["http://sso.example/token", "ftp://sso.example/token", "x"]) {
    const recorded = new Recorded().on(DOCUMENT_URL, { ...DOCUMENT, token_endpoint: endpoint });
    const { finish } = await begin(oidc(APP), recorded);
    assertEquals(await failure(finish), "bad-response");
    assertEquals(recorded.requests.length, 1);
  }
  for (const issuer of ["http://sso.example", "x", "https://u:p@sso.example"]) {
    assertThrows(() => oidc({ ...APP, issuer }), TypeError, "issuer");
  }
  for (const issuer of ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"]) {
    assertEquals(oidc({ ...APP, issuer }).issuer, issuer);
  }
});

Deno.test("Userinfo of another user is refused", async () => {
  const recorded = new Recorded()
    .on(DOCUMENT_URL, { ...DOCUMENT, userinfo_endpoint: `${ISSUER}/me` })
    .on(`${ISSUER}/keys`, signer.jwks)
    .on(`${ISSUER}/me`, { sub: "8", name: "Mallory" });
  const { finish, sent } = await begin(oidc(APP), recorded);
  recorded.on(`${ISSUER}/token`, () => idToken({})(sent.get("nonce")!));
  assertEquals(await failure(finish), "bad-response");
});
