/**
 * The records of one prefix, found by their keys and opened in batches.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { type KeySource, withRoots } from "./key_source.ts";
import { type KeyRing, withRing } from "./keys.ts";
import type { Names, Prefix, Span } from "./names.ts";
import type { Records } from "./records.ts";
import { type OpenedRecord, openRecords, readMessage, type ReadValue } from "./values.ts";

/** Records that a scan reads at first, and at most at a time. */
const FIRST_PAGE = 64;
const LONGEST_PAGE = 4_096;
/** Characters of records that it reads at a time, if those to come are like the last ones. */
const PAGE_LENGTH = 1 << 18;

/** A record that was found. */
export interface FoundRecord {
  /** Its name. */
  readonly name: string;
  /** The record. */
  readonly record: string;
  /** Which of the value's names that is: 0 is the newest. */
  readonly rank: number;
}

/** A record that was read. */
export interface ReadRecord extends ReadValue {
  /** Its name. */
  readonly name: string;
  /** The record. */
  readonly record: string;
  /** The same, opened. */
  readonly opened: OpenedRecord;
  /** Which of the keys it is under: 0 is the newest. */
  readonly keyRank: number;
}

/** What a scan found under some names. */
export interface Page {
  /** The records that can be read. */
  readonly readable: readonly ReadRecord[];
  /** The names of those that cannot. */
  readonly unreadable: readonly string[];
  /** Characters of all of them. */
  readonly length: number;
}

/** Under which names values have to be. */
interface OwnNames {
  /** Under the key that opened them. */
  readonly own: readonly string[];
  /** Under each newer one. */
  readonly newer: readonly (readonly string[])[];
}

/** The records of one prefix. */
export class Shelf {
  /** The store's records. */
  readonly records: Records;
  /** What the names begin with. */
  readonly prefix: Prefix;
  readonly #names: Names;
  readonly #source: KeySource;

  /** Reads nothing yet. */
  constructor(records: Records, names: Names, source: KeySource) {
    this.records = records;
    this.prefix = names.prefix;
    this.#names = names;
    this.#source = source;
  }

