/**
 * Memory that is given back before the garbage collector comes. Engines let some
 * 64 MB of dead buffers pile up in every thread (measured), whatever is written.
 *
 * @module
 */

interface Transferable {
  transfer?(length: number): ArrayBuffer;
}

interface Port {
  postMessage(message: null, transfer: ArrayBuffer[]): void;
  close(): void;
}

const host = globalThis as unknown as {
  process?: {
    getBuiltinModule?(name: string): {
      MessageChannel: new () => { port1: Port; port2: Port };
    } | undefined;
  };
};

/** For Node before version 22: what is sent to a port that nobody holds is freed. */
let sink: Port | undefined;

function openSink(): Port | undefined {
  const threads = host.process?.getBuiltinModule?.("node:worker_threads");
  if (!threads) return undefined;
  const { port1, port2 } = new threads.MessageChannel();
  port2.close();
  return port1;
}

/**
 * Gives back the whole buffer that the bytes are in, where the engine can: no view
 * of it can be used any more.
 */
export function release(bytes: Uint8Array): void {
  const buffer = bytes.buffer as ArrayBuffer;
  if (!buffer.byteLength) return;
  const { transfer } = buffer as Transferable;
  if (transfer) transfer.call(buffer, 0);
  else (sink ??= openSink())?.postMessage(null, [buffer]);
}
