/**
 * Who signed in.
 *
 * @module
 */

import type { Json } from "../storage/json.ts";

/** A group, a team or a role of a user. */
export interface UserGroup {
  /** What names it for good. */
  readonly id: string;
  /** What people call it; the id, where the provider tells no name. */
  readonly name: string;
}

/** Who signed in. */
export interface User {
  /** `provider:subject`: what to find the user by. It is never an e-mail address. */
  readonly id: string;
  /** The id of the provider. */
  readonly provider: string;
  /** The provider's id of the user, which stays the same. */
  readonly subject: string;
  /** The name to show. */
  readonly name?: string;
  /** The e-mail address. It may change, and may be another's: see `emailVerified`. */
  readonly email?: string;
  /** Whether the provider says that the address belongs to the user. */
  readonly emailVerified: boolean;
  /** The URL of a picture, by https. */
  readonly picture?: string;
  /** The groups, all pages of them, where the provider was asked for them. */
  readonly groups?: readonly UserGroup[];
  /** All that the provider told of the user. */
  readonly raw: Json;
}

/** What a provider tells of a user. */
export type UserDetails = Omit<User, "id" | "provider">;

/** What providers answer: an object of JSON. */
export type JsonObject = { readonly [name: string]: Json | undefined };

/** Characters of the longest name, address and id. */
const LONGEST = 1_000;
/** Characters of the longest URL of a picture. */
const LONGEST_URL = 4_000;

/** A text of an answer, where it is one of a bearable length. */
export function textOf(value: unknown, longest: number = LONGEST): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= longest ? value : undefined;
}

/** The URL of a picture, if it is one that a page may show: no script, no `data:`. */
export function pictureOf(value: unknown): string | undefined {
  const url = textOf(value, LONGEST_URL);
  return url && URL.canParse(url) && new URL(url).protocol === "https:" ? url : undefined;
}

/**
 * The user's details out of the standard claims (OpenID Connect Core, section 5.1).
 *
 * @param subject The id, where it is not the claim `sub`.
 */
export function userOfClaims(
  claims: JsonObject,
  subject: string,
  groups?: readonly UserGroup[],
): UserDetails {
  const name = textOf(claims.name) ?? textOf(claims.preferred_username);
  const email = textOf(claims.email);
  const picture = pictureOf(claims.picture);
  return {
    subject,
    ...name !== undefined && { name },
    ...email !== undefined && { email },
    // Some send it as text: "false" would be true.
    emailVerified: email !== undefined &&
      (claims.email_verified === true || claims.email_verified === "true"),
    ...picture !== undefined && { picture },
    ...groups && { groups },
    raw: claims as Json,
  };
}

/** Groups as a claim lists them: names, or objects with an id and a name. */
export function groupsOfClaim(value: unknown): UserGroup[] {
  if (typeof value === "string") return groupsOfClaim([value]);
  if (!Array.isArray(value)) return [];
  return value.flatMap((group: unknown): UserGroup[] => {
    const isObject = typeof group === "object" && group !== null;
    const { id, name } = (isObject ? group : { id: group }) as Record<string, unknown>;
    const known = typeof id === "number" ? String(id) : textOf(id) ?? textOf(name);
    return known === undefined ? [] : [{ id: known, name: textOf(name) ?? known }];
  });
}