  /**
   * Does work with the derived keys, which are wiped afterwards.
   *
   * @throws {StorageError} `locked`, if the vault is.
   * @throws {TypeError} If a key was destroyed.
   */
  async withKeys<T>(work: (ring: KeyRing) => Promise<T>): Promise<T> {
    return await withRoots(this.#source, (roots) => withRing(roots, work));
  }

  /** The names of each key's value, the newest first. */
  async namesOf(ring: KeyRing, keys: readonly Uint8Array[]): Promise<string[][]> {
    return await this.namesIn(ring, keys.map((key) => this.#names.context(key)));
  }

  /** As {@linkcode Shelf.namesOf}, of the keys that stand in contexts. */
  async namesIn(ring: KeyRing, contexts: readonly Span[]): Promise<string[][]> {
    const lists = await this.#names.of(contexts, ring.names);
    return contexts.map((_, index) => lists.map((list) => list[index]));
  }

  /** The records of the keys' values, where there are some; they are not opened. */
  async find(ring: KeyRing, keys: readonly Bytes[]): Promise<(FoundRecord | undefined)[]> {
    const names = await this.namesOf(ring, keys);
    const records = await this.records.getMany(names.flat());
    let at = 0;
    const found = names.map((some) => firstOf(some, some.map(() => records[at++])));
    // A value may have moved to its newest name after that one was looked at.
    const missing = [...found.keys()].filter((index) => !found[index] && names[index].length > 1);
    const moved = await this.records.getMany(missing.map((index) => names[index][0]));
    missing.forEach((index, at) => found[index] = firstOf(names[index], [moved[at]]));
    return found;
  }

  /** Opens found records; `undefined` for those that are not readable values of their keys. */
  async open(
    ring: KeyRing,
    keys: readonly string[],
    found: readonly FoundRecord[],
  ): Promise<(ReadRecord | undefined)[]> {
    const read = new Array<ReadRecord | undefined>(found.length).fill(undefined);
    for (const rank of new Set(found.map(({ rank }) => rank))) {
      const indexes = [...found.keys()].filter((index) => found[index].rank === rank);
      const records = indexes.map((index) => found[index].record);
      // Under a name that one key made, only records of that key are accepted.
      const isBound = this.#names.count(ring.names) > 1;
      const openers = isBound ? [ring.values[rank]] : ring.values;
      (await openRecords(openers, records)).forEach((opened, at) => {
        const { name, record } = found[indexes[at]];
        const value = opened && readMessage(this.prefix, opened);
        if (!value || value.key !== keys[indexes[at]]) return;
        const keyRank = isBound ? rank : opened.keyRank;
        read[indexes[at]] = readRecord(name, record, opened, keyRank, value);
      });
    }
    return read;
  }

  /**
   * Reads all records of the prefix, in pages. A value may have an older record
   * beside its newest one while keys change: unless they are wanted, such are left
   * out.
   */
  async *pages(wanted: { older: boolean } = { older: false }): AsyncGenerator<Page> {
    // How a name looks is judged where its record is none of ours: reading it is as fast.
    const names = (await this.records.names(this.prefix.text))
      .filter((name) => this.#names.mayInclude(name));
    let count = FIRST_PAGE;
    for (let start = 0; start < names.length;) {
      const some = names.slice(start, start + count);
      const page = await this.withKeys((ring) => this.readPage(ring, some, wanted));
      yield page;
      start += some.length;
      const fitting = Math.ceil(PAGE_LENGTH * some.length / (page.length + 1));
      count = Math.min(fitting, LONGEST_PAGE);
    }
  }

  /** The names of the prefix's records, as far as names tell. */
  async names(): Promise<string[]> {
    const names = await this.records.names(this.prefix.text);
    return names.filter((name) => this.#names.includes(name));
  }

  /** Reads the records of these names: see {@linkcode Shelf.pages}. */
  async readPage(
    ring: KeyRing,
    names: readonly string[],
    { older }: { older: boolean },
  ): Promise<Page> {
    const records = await this.records.getMany(names);
    const opened = await openRecords(ring.values, records);
    const read: ReadRecord[] = [];
    const unreadable: string[] = [];
    let length = 0;
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      const record = records[index];
      if (record === undefined) continue; // removed meanwhile
      length += record.length;
      const each = opened[index];
      const value = each && readMessage(this.prefix, each);
      if (value) read.push(readRecord(name, record, each, each.keyRank, value));
      else if (this.#names.includes(name)) unreadable.push(name);
    }
    // What is under another name than its own was moved there.
    const { own, newer } = await this.#ownNames(ring, read);
    const there = await this.#existing(older ? [] : newer.flat());
    const readable: ReadRecord[] = [];
    for (let index = 0; index < read.length; index++) {
      const { name } = read[index];
      if (name !== own[index]) unreadable.push(name);
      else if (!newer[index].some((name) => there.has(name))) readable.push(read[index]);
    }
    return { readable, unreadable, length };
  }

  async #existing(names: readonly string[]): Promise<Set<string>> {
    const records = await this.records.getMany(names);
    return new Set(names.filter((_, index) => records[index] !== undefined));
  }

  /** The names of values under the keys that opened them, and under those that are newer. */
  async #ownNames(ring: KeyRing, readable: readonly ReadRecord[]): Promise<OwnNames> {
    const isBound = this.#names.count(ring.names) > 1;
    const own = new Array<string>(readable.length);
    const newer = new Array<readonly string[]>(readable.length).fill([]);
    for (const rank of new Set(readable.map(({ keyRank }) => keyRank))) {
      const indexes = [...readable.keys()].filter((index) => readable[index].keyRank === rank);
      const contexts = indexes.map((index) => readable[index].context);
      const makers = isBound ? ring.names.slice(0, rank + 1) : ring.names;
      const lists = await this.#names.of(contexts, makers);
      const newerLists = lists.slice(0, -1);
      indexes.forEach((index, at) => {
        own[index] = lists[newerLists.length][at];
        if (newerLists.length) newer[index] = newerLists.map((list) => list[at]);
      });
    }
    return { own, newer };
  }
}

/** Written out: spread objects take longer than the decryption. */
function readRecord(
  name: string,
  record: string,
  opened: OpenedRecord,
  keyRank: number,
  { key, context, value }: ReadValue,
): ReadRecord {
  return { name, record, opened, keyRank, key, context, value };
}

function firstOf(
  names: readonly string[],
  records: readonly (string | undefined)[],
): FoundRecord | undefined {
  const rank = records.findIndex((record) => record !== undefined);
  return rank < 0 ? undefined : { name: names[rank], record: records[rank]!, rank };
}
