/**
 * Redis as a store.
 *
 * @module
 */

import { kindOf } from "../../checks.ts";
import { StorageError, storeError } from "../errors.ts";
import type { StringStore } from "../store.ts";

/** An empty argument stands for no record: no record is empty. */
const NONE = "";
const SWAP = `
local now = redis.call("GET", KEYS[1]) or ""
if now ~= ARGV[1] then return 0 end
if ARGV[2] == "" then redis.call("DEL", KEYS[1]) else redis.call("SET", KEYS[1], ARGV[2]) end
return 1`;
const SET_MANY = `
for index, name in ipairs(KEYS) do
  if ARGV[index] == "" then redis.call("DEL", name) else redis.call("SET", name, ARGV[index]) end
end
return 1`;
const NAMES_AT_ONCE = "1000";

/** Sends a command to Redis and resolves with its answer. */
export type RedisSend = (command: string[]) => Promise<unknown>;

/**
 * Redis as a store, which hosts share. Batches are scripts, so all or none; in a
 * cluster a batch needs all its names on one node, as a prefix in braces makes it.
 * How much a crash loses is a setting of the server's (`appendfsync`).
 *
 * @param send Sends a command: `(command) => client.sendCommand(command)` of
 * node-redis, `([name, ...values]) => client.call(name, ...values)` of ioredis.
 * @returns The store.
 * @throws {TypeError} If it is no function.
 *
 * @example node-redis
 * ```ts ignore
 * import { EncryptedStorage, redis } from "@ironfern/ironfern/storage";
 *
 * const store = redis((command) => client.sendCommand(command));
 * const storage = new EncryptedStorage(store, { fernet });
 * ```
 */
export function redis(send: RedisSend): StringStore {
  if (typeof send !== "function") {
    throw new TypeError(`Cannot use send: expected a function, got ${kindOf(send)}`);
  }
  const run = async (...command: string[]): Promise<unknown> => {
    try {
      return await send(command);
    } catch (error) {
      const isFull = error instanceof Error && /^OOM\b/.test(error.message);
      throw storeError(error, isFull ? "full" : "unavailable");
    }
  };
  return {
    get: async (name) => text(await run("GET", name)),
    set: (name, record) => run("SET", name, record),
    delete: (name) => run("DEL", name),
    async *keys(prefix) {
      const pattern = `${prefix.replace(/[*?[\]\\^]/g, "\\$&")}*`;
      let cursor = "0";
      do {
        const answer = await run("SCAN", cursor, "MATCH", pattern, "COUNT", NAMES_AT_ONCE);
        const [next, names] = answer as [unknown, unknown[]];
        cursor = text(next) ?? "0";
        for (const name of names) yield text(name) ?? "";
      } while (cursor !== "0");
    },
    async getMany(names) {
      return names.length ? (await run("MGET", ...names) as unknown[]).map(text) : [];
    },
    async setMany(changes) {
      if (!changes.length) return;
      const names = changes.map(([name]) => name);
      const records = changes.map(([, record]) => record ?? NONE);
      await run("EVAL", SET_MANY, String(names.length), ...names, ...records);
    },
    swap: async (name, old, next) =>
      Number(await run("EVAL", SWAP, "1", name, old ?? NONE, next ?? NONE)) === 1,
  };
}

/** The text of an answer, which some clients give as bytes. */
function text(answer: unknown): string | null {
  if (answer === null || answer === undefined) return null;
  if (typeof answer === "string") return answer;
  if (typeof answer === "number" || typeof answer === "bigint") return String(answer);
  if (answer instanceof Uint8Array) return new TextDecoder().decode(answer);
  throw new StorageError("unavailable", {
    reason: `Redis answered with ${kindOf(answer)}, expected text`,
  });
}
