/**
 * PBKDF2-HMAC (RFC 8018, section 5.2).
 *
 * @module
 */

import type { Hash, KdfRequest } from "../backends/backend.ts";
import { type BackendChoice, checkBackend } from "../backends/select/available.ts";
import {
  checkArray,
  checkIterations,
  checkOnProgress,
  checkSignal,
  inputBytes,
  kindOf,
} from "../checks.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { checkWorkers } from "../workers/pool.ts";
import {
  checkHash,
  checkKdfOptions,
  checkKeyLength,
  deriveKey,
  deriveKeySync,
  manyKeysAt,
} from "./kdf.ts";

const SYNC_OPTIONS = ["iterations", "hash", "length", "backend"] as const;
const ASYNC_OPTIONS = [...SYNC_OPTIONS, "signal", "onProgress"] as const;
const MANY_OPTIONS = [...ASYNC_OPTIONS, "workers"] as const;

/** Options of {@linkcode pbkdf2Sync}. */
export interface Pbkdf2SyncOptions {
  /** How many iterations: an integer from 1 to 2^32-1. */
  iterations: number;
  /**
   * The hash under HMAC.
   *
   * @default {"SHA-256"}
   */
  hash?: Hash;
  /**
   * Bytes of the derived key: an integer from 1 to 1,048,576.
   *
   * @default {32}
   */
  length?: number;
  /**
   * The backend: `"auto"` takes the one that is fastest on this machine.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
}

/** Options of {@linkcode pbkdf2}. */
export interface Pbkdf2Options extends Pbkdf2SyncOptions {
  /**
   * Rejects the call with its reason when it is aborted: within one slice where
   * the backend works in slices, at once where it is native; native work then goes
   * on, and its result is dropped.
   */
  signal?: AbortSignal;
  /**
   * Called with the progress. A native backend reports only ends.
   *
   * @param done Iterations of all output blocks, or in `pbkdf2Many` keys.
   * @param total How many there are.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Options of {@linkcode pbkdf2Many}. */
export interface Pbkdf2ManyOptions extends Pbkdf2Options {
  /**
   * How many worker threads derive the keys, an integer from 0 to 64; with 0 the
   * calling thread does, in slices. Workers are started when first wanted and
   * stay for the next call; where none can be started the calling thread does
   * their work. Only the kernel (`"wasm"`) uses them: a native backend has the
   * platform's threads, and `"portable"` stays in the calling thread.
   *
   * @default {as many as there are processors, if the keys are enough to keep them busy}
   */
  workers?: number;
}

/** What one key of {@linkcode pbkdf2Many} is derived from. */
export interface Pbkdf2Input {
  /** The password, text (as UTF-8) or bytes, 1 MiB at most. */
  password: string | Uint8Array;
  /** The salt, text (as UTF-8) or bytes, 1 MiB at most. */
  salt: string | Uint8Array;
}

/** Options when they are checked, with their defaults. */
type Settings = Required<Pbkdf2SyncOptions> & Pbkdf2ManyOptions;

/**
 * Derives a key from a password by PBKDF2-HMAC (RFC 8018, section 5.2), with
 * pauses for the event loop or off the thread.
 *
 * @param password The password, text (as UTF-8, not normalised) or bytes, 1 MiB
 * at most.
 * @param salt The salt, text (as UTF-8) or bytes: 16 random ones in new designs.
 * @param options The iterations, and the rest with its defaults.
 * @returns The derived key's bytes.
 * @throws {TypeError} If an argument is of the wrong type, text holds a lone
 * surrogate, an option is unknown, or the hash or the backend has no such name.
 * @throws {RangeError} If a number is out of its bounds or an input too long.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example A key for a purpose of your own
 * ```ts
 * import { pbkdf2 } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const salt = crypto.getRandomValues(new Uint8Array(16));
 * const derivedKey = await pbkdf2("correct horse", salt, { iterations: 600_000 });
 * assertEquals(derivedKey.length, 32);
 * ```
 */
export async function pbkdf2(
  password: string | Uint8Array,
  salt: string | Uint8Array,
  options: Pbkdf2Options,
): Promise<Bytes> {
  const settings = checkSettings(options, ASYNC_OPTIONS);
  const request = kdfRequest(password, salt, settings);
  try {
    return await deriveKey(request, settings.iterations, settings);
  } finally {
    request.password.fill(0);
  }
}

/**
 * Derives a key from a password by PBKDF2-HMAC in the calling thread, which
 * waits for it: {@linkcode pbkdf2} does not.
 *
 * @param password The password, text (as UTF-8, not normalised) or bytes, 1 MiB
 * at most.
 * @param salt The salt, text (as UTF-8) or bytes.
 * @param options The iterations, and the rest with its defaults.
 * @returns The derived key's bytes.
 * @throws {TypeError} As {@linkcode pbkdf2}; if the backend is `"webcrypto"`,
 * which has promises only.
 * @throws {RangeError} If a number is out of its bounds or an input too long.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example RFC 6070, third vector
 * ```ts
 * import { pbkdf2Sync } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { iterations: 4096, hash: "SHA-1", length: 20 } as const;
 * const derivedKey = pbkdf2Sync("password", "salt", options);
 * assertEquals([...derivedKey.slice(0, 4)], [0x4b, 0x00, 0x79, 0x01]);
 * ```
 */
export function pbkdf2Sync(
  password: string | Uint8Array,
  salt: string | Uint8Array,
  options: Pbkdf2SyncOptions,
): Bytes {
  const settings = checkSettings(options, SYNC_OPTIONS);
  const request = kdfRequest(password, salt, settings);
  try {
    return deriveKeySync(request, settings.iterations, settings.backend);
  } finally {
    request.password.fill(0);
  }
}

/**
 * Derives many keys, each of its own password and salt, faster than one after
 * the other where the backend can.
 *
 * @param inputs The passwords and salts.
 * @param options The iterations, how many workers derive the keys, and the rest with
 * its defaults; `onProgress` counts keys.
 * @returns The derived keys' bytes, in order.
 * @throws {TypeError} As {@linkcode pbkdf2}, of any input.
 * @throws {RangeError} If a number is out of its bounds or an input too long.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example Two keys
 * ```ts
 * import { pbkdf2Many } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const inputs = ["alice", "bob"].map((salt) => ({ password: "correct horse", salt }));
 * const derivedKeys = await pbkdf2Many(inputs, { iterations: 1_000 });
 * assertEquals(derivedKeys.length, 2);
 * ```
 */
export async function pbkdf2Many(
  inputs: readonly Pbkdf2Input[],
  options: Pbkdf2ManyOptions,
): Promise<Bytes[]> {
  const all = checkArray(inputs, "the inputs");
  const settings = checkSettings(options, MANY_OPTIONS);
  const count = all.length;
  const requests: KdfRequest[] = [];
  const keys: Bytes[] = [];
  let done = 0;
  try {
    for (const input of all) requests.push(kdfRequest(input?.password, input?.salt, settings));
    const wanted = requests.map((request) => ({ request, costs: [settings.iterations] }));
    for await (const { index, key } of manyKeysAt(wanted, { ...settings, count })) {
      keys[index] = key.slice();
      settings.onProgress?.(++done, count);
    }
    return keys;
  } catch (error) {
    for (const key of keys) key?.fill(0);
    throw error;
  } finally {
    for (const { password } of requests) password.fill(0);
  }
}

function kdfRequest(
  password: string | Uint8Array,
  salt: string | Uint8Array,
  { hash, length }: Settings,
): KdfRequest {
  const saltBytes = inputBytes(salt, "the salt");
  return { hash, length, salt: saltBytes, password: inputBytes(password, "the password") };
}

function checkSettings<Options extends Pbkdf2SyncOptions>(
  options: Options,
  names: readonly (keyof Options & string)[],
): Settings {
  if (options === undefined) {
    throw new TypeError(
      `Cannot derive a key: expected options with \`iterations\`, got ${kindOf(options)}`,
    );
  }
  const known: Pbkdf2ManyOptions = checkKdfOptions(options, names);
  const { iterations, hash = "SHA-256", length = 32, backend, signal, onProgress, workers } = known;
  checkSignal(signal);
  checkOnProgress(onProgress);
  return {
    signal,
    onProgress,
    iterations: checkIterations(iterations),
    hash: checkHash(hash),
    length: checkKeyLength(length),
    backend: checkBackend(backend),
    workers: checkWorkers(workers),
  };
}
