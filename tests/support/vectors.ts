/**
 * The published vectors: files of `vectors/`, whose README says what a case is.
 *
 * @module
 */

import { assert } from "@std/assert";
import { ROOT } from "./tools.ts";

/** Names of the files, without `.json`. */
export const VECTOR_FILES = [
  "fernet",
  "flet",
  "flet_aes_gcm",
  "fields",
  "sealed",
  "storage",
  "blind_index",
  "vault",
] as const;

/** One of the files. */
export type VectorFile = typeof VECTOR_FILES[number];

interface AnyCase<Input> {
  readonly name: string;
  readonly needs?: string;
  readonly source?: string;
  readonly input: Input;
}

/** A case that a reader has to take. */
export interface GoodCase<Input, Output> extends AnyCase<Input> {
  readonly output: Output;
}

/** A case that a reader has to refuse. */
export interface BadCase<Input> extends AnyCase<Input> {
  readonly rule: string;
  readonly error: string;
  readonly line?: number;
}

/** The cases of a file. */
export interface Vectors<Input, Output> {
  readonly good: readonly GoodCase<Input, Output>[];
  readonly bad: readonly BadCase<Input>[];
}

/** Where a file of vectors is. */
export function vectorPath(file: VectorFile): URL {
  return new URL(`vectors/${file}.json`, ROOT);
}

/** Reads a file of vectors; `tests/docs/vectors_test.ts` checks what is in it. */
export function readVectors<Input, Output>(file: VectorFile): Vectors<Input, Output> {
  const { cases } = JSON.parse(Deno.readTextFileSync(vectorPath(file)));
  const good = cases.filter((each: object) => "output" in each);
  const bad = cases.filter((each: object) => "error" in each);
  assert(good.length + bad.length === cases.length && good.length);
  return { good, bad };
}

/** The bytes of hexadecimal digits. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(digits).slice();
}
