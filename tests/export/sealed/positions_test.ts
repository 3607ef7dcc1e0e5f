/**
 * Files whose slices are sealed and opened by their places: the same export, the same
 * refusals and the same care as with streams, in whichever thread the work is done.
 *
 * @module
 */

import {
  openFile,
  type OpenFileOptions,
  sealFile,
  type SealFileOptions,
  verifyExport,
} from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { pickSlices } from "../../../src/backends/select/slices.ts";
import { makeSliceEngine } from "../../../src/backends/slices.ts";
import { crew } from "../../../src/workers/pool.ts";
import { names, testInFolder } from "../../support/files.ts";
import {
  fromLines,
  FULL_LINE,
  KEY,
  linesOf,
  open,
  outcome,
  seal,
  SLICE,
  someBytes,
} from "../../support/sealed.ts";

const SECRET = { key: KEY };
const OLD = "the old content";
/** 76 full slices and a short one. */
const DATA = someBytes(5_000_000);
const SLICES = Math.ceil(DATA.length / SLICE);
const SEALED = await seal(DATA);
/** In the calling thread, and on workers. */
const COUNTS = [0, 1, 2];

type Progress = (done: number, total: number | undefined) => void;

/** The engines that this runtime has. */
const BACKENDS = ["auto", "wasm", "node"] as const;

function sameBytes(path: string, data: Uint8Array): boolean {
  return Buffer.compare(Deno.readFileSync(path), data) === 0;
}

/** Seals the data of a folder; the progress is seen after each range. */
function sealIn(folder: string, options: Partial<SealFileOptions> = {}) {
  const all = { ...SECRET, ...options } as SealFileOptions;
  return sealFile(`${folder}/data`, `${folder}/sealed`, all);
}

function openIn(folder: string, options: Partial<OpenFileOptions> = {}) {
  const all = { ...SECRET, ...options } as OpenFileOptions;
  return openFile(`${folder}/sealed`, `${folder}/copy`, all);
}

/** Calls back at the first progress only. */
function atFirst(work: () => void): Progress {
  let seen = false;
  return () => {
    if (!seen) work();
    seen = true;
  };
}

for (const backend of BACKENDS) {
  testInFolder(
    `Files come back, and streams read and write the same [${backend}]`,
    async (folder) => {
      const sizes = [4 << 20, 70 * SLICE, 70 * SLICE + 1, DATA.length];
      for (const [nth, size] of sizes.entries()) {
        const workers = COUNTS[nth % COUNTS.length];
        const data = DATA.subarray(0, size);
        await Deno.writeFile(`${folder}/data`, data);
        const info = await sealIn(folder, { workers, backend });
        assertEquals(info, { id: info.id, slices: Math.ceil(size / SLICE), bytes: size });
        assertEquals(Buffer.compare(await open(Deno.readFileSync(`${folder}/sealed`)), data), 0);
        assertEquals(await openIn(folder, { workers, backend }), info);
        assert(sameBytes(`${folder}/copy`, data));
        await Deno.writeFile(`${folder}/sealed`, await seal(data));
        const { bytes } = await openIn(folder, { workers, backend });
        assertEquals(bytes, size);
        assert(sameBytes(`${folder}/copy`, data));
        assertEquals(names(folder), ["copy", "data", "sealed"]);
      }
    },
  );
}

testInFolder("Every engine reads what another one wrote", async (folder) => {
  await Deno.writeFile(`${folder}/data`, DATA);
  for (const name of ["node", "mixed", "wasm"] as const) {
    const key = KEY.slice();
    const engine = await makeSliceEngine(name, key);
    const record = DATA.slice(0, SLICE);
    const out = new Uint8Array(FULL_LINE + 1);
    const lane = engine.lane();
    const bytes = new Uint8Array([...new Uint8Array(9), ...record, 10]);
    const batch = { bytes, offsets: Uint32Array.of(0, bytes.length), lineFeeds: true };
    await lane.seal(batch, new Uint8Array(24), out);
    for (const other of ["node", "mixed", "wasm"] as const) {
      const reader = (await makeSliceEngine(other, key)).lane();
      const tokens = { bytes: out, offsets: Uint32Array.of(0, out.length), lineFeeds: true };
      const [opened] = await reader.open(tokens);
      assertEquals(opened?.time, 0n);
      assertEquals(Buffer.compare(opened!.plaintext.subarray(9), record), 0);
      reader.drop([opened]);
      const [bad] = await reader.open({ ...tokens, bytes: out.with(60_000, out[60_000] ^ 1) });
      assertEquals(bad, undefined);
    }
    lane.free();
  }
  assert(["node", "mixed", "wasm"].includes(await pickSlices("auto") ?? ""));
});

testInFolder(
  "Workers that have started are given ranges, also where none were asked for",
  async (folder) => {
    await Deno.writeFile(`${folder}/data`, DATA);
    const tasks: string[] = [];
    const { run } = crew;
    crew.run = (task, ...rest) => {
      tasks.push(task.type);
      return run.call(crew, task, ...rest);
    };
    try {
      await sealIn(folder, { workers: 2 });
      const asked = tasks.length;
      assert(asked >= 3, `${asked} tasks`);
      for (let turn = 0; turn < 3; turn++) {
        await sealIn(folder);
        await openIn(folder);
      }
      if (navigator.hardwareConcurrency > 1) assert(tasks.length > asked, "no more tasks");
    } finally {
      crew.run = run;
    }
  },
);

