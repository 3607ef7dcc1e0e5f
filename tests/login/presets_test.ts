/**
 * The presets, on answers as the providers' documentation shows them: none was tried
 * with the services themselves.
 *
 * @module
 */

import {
  auth0,
  entra,
  github,
  google,
  linkedin,
  LoginError,
  type LoginErrorCode,
  oauth2,
} from "@ironfern/ironfern/login";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CALLBACK } from "../support/browser.ts";
import { advance, withClock } from "../support/clock.ts";
import { begin, type Begun, makeSigner, Recorded, type Signer } from "../support/recorded.ts";
import documented from "../vectors/logins/answers.json" with { type: "json" };

const APP = { clientId: "the-app", clientSecret: "the secret" } as const;
const signer = await makeSigner();
const API = "https://api.github.com";
const GITHUB_TOKEN = "https://github.com/login/oauth/access_token";
const GRAPH_GROUPS = "https://graph.microsoft.com/v1.0/me/transitiveMemberOf/microsoft.graph.group";

async function failure(work: () => Promise<unknown>): Promise<LoginErrorCode> {
  return (await assertRejects(work, LoginError)).code;
}

function githubAnswers(): Recorded {
  const { token, user, emails } = documented.github;
  return new Recorded()
    .on(GITHUB_TOKEN, token.body)
    .on(`${API}/user`, user.body)
    .on(`${API}/user/emails`, emails.body);
}

Deno.test("GitHub: a user with a verified address, and teams over two pages", async () => {
  const team = documented.github.team.body;
  const recorded = githubAnswers().on(`${API}/user/teams`, ({ url }) => {
    const isLast = new URL(url).searchParams.get("page") === "2";
    const teams = Array.from(
      { length: isLast ? 3 : 100 },
      (_, index) => ({ ...team, id: index + (isLast ? 101 : 1), name: `Team ${index}` }),
    );
    const link = isLast
      ? `<${API}/user/teams?per_page=100&page=1>; rel="first"`
      : `<${API}/user/teams?per_page=100&page=2>; rel="next", <${API}/user/teams?page=2>; rel="last"`;
    return Response.json(teams, { headers: { link } });
  });
  const login = await begin(github({ ...APP, groups: true }), recorded);
  assertEquals(login.endpoint, "https://github.com/login/oauth/authorize");
  assertEquals(login.sent.get("scope"), "read:user user:email read:org");
  assertEquals(login.sent.get("code_challenge_method"), "S256");
  assertEquals(login.sent.get("nonce"), null);
  const { user, tokens } = await login.finish({ iss: documented.github.iss.value });
  assertEquals([user.id, user.name], ["github:1", "monalisa octocat"]);
  assertEquals([user.email, user.emailVerified], ["octocat@github.com", true]);
  assertEquals(user.groups?.length, 103);
  assertEquals(user.groups?.at(-1), { id: "103", name: "Team 2" });
  assertEquals(tokens.scope, "read:user user:email read:org");
  assertEquals(tokens.expires_at, undefined);
  const [{ headers, body }] = recorded.sent(GITHUB_TOKEN);
  assertEquals(headers.get("accept"), "application/json");
  const sent = new URLSearchParams(body);
  assertEquals(sent.get("client_secret"), APP.clientSecret);
  assertEquals(sent.get("redirect_uri"), `${CALLBACK}/github`);
  assertEquals(sent.get("code_verifier")?.length, 43);
  assert(recorded.sent(`${API}/user`)[0].headers.get("user-agent"));
});

Deno.test("GitHub: `iss` absent and right, and nothing else", async () => {
  const { value } = documented.github.iss;
  for (const iss of [undefined, value]) {
    const login = await begin(github(APP), githubAnswers());
    assertEquals((await login.finish(iss ? { iss } : {})).user.id, "github:1");
  }
  for (const iss of [`${value}/`, "https://github.com", "https://evil.example"]) {
    const recorded = githubAnswers();
    const login = await begin(github(APP), recorded);
    assertEquals(await failure(() => login.finish({ iss })), "wrong-issuer");
    assertEquals(recorded.requests.length, 0);
  }
});

