/**
 * What commands read: a file, a pipe or the standard input.
 *
 * @module
 */

import {
  fileChunks,
  fileFault,
  type FileHandle,
  type FileStatus,
  nodeFiles,
  openFor,
  withFile,
} from "../../files/node_files.ts";
import type { NodeProcess } from "./process.ts";

/** A stream of bytes that nobody else holds. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** What a command reads. */
export interface Input {
  /** The file; `undefined` for the standard input. */
  readonly path: string | undefined;
  /** The number of its bytes, where that is known. */
  readonly size: number | undefined;
  /** What is known of the file. */
  readonly status: FileStatus | undefined;
  /** Its content. */
  stream(): ByteStream;
}

/** Finds the input, before anybody is asked for a secret. */
export async function findInput(
  path: string,
  process: NodeProcess,
  signal: AbortSignal,
): Promise<Input> {
  if (path === "-") {
    return {
      path: undefined,
      size: undefined,
      status: undefined,
      stream: () => readableOf(process.stdin, signal, () => process.stdin.pause()),
    };
  }
  const files = nodeFiles();
  const status = await withFile("read", path, () => files.fs.stat(path, { bigint: true }));
  if (status.isDirectory()) {
    throw fileFault("read", path, "it is a folder, expected a file", { code: "EISDIR" });
  }
  return {
    path,
    size: status.isFile() ? Number(status.size) : undefined,
    status,
    stream() {
      let handle: FileHandle | undefined;
      async function* chunks() {
        handle = await openFor(files, "read", path, signal);
        yield* fileChunks(handle, path, signal);
      }
      return readableOf(chunks(), signal, () => void handle?.close().catch(() => {}));
    },
  };
}

/** Copies each chunk: the source may use its memory again. */
function readableOf(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  end: () => unknown,
): ByteStream {
  const chunks = source[Symbol.asyncIterator]();
  let abort = () => {};
  const settle = () => {
    signal.removeEventListener("abort", abort);
    end();
  };
  return new ReadableStream({
    start(controller) {
      // While a source has nothing to give, no pull would see an abort.
      abort = () => {
        settle();
        controller.error(signal.reason);
      };
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    },
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (signal.aborted) return;
        if (!done) {
          controller.enqueue(new Uint8Array(value));
          return;
        }
        settle();
        controller.close();
      } catch (error) {
        settle();
        throw error;
      }
    },
    cancel: settle,
  });
}

/** Calls back with each chunk, and cancels the stream if that fails. */
export async function eachChunk(
  content: ReadableStream<Uint8Array>,
  work: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const reader = content.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await work(value);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/**
 * Reads all of an input.
 *
 * @param most The most bytes that it may have.
 * @param advice What to do if it has more, as the end of a sentence.
 */
export async function readAll(
  content: ReadableStream<Uint8Array>,
  most: number,
  advice: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  await eachChunk(content, (chunk) => {
    length += chunk.length;
    if (length > most) {
      throw new RangeError(`Cannot read the input: it has more than ${most} bytes, so ${advice}`);
    }
    chunks.push(chunk);
    return Promise.resolve();
  });
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The number of bytes of the one line end that may follow a text. */
export function lineEnd(text: Uint8Array): number {
  if (text.at(-1) !== 0x0a) return 0;
  return text.at(-2) === 0x0d ? 2 : 1;
}
