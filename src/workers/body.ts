/**
 * A worker's main program: `deno task workers` bundles it into
 * `body.generated.ts`. It does the tasks that the pool sends, one at a time, on
 * the backends that need nothing but the runtime and the kernel.
 *
 * @module
 */

import { builtinModule, hostGlobal } from "../runtime/host.ts";
import type { Backend } from "../backends/backend.ts";
import { keysAt } from "../backends/derive.ts";
import { createNode } from "../backends/node.ts";
import { createWasm } from "../backends/wasm.ts";
import { openSlices, sealSlices } from "../export/sealed/slices/tasks.ts";
import { release } from "../runtime/memory.ts";
import type {
  DeriveTask,
  FromWorker,
  Task,
  TaskResult,
  ToWorker,
  WorkerBackend,
} from "./messages.ts";
import { receiveModule } from "./received_module.ts";
import { pack, unpack } from "./transfer.ts";

interface ParentPort {
  on(event: "message", listener: (message: unknown) => void): void;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

interface NodeThreads {
  parentPort?: ParentPort | null;
}

/** What a worker of the web has, which is its own port. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

const scope = hostGlobal<WorkerScope>("globalThis")!;
const port = builtinModule<NodeThreads>("node:worker_threads")?.parentPort;

const CREATE: Readonly<Record<WorkerBackend, () => Backend>> = {
  wasm: createWasm,
  node: createNode,
};
const created = new Map<WorkerBackend, Backend>();

/** Stops the task under way. */
let stop: AbortController | undefined;
/** Those who wait for the pool's verdict, by the key's place. */
const verdicts = new Map<number, (accepted: boolean) => void>();

function backendOf(name: WorkerBackend): Backend {
  const backend = created.get(name) ?? CREATE[name]();
  created.set(name, backend);
  return backend;
}

function post(message: FromWorker): void {
  const { message: packed, buffers } = pack(message);
  (port ?? scope).postMessage(packed, buffers);
}

function receive(message: ToWorker): void {
  switch (message.type) {
    case "start":
      return start(message.module);
    case "task":
      return void perform(message.task);
    case "verdict":
      return verdicts.get(message.index)?.(message.accepted);
    case "stop":
      stop?.abort();
      // No verdict comes any more: the derivation goes on to see the abort.
      for (const settle of verdicts.values()) settle(true);
  }
}

function start(module: WebAssembly.Module | undefined): void {
  receiveModule(module);
  try {
    if (module) backendOf("wasm");
    post({ type: "ready" });
  } catch {
    post({ type: "failed" });
  }
}

async function perform(task: Task): Promise<void> {
  const controller = stop = new AbortController();
  try {
    post({ type: "done", result: await resultOf(task, controller.signal) });
  } catch {
    post({ type: "failed" });
  }
}

/** Does the task and wipes what it was sent; its result goes away by transfer. */
async function resultOf(task: Task, signal: AbortSignal): Promise<TaskResult | undefined> {
  try {
    switch (task.type) {
      case "seal": {
        const { backend, key, records, heads } = task.job;
        return await backendOf(backend).async.seal(key, records, heads, signal);
      }
      case "open":
        return await backendOf(task.job.backend).async.open(task.job.key, task.job.tokens, signal);
      case "sealSlices":
        return await sealSlices(task.job, signal);
      case "openSlices":
        return await openSlices(task.job, signal);
      case "derive":
        return void await deriveKeys(task.job, signal);
    }
  } finally {
    stop = undefined;
    verdicts.clear();
    wipe(task);
  }
}

function wipe(task: Task): void {
  if (task.type === "derive") {
    for (const { request } of task.job.jobs) request.password.fill(0);
    return;
  }
  if (task.type === "sealSlices" || task.type === "openSlices") {
    task.job.work.key.fill(0);
    return;
  }
  const { job } = task;
  const batch = "records" in job ? job.records : job.tokens;
  job.key.fill(0);
  if ("records" in job) {
    job.records.bytes.fill(0);
    release(job.heads);
  }
  release(batch.bytes);
  release(batch.offsets);
}

/** The keys' verdicts are given by the pool, in the thread that called. */
async function deriveKeys({ backend, jobs }: DeriveTask, signal: AbortSignal): Promise<void> {
  for await (const candidate of keysAt(backendOf(backend), jobs, { signal })) {
    const { index, key, cost, last } = candidate;
    post({ type: "key", index, key: key.slice(), iterations: cost });
    // The last cost ends the key, whatever the verdict: nobody waits for it.
    if (last) continue;
    candidate.accepted = await new Promise<boolean>((settle) => verdicts.set(index, settle));
  }
}

const hear = (message: unknown) => receive(unpack(message) as ToWorker);
if (port) port.on("message", hear);
else scope.addEventListener("message", ({ data }) => hear(data));
