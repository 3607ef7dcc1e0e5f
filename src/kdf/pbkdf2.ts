/**
 * PBKDF2-HMAC (RFC 8018, section 5.2).
 *
 * @module
 */

import type { Hash, KdfRequest } from "../backends/backend.ts";
import { DIGEST_LENGTH } from "../backends/backend.ts";
import { blockCount, derive, deriveSync, type KeyJob } from "../backends/derive.ts";
import { type BackendChoice, checkBackend } from "../backends/select/available.ts";
import { pickKdf, pickKdfSync } from "../backends/select/kdf.ts";
import {
  checkArray,
  checkInteger,
  checkIterations,
  inputBytes,
  kindOf,
  quoted,
} from "../checks.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { deriveMany } from "../workers/derive_many.ts";
import { checkWorkers } from "../workers/pool.ts";

const MAX_LENGTH = 1 << 20;

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
   * the backend works in slices, at once where it is native, whose work then
   * goes on unseen.
   */
  signal?: AbortSignal;
  /**
   * Is told how much is done. A native backend reports only ends.
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
   * their work. Only the kernel (`"wasm"`) has use for them: a native backend has
   * threads of the platform's, and `"portable"` stays in the calling thread.
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

interface Pbkdf2Settings {
  readonly iterations: number;
  readonly hash: Hash;
  readonly length: number;
  readonly backend: BackendChoice;
}

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
 * surrogate, or the hash or the backend has no such name.
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
  const settings = checkSettings(options);
  const job = new PendingKey(password, salt, settings);
  try {
    const backend = await pickKdf(settings.backend, settings.hash, settings.iterations, 1);
    const total = settings.iterations * blockCount(job.request);
    let done = 0;
    await derive(backend, [job], {
      signal: options.signal,
      onIterations: (count) => options.onProgress?.(done += count, total),
    });
    return job.key;
  } finally {
    job.wipe();
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
  const settings = checkSettings(options);
  const job = new PendingKey(password, salt, settings);
  try {
    deriveSync(pickKdfSync(settings.backend, settings.hash, settings.iterations), [job]);
    return job.key;
  } finally {
    job.wipe();
  }
}

/**
 * Derives many keys, each of its own password and salt, faster than one after
 * the other where the backend can.
 *
 * @param inputs The passwords and salts.
 * @param options The iterations, and the rest with its defaults, how many workers
 * derive the keys among it; `onProgress` counts keys.
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
  const settings = checkSettings(options);
  const workers = checkWorkers(options.workers);
  const jobs: PendingKey[] = [];
  try {
    for (const input of all) jobs.push(new PendingKey(input?.password, input?.salt, settings));
    const count = jobs.length;
    const blocks = jobs.reduce((sum, { request }) => sum + blockCount(request), 0);
    let done = 0;
    await deriveMany({ ...settings, blocks, workers }, jobs, {
      count,
      signal: options.signal,
      onJob: () => options.onProgress?.(++done, count),
    });
    return jobs.map(({ key }) => key);
  } finally {
    jobs.forEach((job) => job.wipe());
  }
}

/** A key at one cost. */
class PendingKey implements KeyJob {
  readonly request: KdfRequest;
  readonly costs: readonly number[];
  #key: Bytes | undefined;

  constructor(
    password: string | Uint8Array,
    salt: string | Uint8Array,
    { hash, length, iterations }: Pbkdf2Settings,
  ) {
    const saltBytes = inputBytes(salt, "the salt");
    this.request = {
      hash,
      length,
      salt: saltBytes,
      password: inputBytes(password, "the password"),
    };
    this.costs = [iterations];
  }

  get key(): Bytes {
    if (!this.#key) throw new Error("unreachable: the derivation has ended");
    return this.#key;
  }

  accept(key: Bytes): boolean {
    this.#key = key.slice();
    return true;
  }

  wipe(): void {
    this.request.password.fill(0);
  }
}

function checkSettings(options: Pbkdf2SyncOptions): Pbkdf2Settings {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot derive a key: expected options with \`iterations\`, got ${kindOf(options)}`,
    );
  }
  const { iterations, hash = "SHA-256", length = 32, backend } = options;
  if (typeof hash !== "string" || !Object.hasOwn(DIGEST_LENGTH, hash)) {
    throw new TypeError(
      `Cannot use the hash ${quoted(hash)}: expected one of ${
        Object.keys(DIGEST_LENGTH).join(", ")
      }`,
    );
  }
  return {
    hash,
    backend: checkBackend(backend),
    iterations: checkIterations(iterations),
    length: checkInteger(length, "length", 1, MAX_LENGTH),
  };
}
