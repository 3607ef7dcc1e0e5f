/**
 * What is known of PBKDF2-HMAC (RFC 8018, section 5.2), the one KDF for
 * passphrases: its parameters, their bounds, and how keys are derived. A second
 * KDF would get its place here.
 *
 * @module
 */

import { DIGEST_LENGTH, type Hash, type KdfRequest } from "../backends/backend.ts";
import {
  blockCount,
  type CandidateKey,
  keysAt as backendKeysAt,
  keysAtSync as backendKeysAtSync,
  type WantedKey,
} from "../backends/derive.ts";
import type { BackendChoice } from "../backends/select/available.ts";
import { pickKdf, pickKdfSync } from "../backends/select/kdf.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { checkInteger, checkOptions, quoted } from "../checks.ts";

export type { CandidateKey, WantedKey } from "../backends/derive.ts";
export { type ManyKeys, manyKeysAt } from "../workers/derive_many.ts";

/** Bytes that a derived key may have. */
const MAX_LENGTH = 1 << 20;

/** Where keys are derived, and how that is followed and stopped. */
export interface DerivationOptions {
  /** The choice, checked; absent it is `"auto"`. */
  readonly backend?: BackendChoice;
  /** Rejects with its reason within one slice. */
  readonly signal?: AbortSignal;
  /** Called with the iterations that are done, and with all that there are at most. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/**
 * Checks a hash's name.
 *
 * @throws {TypeError} If there is no such hash.
 */
export function checkHash(hash: Hash): Hash {
  if (typeof hash === "string" && Object.hasOwn(DIGEST_LENGTH, hash)) return hash;
  const names = Object.keys(DIGEST_LENGTH).join(", ");
  throw new TypeError(`Cannot use the hash ${quoted(hash)}: expected one of ${names}`);
}

/**
 * Checks the length of a derived key.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer from 1 to 1,048,576.
 */
export function checkKeyLength(length: number): number {
  return checkInteger(length, "length", 1, MAX_LENGTH);
}

/**
 * As {@linkcode checkOptions}, for calls among whose options are `iterations`:
 * other libraries take the number itself as an argument.
 *
 * @throws {TypeError} If the options are no object or have an unknown name.
 */
export function checkKdfOptions<T extends object>(
  options: T | undefined,
  names: readonly (keyof T & string)[],
): T {
  if (typeof options === "number") {
    throw new TypeError(
      "Cannot use the options: expected an object, got number, so write { iterations: … }",
    );
  }
  return checkOptions(options, names);
}

/** Derives one key in the calling thread, at each of its costs. */
export function keysAtSync(
  wanted: WantedKey,
  backend: BackendChoice = "auto",
): Generator<CandidateKey, void> {
  const picked = pickKdfSync(backend, wanted.request.hash, greatestCost(wanted));
  return backendKeysAtSync(picked, [wanted]);
}

/** Derives one key, at each of its costs, with pauses for the event loop or off the thread. */
export async function* keysAt(
  wanted: WantedKey,
  { backend: choice = "auto", signal, onProgress }: DerivationOptions,
): AsyncGenerator<CandidateKey, void> {
  const { request, costs } = wanted;
  signal?.throwIfAborted();
  const backend = await pickKdf(choice, request.hash, greatestCost(wanted), 1);
  // A native backend begins anew for each cost.
  const iterations = backend.kdf.native
    ? costs.reduce((sum, cost) => sum + cost, 0)
    : greatestCost(wanted);
  const total = iterations * blockCount(request);
  let done = 0;
  const onIterations = (count: number) => onProgress?.(done += count, total);
  yield* backendKeysAt(backend, [wanted], { signal, onIterations });
}

/** Derives a key of one cost in the calling thread. */
export function deriveKeySync(
  request: KdfRequest,
  iterations: number,
  backend?: BackendChoice,
): Bytes {
  for (const { key } of keysAtSync({ request, costs: [iterations] }, backend)) return key.slice();
  throw new Error("unreachable: a key of one cost comes to it");
}

/** Derives a key of one cost, with pauses for the event loop or off the thread. */
export async function deriveKey(
  request: KdfRequest,
  iterations: number,
  options: DerivationOptions,
): Promise<Bytes> {
  for await (const { key } of keysAt({ request, costs: [iterations] }, options)) {
    return key.slice();
  }
  throw new Error("unreachable: a key of one cost comes to it");
}

function greatestCost({ costs }: WantedKey): number {
  return Math.max(...costs);
}
