/**
 * GitHub.
 *
 * Sources: docs.github.com, "Authorizing OAuth apps", "Refreshing user access
 * tokens", "Authentication discovery endpoints", and the REST API of users, emails,
 * teams and OAuth applications (read 2026-11-25).
 *
 * @module
 */

import { checkOptions } from "../../checks.ts";
import { type Api, fetchPages, nextLink } from "../api.ts";
import { LoginError, providerText } from "../errors.ts";
import { safeUrl } from "../http.ts";
import { checkClient, CLIENT, type Client, makeProvider, type Provider } from "../provider.ts";
import type { Tokens } from "../tokens.ts";
import { type JsonObject, pictureOf, textOf, type UserDetails, type UserGroup } from "../user.ts";

const SCOPES = ["read:user", "user:email"];
const GROUPS_SCOPE = "read:org";
/** Items of a page, the most that GitHub gives. */
const PAGE = 100;
/** GitHub refuses requests without a user agent. */
const HEADERS = {
  accept: "application/vnd.github+json",
  "x-github-api-version": "2022-11-28",
  "user-agent": "ironfern",
};

/** Options of {@linkcode github}. */
export interface GithubOptions extends Client {
  /**
   * The URL of a GitHub Enterprise Server, or of a company on ghe.com.
   *
   * @default {"https://github.com"}
   */
  enterpriseUrl?: string;
}

/**
 * GitHub: an OAuth app or a GitHub App. Only a GitHub App with expiring tokens has
 * refresh tokens; the tokens of an OAuth app do not expire.
 *
 * `user.subject` is the numeric id. `groups` are the teams; an OAuth app needs the
 * scope `read:org` for them, which is asked for.
 *
 * @param options The app.
 * @returns The provider.
 * @throws {TypeError} If an option is missing or of the wrong type.
 *
 * @example Sign in with GitHub
 * ```ts
 * import { github } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const provider = github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" });
 * assertEquals(provider.issuer, "https://github.com/login/oauth");
 * ```
 */
export function github(options: GithubOptions): Provider {
  const { enterpriseUrl = "https://github.com", ...rest } = checkOptions(options, [
    ...CLIENT,
    "enterpriseUrl",
  ]);
  const { origin, host } = safeUrl(enterpriseUrl, "enterpriseUrl");
  const client = checkClient(rest, rest.groups ? [...SCOPES, GROUPS_SCOPE] : SCOPES);
  const apiUrl = apiUrlOf(origin, host);
  // The documents of "discovery" are a preview: nothing depends on them.
  const issuer = `${origin}/login/oauth`;
  return makeProvider({ id: "github", name: "GitHub", issuer }, {
    ...client,
    server: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/access_token`,
    },
    isOpenId: false,
    hasNonce: false,
    hasPkce: true,
    clientAuth: "post",
    mend,
    fetchUser: (api, { tokens }) => fetchUser(api, apiUrl, tokens, client.groups),
    revoke: (api, tokens) => revoke(api, apiUrl, client.clientId, client.clientSecret, tokens),
  });
}

function apiUrlOf(origin: string, host: string): string {
  if (host === "github.com") return "https://api.github.com";
  return host.endsWith(".ghe.com") ? `https://api.${host}` : `${origin}/api/v3`;
}

/** Its lists have commas; a refresh token that is used up has a code of its own. */
function mend(answer: JsonObject): JsonObject {
  const { scope, error } = answer;
  return {
    ...answer,
    ...typeof scope === "string" && { scope: scope.split(/[ ,]+/).join(" ") },
    ...error === "bad_refresh_token" && { error: "invalid_grant" },
  };
}

async function fetchUser(
  api: Api,
  apiUrl: string,
  { access_token: token }: Tokens,
  groups: boolean,
): Promise<UserDetails> {
  const [user, email, teams] = await Promise.all([
    fetchObject(api, `${apiUrl}/user`, token),
    fetchEmail(api, apiUrl, token),
    groups ? fetchTeams(api, apiUrl, token) : undefined,
  ]);
  if (!Number.isSafeInteger(user.id)) {
    throw new LoginError("bad-response", { reason: "the user has no id" });
  }
  const name = textOf(user.name) ?? textOf(user.login);
  // The address of the profile is one that the user chose to show.
  const address = email?.address ?? textOf(user.email);
  const picture = pictureOf(user.avatar_url);
  return {
    subject: String(user.id),
    ...name !== undefined && { name },
    ...address !== undefined && { email: address },
    emailVerified: email?.isVerified === true,
    ...picture !== undefined && { picture },
    ...teams && { groups: teams },
    raw: user as UserDetails["raw"],
  };
}

async function fetchObject(api: Api, url: string, token: string): Promise<JsonObject> {
  const { body } = await api.get(url, token, HEADERS);
  if (!Array.isArray(body)) return body as JsonObject;
  throw new LoginError("bad-response", { reason: "it is a list where a user should be" });
}

/** The primary address. */
async function fetchEmail(
  api: Api,
  apiUrl: string,
  token: string,
): Promise<{ address: string; isVerified: boolean } | undefined> {
  let emails: unknown;
  try {
    ({ body: emails } = await api.get(`${apiUrl}/user/emails?per_page=${PAGE}`, token, HEADERS));
  } catch (error) {
    // The app was not allowed to see addresses: the user can sign in without one.
    if (error instanceof LoginError && error.code === "provider-error") return undefined;
    throw error;
  }
  if (!Array.isArray(emails)) return undefined;
  const primary = emails.find((email: JsonObject | null) => email?.primary === true);
  const address = textOf(primary?.email);
  return address === undefined ? undefined : { address, isVerified: primary.verified === true };
}

async function fetchTeams(api: Api, apiUrl: string, token: string): Promise<UserGroup[]> {
  const first = `${apiUrl}/user/teams?per_page=${PAGE}`;
  return await fetchPages(api, first, token, ({ body, headers }) => {
    if (!Array.isArray(body)) {
      throw new LoginError("bad-response", { reason: "its teams are no list" });
    }
    const next = nextLink(headers);
    return { items: body.flatMap(teamOf), ...next !== undefined && { next } };
  }, HEADERS);
}

function teamOf(team: JsonObject | null): UserGroup[] {
  if (!Number.isSafeInteger(team?.id)) return [];
  const id = String(team?.id);
  return [{ id, name: textOf(team?.name) ?? id }];
}

/** Its tokens are revoked by an API of its own, with the app's secret. */
async function revoke(
  api: Api,
  apiUrl: string,
  clientId: string,
  clientSecret: string | undefined,
  { access_token }: Tokens,
): Promise<void> {
  if (clientSecret === undefined) return;
  const url = `${apiUrl}/applications/${encodeURIComponent(clientId)}/token`;
  const answer = await api.fetch(url, {
    method: "DELETE",
    headers: {
      ...HEADERS,
      "content-type": "application/json",
      authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
    },
    body: JSON.stringify({ access_token }),
  });
  // 404 and 422: the token is of no worth any more.
  if (answer.ok || answer.status === 404 || answer.status === 422) return;
  throw new LoginError("provider-error", { reason: providerText(`status ${answer.status}`, "") });
}
