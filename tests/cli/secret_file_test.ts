/**
 * The file of a new key: it is never another one, and it is on the disk.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { createSecretFile } from "../../src/cli/io/output.ts";
import { nodeFiles } from "../../src/files/node_files.ts";
import { testInFolder } from "../support/files.ts";

const { signal } = new AbortController();

testInFolder("a key is never written into a file that another program made", async (folder) => {
  const path = `${folder}/key`;
  await Deno.writeTextFile(path, "the key of all backups");
  const call = () => createSecretFile(path, "a new key", signal);
  await assertRejects(call, Error, "it exists, and a key is never replaced");
  assertEquals(await Deno.readTextFile(path), "the key of all backups");
  await Deno.remove(path);
  await Deno.symlink(`${folder}/elsewhere`, path);
  await assertRejects(call, Error, "it exists, and a key is never replaced");
  await assertRejects(() => Deno.stat(`${folder}/elsewhere`), Deno.errors.NotFound);
});

testInFolder("a key is on the disk before the command says that it is written", async (folder) => {
  // All handles have one prototype, so that the command's is seen.
  const { fs } = nodeFiles();
  const probe = await fs.open(`${folder}/probe`, "w");
  const prototype = Object.getPrototypeOf(probe);
  await probe.close();
  const { write, sync } = prototype;
  const calls: string[] = [];
  prototype.write = function (...args: unknown[]) {
    calls.push("write");
    return write.apply(this, args);
  };
  prototype.sync = function () {
    calls.push("sync");
    return sync.apply(this);
  };
  try {
    await createSecretFile(`${folder}/key`, "a new key", signal);
  } finally {
    Object.assign(prototype, { write, sync });
  }
  assertEquals(calls, ["write", "sync"]);
  assertEquals(await Deno.readTextFile(`${folder}/key`), "a new key");
});
