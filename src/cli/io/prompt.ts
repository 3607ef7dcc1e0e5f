/**
 * Asking on the terminal, without an echo.
 *
 * @module
 */

import { nodeFiles } from "../../files/node_files.ts";
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
/** What keys such as the arrows send after the escape, whole or in part. */
const SEQUENCE = /^(\[[0-?]*[ -/]*[@-~]?|O[@-~]?|[^[O])?/;

/** Stands for bytes that are not UTF-8. */
const BROKEN = "\ufffd";

/** A line of text that is being typed; its keys come in pieces of any size. */
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

/** A terminal that can be asked on. */
export interface Terminal {
  /** Gives the keys. */
  readonly input: InputStream;
  /** Shows a text. */
  print(text: string): Promise<void>;
  /** Gives the terminal back. */
  close(): void;
}

/** Whether the standard streams are a terminal. */
export function isTerminal({ stdin, stderr }: NodeProcess): boolean {
  return Boolean(stdin.isTTY && stderr.isTTY && typeof stdin.setRawMode === "function");
}

/**
 * The terminal of this process: the standard input and error, or where these are
 * something else, the one that the system knows.
 *
 * @param process The process.
 * @param stdinIsData Whether the standard input has another use.
 * @returns `undefined` if there is none, or if it may not be opened: Deno opens it
 * only with all permissions.
 */
export function findTerminal(process: NodeProcess, stdinIsData: boolean): Terminal | undefined {
  if (isTerminal(process) && !stdinIsData) {
    const { stdin, stderr } = process;
    return {
      input: stdin,
      print: (text) => new Promise((resolve) => void stderr.write(text, () => resolve())),
      close: () => stdin.pause(),
    };
  }
  return process.platform === "win32" ? undefined : openTerminal(process);
}

interface NodeTty {
  ReadStream: new (descriptor: number) => InputStream & { destroy(): void };
}

function openTerminal(process: NodeProcess): Terminal | undefined {
  const { fsSync } = nodeFiles();
  const { ReadStream } = process.getBuiltinModule("node:tty") as NodeTty;
  try {
    const descriptor = fsSync.openSync("/dev/tty", "r+");
    const input = new ReadStream(descriptor);
    return {
      input,
      print: (text) => Promise.resolve(void fsSync.writeSync(descriptor, text)),
      close: () => input.destroy(),
    };
  } catch {
    return undefined;
  }
}

/**
 * Asks one question after the other. However this ends, the terminal is then as it
 * was before.
 *
 * @throws {Interrupted} At Ctrl-C.
 * @throws {UsageError} If an answer is empty.
 */
export async function askHidden(
  terminal: Terminal,
  questions: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const { input } = terminal;
  const line = new HiddenLine(() => void terminal.print(BELL));
  const answers: string[] = [];
  try {
    signal.throwIfAborted();
    input.setRawMode(true);
    for (const question of questions) {
      await terminal.print(`${question}: `);
      try {
        answers.push(line.type("") ?? await typedLine(input, line, signal));
      } finally {
        await terminal.print("\n");
      }
      if (!answers.at(-1)) throw new UsageError("Cannot go on: nothing was typed");
    }
    return answers;
  } finally {
    input.setRawMode(false);
    terminal.close();
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
