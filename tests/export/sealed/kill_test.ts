/**
 * Processes that are killed while they seal or open a file: the target is absent,
 * old or whole, and what they leave behind is removed by the next run.
 *
 * @module
 */

import { openFile, sealFile, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { KEY, pause, someBytes } from "../../support/sealed.ts";
import { ROOT } from "../../support/tools.ts";

const KILLS = 50;
/** The latest moment to kill, in times that a call takes here. */
const LONGEST_WAIT = 3;
const DATA = someBytes(4_300_000);
const SECRET = { key: KEY };
const OLD = "the old content";

async function contentOf(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Starts a process that works on the target, and kills it when this says. */
async function killOne(
  args: readonly string[],
  moment: (line: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "tests/support/seal_again.ts", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const line = async () => assert(!(await reader.read()).done, "the process has ended");
  await line();
  await moment(line);
  child.kill("SIGKILL");
  const { signal } = await child.status;
  assertEquals(signal, "SIGKILL");
  await reader.cancel();
}

/** Milliseconds of a call, the first one of a process. */
async function timeCall(args: readonly string[]): Promise<number> {
  let elapsed = 0;
  await killOne(args, async (line) => {
    const start = performance.now();
    await line();
    elapsed = performance.now() - start;
  });
  return elapsed;
}

const CASES = [
  {
    what: "seal",
    call: sealFile,
    isWhole: async (path: string) => (await verifyExport(path, SECRET)).bytes === DATA.length,
  },
  {
    what: "open",
    call: openFile,
    isWhole: async (path: string) => Buffer.compare(await Deno.readFile(path), DATA) === 0,
  },
] as const;

for (const { what, call, isWhole } of CASES) {
  Deno.test(`${KILLS} processes that were killed while they ${what} a file`, async () => {
    const folder = await Deno.makeTempDir();
    const [input, output] = [`${folder}/input`, `${folder}/output`];
    const temporaries = () =>
      [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".tmp"));
    try {
      await Deno.writeFile(what === "seal" ? input : `${folder}/data`, DATA);
      if (what === "open") await sealFile(`${folder}/data`, input, SECRET);
      const longest = LONGEST_WAIT * await timeCall([what, input, output]);
      const seen = { absent: 0, old: 0, whole: 0, leftover: 0 };
      for (let turn = 0; turn < KILLS; turn++) {
        if (turn % 2) await Deno.writeTextFile(output, OLD);
        else await Deno.remove(output).catch(() => {});
        // Most moments are early ones, so that many fall into the first call.
        await killOne([what, input, output], () => pause(Math.random() ** 3 * longest));
        const content = await contentOf(output);
        const old = content && new TextDecoder().decode(content.subarray(0, 100)) === OLD;
        if (!content) assert(turn % 2 === 0 && ++seen.absent, "the old file is gone");
        else if (old) assert(++seen.old);
        else assert(await isWhole(output) && ++seen.whole, `${content.length} bytes of a file`);
        assert(temporaries().length <= 1, "a leftover was not removed");
        seen.leftover += temporaries().length;
      }
      // The moments were of all kinds.
      assert(Object.values(seen).every((count) => count > 0), JSON.stringify(seen));
      await call(input, output, SECRET);
      assertEquals(temporaries(), []);
      assert(await isWhole(output));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
