/**
 * Python reads what every store on the disk holds.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  EncryptedStorage,
  folder,
  sqlite,
  type StringStore,
  unstorage,
} from "@ironfern/ironfern/storage";
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import { testWithPython } from "../support/python.ts";
import { ROOT, run } from "../support/tools.ts";

/** The reader in the documentation, and what the tests do with it. */
async function readerProgram(): Promise<string> {
  const guide = await Deno.readTextFile(new URL("docs/storage.md", ROOT));
  const [, reader] = guide.match(/^```python\n(.*?)^```$/ms) ?? [];
  assert(reader);
  return reader + await Deno.readTextFile(new URL("tests/support/storage.py", ROOT));
}

const prefix = "acme.app.";

testWithPython(
  "stored values are read from SQLite, a folder and unstorage's files",
  async (python) => {
    const path = await Deno.makeTempDir({ prefix: "ironfern-python-" });
    const database = new DatabaseSync(`${path}/secrets.db`);
    const stores: Readonly<Record<string, [store: StringStore, path: string]>> = {
      sqlite: [sqlite(database), `${path}/secrets.db`],
      folder: [folder(`${path}/folder`), `${path}/folder`],
      unstorage: [
        unstorage(createStorage({ driver: fsDriver({ base: `${path}/files` }) })),
        `${path}/files`,
      ],
    };
    const root = Fernet.generateKey();
    const program = await readerProgram();
    try {
      for (const [kind, [store, path]] of Object.entries(stores)) {
        const storage = new EncryptedStorage(store, { fernet: new Fernet(root), prefix });
        await storage.set("auth token", { name: "Zoë", n: [1, -0] });
        await storage.set("ключ/🔑", Uint8Array.of(0, 255));
        for (
          const [key, text] of [["auth token", '{"name":"Zoë","n":[1,-0]}'], ["ключ/🔑", "00ff"]]
        ) {
          const stdin = JSON.stringify({ root, prefix, key, store: { kind, path } });
          const { stdout, stderr } = await run(python, ["-c", program], { stdin });
          assertEquals([stdout, stderr], [text, ""]);
        }
      }
    } finally {
      database.close();
      await Deno.remove(path, { recursive: true });
    }
  },
);