testInFolder("A pipe under the input's name holds nobody up", async (folder) => {
  await Deno.writeFile(`${folder}/data`, DATA);
  const onProgress = atFirst(() => {
    Deno.removeSync(`${folder}/data`);
    new Deno.Command("mkfifo", { args: [`${folder}/data`] }).outputSync();
  });
  assertEquals((await sealIn(folder, { workers: 2, onProgress })).slices, SLICES);
});

testInFolder("Progress comes in order and ends with all of it", async (folder) => {
  await Deno.writeFile(`${folder}/data`, DATA);
  for (const workers of COUNTS) {
    for (const call of [sealIn, openIn]) {
      const seen: number[] = [];
      const file = call === sealIn ? "data" : "sealed";
      const { size } = call === sealIn ? { size: DATA.length } : Deno.statSync(`${folder}/sealed`);
      await call(folder, {
        workers,
        onProgress(done, total) {
          assertEquals(total, size, file);
          seen.push(done);
        },
      });
      assert(seen.length > 2);
      assertEquals(seen, [...new Set(seen)].sort((a, b) => a - b));
      assertEquals(seen.at(-1), size);
    }
  }
});

/** Makes another export of the lines. */
type Change = (lines: string[]) => string[] | Uint8Array;

function flip(line: string, at = 1_000): string {
  return line.slice(0, at) + (line[at] === "A" ? "B" : "A") + line.slice(at + 1);
}

const CHANGES: Readonly<Record<string, Change>> = {
  "first slice": ([header, first, ...rest]) => [header, flip(first), ...rest],
  "one in the middle": (lines) => lines.with(40, flip(lines[40])),
  "two of them": (lines) => lines.with(60, flip(lines[60])).with(30, flip(lines[30], 87_435)),
  "the last full one": (lines) => lines.with(SLICES - 1, flip(lines[SLICES - 1])),
  "the short one": (lines) => lines.with(SLICES, flip(lines[SLICES])),
  "the final one": (lines) => lines.with(SLICES + 1, flip(lines[SLICES + 1], 100)),
  "two places": (lines) => lines.with(20, lines[21]).with(21, lines[20]),
  "a repeated one": (lines) => lines.toSpliced(50, 0, lines[50]),
  "one removed": (lines) => lines.toSpliced(50, 1),
  "no final one": (lines) => lines.slice(0, -1),
  "nothing after a full one": (lines) => lines.slice(0, 70),
  "something after the end": (lines) => [...lines, "AAAA"],
  "a final one in the middle": (lines) => lines.toSpliced(30, 0, lines.at(-1)!),
  "a short one in the middle": (lines) => lines.toSpliced(30, 0, lines[SLICES]),
  "line feeds in a line": (lines) =>
    lines.with(35, `${lines[35].slice(0, 500)}\n`.padEnd(FULL_LINE, "A")),
  "no line feed": (lines) =>
    fromLines([lines.slice(0, 25).join("\n") + "A" + lines.slice(25).join("\n")]),
  "a carriage return": (lines) => lines.with(45, `${lines[45].slice(0, -1)}\r`),
};

testInFolder("What was changed is refused as in a stream, with the lowest line", async (folder) => {
  const lines = linesOf(SEALED);
  for (const [what, change] of Object.entries(CHANGES)) {
    const changed = change(lines);
    const bytes = changed instanceof Uint8Array ? changed : fromLines(changed);
    await Deno.writeFile(`${folder}/sealed`, bytes);
    const expected = await outcome(open(bytes));
    assert(/ at \d+$/.test(expected), what);
    for (const workers of COUNTS) {
      assertEquals(await outcome(openIn(folder, { workers })), expected, `${what}, ${workers}`);
    }
    assertEquals(await outcome(verifyExport(`${folder}/sealed`, SECRET)), expected, what);
    assertEquals(names(folder), ["sealed"], what);
  }
  await Deno.writeFile(`${folder}/sealed`, SEALED);
  const wrong = { key: KEY.with(0, 1) };
  assertEquals(await outcome(openIn(folder, wrong)), "wrong-secret-or-header at 2");
  assertEquals((await verifyExport(`${folder}/sealed`, SECRET)).bytes, DATA.length);
});

testInFolder("A huge file without content costs nothing", async (folder) => {
  const start = fromLines(linesOf(SEALED).slice(0, 40));
  for (
    const [size, expected] of [[0, "line-too-long at 2"], [
      start.length,
      "line-too-long at 41",
    ]] as const
  ) {
    const header = fromLines(linesOf(start).slice(0, 1));
    await Deno.writeFile(`${folder}/sealed`, size ? start : header);
    await Deno.truncate(`${folder}/sealed`, 2 ** 42);
    assertEquals(await outcome(openIn(folder, { workers: 2 })), expected);
  }
  assertEquals(names(folder), ["sealed"]);
});

