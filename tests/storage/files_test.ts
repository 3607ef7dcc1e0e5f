/**
 * The files of every store that is on the disk hold nothing readable.
 *
 * @module
 */

import { folder, redis, sqlite, unstorage } from "@ironfern/ironfern/storage";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import { makeNeedles, storeNeedles } from "../support/needles.ts";
import { HAS_REDIS, REDIS_REMEDY, startRedis } from "../support/redis.ts";
import { checkFiles, findSecrets } from "../support/search.ts";
import { testWithTool } from "../support/tools.ts";
import { child, inFolder } from "../support/storage_child.ts";

Deno.test("The search finds a secret in every spelling", () =>
  inFolder(async (path) => {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const spellings = [
      secret,
      ...[0, 1, 2].flatMap((before) =>
        (["base64", "base64url"] as const).map((alphabet) =>
          Uint8Array.from([...new Uint8Array(before).fill(7), ...secret, 9, 9]).toBase64({
            alphabet,
          })
        )
      ),
      secret.toHex(),
    ];
    for (const [index, spelling] of spellings.entries()) {
      await Deno.mkdir(`${path}/${index}`);
      const bytes = typeof spelling === "string" ? new TextEncoder().encode(spelling) : spelling;
      await Deno.writeFile(`${path}/${index}/file`, bytes);
      assertEquals(await findSecrets(`${path}/${index}`, { secret }), ["secret in file"]);
    }
  }));

Deno.test("Nothing readable is in the files of SQLite, a folder and unstorage", () =>
  inFolder(async (path) => {
    const needles = makeNeedles();
    for (const journal of ["DELETE", "WAL"]) {
      const database = new DatabaseSync(`${path}/${journal}.db`);
      database.exec(`PRAGMA journal_mode = ${journal}; PRAGMA wal_autocheckpoint = 0`);
      await storeNeedles(sqlite(database), needles);
      // While it is open, its log is there.
      await checkFiles(path, needles);
      database.close();
    }
    await storeNeedles(folder(`${path}/folder`), needles);
    await checkFiles(`${path}/folder`, needles);
    const files = createStorage({ driver: fsDriver({ base: `${path}/files` }) });
    await storeNeedles(unstorage(files), needles);
    await checkFiles(`${path}/files`, needles);
  }));

Deno.test("Nothing readable is in the files of Deno KV", () =>
  inFolder(async (path) => {
    const needles = makeNeedles();
    await child("needles", "kv", `${path}/secrets.kv`, JSON.stringify(needles));
    await checkFiles(path, needles);
  }));

testWithTool(
  "Nothing readable is in the files of Redis",
  HAS_REDIS,
  REDIS_REMEDY,
  () =>
    inFolder(async (path) => {
      const server = await startRedis(path);
      const client = server.connect();
      const needles = makeNeedles();
      await storeNeedles(redis(([name, ...values]) => client.call(name, ...values)), needles);
      client.disconnect();
      await server.stop();
      await checkFiles(path, needles);
    }),
);