Deno.test("GitHub: an address that is not verified, not primary or not shown", async () => {
  const [email] = documented.github.emails.body;
  const cases: [object, string | undefined, boolean][] = [
    [[{ ...email, verified: false }], "octocat@github.com", false],
    [[{ ...email, primary: false, email: "other@github.com" }], "octocat@github.com", false],
    [Response.json({ message: "Resource not accessible" }, { status: 403 }), undefined, false],
  ];
  for (const [emails, address, isVerified] of cases) {
    const user = { ...documented.github.user.body, ...!address && { email: null } };
    const recorded = githubAnswers().on(`${API}/user/emails`, emails).on(`${API}/user`, user);
    const { user: found } = await (await begin(github(APP), recorded)).finish();
    assertEquals([found.email, found.emailVerified], [address, isVerified]);
  }
});

Deno.test("GitHub: errors with status 200, and pages that lead elsewhere", async () => {
  const { error } = documented.github;
  const login = await begin(github(APP), githubAnswers().on(GITHUB_TOKEN, error.body));
  const failed = await assertRejects(() => login.finish(), LoginError);
  assertEquals([failed.code, failed.providerCode], ["provider-error", "bad_verification_code"]);
  const first = `${API}/user/teams?per_page=100`;
  for (
    const next of [first, "https://evil.example/user/teams", "http://api.github.com/user/teams"]
  ) {
    const teams = () => Response.json([], { headers: { link: `<${next}>; rel="next"` } });
    const recorded = githubAnswers().on(`${API}/user/teams`, teams);
    const login = await begin(github({ ...APP, groups: true }), recorded);
    assertEquals(await failure(() => login.finish()), "bad-response");
    assertEquals(recorded.requests.some(({ url }) => url.includes("evil")), false);
  }
});

Deno.test("GitHub: a GitHub App refreshes once, and a used token ends the login", () =>
  withClock(async () => {
    const { body } = documented.github.appToken;
    let count = 0;
    const recorded = githubAnswers().on(GITHUB_TOKEN, ({ body: sent }) => {
      const token = new URLSearchParams(sent).get("refresh_token");
      if (token !== null && token !== `ghr_${count}`) return { error: "bad_refresh_token" };
      count++;
      return { ...body, access_token: `ghu_${count}`, refresh_token: `ghr_${count}` };
    }).on(`${API}/applications/the-app/token`, new Response(null, { status: 204 }));
    const { login, browser, finish } = await begin(github(APP), recorded, {
      store: new Map(),
      remember: true,
    });
    const { tokens } = await finish();
    assertEquals(tokens.expires_at! - Math.floor(Date.now() / 1_000) > 28_000, true);
    assertEquals(tokens.refresh_expires_at! - tokens.expires_at!, 15_811_200 - 28_800);
    advance(28_000);
    assertEquals((await login.tokens(browser.request("/"))).access_token, "ghu_2");
    await login.end(browser.post("/logout"));
    const [{ method, headers, body: sent }] = recorded.sent(`${API}/applications/the-app/token`);
    assertEquals([method, sent], ["DELETE", '{"access_token":"ghu_2"}']);
    assertEquals(headers.get("authorization"), `Basic ${btoa("the-app:the secret")}`);

    const again = await begin(github(APP), recorded, { store: new Map(), remember: true });
    await again.finish();
    count = 9;
    advance(28_800);
    assertEquals(await failure(() => again.login.tokens(again.browser.request("/"))), "ended");
  }));

Deno.test("GitHub Enterprise Server, and ghe.com", async () => {
  for (
    const [enterpriseUrl, api] of [
      ["https://git.example.org", "https://git.example.org/api/v3"],
      ["https://octo.ghe.com", "https://api.octo.ghe.com"],
    ]
  ) {
    const recorded = new Recorded()
      .on(`${enterpriseUrl}/login/oauth/access_token`, documented.github.token.body)
      .on(`${api}/user`, documented.github.user.body)
      .on(`${api}/user/emails`, documented.github.emails.body);
    const login = await begin(github({ ...APP, enterpriseUrl }), recorded);
    assertEquals(login.endpoint, `${enterpriseUrl}/login/oauth/authorize`);
    assertEquals((await login.finish()).user.id, "github:1");
  }
  const insecure = () => github({ ...APP, enterpriseUrl: "http://git.example.org" });
  assertThrows(insecure, TypeError, "https");
});

