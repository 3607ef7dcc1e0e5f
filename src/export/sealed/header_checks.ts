/**
 * Whether a header is to be opened at all.
 *
 * @module
 */

import { MAX_ITERATIONS } from "../../checks.ts";
import { SealedExportError } from "../../errors.ts";
import { HEADER_LINE, ITERATIONS } from "./format.ts";
import type { ExportHeader } from "./header.ts";
import type { OpenWork } from "./options.ts";

/**
 * Judges a header by the options, before anything is derived: nobody has
 * authenticated it yet, and its iterations cost time.
 *
 * @throws {SealedExportError} If it is not to be opened.
 */
export function checkHeader({ id, kdf }: ExportHeader, work: OpenWork): void {
  const { secret, maxIterations, expectedId } = work;
  if (expectedId !== undefined && expectedId !== id) {
    throw new SealedExportError("unexpected-id", HEADER_LINE);
  }
  const wanted = kdf.name === "key" ? "key" : "passphrase";
  if (secret.kind !== wanted) {
    const reason = `the file was sealed under a ${wanted}, not under a ${secret.kind}`;
    throw new SealedExportError("wrong-secret-or-header", HEADER_LINE, { reason });
  }
  if (kdf.name !== "key") checkIterations(kdf.iterations, maxIterations);
}

function checkIterations(iterations: number, maxIterations: number): void {
  const { least } = ITERATIONS;
  if (iterations >= least && iterations <= maxIterations) return;
  const bounds = iterations < least || iterations > MAX_ITERATIONS
    ? `expected ${least} to ${MAX_ITERATIONS}`
    : `more than ${maxIterations}, so raise maxIterations (--max-iterations) if you trust the file`;
  const reason = `it asks for ${iterations} iterations, ${bounds}`;
  throw new SealedExportError("iterations-out-of-range", HEADER_LINE, { reason });
}
