/**
 * Names of files and data may hold what a terminal obeys: control characters are
 * shown, and not sent.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals } from "@std/assert";
import { forTerminal, lines, oneLine, toJson } from "../../src/cli/io/escape.ts";
import { KEYS, testCli } from "../support/cli.ts";

const KEY = ["--key-env", "KEY"];
const env = { KEY: KEYS[0] };
/** Sets a window's title, in two ways; and turns the direction of the text. */
const EVIL = "a\x1b]0;b\x07\x9b31m\u202ec\u2066d\u061ce\u2028f";
const SHOWN = "a\\u001b]0;b\\u0007\\u009b31m\\u202ec\\u2066d\\u061ce\\u2028f";
/** Is obeyed, or changes the order of what is read. */
// deno-lint-ignore no-control-regex
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

Deno.test("text for a terminal is shown escaped", () => {
  assertEquals(oneLine(`${EVIL}\r\n\t`), `${SHOWN}\\u000d\\u000a\\u0009`);
  assertEquals(lines(`${EVIL}\n\t`), `${SHOWN}\n\t`);
  const value = { [EVIL]: [EVIL, 1, null, "grüße 👩‍👩‍👧 \ud800"] };
  assertEquals(JSON.parse(toJson(value)), value);
  assert(!OBEYED.test(toJson(value)));
  assertEquals(oneLine("grüße 👩‍👩‍👧 עברית"), "grüße 👩‍👩‍👧 עברית");
});

Deno.test("data for a terminal is shown escaped, however it is cut", async () => {
  const data = new TextEncoder().encode(`${EVIL}\r\nline\rline\ttab\r`);
  for (let size = 1; size <= data.length; size++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < data.length; at += size) chunks.push(data.subarray(at, at + size));
    const shown = ReadableStream.from(chunks).pipeThrough(forTerminal());
    const text = await new Response(shown as ReadableStream<Uint8Array<ArrayBuffer>>).text();
    assertEquals(text, `${SHOWN}\nline\\u000dline\ttab\\u000d`);
  }
});

testCli("names of files are shown escaped", async (cli) => {
  await cli.write(EVIL, "some data");
  const sealed = await cli.mustRun(["seal", EVIL, "-o", `${EVIL}.out`, ...KEY], { env });
  assert(sealed.startsWith(`Sealed 9 bytes into ${SHOWN}.out, id `), sealed);
  for (const json of [[], ["--json"]]) {
    for (const args of [["seal", `${EVIL}.no`], ["seal", EVIL, "-o", `${EVIL}.out`]]) {
      const { code, stdout, stderr } = await cli.run([...args, ...KEY, ...json], { env });
      assertEquals([code > 0, stdout], [true, ""]);
      assert(stderr.includes(SHOWN) && !OBEYED.test(stderr), JSON.stringify(stderr));
      if (json.length) assert(JSON.parse(stderr).error.includes(EVIL));
    }
  }
  await cli.write("rows", "a\n1\n");
  const field = ["fields", "encrypt", "rows", "--format", "csv", "--field", EVIL, ...KEY];
  const { code, stderr } = await cli.run(field, { env });
  assertEquals([code, OBEYED.test(stderr)], [1, false], stderr);
});

testCli("data is shown escaped on a terminal, and only there", async (cli) => {
  const fernet = new Fernet(KEYS[0]);
  await cli.write("token", fernet.encrypt(EVIL));
  await cli.write("data", EVIL);
  await cli.mustRun(["seal", "data", "-o", "sealed", "-q", ...KEY], { env });
  for (const args of [["decrypt", "token"], ["lines", "decrypt", "token"], ["open", "sealed"]]) {
    const { code, output } = await cli.terminal([...args, ...KEY], [], { env });
    assertEquals(code, 0);
    assert(output.includes(SHOWN) && !output.includes("\x1b]"), JSON.stringify(output));
    const piped = await cli.mustRun([...args, ...KEY], { env });
    assertEquals(piped.trimEnd(), EVIL);
  }
});
