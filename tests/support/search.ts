/**
 * Whether anything of a secret can be found in files.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Needles, PREFIX } from "./needles.ts";

/** The ways in which bytes may stand in a file: as they are, in hexadecimal, in base64. */
function spellings(bytes: Uint8Array): Uint8Array[] {
  const text = new TextEncoder();
  const found = [bytes, text.encode(bytes.toHex()), text.encode(bytes.toHex().toUpperCase())];
  for (const alphabet of ["base64", "base64url"] as const) {
    for (let before = 0; before < 3; before++) {
      // Of the first and the last group of characters some depend on what is beside the bytes.
      const shifted = Uint8Array.from([...new Uint8Array(before), ...bytes]);
      const encoded = shifted.toBase64({ alphabet, omitPadding: true });
      found.push(text.encode(encoded.slice(before ? 4 : 0, -3)));
    }
  }
  return found;
}

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) {
    view.setUint16(2 * at, text.charCodeAt(at), littleEndian);
  }
  return new Uint8Array(view.buffer);
}

function textSpellings(text: string): Uint8Array[] {
  return [...spellings(new TextEncoder().encode(text)), utf16(text, true), utf16(text, false)];
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else if (isFile) yield `${folder}/${name}`;
  }
}

/** Where some of the secrets are in the files of a folder, their names included. */
export async function findSecrets(
  folder: string,
  secrets: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  const found: string[] = [];
  const needles = Object.entries(secrets).flatMap(([name, secret]) => {
    const all = typeof secret === "string" ? textSpellings(secret) : spellings(secret);
    // As text of Latin-1, in which `includes` is fast and exact.
    return all.map((bytes) => [name, new TextDecoder("latin1").decode(bytes)] as const);
  });
  for await (const path of filesIn(folder)) {
    const content = path + new TextDecoder("latin1").decode(await Deno.readFile(path));
    for (const [name, needle] of needles) {
      if (content.includes(needle)) found.push(`${name} in ${path.slice(folder.length + 1)}`);
    }
  }
  return [...new Set(found)];
}

/** Checks that the files hold the records of the needles, and none of these. */
export async function checkFiles(folder: string, needles: Needles): Promise<void> {
  const rawKey = Uint8Array.fromBase64(needles.key, { alphabet: "base64url" });
  assertEquals(await findSecrets(folder, { ...needles, rawKey }), []);
  assert((await findSecrets(folder, { PREFIX })).length > 0, "the search finds nothing at all");
}
