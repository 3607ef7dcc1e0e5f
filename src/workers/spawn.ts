/**
 * Threads, of whichever kind a runtime has: those of `node:worker_threads` where
 * it has them, as only they can be kept from holding the process; else Workers
 * of the web.
 *
 * @module
 */

import { builtinModule, hostGlobal, onCloudflare } from "../runtime/host.ts";
import { WORKER_BODY } from "./body.generated.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { pack, unpack } from "./transfer.ts";

/** A thread that runs the worker's body. */
export interface Thread {
  /** Sends a message, whose buffers are transferred. */
  post(message: ToWorker): void;
  /** Says whether the process has to stay for it. At first it has. */
  hold(needed: boolean): void;
  /** Ends it. */
  terminate(): void;
}

/** Who hears of a thread. */
export interface ThreadListener {
  /** It has sent a message. */
  onMessage(message: FromWorker): void;
  /** It is no more, or was never: this may be told more than once. */
  onEnd(): void;
}

/** As much of `node:worker_threads` as is used; a static import would not load elsewhere. */
interface NodeThread {
  on(event: "message", listener: (message: unknown) => void): void;
  on(event: "error" | "exit" | "messageerror", listener: () => void): void;
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

interface NodeThreads {
  Worker: new (
    code: string,
    options: {
      eval: boolean;
      execArgv: string[];
      env: Record<string, string>;
      name: string;
      resourceLimits: { maxYoungGenerationSizeMb: number };
    },
  ) => NodeThread;
}

const NAME = "ironfern";

/**
 * Starts a thread, or says `undefined` where there are none. That it runs is
 * known only when it answers: a page's policy, for one, may forbid it later.
 */
export function spawn(listener: ThreadListener): Thread | undefined {
  // Cloudflare has the class, and an error for who makes use of it.
  if (onCloudflare) return undefined;
  try {
    return spawnNode(listener) ?? spawnWeb(listener);
  } catch {
    return undefined;
  }
}

function spawnNode({ onMessage, onEnd }: ThreadListener): Thread | undefined {
  const threads = builtinModule<NodeThreads>("node:worker_threads");
  if (!threads) return undefined;
  const options = {
    eval: true,
    // The program's own flags may name modules to load first.
    execArgv: [],
    // To copy its environment Deno would ask its user for all of it.
    env: {},
    name: NAME,
    // What a worker makes is in buffers. Node would let 16 MB of small things die
    // before it looks; Deno does not ask.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  };
  const worker = new threads.Worker(WORKER_BODY, options);
  worker.on("message", (message) => onMessage(unpack(message) as FromWorker));
  worker.on("error", onEnd);
  worker.on("exit", onEnd);
  worker.on("messageerror", onEnd);
  return {
    post(data) {
      const { message, buffers } = pack(data);
      worker.postMessage(message, buffers);
    },
    hold: (needed) => needed ? worker.ref() : worker.unref(),
    terminate: () => void worker.terminate(),
  };
}

function spawnWeb({ onMessage, onEnd }: ThreadListener): Thread | undefined {
  const WebWorker = hostGlobal<typeof Worker>("Worker");
  if (typeof WebWorker !== "function") return undefined;
  const url = URL.createObjectURL(new Blob([WORKER_BODY], { type: "text/javascript" }));
  const worker = new WebWorker(url, { type: "module", name: NAME });
  const loaded = () => URL.revokeObjectURL(url);
  const end = (event: Event) => {
    // Or else the page hears of an error that costs it nothing.
    event.preventDefault();
    loaded();
    onEnd();
  };
  worker.addEventListener("message", loaded, { once: true });
  worker.addEventListener("message", ({ data }) => onMessage(unpack(data) as FromWorker));
  worker.addEventListener("error", end);
  worker.addEventListener("messageerror", end);
  return {
    post(data) {
      const { message, buffers } = pack(data);
      worker.postMessage(message, buffers);
    },
    hold() {},
    terminate() {
      loaded();
      worker.terminate();
    },
  };
}
