/**
 * The way of chunks from a writable stream to the one who reads them.
 *
 * @module
 */

import { abortable, Pacer } from "../runtime/schedule.ts";
import { checkChunk, checkKept } from "./chunks.ts";

/** Something to hand over: a chunk, the end, or what is wrong with a chunk. */
type Item =
  | { readonly chunk: Uint8Array; readonly length: number }
  | { readonly end: true }
  | { readonly error: unknown };

interface Offer {
  readonly item: Item;
  /** Says that the reader has done with it. */
  done(): void;
}

/**
 * Hands chunks over one by one, when the reader asks. Lent chunks are not copied:
 * such a chunk is the reader's until it asks for the next one, and only then the
 * writer is told to go on. Of others the reader gets a copy, which is wiped when it
 * asks for the next one: it may hold plaintext.
 */
export class Inlet implements AsyncIterableIterator<Uint8Array> {
  readonly #signal: AbortSignal;
  readonly #lent: boolean;
  readonly #pacer = new Pacer();
  #offer: Offer | undefined;
  #reading: Offer | undefined;
  #copy: Uint8Array | undefined;
  #offered = () => {};

  /** After an abort of the signal nothing is handed over any more. */
  constructor(signal: AbortSignal, lent: boolean) {
    this.#signal = signal;
    this.#lent = lent;
  }

  /** Hands over a chunk; fulfilled when its owner may use it again. */
  write(chunk: Uint8Array): Promise<void> {
    try {
      const checked = checkChunk(chunk);
      return this.#give({ chunk: checked, length: checked.length });
    } catch (error) {
      // What came before it is still worked on: the reader fails in its turn.
      return this.#give({ error });
    }
  }

  /** Hands over the end; fulfilled when the reader has seen it. */
  close(): Promise<void> {
    return this.#give({ end: true });
  }

  /** Lets the writer go: nobody reads any more. */
  stop(): void {
    this.#copy?.fill(0);
    this.#reading?.done();
    this.#offer?.done();
  }

  /** The next chunk. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    // With chunks that are there at once, or empty, an abort would not be seen.
    await this.#pacer.pause();
    this.#reading?.done();
    this.#reading = undefined;
    this.#copy?.fill(0);
    this.#copy = undefined;
    if (!this.#offer) {
      await abortable(() => new Promise<void>((resolve) => this.#offered = resolve), this.#signal);
    }
    const { item, done } = this.#offer!;
    this.#offer = undefined;
    this.#reading = { item, done };
    if ("chunk" in item) checkKept(item.chunk, item.length);
    if ("chunk" in item && this.#lent) return { done: false, value: item.chunk };
    if ("chunk" in item) this.#copy = new Uint8Array(item.chunk);
    done();
    if (this.#copy) return { done: false, value: this.#copy };
    if ("error" in item) throw item.error;
    return { done: true, value: undefined };
  }

  /** The chunks. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #give(item: Item): Promise<void> {
    return new Promise((done) => {
      if (this.#signal.aborted) return done();
      this.#offer = { item, done };
      this.#offered();
    });
  }
}
