/**
 * SIGINT and SIGTERM: the old target stays as it was, and nothing of the data is
 * left beside it.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { sealExport } from "@ironfern/ironfern/export";
import { assertEquals } from "@std/assert";
import { type Cli, KEYS, testCli } from "../support/cli.ts";
import { mustRun } from "../support/npm_package.ts";
import { pause } from "../support/sealed.ts";

const KEY = ["--key-env", "KEY"];
const env = { KEY: KEYS[0] };
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
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

async function untilTemporary(cli: Cli): Promise<void> {
  for (let turn = 0; turn < 1_000; turn++) {
    for (const name of await cli.names()) {
      if (name.endsWith(".tmp") && (await Deno.stat(cli.path(name))).size) return;
    }
    await pause(10);
  }
  throw new Error("nothing was written");
}

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
        await untilTemporary(cli);
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
