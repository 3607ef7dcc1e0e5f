/**
 * Memory that is given back before the garbage collector comes. Engines let some
 * 64 MB of dead buffers pile up in every thread (measured), whatever is written.
 *
 * @module
 */

import { builtinModule } from "./host.ts";

interface Transferable {
  transfer?(length: number): ArrayBuffer;
}

interface Port {
  postMessage(message: null, transfer: ArrayBuffer[]): void;
  close(): void;
}

interface NodeThreads {
  MessageChannel: new () => { port1: Port; port2: Port };
}

/** For Node before version 22: what is sent to a port that nobody holds is freed. */
let sink: Port | undefined;

function openSink(): Port | undefined {
  const threads = builtinModule<NodeThreads>("node:worker_threads");
  if (!threads) return undefined;
  const { port1, port2 } = new threads.MessageChannel();
  port2.close();
  return port1;
}

/**
 * Gives back the whole buffer that the view is of, where the engine can: no view
 * of it can be used any more.
 */
export function release(view: ArrayBufferView): void {
  const buffer = view.buffer as ArrayBuffer;
  if (!buffer.byteLength) return;
  const { transfer } = buffer as Transferable;
  if (transfer) transfer.call(buffer, 0);
  else (sink ??= openSink())?.postMessage(null, [buffer]);
}

/**
 * Bytes after which dead ones are looked for: of a gigabyte of rows Deno has 165 MB
 * resident at most, 205 after twice as many, for 7 % of the time (measured).
 */
const COLLECTED_BYTES = 12 << 20;
/** V8 looks for dead buffers when so much was allocated beside its heap since it last did. */
const EXTERNAL_LIMIT = 64 << 20;

/** Counts bytes that others will drop, and has the engine collect them in time. */
export class DroppedBytes {
  #bytes = 0;

  /** So many bytes more will be dropped soon. */
  add(length: number): void {
    this.#bytes += length;
    if (this.#bytes < COLLECTED_BYTES) return;
    this.#bytes = 0;
    try {
      // Memory that nobody touches costs nothing, but it counts.
      release(new Uint8Array(EXTERNAL_LIMIT));
    } catch {
      // Where it is refused, the engine comes by itself.
    }
  }
}
