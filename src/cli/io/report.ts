/**
 * What a command says: results, warnings, errors, and how far it is.
 *
 * @module
 */

// @ts-types="@types/cli-progress"
import type { SingleBar } from "cli-progress";
import { lines, oneLine, toJson } from "./escape.ts";
import type { NodeProcess, OutputStream } from "./process.ts";

const RED = "31";
const YELLOW = "33";
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** What a result says to a program. */
export type Result = Readonly<Record<string, unknown>>;

/** Called with the progress. */
export type OnProgress = (done: number, total: number | undefined) => void;

/** How a command reports. */
export interface ReportOptions {
  /** Lines of JSON instead of text. */
  readonly json: boolean;
  /** Warnings and errors only. */
  readonly quiet: boolean;
}

/** Writes to standard output or standard error, and waits for the end of the write. */
export function writeTo(stream: OutputStream, chunk: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => error ? reject(error) : resolve());
  });
}

/** Reports on the standard error, and a result on the standard output if that is free. */
export class Report {
  readonly #process: NodeProcess;
  readonly #options: ReportOptions;
  #showsBars = true;

  /** Reports by the streams of this process. */
  constructor(process: NodeProcess, options: ReportOptions) {
    this.#process = process;
    this.#options = options;
  }

  /** Whether results are JSON. */
  get json(): boolean {
    return this.#options.json;
  }

  /** Tells a result. Where the standard output has the data, it goes beside it. */
  async result(text: string, result: Result, dataOnStdout: boolean): Promise<void> {
    const { stdout, stderr } = this.#process;
    const stream = dataOnStdout ? stderr : stdout;
    if (this.#options.json) return await writeTo(stream, `${toJson(result)}\n`);
    // Nobody looks for it beside data that goes through a pipe.
    if (this.#options.quiet || dataOnStdout && !stderr.isTTY) return;
    await writeTo(stream, `${lines(text)}\n`);
  }

  /** Warns. */
  async warn(warning: string): Promise<void> {
    await this.#complain("warning", YELLOW, warning, { warning });
  }

  /** Tells why the command failed. */
  async error(error: string, details: Result = {}): Promise<void> {
    await this.#complain("error", RED, error, { error, ...details });
  }

  async #complain(kind: string, colour: string, text: string, result: Result): Promise<void> {
    const { stderr } = this.#process;
    const label = useColour(this.#process) ? `\x1b[${colour}m${kind}:\x1b[0m` : `${kind}:`;
    const line = this.#options.json ? toJson(result) : `${label} ${oneLine(text)}`;
    // If this cannot be written, there is nowhere left to say so.
    await writeTo(stderr, `${line}\n`).catch(() => {});
  }

  /** Shows no progress bar: data goes to the terminal, and a bar would erase lines of it. */
  leaveTerminalToData(): void {
    this.#showsBars = false;
  }

  /**
   * Does something with a progress bar, on a terminal only.
   *
   * @param label What is done.
   * @param unit What is counted: bytes, or what it says.
   * @param work Gets what to call with the progress.
   */
  async progress<T>(
    label: string,
    unit: string,
    work: (onProgress: OnProgress | undefined) => Promise<T>,
  ): Promise<T> {
    const { json, quiet } = this.#options;
    const isShown = this.#showsBars && !json && !quiet && this.#process.stderr.isTTY;
    const SingleBar = isShown ? await loadBar() : undefined;
    if (!SingleBar) return await work(undefined);
    const bar = new Bar(label, unit, (format) =>
      new SingleBar({
        format,
        stream: this.#process.stderr as unknown as NodeJS.WriteStream,
        clearOnComplete: true,
        barCompleteChar: "#",
        barIncompleteChar: ".",
        barsize: 24,
      }));
    try {
      return await work((done, total) => bar.update(done, total));
    } finally {
      bar.stop();
    }
  }
}

/** The package of the bar; a folder that was installed as a link lacks it, and goes without. */
async function loadBar(): Promise<typeof SingleBar | undefined> {
  try {
    return (await import("cli-progress")).default.SingleBar;
  } catch {
    return undefined;
  }
}

/** A progress bar; a line of figures where nobody knows how much is left. */
class Bar {
  readonly #label: string;
  readonly #unit: string;
  readonly #create: (format: string) => SingleBar;
  #bar: SingleBar | undefined;
  #start = 0;
  #before = 0;

  constructor(label: string, unit: string, create: (format: string) => SingleBar) {
    this.#label = label;
    this.#unit = unit;
    this.#create = create;
  }

  update(done: number, total: number | undefined): void {
    const now = performance.now();
    // The first call may come late, when a key had to be derived before it.
    if (!this.#bar) [this.#start, this.#before] = [now, done];
    const rate = (done - this.#before) / ((now - this.#start) / 1_000 || Infinity);
    const figures = {
      amount: amount(done, this.#unit),
      rate: `${amount(rate, this.#unit)}/s`,
      left: rate && total ? duration((total - done) / rate) : "?",
    };
    if (this.#bar) {
      this.#bar.update(done, figures);
      return;
    }
    this.#bar = this.#create(
      total
        ? `${this.#label} [{bar}] {percentage}% {amount} {rate} {left} left`
        : `${this.#label} {amount} {rate}`,
    );
    this.#bar.start(total ?? 0, done, figures);
  }

  stop(): void {
    this.#bar?.stop();
  }
}

function duration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  return seconds < 6_000 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}

/** A number of bytes as people read it, or of what else is counted. */
export function amount(number: number, unit: string): string {
  if (unit !== "bytes") return `${Math.round(number)} ${unit}`;
  const power = number < 1 ? 0 : Math.min(Math.floor(Math.log10(number) / 3), UNITS.length - 1);
  return `${(number / 1_000 ** power).toFixed(power ? 1 : 0)} ${UNITS[power]}`;
}

function useColour({ stderr, env }: NodeProcess): boolean {
  return Boolean(stderr.isTTY) && !env.NO_COLOR;
}
