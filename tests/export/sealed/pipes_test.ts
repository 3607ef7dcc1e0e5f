/**
 * Pipes as input: an abort ends the waiting for a writer, and for what it writes.
 *
 * @module
 */

import { inspectExport, openFile, sealFile, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { KEYS, testCli } from "../../support/cli.ts";
import { KEY, pause } from "../../support/sealed.ts";
import { run } from "../../support/tools.ts";

/** After that a pipe is opened, and a call that waits for it goes on and fails. */
const LONGEST_MS = 20_000;

const CALLS: Readonly<Record<string, (pipe: string, signal: AbortSignal) => Promise<unknown>>> = {
  sealFile: (pipe, signal) => sealFile(pipe, `${pipe}.out`, { key: KEY, signal }),
  openFile: (pipe, signal) => openFile(pipe, `${pipe}.out`, { key: KEY, signal }),
  verifyExport: (pipe, signal) => verifyExport(pipe, { key: KEY, signal }),
  inspectExport: (pipe, signal) => inspectExport(pipe, { signal }),
};

for (const [name, call] of Object.entries(CALLS)) {
  for (const opened of [false, true]) {
    const state = opened ? "whose writer writes nothing" : "that nobody writes to";
    Deno.test(`An abort ends ${name} of a pipe ${state}`, async () => {
      const folder = await Deno.makeTempDir();
      const pipe = `${folder}/pipe`;
      assert((await run("mkfifo", [pipe])).success);
      const controller = new AbortController();
      const reason = new Error("enough");
      const calling = call(pipe, controller.signal).catch((error) => error);
      // Opened by the writer alone it waits until the reader has opened it, too.
      const early = opened ? await Deno.open(pipe, { write: true }) : undefined;
      let late: Deno.FsFile | undefined;
      const unblock = async () => late ??= await Deno.open(pipe, { write: true });
      const guard = setTimeout(unblock, LONGEST_MS);
      await pause(20);
      controller.abort(reason);
      assertEquals(await calling, reason);
      clearTimeout(guard);
      // What the system is still waiting for ends now.
      if (!early) await unblock();
      early?.close();
      await pause(20);
      late?.close();
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["pipe"]);
      await Deno.remove(folder, { recursive: true });
    });
  }
}

for (const command of ["verify", "inspect"]) {
  testCli(`SIGINT ends ${command} of a pipe whose writer writes nothing`, async (cli) => {
    assert((await run("mkfifo", [cli.path("pipe")])).success);
    const secret = command === "verify" ? ["--key-env", "KEY"] : [];
    const child = await cli.spawn([command, "pipe", ...secret], { KEY: KEYS[0] });
    const writer = await Deno.open(cli.path("pipe"), { write: true });
    child.kill("SIGINT");
    const guard = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
    const { code, stderr } = await child.output();
    clearTimeout(guard);
    writer.close();
    await child.stdin.close().catch(() => {});
    assertEquals([code, new TextDecoder().decode(stderr)], [130, ""]);
  });
}
