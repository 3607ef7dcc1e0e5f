/**
 * Several processes on one store, and stores whose writer is killed.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals } from "@std/assert";
import { HAS_REDIS, REDIS_REMEDY, startRedis } from "../support/redis.ts";
import { CHILD, child, inFolder } from "../support/storage_child.ts";
import { ROOT, testWithTool } from "../support/tools.ts";
import { CONTRACT } from "./contract.ts";

const PROCESSES = 8;
const TIMES = 200;
/** Writers that are killed, a store: `deno task kill` kills 50. */
const KILLED = Number(Deno.env.get("IRONFERN_KILLED") ?? 5);

Deno.test("Store Deno KV, on disk: the contract", () =>
  inFolder(async (path) => {
    assertEquals(Number(await child("contract", "kv", `${path}/secrets.kv`)), CONTRACT.length);
  }));

/** Counts in eight processes at once. */
async function countUp(kind: string, place: string): Promise<void> {
  const key = Fernet.generateKey();
  const count = () => child("count", kind, place, key, `${TIMES}`);
  await Promise.all(Array.from({ length: PROCESSES }, count));
  assertEquals(Number(await child("read", kind, place, key)), PROCESSES * TIMES);
}

Deno.test("Eight processes lose no update in SQLite", () =>
  inFolder((path) => countUp("sqlite", `${path}/secrets.db`)));

Deno.test("Eight processes lose no update in Deno KV", () =>
  inFolder((path) => countUp("kv", `${path}/secrets.kv`)));

testWithTool(
  "Eight processes lose no update in Redis",
  HAS_REDIS,
  REDIS_REMEDY,
  () =>
    inFolder(async (path) => {
      const server = await startRedis(path);
      try {
        await countUp("redis", server.socket);
      } finally {
        await server.stop();
      }
    }),
);

/** Kills a process that writes batches, and opens the store again. */
async function killWriter(
  kind: string,
  place: string,
  isWhole: (rounds: ReadonlySet<number>) => boolean,
): Promise<void> {
  const key = Fernet.generateKey();
  for (let turn = 0; turn < KILLED; turn++) {
    const writer = new Deno.Command(Deno.execPath(), {
      args: [...CHILD, "fill", kind, place, key],
      cwd: ROOT,
      stdout: "piped",
    }).spawn();
    const reader = writer.stdout.getReader();
    await reader.read(); // it has begun
    await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 200));
    writer.kill("SIGKILL");
    await writer.status;
    await reader.cancel();
    const { readable, old, unreadable, rounds } = JSON.parse(
      await child("verify", kind, place, key),
    );
    assertEquals([old, unreadable], [0, []]);
    assert(readable === 0 || readable === 300 || kind === "folder", `${readable} values`);
    assert(isWhole(new Set(rounds)), `rounds ${rounds}`);
  }
}

Deno.test("A killed writer leaves whole batches in SQLite", () =>
  inFolder((path) => killWriter("sqlite", `${path}/secrets.db`, ({ size }) => size < 2)));

Deno.test("A killed writer leaves whole batches in Deno KV", () =>
  inFolder((path) => killWriter("kv", `${path}/secrets.kv`, ({ size }) => size < 2)));

Deno.test("A killed writer leaves old and new values in a folder", () =>
  inFolder((path) => killWriter("folder", `${path}/secrets`, ({ size }) => size < 3)));
