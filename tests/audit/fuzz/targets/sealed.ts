/**
 * Sealed exports, changed in their lines and their bytes, against a reader that is
 * written here from the description of the format.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { open, outcome } from "../../../support/sealed.ts";
import { readVectors } from "../../../support/vectors.ts";
import { cuts, editedText } from "../edits.ts";
import { target } from "../run.ts";
import { readSealed } from "../sealed_reader.ts";

interface Sealed {
  readonly export: string;
  readonly key?: string;
}

const { good, bad } = readVectors<Sealed, unknown>("sealed");
const KEY = good[0].input.key!;
const corpus = [...good, ...bad].map(({ input }) => input)
  .filter((input) => input.key === KEY && input.export.length < 9_999)
  .map((input) => input.export);
/** Lines of the corpus in any order, some of them of other files. */
const spliced = fc.tuple(
  fc.constantFrom(...corpus),
  fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { maxLength: 2 }),
)
  .map(([text, moves]) => {
    const lines = text.split("\n");
    for (const [from, to] of moves) lines.splice(to, 0, ...lines.splice(from, 1));
    return lines.join("\n");
  });

/** Sealed exports. */
export const sealedTarget = target<[string, number[]]>({
  name: "sealed",
  input: fc.tuple(editedText(spliced, 'Ag-_=\n\r {}[]":,019é\\', 2), cuts),
  batch: 20,
  async check(inputs) {
    const key = Uint8Array.fromBase64(KEY, { alphabet: "base64url" });
    await Promise.all(inputs.map(async ([text, lengths]) => {
      const bytes = new TextEncoder().encode(text);
      const expected = readSealed(bytes, KEY);
      let data: Uint8Array | undefined;
      const seen = await outcome(
        open(bytes, { key, backend: "wasm" }, lengths).then((opened) => {
          data = opened;
        }),
      );
      assertEquals(data?.toHex() ?? seen, expected);
    }));
  },
});
