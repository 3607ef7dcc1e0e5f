/**
 * Sessions over every store, in one process and in several.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { Sessions } from "@ironfern/ironfern/session";
import { folder, redis, sqlite, type StringStore, unstorage } from "@ironfern/ironfern/storage";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createStorage } from "unstorage";
import memoryDriver from "unstorage/drivers/memory";
import { HAS_REDIS, REDIS_REMEDY, startRedis } from "../support/redis.ts";
import { inFolder, runChild } from "../support/storage_child.ts";
import { testWithTool } from "../support/tools.ts";
import { CONTRACT, runContract } from "./contract.ts";
import { cookiesOf, withCookies } from "./support.ts";

const CHILD = ["run", "-A", "--quiet", "--unstable-kv", "tests/session/child.ts"];
const PROCESSES = 4;
const TIMES = 25;

Deno.test("Sessions over a Map: the contract", async () => {
  assertEquals(await runContract(new Map<string, string>()), CONTRACT.length);
});

Deno.test("Sessions over a folder: the contract", () =>
  inFolder(async (path) => void await runContract(folder(path))));

Deno.test("Sessions over unstorage: the contract", async () => {
  await runContract(unstorage(createStorage({ driver: memoryDriver() })));
});

Deno.test("Sessions over Deno KV: the contract", () =>
  inFolder(async (path) => {
    const done = await runChild(CHILD, ["contract", "kv", `${path}/sessions.kv`]);
    assertEquals(Number(done), CONTRACT.length);
  }));

/** Sets values of one session in several processes at once. */
async function setAtOnce(kind: string, place: string, store: StringStore): Promise<void> {
  const key = Fernet.generateKey();
  const sessions = new Sessions({ fernet: new Fernet(key), store });
  const session = await sessions.load(withCookies(""));
  await session.signIn("ada");
  const cookie = cookiesOf(await session.save());
  const names = Array.from({ length: PROCESSES }, (_, index) => `p${index}.`);
  await Promise.all(
    names.map((name) => runChild(CHILD, ["set", kind, place, key, cookie, name, `${TIMES}`])),
  );
  const after = await sessions.load(withCookies(cookie));
  for (const name of names) {
    for (let count = 0; count < TIMES; count++) assertEquals(after.get(`${name}${count}`), count);
  }
}

Deno.test("Sessions over SQLite: the contract, and four processes lose no value", () =>
  inFolder(async (path) => {
    const place = `${path}/sessions.db`;
    const database = new DatabaseSync(place);
    try {
      await runContract(sqlite(database));
      await setAtOnce("sqlite", place, sqlite(database));
    } finally {
      database.close();
    }
  }));

testWithTool(
  "Sessions over Redis: the contract, and four processes lose no value",
  HAS_REDIS,
  REDIS_REMEDY,
  () =>
    inFolder(async (path) => {
      const server = await startRedis(path);
      const client = server.connect();
      const store = redis(([name, ...values]) => client.call(name, ...values));
      try {
        await runContract(store);
        await setAtOnce("redis", server.socket, store);
      } finally {
        client.disconnect();
        await server.stop();
      }
    }),
);
