/**
 * What the keys of logins are derived for, by HKDF-SHA256 (RFC 5869) from the
 * caller's:
 *
 *     saved login   derive(root, "ironfern/login/1" || id)
 *     its name      derive(root, "ironfern/login-names/1")
 *     kept token    derive(root, "ironfern/token/1")
 *
 * The key of a saved login is made of the server's key and of the random id that
 * only the browser's cookie holds: the store and the server's key together do not
 * open it without that cookie.
 *
 * @module
 */

import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { encodeAscii } from "../bytes/text.ts";

/** None is the beginning of another one, but for an id of 32 bytes at the end. */
export const INFOS = {
  /** Seals a saved login; the login's id follows. */
  login: encodeAscii("ironfern/login/1"),
  /** Makes the names of saved logins. */
  names: encodeAscii("ironfern/login-names/1"),
  /** Seals tokens that the client keeps. */
  token: encodeAscii("ironfern/token/1"),
} as const;

/** The info of a saved login's key. */
export function loginInfo(id: Bytes): Bytes {
  return concatBytes([INFOS.login, id]);
}
