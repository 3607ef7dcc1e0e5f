/**
 * A passkey as a key wrapper, by the PRF extension of WebAuthn.
 *
 *     key     = HKDF-SHA256(PRF(SHA-256("ironfern/passkey/1")), "ironfern/passkey/1")
 *     wrapped = the ASCII text of a Fernet token under it
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { decodeLatin1, encodeAscii } from "../bytes/text.ts";
import { checkOptions, checkString, isBytes, kindOf } from "../checks.ts";
import { Fernet } from "../fernet/fernet.ts";
import { hostGlobal } from "../runtime/host.ts";
import { StorageError } from "./errors.ts";
import { withDerived } from "./keys.ts";
import { fromBase64Url, toBase64Url } from "./vault_header.ts";
import { PASSKEY } from "./vault_place.ts";
import { keyed, type KeyWrapper } from "./vault_slots.ts";

/** ES256 and RS256 (RFC 8152, RFC 8812). */
const ALGORITHMS = [-7, -257];
/** SHA-256 of "ironfern/passkey/1": what the passkey is asked to make a secret of. */
const PRF_INPUT = "f8YpJz9cT3c5ADhrmkZxtMWyH0VzJgKDu3dkf-vRDhc";

/** Options of {@linkcode passkey}. */
export interface PasskeyOptions {
  /** The domain that the passkey is for: the page's, or one above it. */
  rpId: string;
  /** Whose passkey it is: an id of 1 to 64 bytes, and a name to be shown. */
  user: { id: Uint8Array; name: string };
  /**
   * The credential's id, for a passkey that exists: what follows `passkey:` in the
   * `wrapper` of the vault's slot.
   *
   * @default {a new passkey is made}
   */
  credential?: string;
}

interface Credential {
  readonly rawId: ArrayBuffer;
  getClientExtensionResults(): {
    prf?: { enabled?: boolean; results?: { first?: ArrayBuffer | Uint8Array } };
  };
}

interface Credentials {
  create(options: { publicKey: unknown }): Promise<Credential | null>;
  get(options: { publicKey: unknown }): Promise<Credential | null>;
}

/**
 * A passkey as a key wrapper, in browsers: it opens a vault by a touch or a PIN.
 * Where `credential` is missing, a new passkey is made.
 *
 * Not every browser and authenticator has the PRF extension, and some have given
 * other bytes after an update: a vault has to have another slot too.
 *
 * @param options The domain, the user, the credential.
 * @returns The wrapper, whose id is `passkey:` and the credential's id.
 * @throws {StorageError} `unavailable`, if there is no WebAuthn, the user declines,
 * or the passkey has no PRF.
 * @throws {TypeError} If an option is of the wrong kind.
 *
 * @example Add a passkey, and open with it
 * ```ts ignore
 * import { passkey, Vault } from "@ironfern/ironfern/storage";
 *
 * const user = { id: new TextEncoder().encode("ada"), name: "ada@example.org" };
 * const { wrapper } = await vault.addSlot(await passkey({ rpId: location.hostname, user }));
 *
 * const credential = wrapper!.slice("passkey:".length);
 * const opened = await Vault.open(
 *   store,
 *   await passkey({ rpId: location.hostname, user, credential }),
 * );
 * ```
 */
export async function passkey(options: PasskeyOptions): Promise<KeyWrapper> {
  const { rpId, user, credential } = checkOptions(options, ["rpId", "user", "credential"]);
  checkString(rpId, "rpId");
  if (!isBytes(user?.id)) {
    throw new TypeError(`Cannot use user: expected an id of bytes and a name, got ${kindOf(user)}`);
  }
  checkString(user.name, "the user's name");
  if (credential !== undefined) checkString(credential, "credential");
  const credentials = hostGlobal<{ credentials?: Credentials }>("navigator")?.credentials;
  if (!credentials) throw unavailable("this runtime has no WebAuthn");
  const id = credential ?? await createPasskey(credentials, rpId, user);
  const rawId = fromBase64Url(id);
  if (!rawId) throw new TypeError("Cannot use credential: it is not base64url without padding");
  return {
    id: PASSKEY + id,
    async wrap(key) {
      const wrapped = await withPasskey(credentials, rpId, rawId, (fernet) => fernet.encrypt(key));
      return encodeAscii(wrapped);
    },
    async unwrap(wrapped) {
      const token = decodeLatin1(wrapped);
      return await withPasskey(credentials, rpId, rawId, (fernet) => fernet.decrypt(token));
    },
  };
}

async function createPasskey(
  credentials: Credentials,
  rpId: string,
  user: PasskeyOptions["user"],
): Promise<string> {
  const made = await asked(() =>
    credentials.create({
      publicKey: {
        rp: { id: rpId, name: rpId },
        user: { id: user.id, name: user.name, displayName: user.name },
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
        extensions: { prf: {} },
      },
    })
  );
  if (!made.getClientExtensionResults().prf?.enabled) {
    throw unavailable("this passkey has no PRF, so it cannot keep a key");
  }
  return toBase64Url(new Uint8Array(made.rawId));
}

/** Asks the passkey for its secret, and does work with the key made of it. */
async function withPasskey<T>(
  credentials: Credentials,
  rpId: string,
  id: Bytes,
  work: (fernet: Fernet) => T,
): Promise<T> {
  const used = await asked(() =>
    credentials.get({
      publicKey: {
        rpId,
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        allowCredentials: [{ type: "public-key", id }],
        userVerification: "required",
        extensions: { prf: { eval: { first: fromBase64Url(PRF_INPUT) } } },
      },
    })
  );
  const first = used.getClientExtensionResults().prf?.results?.first;
  if (!first) throw unavailable("this passkey has no PRF, so it cannot keep a key");
  const secret = Uint8Array.from(isBytes(first) ? first : new Uint8Array(first));
  try {
    return await withDerived(keyed(secret), "passkey", (derived) => {
      const fernet = new Fernet(derived.key);
      try {
        return Promise.resolve(work(fernet));
      } finally {
        fernet.destroy();
      }
    });
  } finally {
    secret.fill(0);
  }
}

/** What the user's agent gives, or why it does not. */
async function asked(ask: () => Promise<Credential | null>): Promise<Credential> {
  try {
    const credential = await ask();
    if (credential) return credential;
  } catch (cause) {
    throw unavailable("the passkey was not used", cause);
  }
  throw unavailable("the passkey was not used");
}

function unavailable(reason: string, cause?: unknown): StorageError {
  return new StorageError("unavailable", { reason, ...cause !== undefined && { cause } });
}
