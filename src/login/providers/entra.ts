/**
 * Microsoft Entra ID, formerly Azure Active Directory.
 *
 * Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
 * /id-token-claims-reference, /v2-protocols-oidc;
 * learn.microsoft.com/graph/api/user-list-transitivememberof (read 2026-11-25).
 *
 * @module
 */

import { checkBoolean, checkOptions, quoted } from "../../checks.ts";
import { type Api, fetchPages } from "../api.ts";
import { LoginError } from "../errors.ts";
import {
  checkClient,
  CLIENT,
  type Client,
  makeProvider,
  type Provider,
  type ServerMetadata,
} from "../provider.ts";
import { type JsonObject, textOf, type UserGroup, userOfClaims } from "../user.ts";

const HOST = "https://login.microsoftonline.com";
const GRAPH = "https://graph.microsoft.com/v1.0";
const SCOPES = ["openid", "profile", "email", "User.Read"];
const OFFLINE_SCOPE = "offline_access";
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The directory of all personal accounts. */
const PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad";
/** Directories whose keys are kept: an app for everybody sees many. */
const MOST_SERVERS = 100;

/** Options of {@linkcode entra}. */
export interface EntraOptions extends Client {
  /**
   * Who can sign in: the id of a directory (a GUID), `"organizations"`,
   * `"consumers"`, or all of them as `"common"`.
   *
   * @default {"common"}
   */
  tenant?: string;
  /**
   * Whether to ask for a refresh token.
   *
   * @default {false}
   */
  offline?: boolean;
}

/**
 * Microsoft Entra ID: accounts of work and school, and personal ones.
 *
 * `user.subject` is `tid.oid`, the directory and the person, which is the same in all
 * apps. The e-mail address is never verified: a directory's administrator can write
 * anybody's there. `groups` are those of the directory, nested ones too; personal
 * accounts have none. Without more than `User.Read` some have their id as the name.
 *
 * @param options The app, and who may sign in.
 * @returns The provider.
 * @throws {TypeError} If an option is missing or of the wrong type.
 *
 * @example One organisation
 * ```ts
 * import { entra } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const provider = entra({
 *   clientId: "535fb089-9ff3-47b6-9bfb-4f1264799865",
 *   clientSecret: "a secret",
 *   tenant: "8eaef023-2b34-4da1-9baa-8bc8c9d6a490",
 *   offline: true,
 * });
 * assertEquals(provider.name, "Microsoft");
 * ```
 */
export function entra(options: EntraOptions): Provider {
  const { tenant = "common", offline = false, ...rest } = checkOptions(options, [
    ...CLIENT,
    "tenant",
    "offline",
  ]);
  const isIn = directoryTest(tenant);
  const scopes = checkBoolean(offline, "offline") ? [...SCOPES, OFFLINE_SCOPE] : SCOPES;
  const client = checkClient(rest, scopes);
  const authority = `${HOST}/${tenant}`;
  const issuer = `${authority}/v2.0`;
  const servers = new Map<string, ServerMetadata>();
  return makeProvider({ id: "entra", name: "Microsoft", issuer }, {
    ...client,
    server: {
      issuer,
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
      end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
      jwks_uri: `${authority}/discovery/v2.0/keys`,
      id_token_signing_alg_values_supported: ["RS256"],
    },
    isOpenId: true,
    hasNonce: true,
    hasPkce: true,
    clientAuth: "post",
    // It sends none so far; if it does, it is the one of the user's directory.
    acceptsIssuer: (iss) =>
      isIn(iss.slice(HOST.length + 1, -"/v2.0".length)) &&
      iss === issuerOf(iss.slice(HOST.length + 1, -"/v2.0".length)),
    serverOf: ({ tid }, server) => {
      if (typeof tid !== "string" || !isIn(tid)) {
        throw new LoginError("bad-id-token", { reason: "the account is of another directory" });
      }
      // The keys of all directories verify the tokens of any: those of one do not.
      const own = servers.get(tid) ?? {
        ...server,
        issuer: issuerOf(tid),
        jwks_uri: `${HOST}/${tid}/discovery/v2.0/keys`,
      };
      if (servers.size >= MOST_SERVERS) servers.clear();
      servers.set(tid, own);
      return own;
    },
    subjectOf,
    fetchUser: async (api, { claims = {}, tokens }) => {
      const subject = subjectOf(claims);
      const groups = client.groups
        ? claims.tid === PERSONAL ? [] : await fetchGroups(api, tokens.access_token)
        : undefined;
      return { ...userOfClaims(claims, subject, groups), emailVerified: false };
    },
  });
}

function issuerOf(tid: string): string {
  return `${HOST}/${tid}/v2.0`;
}

/** Whether a directory is one of those that may sign in. */
function directoryTest(tenant: string): (tid: string) => boolean {
  if (tenant === "common") return (tid) => GUID.test(tid);
  if (tenant === "organizations") return (tid) => GUID.test(tid) && tid !== PERSONAL;
  if (tenant === "consumers") return (tid) => tid === PERSONAL;
  if (GUID.test(tenant)) return (tid) => tid === tenant;
  throw new TypeError(
    `Cannot use the tenant ${quoted(tenant)}: expected the directory's id, a GUID in lower case, ` +
      'or "common", "organizations" or "consumers"',
  );
}

/** `sub` is another one in each app, and e-mail addresses belong to nobody. */
function subjectOf({ tid, oid }: JsonObject): string {
  if (typeof tid === "string" && typeof oid === "string" && oid !== "") return `${tid}.${oid}`;
  throw new LoginError("bad-id-token", {
    reason: 'the ID token has no "oid": ask for the scope "profile"',
  });
}

async function fetchGroups(api: Api, token: string): Promise<UserGroup[]> {
  const first = `${GRAPH}/me/transitiveMemberOf/microsoft.graph.group` +
    "?$select=id,displayName&$top=999";
  return await fetchPages(api, first, token, ({ body }) => {
    const { value, "@odata.nextLink": next } = body as JsonObject;
    if (!Array.isArray(value)) {
      throw new LoginError("bad-response", { reason: "its groups are no list" });
    }
    return {
      items: value.flatMap(groupOf),
      ...typeof next === "string" && { next },
    };
  });
}

/** What the app may not see is `null`. */
function groupOf(group: JsonObject | null): UserGroup[] {
  const id = textOf(group?.id);
  return id === undefined ? [] : [{ id, name: textOf(group?.displayName) ?? id }];
}
