/**
 * What a worker holds after a job: nothing of the keys, passwords and plaintexts
 * that it was sent. The shipped body runs as it is; a few lines before it let the
 * test see the memory of its kernel and the messages that it received, with the
 * bytes that a buffer had when it was given back.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Worker } from "node:worker_threads";
import { statSync } from "node:fs";
import { kernelModule } from "../../src/kernel/load.ts";
import { WORKER_BODY } from "../../src/workers/body.generated.ts";
import { testInFolder } from "../support/files.ts";
import { SLICE } from "../support/sealed.ts";
import type { FromWorker, Task, ToWorker } from "../../src/workers/messages.ts";

/** What the data of files is made of. */
const MARKER = "a secret row of the data|";

const WATCHER = `
const { parentPort } = process.getBuiltinModule("node:worker_threads");
const memories = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...given) {
    super(...given);
    memories.push(this.exports.memory);
  }
};
const released = new Map();
const { transfer } = ArrayBuffer.prototype;
ArrayBuffer.prototype.transfer = function (length) {
  released.set(this, new Uint8Array(this).slice());
  return transfer.call(this, length);
};
// Long arrays that the body makes: records, lines and what comes of them.
const long = [];
globalThis.Uint8Array = new Proxy(Uint8Array, {
  construct(target, given) {
    const array = Reflect.construct(target, given);
    if (array.length > 60_000) long.push(array);
    return array;
  },
});
const received = [];
const copy = (value) => {
  if (ArrayBuffer.isView(value)) return released.get(value.buffer) ?? value.slice();
  if (Array.isArray(value)) return value.map(copy);
  if (Object.prototype.toString.call(value) !== "[object Object]") return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copy(field)]));
};
parentPort.on("message", (message) => {
  if (message !== "show") return received.push(message);
  const [{ buffer }] = memories;
  const task = copy(received.at(-1).task);
  const content = (array) => released.get(array.buffer) ?? array;
  const held = long.filter((array) => Buffer.from(content(array)).includes(${
  JSON.stringify(MARKER)
}));
  parentPort.postMessage({ type: "shown", memory: buffer.slice(0), task, made: long.length, held: held.length });
});
`;

interface Shown {
  readonly type: "shown";
  readonly memory: ArrayBuffer;
  readonly task?: Task;
  /** Long arrays that were made, and how many of them hold the data of a file. */
  readonly made: number;
  readonly held: number;
}

/** A worker under watch. */
class Watched {
  readonly #worker = new Worker(WATCHER + WORKER_BODY, { eval: true });
  readonly #messages: (FromWorker | Shown)[] = [];
  #arrived = () => {};

