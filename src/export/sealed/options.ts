/**
 * The options of sealed exports, and their checks.
 *
 * @module
 */

import { type BackendChoice, checkBackend } from "../../backends/select/available.ts";
import {
  checkInteger,
  checkOnProgress,
  checkOptions,
  checkSignal,
  kindOf,
  MAX_ITERATIONS,
  quoted,
} from "../../checks.ts";
import { checkWorkers } from "../../workers/pool.ts";
import { ITERATIONS, USUAL_MAX_ITERATIONS } from "./format.ts";
import { decodeRandom } from "./header.ts";
import { type ExportSecret, type RootSecret, rootSecret } from "./secret.ts";

/** Options of all calls that seal or open. */
export interface ExportWorkSettings {
  /**
   * The backend: `"auto"` takes the fastest that is right for the job.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
  /** How many workers may help, from 0 (none) to 64; by default what suits the machine. */
  workers?: number;
  /** Stops the work: everything then rejects with its reason. */
  signal?: AbortSignal;
  /**
   * Called with the progress.
   *
   * @param done Bytes of the input: of the data when it is sealed, of the export
   * when it is opened.
   * @param total How many there are, where that is known: of files and blobs.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Options of the calls that seal, but for the secret. */
export interface SealExportSettings extends ExportWorkSettings {
  /**
   * PBKDF2 iterations, from 100,000 to 10,000,000; not with a key. Whoever opens
   * a file with more than 2,000,000 has to raise `maxIterations`.
   *
   * @default {600_000}
   */
  iterations?: number;
}

/** What the caller knows of an export that is opened. */
export interface ExpectedExport {
  /** Its id. An older export of the same name is valid too, but has another id. */
  id: string;
}

/** How a header is judged before anything is derived. */
export interface ExportHeaderSettings {
  /**
   * The most PBKDF2 iterations that the file may ask for: an integer from
   * 100,000 to 2^32-1. Whoever wrote the file chose their number, and they are
   * done before anything of it is authenticated: 2,000,000 take about a second,
   * each further 10,000,000 some 5 to 12 seconds.
   *
   * @default {2_000_000}
   */
  maxIterations?: number;
  /** What the header must say; any other export is refused. */
  expect?: ExpectedExport;
}

/** Options of the calls that open, but for the secret. */
export interface OpenExportSettings extends ExportWorkSettings, ExportHeaderSettings {}

/** Options of {@linkcode sealExport} and {@linkcode sealFile}. */
export type SealExportOptions = ExportSecret & SealExportSettings;

/** Options of {@linkcode openExport}, {@linkcode openFile} and {@linkcode verifyExport}. */
export type OpenExportOptions = ExportSecret & OpenExportSettings;

/** What was sealed, or opened to its end. */
export interface SealedExportInfo {
  /** The export's name for good: 16 random bytes as 22 characters of base64url. */
  id: string;
  /** How many slices there are. */
  slices: number;
  /** Bytes of the data. */
  bytes: number;
}

/** The checked options of all calls. */
export interface ExportWork {
  /** A copy of the secret. Who asked for the checks wipes it. */
  readonly secret: RootSecret;
  /** The backend. */
  readonly backend: BackendChoice;
  /** The workers. */
  readonly workers: number | undefined;
  /** The caller's signal, or one that is never aborted. */
  readonly signal: AbortSignal;
  /** As in the options. */
  readonly onProgress: ExportWorkSettings["onProgress"];
  /** Bytes of the input, where they are known. */
  readonly total?: number;
}

/** The checked options of a call that seals. */
export interface SealWork extends ExportWork {
  /** PBKDF2 iterations; `undefined` with a key. */
  readonly iterations: number | undefined;
}

/** The checked options of a call that opens. */
export interface OpenWork extends ExportWork {
  /** The most iterations. */
  readonly maxIterations: number;
  /** The pinned id. */
  readonly expectedId: string | undefined;
}

const COMMON = ["passphrase", "key", "backend", "workers", "signal"] as const;
/** The names of {@linkcode SealExportOptions}. */
export const SEAL_OPTIONS = [...COMMON, "iterations", "onProgress"] as const;
/** The names of {@linkcode OpenExportOptions}, but for the progress. */
export const READ_OPTIONS = [...COMMON, "maxIterations", "expect"] as const;
/** The names of {@linkcode OpenExportOptions}. */
export const OPEN_OPTIONS = [...READ_OPTIONS, "onProgress"] as const;

/**
 * Checks the options of a call that seals.
 *
 * @throws {TypeError} If one is unknown or of the wrong type, or there is not
 * exactly one secret.
 * @throws {RangeError} If a number is out of its bounds, or a secret too long.
 */
export function sealWork(options: SealExportOptions): SealWork {
  const known = checkOptions(options, SEAL_OPTIONS);
  const { iterations } = known;
  const { least, most, usual } = ITERATIONS;
  if (iterations !== undefined) {
    if (known.key !== undefined) {
      throw new TypeError(
        "Cannot use iterations with a key: there is no passphrase to derive from",
      );
    }
    checkInteger(iterations, "iterations", least, most);
  }
  const work = exportWork(known);
  return {
    ...work,
    iterations: work.secret.kind === "key" ? undefined : iterations ?? usual,
  };
}

/**
 * Checks the options of a call that opens.
 *
 * @throws {TypeError} As {@linkcode sealWork}.
 * @throws {RangeError} As {@linkcode sealWork}.
 */
export function openWork(options: OpenExportOptions): OpenWork {
  const known = checkOptions(options, OPEN_OPTIONS);
  const { maxIterations = USUAL_MAX_ITERATIONS } = known;
  checkInteger(maxIterations, "maxIterations", ITERATIONS.least, MAX_ITERATIONS);
  const expectedId = known.expect === undefined ? undefined : checkExpected(known.expect);
  return { ...exportWork(known), maxIterations, expectedId };
}

function checkExpected(expect: ExpectedExport): string {
  if (typeof expect !== "object" || expect === null) {
    throw new TypeError(`Cannot use expect: expected \`{ id }\`, got ${kindOf(expect)}`);
  }
  const { id } = checkOptions(expect, ["id"]);
  if (decodeRandom(id)) return id;
  throw new TypeError(
    `Cannot expect the id ${quoted(id)}: expected 22 characters of base64url`,
  );
}

/** The secret is copied last: what throws before leaves no copy behind. */
function exportWork(options: ExportSecret & ExportWorkSettings): ExportWork {
  const { workers, onProgress, signal } = options;
  const backend = checkBackend(options.backend);
  checkWorkers(workers);
  checkSignal(signal);
  checkOnProgress(onProgress);
  return {
    backend,
    workers,
    onProgress,
    signal: signal ?? new AbortController().signal,
    secret: rootSecret(options),
  };
}