/** What somebody does to the data while it is sealed. */
const WRITES: Readonly<Record<string, (path: string) => void>> = {
  grows: (path) => Deno.writeTextFileSync(path, "more", { append: true }),
  shrinks: (path) => Deno.truncateSync(path, 1_000_000),
  "is empty": (path) => Deno.truncateSync(path, 0),
  "is written over": (path) => {
    using file = Deno.openSync(path, { write: true });
    file.writeSync(new Uint8Array(10));
  },
};

testInFolder(
  "Data that changes while it is sealed is refused, and the old file kept",
  async (folder) => {
    await Deno.writeTextFile(`${folder}/sealed`, OLD);
    // The last one is read as a stream.
    for (
      const [size, workers] of [[5_000_000, 0], [5_000_000, 2], [3_000_000, undefined]] as const
    ) {
      for (const [what, write] of Object.entries(WRITES)) {
        await Deno.writeFile(`${folder}/data`, DATA.subarray(0, size));
        const onProgress = atFirst(() => write(`${folder}/data`));
        const error = await assertRejects(() => sealIn(folder, { workers, onProgress }));
        assertEquals((error as { code?: unknown }).code, "changed", `${what}: ${error}`);
        assert(error.message.startsWith(`Cannot read ${folder}/data: `));
        assertEquals(Deno.readTextFileSync(`${folder}/sealed`), OLD);
        assertEquals(names(folder), ["data", "sealed"]);
      }
    }
  },
);

testInFolder("Another file under the input's name is not read", async (folder) => {
  for (const workers of COUNTS) {
    await Deno.writeFile(`${folder}/data`, DATA);
    const onProgress = atFirst(() => {
      Deno.writeFileSync(`${folder}/other`, new Uint8Array(DATA.length));
      Deno.renameSync(`${folder}/other`, `${folder}/data`);
    });
    await sealIn(folder, { workers, onProgress });
    assertEquals(Buffer.compare(await open(Deno.readFileSync(`${folder}/sealed`)), DATA), 0);
    await Deno.writeFile(`${folder}/sealed`, SEALED);
    await openIn(folder, {
      workers,
      onProgress: atFirst(() => {
        Deno.writeFileSync(`${folder}/other`, new Uint8Array(10_000_000));
        Deno.renameSync(`${folder}/other`, `${folder}/sealed`);
      }),
    });
    assert(sameBytes(`${folder}/copy`, DATA));
  }
});

testInFolder("Nothing is written to another file under the temporary name", async (folder) => {
  for (const workers of [1, 2]) {
    await Deno.writeFile(`${folder}/data`, DATA);
    await Deno.writeTextFile(`${folder}/victim`, OLD);
    const onProgress = atFirst(() => {
      const temporary = names(folder).find((name) => name.endsWith(".tmp"));
      Deno.renameSync(`${folder}/${temporary}`, `${folder}/away`);
      Deno.symlinkSync(`${folder}/victim`, `${folder}/${temporary}`);
    });
    await sealIn(folder, { workers, onProgress });
    assertEquals(Deno.readTextFileSync(`${folder}/victim`), OLD);
    for (const name of names(folder)) Deno.removeSync(`${folder}/${name}`);
  }
});

testInFolder(
  "Workers that die in the middle of a range are replaced, or done without",
  async (folder) => {
    await Deno.writeFile(`${folder}/data`, DATA);
    for (const always of [false, true]) {
      const kill = () => crew.workers.forEach((worker) => worker.terminate());
      // While ranges are under way; and again and again, until nobody takes them.
      for (const call of [sealIn, openIn]) {
        const killing = setInterval(kill, always ? 1 : 40);
        await call(folder, { workers: 2, onProgress: atFirst(kill) }).finally(() =>
          clearInterval(killing)
        );
      }
      assert(sameBytes(`${folder}/copy`, DATA));
      assertEquals(names(folder), ["copy", "data", "sealed"]);
    }
  },
);

testInFolder("An abort stops the ranges under way and leaves the old files", async (folder) => {
  await Deno.writeFile(`${folder}/data`, DATA);
  await Deno.writeFile(`${folder}/sealed`, SEALED);
  await Deno.writeTextFile(`${folder}/copy`, OLD);
  const reason = new Error("enough");
  for (const workers of COUNTS) {
    for (const call of [sealIn, openIn]) {
      for (const how of ["abort", "abort first", "throw"]) {
        const controller = new AbortController();
        if (how === "abort first") controller.abort(reason);
        const onProgress = () => {
          if (how === "throw") throw reason;
          controller.abort(reason);
        };
        const stopped = call(folder, { workers, onProgress, signal: controller.signal });
        assertEquals(await stopped.catch((error) => error), reason);
        assertEquals(names(folder), ["copy", "data", "sealed"]);
      }
    }
  }
  assert(sameBytes(`${folder}/sealed`, SEALED));
  assertEquals(Deno.readTextFileSync(`${folder}/copy`), OLD);
  assertEquals((await openIn(folder, { workers: 2 })).bytes, DATA.length);
});
