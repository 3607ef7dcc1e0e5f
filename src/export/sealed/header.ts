/**
 * The first line of a sealed export.
 *
 * @module
 */

import type { Bytes } from "../../bytes/bytes.ts";
import { decodeAscii, decodeLatin1, encodeAscii } from "../../bytes/text.ts";
import { decodeBase64Url, encodeBase64Url } from "../../bytes/base64.ts";
import { SealedExportError } from "../../errors.ts";
import { FORMAT, HEADER_LINE, RANDOM, VERSION } from "./format.ts";

const START = `{"format":"${FORMAT}"`;

/** How the file's root key is made. */
export type ExportKdf = KeyKdf | PassphraseKdf;

/** The root key is the caller's. */
export interface KeyKdf {
  /** Tells it from the other one. */
  readonly name: "key";
}

/** The root key is derived from a passphrase by PBKDF2-HMAC-SHA256. */
export interface PassphraseKdf {
  /** Tells it from the other one. */
  readonly name: "pbkdf2-sha256";
  /** How many iterations. */
  readonly iterations: number;
  /** 16 bytes as 22 characters of base64url. */
  readonly salt: string;
}

/** A header, and its line as it is in the file. */
export interface ExportHeader {
  /** The line's bytes, without its line feed. */
  readonly line: Bytes;
  /** 16 bytes as 22 characters of base64url. */
  readonly id: string;
  /** How the root key is made. */
  readonly kdf: ExportKdf;
}

function randomText(): string {
  return unpadded(crypto.getRandomValues(new Uint8Array(RANDOM)));
}

function unpadded(bytes: Uint8Array): string {
  return decodeAscii(encodeBase64Url(bytes)).replaceAll("=", "");
}

/** The bytes of 22 canonical characters; anything else is `undefined`. */
export function decodeRandom(text: unknown): Bytes | undefined {
  if (typeof text !== "string" || text.length !== 22) return undefined;
  return decodeBase64Url(encodeAscii(`${text}==`));
}

/** A header of its own for a new export; without iterations its root is a key. */
export function newHeader(iterations: number | undefined): ExportHeader {
  const kdf: ExportKdf = iterations === undefined
    ? { name: "key" }
    : { name: "pbkdf2-sha256", iterations, salt: randomText() };
  return withLine(randomText(), kdf);
}

function withLine(id: string, kdf: ExportKdf): ExportHeader {
  const text = JSON.stringify({ format: FORMAT, version: VERSION, id, kdf });
  return { line: encodeAscii(text), id, kdf };
}

/**
 * Reads a header: what is understood of it is written again, and has to be the
 * same, so that no other field, order, number or white space gets through.
 *
 * @throws {SealedExportError} If it is not.
 */
export function readHeader(line: Uint8Array): ExportHeader {
  const text = decodeLatin1(line);
  const read = parse(text);
  const header = read && withLine(read.id, read.kdf);
  if (header && decodeAscii(header.line) === text) return header;
  const reason = text.endsWith("\r")
    ? "it ends with a carriage return, so the file's line feeds were converted"
    : undefined;
  throw new SealedExportError("bad-header", HEADER_LINE, { reason });
}

function parse(text: string): Pick<ExportHeader, "id" | "kdf"> | undefined {
  let read: Partial<Record<string, unknown>>;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { id, kdf } = read ?? {};
  if (typeof id !== "string" || !decodeRandom(id)) return undefined;
  if (typeof kdf !== "object" || kdf === null) return undefined;
  const { name, iterations, salt } = kdf as Partial<Record<string, unknown>>;
  if (name === "key") return { id, kdf: { name } };
  if (name !== "pbkdf2-sha256" || typeof salt !== "string" || !decodeRandom(salt)) return undefined;
  if (!Number.isSafeInteger(iterations)) return undefined;
  return { id, kdf: { name, iterations: iterations as number, salt } };
}

/**
 * The error of a file that ends before its header does: one that could have
 * gone on as a sealed export was cut, another one never was one.
 */
export function headerCutShort(start: Uint8Array): SealedExportError {
  const text = decodeLatin1(start);
  const cut = text.startsWith(START) || START.startsWith(text);
  return new SealedExportError(cut ? "truncated" : "bad-header", HEADER_LINE);
}