/** Answers with an ID token of these claims, which hold the nonce of the login. */
function idTokenAnswers(
  recorded: Recorded,
  signer: Signer,
  { token, keys }: { token: string; keys: string },
  body: object,
  claims: () => object,
): Recorded {
  return recorded.on(keys, signer.jwks).on(token, async () => ({
    ...body,
    id_token: await signer.sign(claims()),
  }));
}

Deno.test("Google: the domain of an organisation is checked in the ID token", async () => {
  const { document, token, claims } = documented.google;
  const app = { clientId: claims.body.aud, clientSecret: "a secret" };
  const cases: [hd: string | undefined, hostedDomain: string | undefined, isIn: boolean][] = [
    ["example.com", undefined, true],
    [undefined, undefined, true],
    ["example.com", "example.com", true],
    ["example.com", "*", true],
    ["evil.example", "example.com", false],
    [undefined, "example.com", false],
    [undefined, "*", false],
  ];
  for (const [hd, hostedDomain, isIn] of cases) {
    const recorded = new Recorded()
      .on("https://accounts.google.com/.well-known/openid-configuration", document.body);
    const provider = google({ ...app, ...hostedDomain && { hostedDomain }, offline: true });
    let login: Begun | undefined = undefined;
    const urls = { token: document.body.token_endpoint, keys: document.body.jwks_uri };
    const nonce = () => login!.sent.get("nonce");
    idTokenAnswers(
      recorded,
      signer,
      urls,
      token.body,
      () => ({ ...claims.body, hd, nonce: nonce() }),
    );
    login = await begin(provider, recorded);
    assertEquals(login.sent.get("hd"), hostedDomain ?? null);
    assertEquals([login.sent.get("access_type"), login.sent.get("prompt")], ["offline", "consent"]);
    if (!isIn) {
      assertEquals(await failure(() => login!.finish()), "denied");
      continue;
    }
    const { user, tokens } = await login.finish();
    assertEquals([user.id, user.email], [`google:${claims.body.sub}`, claims.body.email]);
    assertEquals([user.emailVerified, user.picture], [true, claims.body.picture]);
    assert(tokens.refresh_token);
  }
  assertThrows(() => google({ ...app, groups: true }), TypeError, "groups");
});

/** A login with Entra, whose ID token has these claims beside those of the documentation. */
async function entraLogin(
  options: Partial<Parameters<typeof entra>[0]>,
  changed: object,
  groups?: (url: URL) => object,
): Promise<Begun> {
  const { token, claims } = documented.entra;
  const recorded = new Recorded();
  const tid = (changed as { tid?: string }).tid ?? claims.body.tid;
  const authority = `https://login.microsoftonline.com/${options.tenant ?? "common"}`;
  const login = await begin(
    entra({ clientId: claims.body.aud, clientSecret: "a secret", ...options }),
    recorded,
  );
  const urls = {
    token: `${authority}/oauth2/v2.0/token`,
    keys: `https://login.microsoftonline.com/${tid}/discovery/v2.0/keys`,
  };
  const nonce = login.sent.get("nonce");
  idTokenAnswers(
    recorded,
    signer,
    urls,
    token.body,
    () => ({ ...claims.body, nonce, ...changed }),
  );
  if (groups) recorded.on(GRAPH_GROUPS, ({ url }) => groups(new URL(url)));
  return login;
}

Deno.test("Entra: who it is, is the directory and the person; no address is verified", async () => {
  const { body: claims } = documented.entra.claims;
  const login = await entraLogin({ offline: true }, { email_verified: true });
  assertEquals(login.sent.get("scope"), "openid profile email User.Read offline_access");
  const { user } = await login.finish();
  assertEquals(user.id, `entra:${claims.tid}.${claims.oid}`);
  assertEquals([user.name, user.emailVerified], ["Abe Lincoln", false]);
  // Another directory's administrator may write this address there.
  const tid = "11111111-2b34-4da1-9baa-8bc8c9d6a490";
  const iss = `https://login.microsoftonline.com/${tid}/v2.0`;
  const other = await (await entraLogin({}, { tid, iss })).finish();
  assertEquals([other.user.email, other.user.id === user.id], [user.email, false]);
});

