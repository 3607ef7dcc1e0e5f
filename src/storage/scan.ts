/**
 * Listing all values of a shelf.
 *
 * @module
 */

import { checkOptions, kindOf } from "../checks.ts";
import { StorageError } from "./errors.ts";
import type { StorageScanOptions } from "./options.ts";
import { Turns } from "./records.ts";
import type { ReadRecord, Shelf } from "./shelf.ts";

/**
 * Lists what `pick` makes of each readable record.
 *
 * @throws {StorageError} `unreadable`, at the end, if there are records that cannot
 * be read and nobody is told of them.
 */
export function scan<T>(
  shelf: Shelf,
  options: StorageScanOptions | undefined,
  pick: (record: ReadRecord) => T,
): AsyncIterableIterator<T> {
  return new PagedIterator(pickedPages(shelf, options, pick));
}

async function* pickedPages<T>(
  shelf: Shelf,
  options: StorageScanOptions | undefined,
  pick: (record: ReadRecord) => T,
): AsyncGenerator<readonly T[], undefined> {
  const { onUnreadable } = checkOptions(options, ["onUnreadable"]);
  if (onUnreadable !== undefined && typeof onUnreadable !== "function") {
    throw new TypeError(
      `Cannot use onUnreadable: expected a function, got ${kindOf(onUnreadable)}`,
    );
  }
  let missed = 0;
  for await (const { readable, unreadable } of shelf.pages()) {
    yield readable.map(pick);
    if (onUnreadable) unreadable.forEach((name) => onUnreadable(name));
    else missed += unreadable.length;
  }
  if (!missed) return;
  throw new StorageError("unreadable", {
    reason: `${missed} more cannot be read, which verify() names`,
  });
}

/**
 * Gives the items of pages one by one. A generator that yields each of them would
 * make its reader wait several times an item, which takes longer than to open it.
 */
class PagedIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #pages: AsyncGenerator<readonly T[], undefined>;
  readonly #turns = new Turns();
  #page: readonly T[] = [];
  #at = 0;
  #waiting = 0;

  constructor(pages: AsyncGenerator<readonly T[], undefined>) {
    this.#pages = pages;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#waiting && this.#at < this.#page.length) return Promise.resolve(this.#take());
    return this.#inTurn(async () => {
      while (this.#at === this.#page.length) {
        const { done, value } = await this.#pages.next();
        if (done) return { done: true, value: undefined };
        [this.#page, this.#at] = [value, 0];
      }
      return this.#take();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.#inTurn(async () => {
      [this.#page, this.#at] = [[], 0];
      await this.#pages.return(undefined);
      return { done: true, value: undefined };
    });
  }

  #take(): IteratorYieldResult<T> {
    return { done: false, value: this.#page[this.#at++] };
  }

  /** Calls that come before another one has its answer are answered in their order. */
  async #inTurn<R>(work: () => Promise<R>): Promise<R> {
    this.#waiting++;
    try {
      return await this.#turns.take(work);
    } finally {
      this.#waiting--;
    }
  }
}
