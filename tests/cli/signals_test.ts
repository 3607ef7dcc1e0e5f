/**
 * Signals, one or two: the old target stays as it was, and nothing of the data is
 * left beside it.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { sealExport } from "@ironfern/ironfern/export";
import { assertEquals } from "@std/assert";
import { KEYS, testCli } from "../support/cli.ts";
import { mustRun } from "../support/npm_package.ts";

const KEY = ["--key-env", "KEY"];
const env = { KEY: KEYS[0] };
const SIGNALS = { SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const;
/** A process that does not end by then is killed, and the test fails. */
const LONGEST_MS = 20_000;
const DATA = new Uint8Array(3_000_000).fill(0x61);

async function sealed(): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([DATA]).stream().pipeThrough(sealExport({ key: KEYS[0] }));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Inputs that do not end: those of each command so far. */
const COMMANDS: Readonly<Record<string, () => Promise<Uint8Array<ArrayBuffer>>>> = {
  "seal": () => Promise.resolve(DATA),
  "open": async () => (await sealed()).slice(0, 2_000_000),
  "lines encrypt": () => Promise.resolve(new Uint8Array(500_000).fill(0x0a)),
  "rotate --old-key-env KEY": () => {
    const tokens = new Fernet(KEYS[0]).encryptMany(Array(20_000).fill("row"));
    return Promise.resolve(new TextEncoder().encode(`${tokens.join("\n")}\n`));
  },
};

for (const [command, input] of Object.entries(COMMANDS)) {
  testCli(`signals during ${command}`, async (cli) => {
    for (const [signal, code] of Object.entries(SIGNALS)) {
      for (const from of ["-", "pipe"] as const) {
        await cli.write("old", "the old content");
        const args = [...command.split(" "), from, "-o", "old", "--force", ...KEY];
        if (from === "pipe") await mustRun("mkfifo", [cli.path("pipe")]);
        const child = await cli.spawn(args, env);
        const file = from === "pipe"
          ? (await Deno.open(cli.path("pipe"), { write: true })).writable
          : child.stdin;
        const writer = file.getWriter();
        const written = writer.write(await input()).catch(() => {});
        await cli.untilTemporary();
        child.kill(signal as Deno.Signal);
        const guard = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
        const ended = await child.output();
        clearTimeout(guard);
        await written;
        await writer.close().catch(() => {});
        if (from === "pipe") {
          await child.stdin.close().catch(() => {});
          await Deno.remove(cli.path("pipe"));
        }
        const stderr = new TextDecoder().decode(ended.stderr);
        assertEquals([ended.code, stderr], [code, ""], `${signal} from ${from}`);
        assertEquals(await cli.names(), ["old"]);
        assertEquals(await cli.read("old"), "the old content");
      }
    }
  });
}

testCli("a second signal while the first is handled", async (cli) => {
  // Some of these moments are before the first signal is seen, and some after the end.
  for (const milliseconds of [0.2, 0.5, 0.5, 1, 1, 1.5, 2, 2, 3, 4]) {
    const child = await cli.spawn(["seal", "-", "-o", "out", ...KEY], env);
    const writer = child.stdin.getWriter();
    const written = writer.write(DATA).catch(() => {});
    await cli.untilTemporary();
    child.kill("SIGINT");
    // A timer would be later.
    for (const end = performance.now() + milliseconds; performance.now() < end;);
    try {
      child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    const guard = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
    const { code, stderr } = await child.output();
    clearTimeout(guard);
    await written;
    await writer.close().catch(() => {});
    assertEquals([130, 143].includes(code), true, `${code} after ${milliseconds} ms`);
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(await cli.names(), []);
  }
});
