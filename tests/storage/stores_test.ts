/**
 * Every store does what the contract says, against the real thing.
 *
 * @module
 */

import {
  folder,
  redis,
  type RedisSend,
  sqlite,
  type StringStore,
  unstorage,
  webStorage,
} from "@ironfern/ironfern/storage";
import { Redis } from "ioredis";
import { DatabaseSync } from "node:sqlite";
import { createClient } from "redis";
import { createStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import memoryDriver from "unstorage/drivers/memory";
import { HAS_REDIS, REDIS_REMEDY, startRedis } from "../support/redis.ts";
import { testWithTool } from "../support/tools.ts";
import { CONTRACT, type ContractOptions, runCase, runContract } from "./contract.ts";

/** Registers a test of a store for each case of the contract. */
function testStore(
  name: string,
  open: (folder: string) => { store: StringStore; close?(): void },
  options?: ContractOptions,
): void {
  for (const each of CONTRACT) {
    Deno.test(`Store ${name}: ${each}`, async () => {
      const path = await Deno.makeTempDir({ prefix: "ironfern-store-" });
      const { store, close } = open(path);
      try {
        await runCase(each, store, options);
      } finally {
        close?.();
        await Deno.remove(path, { recursive: true });
      }
    });
  }
}

const NORMALIZED: ContractOptions = { refused: /[/\\:?]|\.\./ };

testStore("Map", () => ({ store: new Map<string, string>() }));
testStore("folder", (path) => ({ store: folder(`${path}/secrets`) }));
testStore("node:sqlite", (path) => {
  const database = new DatabaseSync(`${path}/secrets.db`);
  return { store: sqlite(database), close: () => database.close() };
});
testStore("unstorage, memory", () => {
  const storage = createStorage({ driver: memoryDriver() });
  return { store: unstorage(storage) };
}, NORMALIZED);
testStore("unstorage, files", (path) => {
  const storage = createStorage({ driver: fsDriver({ base: path }) });
  return { store: unstorage(storage) };
}, NORMALIZED);
testStore("Web Storage of Deno", () => {
  sessionStorage.clear();
  return { store: webStorage(sessionStorage), close: () => sessionStorage.clear() };
});

type Connection = [send: RedisSend, close: () => void];

const CLIENTS: Record<string, (path: string) => Connection | Promise<Connection>> = {
  ioredis(path) {
    const client = new Redis({ path });
    return [([name, ...values]) => client.call(name, ...values), () => client.disconnect()];
  },
  async "node-redis"(path) {
    const client = createClient({ socket: { path, tls: false } });
    await client.connect();
    return [(command) => client.sendCommand(command), () => client.destroy()];
  },
};

for (const [name, connect] of Object.entries(CLIENTS)) {
  testWithTool(`Store Redis, through ${name}: the contract`, HAS_REDIS, REDIS_REMEDY, async () => {
    const path = await Deno.makeTempDir({ prefix: "ironfern-redis-" });
    const server = await startRedis(path);
    const [send, close] = await connect(server.socket);
    try {
      await runContract(redis(send));
    } finally {
      close();
      await server.stop();
      await Deno.remove(path, { recursive: true });
    }
  });
}
