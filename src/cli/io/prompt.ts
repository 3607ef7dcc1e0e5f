/**
 * Asking on the terminal, without an echo.
 *
 * @module
 */

import { Interrupted, UsageError } from "../failures.ts";
import type { InputStream, NodeProcess } from "./process.ts";

const ENTER = /[\r\n]/;
const CTRL_C = "\x03";
const CTRL_D = "\x04";
const CTRL_U = "\x15";
const TAB = "\t";
const BELL = "\x07";
const ESCAPE = "\x1b";
const ERASE = /[\b\x7f]/;
/** What arrow keys and their like send after the escape, whole or in part. */
const SEQUENCE = /^(\[[0-?]*[ -/]*[@-~]?|O[@-~]?|[^[O])?/;

/** What is decoded of bytes that are not UTF-8. */
const BROKEN = "\ufffd";

/** One line of text as it is typed, from keys that come in any pieces. */
export class HiddenLine {
  readonly #ring: () => void;
  #text: string[] = [];
  #keys = "";

  /** A line; `ring` is called for a key that does nothing. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /**
   * Takes keys; returns the line when it is ended, and keeps the keys after that.
   *
   * @throws {UsageError} If one is refused: nobody sees what was typed, so without
   * it another secret than was meant would be used.
   */
  type(keys: string): string | undefined {
    this.#keys += keys;
    while (this.#keys) {
      const key = String.fromCodePoint(this.#keys.codePointAt(0) ?? 0);
      if (key === ESCAPE) {
        const rest = this.#keys.slice(1);
        this.#keys = rest.slice(SEQUENCE.exec(rest)?.[0].length ?? 0);
        this.#ring();
        continue;
      }
      this.#keys = this.#keys.slice(key.length);
      if (ENTER.test(key)) return this.#take();
      if (key === CTRL_C) throw new Interrupted("SIGINT");
      if (key === CTRL_D) {
        if (!this.#text.length) throw new UsageError("Cannot go on: nothing was typed");
        this.#ring();
      } else if (key === CTRL_U) this.#text = [];
      else if (ERASE.test(key)) this.#text.pop();
      else if (key === BROKEN) {
        throw new UsageError("Cannot use what was typed: it is not UTF-8");
      } else if (key >= " " || key === TAB) this.#text.push(key);
      else {
        throw new UsageError(
          "Cannot use what was typed: it has a control character, so type it again without",
        );
      }
    }
  }

  #take(): string {
    const text = this.#text.join("");
    this.#text = [];
    return text;
  }
}

/** Whether somebody can be asked: the questions go to standard error. */
export function canAsk({ stdin, stderr }: NodeProcess): boolean {
  return Boolean(stdin.isTTY && stderr.isTTY && typeof stdin.setRawMode === "function");
}

/**
 * Asks one question after the other. The terminal is as it was when this ends,
 * whichever way.
 *
 * @throws {Interrupted} At Ctrl-C.
 * @throws {UsageError} If an answer is empty.
 */
export async function askHidden(
  { stdin, stderr }: NodeProcess,
  questions: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const print = (text: string) =>
    new Promise<void>((resolve) => void stderr.write(text, () => resolve()));
  const line = new HiddenLine(() => void print(BELL));
  const answers: string[] = [];
  signal.throwIfAborted();
  stdin.setRawMode(true);
  try {
    for (const question of questions) {
      await print(`${question}: `);
      try {
        answers.push(line.type("") ?? await typedLine(stdin, line, signal));
      } finally {
        await print("\n");
      }
      if (!answers.at(-1)) throw new UsageError("Cannot go on: nothing was typed");
    }
    return answers;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

function typedLine(stdin: InputStream, line: HiddenLine, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    const settle = () => {
      stdin.off("data", onData);
      stdin.off("end", onEnd);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (reason: unknown) => {
      settle();
      reject(reason);
    };
    const onData = (chunk: Uint8Array) => {
      try {
        const text = line.type(decoder.decode(chunk, { stream: true }));
        if (text === undefined) return;
        settle();
        resolve(text);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = () => fail(new UsageError("Cannot go on: the terminal was closed"));
    const onAbort = () => fail(signal.reason);
    stdin.on("data", onData);
    stdin.on("end", onEnd);
    signal.addEventListener("abort", onAbort, { once: true });
    stdin.resume();
  });
}
