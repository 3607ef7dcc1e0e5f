/**
 * What is left of plaintexts in JavaScript's memory: nothing in any buffer but
 * those that the caller gave or was given, on every backend.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BACKENDS, testEach } from "../support/backends.ts";
import { run } from "../support/tools.ts";

interface Found {
  /** Markers in the buffers of the package and the platform. */
  readonly left: number;
  /** Markers in the messages that the call returned. */
  readonly owned: number;
  /** How many buffers were looked at. */
  readonly buffers: number;
}

testEach("No plaintext is left after a call of Fernet", async (backend) => {
  const script = "tests/support/left_plaintexts.ts";
  const { stdout, stderr } = await run(Deno.execPath(), ["run", "-A", script, backend]);
  assert(stdout, stderr);
  const found: Record<string, Found> = JSON.parse(stdout);
  assertEquals(Object.entries(found).filter(([, { left }]) => left > 0), []);
  // Each call is seen at work, and the scan finds what is there.
  assert(Object.values(found).every(({ buffers }) => buffers > 0));
  assertEquals(found.decryptAsync.owned, (48 + 5_008 + 4_000_000) / 16);
}, BACKENDS);
