/**
 * The package in python/: it has the very kernel, its own tests pass, and what it
 * writes this package reads.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { decryptFields, decryptLines, openFile, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { KERNEL_BASE64 } from "../../src/kernel/kernel_bytes.generated.ts";
import { PACKAGE, testWithPackages } from "../support/python_package.ts";
import { run } from "../support/tools.ts";

const PASSPHRASE = "correct horse battery staple ✓";
const FIELDS = { format: "csv", fields: ["name"], rowId: "id" } as const;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

Deno.test("the Python package has the very kernel", async () => {
  const wasm = await Deno.readFile(new URL("src/ironfern_spark/kernel.wasm", PACKAGE));
  assertEquals(sha256(wasm), sha256(Uint8Array.fromBase64(KERNEL_BASE64)));
});

await testWithPackages("its tests pass", {}, async (python) => {
  const args = ["-m", "unittest", "discover", "-s", "tests", "-t", "."];
  const { success, stderr } = await run(python, args, { cwd: PACKAGE });
  assert(success, stderr);
  const [, count = "0"] = stderr.match(/^Ran (\d+) tests/m) ?? [];
  assert(Number(count) > 40 && !stderr.includes("skipped"), stderr);
});

await testWithPackages("its style", {}, async (python) => {
  const config = ["--config", "python/pyproject.toml", "python", "examples/cluster"];
  for (const command of [["check"], ["format", "--check"]]) {
    const { success, stdout } = await run(python, ["-m", "ruff", ...command, ...config]);
    assert(success, stdout);
  }
});

await testWithPackages("what it writes is read here", {}, async (python) => {
  const folder = await Deno.makeTempDir();
  const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
  const stream = async (name: string) => (await Deno.open(`${folder}/${name}`)).readable;
  try {
    const key = Fernet.generateKey();
    const fernet = new Fernet(key);
    await Deno.writeTextFile(`${folder}/data`, `id,name\n${"7,Zoë\n".repeat(30_000)}`);
    const program = `
import json, sys
import ironfern_spark as ironfern
key, passphrase = sys.argv[1:]
info = ironfern.seal_file("data", "sealed", passphrase=passphrase, iterations=100_000)
ironfern.seal_file("data", "sealed.key", key=key)
ironfern.encrypt_lines_file("data", "lines", key)
ironfern.encrypt_fields_file("data", "fields", key, ironfern.Fields("csv", ["name"], "id"))
print(json.dumps([info.id, info.bytes, ironfern.encrypt_many(["Zoë"], key)[0]]))`;
    const env = { PYTHONPATH: new URL("src", PACKAGE).pathname };
    const args = ["-c", program, key, PASSPHRASE];
    const { success, stdout, stderr } = await run(python, args, { cwd: folder, env });
    assert(success, stderr);
    const [id, bytes, token] = JSON.parse(stdout);
    assertEquals(fernet.decryptText(token), "Zoë");
    const secret = { passphrase: PASSPHRASE, expect: { id } };
    await openFile(`${folder}/sealed`, `${folder}/copy`, secret);
    assertEquals(await read("copy"), await read("data"));
    assertEquals((await verifyExport(`${folder}/sealed.key`, { key })).bytes, bytes);
    const lines = (await stream("lines")).pipeThrough(decryptLines(fernet));
    assertEquals(await new Response(lines).text(), await read("data"));
    const rows = (await stream("fields")).pipeThrough(decryptFields(fernet, FIELDS));
    assertEquals(await new Response(rows).text(), await read("data"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
