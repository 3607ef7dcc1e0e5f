/**
 * What calls do with the buffers that hold keys: the very buffers are kept, and
 * looked at when the call has ended.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { AsyncFernetEngine } from "../../src/backends/backend.ts";
import { getBackend } from "../../src/backends/select/available.ts";

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
  readonly fernetKeys: Seen[];
  /** Keys and data of HMAC, and what it gave. */
  readonly hmac: Seen[];
  /** Copies that were made of any bytes. */
  readonly copies: Seen[];
}

/** Does work on the backend `"node"`, of whose buffers it keeps track. */
export async function watchNode(work: () => Promise<unknown>): Promise<Passed> {
  const backend = getBackend("node");
  const native = backend.kdf.native;
  assert(native);
  const engine: { -readonly [Name in keyof AsyncFernetEngine]: AsyncFernetEngine[Name] } =
    backend.async;
  const passed: Passed = { passwords: [], derived: [], fernetKeys: [], hmac: [], copies: [] };
  const note = (list: Seen[], bytes: Uint8Array) => void list.push({ bytes, then: bytes.toHex() });
  const { derive } = native;
  const { seal, open, hmac } = engine;
  const { slice } = Uint8Array.prototype;
  native.derive = async (request, iterations) => {
    note(passed.passwords, request.password);
    const key = await derive(request, iterations);
    note(passed.derived, key);
    return key;
  };
  engine.seal = (key, ...rest) => {
    note(passed.fernetKeys, key);
    return seal(key, ...rest);
  };
  engine.open = (key, ...rest) => {
    note(passed.fernetKeys, key);
    return open(key, ...rest);
  };
  engine.hmac = async (key, data) => {
    note(passed.hmac, key);
    note(passed.hmac, data);
    const tag = await hmac(key, data);
    note(passed.hmac, tag);
    return tag;
  };
  Uint8Array.prototype.slice = function (...range) {
    const copy = slice.apply(this, range);
    if (copy.length <= 64) note(passed.copies, copy);
    return copy;
  };
  try {
    await work();
    return passed;
  } finally {
    Uint8Array.prototype.slice = slice;
    native.derive = derive;
    Object.assign(engine, { seal, open, hmac });
  }
}

/** Asserts that secrets were seen, and that none is in the buffers any more. */
export function assertAllWiped(seen: readonly Seen[], secrets: readonly string[]): void {
  for (const secret of secrets) {
    const holders = seen.filter(({ then }) => then === secret);
    assert(holders.length > 0, "a secret was not seen");
    assertEquals(holders.filter(({ bytes }) => bytes.some(Boolean)).length, 0);
  }
}