Deno.test("Entra: tokens of other directories are refused", async () => {
  const { tid } = documented.entra.claims.body;
  const other = "11111111-2b34-4da1-9baa-8bc8c9d6a490";
  const personal = "9188040d-6c67-4c5b-b112-36a304b66dad";
  const issuer = (tid: string) => ({ tid, iss: `https://login.microsoftonline.com/${tid}/v2.0` });
  const cases: [tenant: string, changed: object][] = [
    [other, {}],
    ["organizations", issuer(personal)],
    ["consumers", {}],
    ["common", { tid: other }],
    ["common", { iss: "https://login.microsoftonline.com/common/v2.0" }],
    ["common", { tid: "../evil" }],
    ["common", { tid: undefined }],
  ];
  for (const [tenant, changed] of cases) {
    const login = await entraLogin({ tenant }, changed);
    assertEquals(await failure(() => login.finish()), "bad-id-token", JSON.stringify(changed));
  }
  assertEquals((await (await entraLogin({ tenant: tid }, {})).finish()).user.provider, "entra");
  const without = await entraLogin({}, { oid: undefined });
  assertEquals(await failure(() => without.finish()), "bad-id-token");
  const iss = { iss: `https://login.microsoftonline.com/${other}/v2.0` };
  const mixed = await entraLogin({}, {});
  assertEquals(await failure(() => mixed.finish(iss)), "wrong-issuer");
  assertThrows(() => entra({ ...APP, tenant: "contoso.com" }), TypeError, "GUID");
});

Deno.test("Entra: 205 groups over three pages, names that are not shown, pages in a circle", async () => {
  const { body } = documented.entra.groups;
  const groupsPage = (url: URL) => {
    const page = Number(url.searchParams.get("$skiptoken") ?? 0);
    const value = Array.from({ length: page === 2 ? 5 : 100 }, (_, index) => ({
      id: `${page}-${index}`,
      displayName: page === 2 ? null : body.value[0].displayName,
    }));
    const next = `${GRAPH_GROUPS}?$skiptoken=${page + 1}`;
    return { ...body, value, ...page < 2 && { "@odata.nextLink": next } };
  };
  const claims = { hasgroups: true, _claim_names: { groups: "src1" } };
  const { user } = await (await entraLogin({ groups: true }, claims, groupsPage)).finish();
  assertEquals(user.groups?.length, 205);
  assertEquals(user.groups?.[0], { id: "0-0", name: "Contoso-tier Query Notification" });
  assertEquals(user.groups?.at(-1), { id: "2-4", name: "2-4" });
  const circle = () => ({ value: [], "@odata.nextLink": `${GRAPH_GROUPS}?$skiptoken=1` });
  const circling = await entraLogin({ groups: true }, {}, circle);
  assertEquals(await failure(() => circling.finish()), "bad-response");
  let page = 0;
  const endless = () => ({ value: [], "@odata.nextLink": `${GRAPH_GROUPS}?$skiptoken=${++page}` });
  const endlessly = await entraLogin({ groups: true }, {}, endless);
  assertEquals([await failure(() => endlessly.finish()), page], ["bad-response", 50]);
  const tid = "9188040d-6c67-4c5b-b112-36a304b66dad";
  const iss = `https://login.microsoftonline.com/${tid}/v2.0`;
  const personal = await (await entraLogin({ groups: true }, { tid, iss })).finish();
  assertEquals(personal.user.groups, []);
});

Deno.test("Auth0: the issuer with its slash, an audience, groups of an Action", async () => {
  const { document, token, userinfo } = documented.auth0;
  const recorded = new Recorded()
    .on("https://example.eu.auth0.com/.well-known/openid-configuration", document.body)
    .on(document.body.userinfo_endpoint, userinfo.body);
  const provider = auth0({
    ...APP,
    domain: "example.eu.auth0.com",
    audience: "https://notes.example/api",
    groups: true,
    groupsClaim: "https://example.org/groups",
    offline: true,
  });
  const login = await begin(provider, recorded);
  assertEquals(login.sent.get("audience"), "https://notes.example/api");
  assertEquals(login.sent.get("scope"), "openid profile email offline_access");
  const urls = { token: document.body.token_endpoint, keys: document.body.jwks_uri };
  const claims = {
    iss: document.body.issuer,
    aud: APP.clientId,
    sub: userinfo.body.sub,
    nonce: login.sent.get("nonce"),
  };
  idTokenAnswers(recorded, signer, urls, token.body, () => claims);
  const { user } = await login.finish();
  assertEquals(user.id, "auth0:auth0|248289761001");
  assertEquals(user.groups?.map(({ name }) => name), ["editors", "staff"]);
  assertEquals(user.emailVerified, true);
  assertThrows(() => auth0({ ...APP, domain: "x.auth0.com", groups: true }), TypeError, "groups");
  assertThrows(() => auth0({ ...APP, domain: "https://x.auth0.com" }), TypeError, "domain");
});