  constructor() {
    this.#worker.on("message", (message) => {
      this.#messages.push(message);
      this.#arrived();
    });
    this.post({ type: "start", module: kernelModule() });
  }

  post(message: ToWorker | "show"): void {
    this.#worker.postMessage(message);
  }

  async next(): Promise<FromWorker | Shown> {
    while (!this.#messages.length) await new Promise<void>((resolve) => this.#arrived = resolve);
    return this.#messages.shift()!;
  }

  async show(): Promise<Shown> {
    this.post("show");
    for (;;) {
      const message = await this.next();
      if (message.type === "shown") return message;
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

const bytes = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const request = { hash: "SHA-256", length: 32 } as const;
const records = { bytes: bytes(5_000), offsets: Uint32Array.of(0, 1_000, 5_000), lineFeeds: false };

function derivation(costs: readonly number[]): Task {
  const jobs = Array.from({ length: 5 }, () => ({
    request: { ...request, password: bytes(24), salt: bytes(16) },
    costs,
  }));
  return { type: "derive", job: { backend: "wasm", jobs } };
}

/** The secrets of a task that a worker was sent, as they are there. */
function secretsOf(task: Task | undefined): Uint8Array[] {
  switch (task?.type) {
    case "derive":
      return task.job.jobs.map(({ request }) => request.password);
    case "seal":
      return [task.job.key, task.job.records.bytes];
    case "open":
      return [task.job.key];
    case "sealSlices":
    case "openSlices":
      return [task.job.work.key];
    default:
      return [];
  }
}

const TASKS: Readonly<Record<string, Task>> = {
  seal: { type: "seal", job: { backend: "wasm", key: bytes(32), records, heads: bytes(48) } },
  open: { type: "open", job: { backend: "wasm", key: bytes(32), tokens: records } },
  derive: derivation([1_700]),
  "fail to seal": {
    type: "seal",
    job: { backend: "no such backend" as "wasm", key: bytes(32), records, heads: bytes(48) },
  },
};

for (const [name, task] of Object.entries(TASKS)) {
  Deno.test(`nothing is left in a worker that was asked to ${name}`, async () => {
    const worker = new Watched();
    try {
      assertEquals((await worker.next()).type, "ready");
      const fresh = await worker.show();
      worker.post({ type: "task", task });
      let answer = await worker.next();
      while (answer.type === "key") answer = await worker.next();
      assertEquals(answer.type, name.startsWith("fail") ? "failed" : "done");
      const after = await worker.show();
      const secrets = secretsOf(after.task);
      assert(secrets.length > 0 && secretsOf(task).every((secret) => secret.some(Boolean)));
      assert(secrets.every((secret) => !secret.some(Boolean)), "it holds what it was sent");
      if (answer.type === "done") assertSame(after.memory, fresh.memory);
    } finally {
      await worker.end();
    }
  });
}

Deno.test("a derivation is seen in a worker, and nothing is left when it is stopped", async () => {
  const worker = new Watched();
  try {
    assertEquals((await worker.next()).type, "ready");
    const fresh = await worker.show();
    worker.post({ type: "task", task: derivation([5_000, 2 ** 32 - 1]) });
    // Its verdict is not given: the worker waits for it until it is stopped.
    assertEquals((await worker.next()).type, "key");
    const during = await worker.show();
    assert(differs(during.memory, fresh.memory));
    assert(secretsOf(during.task).every((secret) => secret.some(Boolean)));
    worker.post({ type: "stop" });
    let answer = await worker.next();
    while (answer.type === "key") answer = await worker.next();
    assertEquals(answer.type, "failed");
    const after = await worker.show();
    assert(secretsOf(after.task).every((secret) => !secret.some(Boolean)));
    assertSame(after.memory, fresh.memory);
  } finally {
    await worker.end();
  }
});

for (const engine of ["node", "mixed", "wasm"] as const) {
  testInFolder(`nothing is left in a worker of a file's slices [${engine}]`, async (folder) => {
    const data = new TextEncoder().encode(MARKER.repeat(Math.ceil(3 * SLICE / MARKER.length)));
    await Deno.writeFile(`${folder}/data`, data);
    for (const name of ["sealed", "copy"]) {
      await Deno.writeFile(`${folder}/${name}`, new Uint8Array());
    }
    const known = (name: string) => {
      const path = `${folder}/${name}`;
      const { dev, ino } = statSync(path, { bigint: true });
      return { path, dev, ino };
    };
    const work = { engine, key: bytes(32), start: 0, time: 7n, length: data.length };
    const range = { first: 0, count: 3 };
    const worker = new Watched();
    try {
      assertEquals((await worker.next()).type, "ready");
      const fresh = await worker.show();
      const tasks: Task[] = [
        {
          type: "sealSlices",
          job: { input: known("data"), output: known("sealed"), work, range },
        },
        {
          type: "openSlices",
          job: { input: known("sealed"), output: known("copy"), work, range },
        },
      ];
      for (const task of tasks) {
        worker.post({ type: "task", task });
        assertEquals((await worker.next()).type, "done");
        const { memory, task: after, made, held } = await worker.show();
        const [key] = secretsOf(after);
        assert(key.length === 32 && !key.some(Boolean), "it holds the key");
        assert(made > 0, "no array was seen");
        assertEquals(held, 0);
        assertSame(memory, fresh.memory);
      }
      assertEquals(
        Buffer.compare(Deno.readFileSync(`${folder}/copy`), data.subarray(0, 3 * SLICE)),
        0,
      );
    } finally {
      await worker.end();
    }
  });
}

function differs(actual: ArrayBuffer, expected: ArrayBuffer): boolean {
  const [a, b] = [actual, expected].map((buffer) => new Uint32Array(buffer));
  return a.length !== b.length || a.some((word, index) => word !== b[index]);
}

function assertSame(actual: ArrayBuffer, expected: ArrayBuffer): void {
  assert(!differs(actual, expected), "the kernel's memory is not as it was when it was new");
}
