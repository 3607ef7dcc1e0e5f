/**
 * What calls do with the buffers that hold keys: the very buffers are kept, and
 * looked at when the call has ended.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { getBackend } from "../../src/backends/select/available.ts";
import type { OpenedToken } from "../../src/backends/token.ts";
import type { Opened } from "../../src/bytes/batch.ts";

/** A buffer, and what was in it when it was seen. */
export interface Seen {
  /** The buffer. */
  readonly bytes: Uint8Array;
  /** What was in it. */
  readonly then: string;
}

/** The buffers that passed through the backend `"node"` while some work was done. */
export interface Passed {
  /** Passwords that keys were derived from. */
  readonly passwords: Seen[];
  /** Keys that were derived. */
  readonly derived: Seen[];
  /** Keys that sealed or opened. */
  readonly cipherKeys: Seen[];
  /** Plaintexts that were opened. */
  readonly plaintexts: Seen[];
  /** Keys and data of HMAC, and what it gave. */
  readonly hmac: Seen[];
  /** Short copies that were made of bytes, and of text. */
  readonly copies: Seen[];
}

/** Does work on the backend `"node"`, of whose buffers it keeps track. */
export async function watchNode(work: () => unknown): Promise<Passed> {
  const { sync, async, gcm, kdf: { native } } = getBackend("node");
  assert(sync?.single && async.single && gcm && native);
  const passed: Passed = {
    passwords: [],
    derived: [],
    cipherKeys: [],
    plaintexts: [],
    hmac: [],
    copies: [],
  };
  const note = (list: Seen[]) => (bytes: unknown) => {
    if (bytes instanceof Uint8Array) list.push({ bytes, then: bytes.toHex() });
  };
  const onDerived = note(passed.derived);
  const onPassword = ([request]: unknown[]) =>
    note(passed.passwords)(Reflect.get(Object(request), "password"));
  const onKey = ([key]: unknown[]) => note(passed.cipherKeys)(key);
  const onSingleKey = ([given]: unknown[]) => onKey([Reflect.get(Object(given), "key")]);
  const onSingle = (opened: unknown) =>
    note(passed.plaintexts)((opened as OpenedToken | undefined)?.plaintext);
  const onOpened = (opened: unknown) =>
    note(passed.plaintexts)((opened as Opened).plaintexts.bytes);
  const onHmac = (given: unknown[]) => given.forEach(note(passed.hmac));
  const onCopy = (copy: unknown) => (copy as Uint8Array).length <= 64 && note(passed.copies)(copy);
  const restore = [
    watch(native, "derive", onPassword, onDerived),
    watch(native, "deriveSync", onPassword, onDerived),
    watch(async, "seal", onKey),
    watch(sync, "seal", onKey),
    watch(async, "open", onKey, onOpened),
    watch(sync, "open", onKey, onOpened),
    watch(sync.single, "seal", onKey),
    watch(async.single, "seal", onSingleKey),
    watch(sync.single, "open", onKey, onSingle),
    watch(async.single, "open", onSingleKey, onSingle),
    watch(gcm, "seal", onKey),
    watch(gcm, "open", onKey),
    watch(async, "hmac", onHmac, note(passed.hmac)),
    watch(Uint8Array.prototype, "slice", () => {}, onCopy),
    watch(TextEncoder.prototype, "encode", () => {}, onCopy),
  ];
  try {
    await work();
    return passed;
  } finally {
    restore.forEach((undo) => undo());
  }
}

/**
 * Has a method tell what it is given and what it gives.
 *
 * @returns What ends that.
 */
function watch<Name extends string>(
  object: { [Key in Name]?: unknown },
  name: Name,
  before: (given: unknown[]) => void,
  after: (result: unknown) => void = () => {},
): () => void {
  const method = object[name];
  assert(typeof method === "function");
  object[name] = function (this: unknown, ...given: unknown[]) {
    before(given);
    const result: unknown = Reflect.apply(method, this, given);
    if (!(result instanceof Promise)) {
      after(result);
      return result;
    }
    return result.then((value) => {
      after(value);
      return value;
    });
  };
  return () => object[name] = method;
}

/** Asserts that secrets were seen, and that none is in the buffers any more. */
export function assertAllWiped(seen: readonly Seen[], secrets: readonly string[]): void {
  for (const secret of secrets) {
    const holders = seen.filter(({ then }) => then === secret);
    assert(holders.length > 0, "a secret was not seen");
    assertEquals(holders.filter(({ bytes }) => bytes.some(Boolean)).length, 0);
  }
}