Deno.test("LinkedIn: no PKCE, no nonce, and either issuer of its ID tokens", async () => {
  const { token, userinfo } = documented.linkedin;
  const urls = {
    token: "https://www.linkedin.com/oauth/v2/accessToken",
    keys: "https://www.linkedin.com/oauth/openid/jwks",
  };
  const issuers = [
    "https://www.linkedin.com/oauth",
    "https://www.linkedin.com",
    "https://evil.example",
  ];
  for (const iss of issuers) {
    const recorded = new Recorded().on("https://api.linkedin.com/v2/userinfo", userinfo.body);
    const claims = { iss, aud: APP.clientId, sub: userinfo.body.sub };
    idTokenAnswers(recorded, signer, urls, token.body, () => claims);
    const login = await begin(linkedin(APP), recorded);
    assertEquals(["code_challenge", "nonce"].map((name) => login.sent.get(name)), [null, null]);
    if (iss.includes("evil")) {
      assertEquals(await failure(() => login.finish()), "bad-id-token");
      continue;
    }
    const { user, tokens } = await login.finish();
    assertEquals([user.id, user.name], ["linkedin:782bbtaQ", "John Doe"]);
    assertEquals([tokens.token_type, tokens.expires_in], ["bearer", 5_184_000]);
    const [{ body, headers }] = recorded.sent(urls.token);
    assertEquals(new URLSearchParams(body).get("client_secret"), APP.clientSecret);
    assertEquals(headers.get("authorization"), null);
  }
});

Deno.test("OAuth 2.0: any provider, and users without an id", async () => {
  const provider = (userId: (user: Record<string, unknown>) => string | number) =>
    oauth2({
      ...APP,
      id: "forge",
      issuer: "https://forge.example",
      authorizationEndpoint: "https://forge.example/authorize?tenant=a",
      tokenEndpoint: "https://forge.example/token",
      userEndpoint: "https://forge.example/me",
      userId,
      scopes: ["me"],
      parameters: { audience: "x", state: "fixed", redirect_uri: "https://evil.example" },
    });
  const recorded = new Recorded()
    // An ID token that nobody can verify is left out.
    .on("https://forge.example/token", { access_token: "a", expires_in: "60", id_token: "x.y.z" })
    .on("https://forge.example/me", {
      id: 7,
      name: "Ada",
      email: "a@b.c",
      email_verified: "false",
    });
  const login = await begin(provider(({ id }) => id as number), recorded);
  assertEquals(login.sent.get("redirect_uri"), `${CALLBACK}/forge`);
  assertEquals([login.sent.get("tenant"), login.sent.get("audience")], ["a", "x"]);
  assertEquals(login.sent.get("state")?.length, 43);
  const { user, tokens } = await login.finish();
  assertEquals([user.id, user.name, user.emailVerified], ["forge:7", "Ada", false]);
  assertEquals([tokens.expires_in, tokens.id_token], [60, undefined]);
  for (const id of [undefined, null, "", NaN, {}, "undefined"]) {
    const login = await begin(provider(() => id as string), recorded);
    assertEquals(await failure(() => login.finish()), "bad-response");
  }
});

Deno.test("Providers refuse options that are wrong, and show no secret", () => {
  const secret = "s3cret-of-the-app";
  const provider = github({ clientId: "x", clientSecret: secret });
  assertEquals(
    `${Deno.inspect(provider, { showHidden: true })} ${JSON.stringify(provider)}`
      .includes(secret),
    false,
  );
  assertThrows(() => github({ clientId: "" }), TypeError, "environment variable");
  assertThrows(
    () => github({ clientId: "x", clientSecret: "" }),
    TypeError,
    "environment variable",
  );
  assertThrows(() => github({ clientId: "x", scopes: ["a b"] }), TypeError, "without spaces");
  assertThrows(() => github({ clientID: "x" } as never), TypeError, "did you mean clientId?");
  const missing = assertThrows(() => github({ clientSecret: secret } as never), TypeError);
  assertEquals(missing.message.includes(secret), false);
});
