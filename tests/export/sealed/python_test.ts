/**
 * Live exchange of sealed exports with Python.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { testWithPython } from "../../support/python.ts";
import { KEY, open, seal, SLICE, someBytes } from "../../support/sealed.ts";
import { ROOT } from "../../support/tools.ts";

const SIZES = [0, 1, SLICE - 1, SLICE, SLICE + 1, 3 * 2 ** 20 + 1];
const PASSPHRASE = "correct horse ✓";
const SECRETS = [
  { argument: `key:${KEY.toHex()}`, seal: { key: KEY }, request: { key: KEY.toHex() } },
  {
    argument: PASSPHRASE,
    seal: { passphrase: PASSPHRASE, iterations: 100_000 },
    request: { passphrase: PASSPHRASE },
  },
] as const;

/** Runs a program with bytes as its input and its output. */
async function runBytes(
  program: string,
  args: readonly string[],
  input: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = new Blob([input]).stream().pipeTo(child.stdin);
  const [{ success, stdout, stderr }] = await Promise.all([child.output(), fed]);
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

testWithPython("reads our sealed exports", async (python) => {
  for (const { argument, seal: options } of SECRETS) {
    for (const size of SIZES) {
      const data = someBytes(size);
      const sealed = await seal(data, options);
      const read = await runBytes(python, ["tests/support/read_sealed.py", argument], sealed);
      assert(Buffer.compare(read, data) === 0, `${size} bytes under ${argument}`);
    }
  }
});

testWithPython("writes sealed exports that we read", async (python) => {
  for (const { request, argument, seal: options } of SECRETS) {
    const secret = "key" in options ? options : { passphrase: options.passphrase };
    for (const size of SIZES) {
      const data = someBytes(size);
      const text = JSON.stringify({ ...request, data: data.toBase64() });
      const input = new TextEncoder().encode(text);
      const sealed = await runBytes(python, ["tests/support/seal.py"], input);
      assertEquals(Buffer.compare(await open(sealed, secret), data), 0, `${size} bytes`);
      // The short program of the documentation.
      const short = await runBytes(python, ["tests/support/write_sealed.py", argument], data);
      assertEquals(Buffer.compare(await open(short, secret), data), 0, `${size} bytes, short`);
    }
  }
});
