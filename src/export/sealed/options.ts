/**
 * The options of sealed exports, and the file key that comes of them.
 *
 * @module
 */

import { noble } from "../../backends/noble.ts";
import { type BackendChoice, checkBackend } from "../../backends/select/available.ts";
import {
  checkInteger,
  checkOnProgress,
  checkSignal,
  kindOf,
  MAX_ITERATIONS,
  quoted,
  secretBytes,
} from "../../checks.ts";
import { type Bytes, concatBytes } from "../../bytes/bytes.ts";
import { encodeAscii } from "../../bytes/text.ts";
import { SealedExportError } from "../../errors.ts";
import { fernetKey } from "../../fernet/key.ts";
import { hkdf } from "../../kdf/hkdf.ts";
import { pbkdf2 } from "../../kdf/pbkdf2.ts";
import { checkWorkers } from "../../workers/pool.ts";
import { decodeRandom, type ExportHeader, ITERATIONS } from "./header.ts";

const INFO = "ironfern-export/1";

/** What an export is sealed under: a passphrase or a key, exactly one of them. */
export type ExportSecret = ExportPassphrase | ExportKey;

/** A passphrase, from which the export's root key is derived. */
export interface ExportPassphrase {
  /** The passphrase, text (as UTF-8, not normalised) or bytes, 1 MiB at most. */
  passphrase: string | Uint8Array;
  /** Not with a passphrase. */
  key?: undefined;
}

/** A key of the caller's as the export's root key. */
export interface ExportKey {
  /** The key: 44 characters of padded base64url, or 32 bytes. */
  key: string | Uint8Array;
  /** Not with a key. */
  passphrase?: undefined;
}

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
  /** Stops the work; everything then rejects with its reason. */
  signal?: AbortSignal;
  /**
   * Is told how much of the input is done.
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
   * PBKDF2 iterations, from 100,000 to 10,000,000; not with a key.
   *
   * @default {600_000}
   */
  iterations?: number;
}

/** What the caller knows of an export that is opened. */
export interface ExpectedExport {
  /** The id: an older export of the same name, valid as it is, has another one. */
  id: string;
}

/** How a header is judged before anything is derived. */
export interface ExportHeaderSettings {
  /**
   * The most PBKDF2 iterations that the file may ask for: an integer from
   * 100,000 to 2^32-1.
   *
   * @default {10_000_000}
   */
  maxIterations?: number;
  /** What has to be so; nothing else is opened. */
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

/** A secret of the caller's, as a copy that is wiped in the end. */
export interface RootSecret {
  /** Whether it is a passphrase or a key. */
  readonly kind: "passphrase" | "key";
  /** Its bytes. */
  readonly bytes: Bytes;
}

/** The checked options of all calls. */
export interface ExportWork {
  /** The secret. */
  readonly secret: RootSecret;
  /** The backend. */
  readonly backend: BackendChoice;
  /** The workers. */
  readonly workers: number | undefined;
  /** As in the options. */
  readonly onProgress: ExportWorkSettings["onProgress"];
  /** Bytes of the input, where they are known. */
  readonly total: number | undefined;
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

/**
 * Checks the options of a call that seals.
 *
 * @throws {TypeError} If one is of the wrong type, or there is not one secret.
 * @throws {RangeError} If a number is out of its bounds, or a secret too long.
 */
export function sealWork(options: SealExportOptions, total?: number): SealWork {
  const { iterations } = checkObject(options);
  const { least, most, usual } = ITERATIONS;
  if (iterations !== undefined) {
    if (options.key !== undefined) {
      throw new TypeError(
        "Cannot use iterations with a key: there is no passphrase to derive from",
      );
    }
    checkInteger(iterations, "iterations", least, most);
  }
  const work = exportWork(options, total);
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
export function openWork(options: OpenExportOptions, total?: number): OpenWork {
  const { maxIterations = ITERATIONS.most, expect } = checkObject(options);
  checkInteger(maxIterations, "maxIterations", ITERATIONS.least, MAX_ITERATIONS);
  if (expect !== undefined && typeof expect !== "object") {
    throw new TypeError(`Cannot use expect: expected \`{ id }\`, got ${kindOf(expect)}`);
  }
  if (expect !== undefined && !decodeRandom(expect?.id)) {
    throw new TypeError(
      `Cannot expect the id ${quoted(expect?.id)}: expected 22 characters of base64url`,
    );
  }
  return { ...exportWork(options, total), maxIterations, expectedId: expect?.id };
}

function checkObject<T>(options: T): T {
  if (typeof options === "object" && options !== null) return options;
  throw new TypeError(
    `Cannot use the options: expected \`passphrase\` or \`key\`, got ${kindOf(options)}`,
  );
}

function exportWork(options: ExportSecret & ExportWorkSettings, total?: number): ExportWork {
  const { workers, onProgress } = options;
  const backend = checkBackend(options.backend);
  checkWorkers(workers);
  checkSignal(options.signal);
  checkOnProgress(onProgress);
  return { secret: rootSecret(options), backend, workers, onProgress, total };
}

function rootSecret({ passphrase, key }: ExportSecret): RootSecret {
  if (passphrase !== undefined && key !== undefined) {
    throw new TypeError("Cannot use both `passphrase` and `key`: an export has one of them");
  }
  return key === undefined
    ? { kind: "passphrase", bytes: secretBytes(passphrase!, "the passphrase") }
    : { kind: "key", bytes: fernetKey(key) };
}

/**
 * Judges a header by the options, before anything is derived.
 *
 * @throws {SealedExportError} If it is not to be opened.
 */
export function checkHeader({ id, kdf }: ExportHeader, work: OpenWork): void {
  const { secret, maxIterations, expectedId } = work;
  if (expectedId !== undefined && expectedId !== id) {
    throw new SealedExportError("unexpected-id", 0);
  }
  const wanted = kdf.name === "key" ? "key" : "passphrase";
  if (secret.kind !== wanted) {
    const reason = `the export wants a ${wanted}, and was given a ${secret.kind}`;
    throw new SealedExportError("wrong-secret-or-header", 0, { reason });
  }
  if (kdf.name === "key") return;
  const { iterations } = kdf;
  if (iterations < ITERATIONS.least || iterations > maxIterations) {
    const reason =
      `it asks for ${iterations} iterations, expected ${ITERATIONS.least} to ${maxIterations}`;
    throw new SealedExportError("iterations-out-of-range", 0, { reason });
  }
}

/**
 * Derives the key that seals this one file: from the root key, and from the
 * header, which is so authenticated by every token. It is to be wiped.
 */
export async function fileKey(
  { line, kdf }: ExportHeader,
  { secret, backend }: ExportWork,
  signal: AbortSignal,
): Promise<Bytes> {
  const info = concatBytes([encodeAscii(INFO), noble().sha256(line)]);
  if (kdf.name === "key") return await hkdf(backend, secret.bytes, info);
  const { iterations, salt } = kdf;
  const root = await pbkdf2(secret.bytes, decodeRandom(salt)!, { iterations, backend, signal });
  try {
    return await hkdf(backend, root, info);
  } finally {
    root.fill(0);
  }
}
