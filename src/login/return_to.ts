/**
 * Where the user goes after the login: a path of this site, and nothing else.
 *
 * @module
 */

/** Nobody has it: `.invalid` is reserved (RFC 2606). */
const BASE = "http://ironfern.invalid";
/** Characters of the longest path: it stands in a cookie. */
const LONGEST = 1_000;

/** The path, or `/` where it leads to another site. */
export function localPath(text: string | undefined): string {
  if (typeof text !== "string" || text.length > LONGEST) return "/";
  const once = pathWithin(text);
  // Of "/.//evil.example" the path is "//evil.example", which a browser takes for a host.
  const isPath = once !== undefined && pathWithin(once) === once;
  // As it is written there, "€" has nine characters.
  return isPath && once.length <= LONGEST ? once : "/";
}

function pathWithin(text: string): string | undefined {
  if (!text.startsWith("/") || !URL.canParse(text, BASE)) return undefined;
  const { origin, pathname, search, hash } = new URL(text, BASE);
  return origin === BASE ? pathname + search + hash : undefined;
}
