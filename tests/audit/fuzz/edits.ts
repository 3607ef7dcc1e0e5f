/**
 * Changes to texts and bytes that are good, so that what comes of them is nearly so.
 *
 * @module
 */

import fc from "fast-check";

/** A change: at a place, so much is taken away, and that is put there. */
interface Edit<T> {
  readonly place: number;
  readonly removed: number;
  readonly put: T;
}

function edit<T>(put: fc.Arbitrary<T>): fc.Arbitrary<Edit<T>> {
  const place = fc.oneof(fc.nat(64), fc.nat(), fc.constantFrom(-1, -2, -3, -32, -33, -48));
  const removed = fc.oneof({ weight: 6, arbitrary: fc.nat(2) }, {
    weight: 1,
    arbitrary: fc.nat(90),
  });
  return fc.record({ place, removed, put });
}

function start({ place }: Edit<unknown>, length: number): number {
  if (place < 0) return Math.max(0, length + place);
  return length ? place % (length + 1) : 0;
}

/** Texts with a few changes; every other one has none. */
export function editedText(
  texts: fc.Arbitrary<string>,
  alphabet: string,
  most = 3,
): fc.Arbitrary<string> {
  const put = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 3 });
  return fc.tuple(texts, fc.option(fc.array(edit(put), { maxLength: most }))).map(
    ([text, edits]) => {
      for (const each of edits ?? []) {
        const at = start(each, text.length);
        text = text.slice(0, at) + each.put + text.slice(at + each.removed);
      }
      // An edit may have cut a character in two.
      return text.toWellFormed();
    },
  );
}

/** Bytes with a few changes; every other one has none. */
export function editedBytes(
  bytes: fc.Arbitrary<Uint8Array>,
  most = 2,
): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const put = fc.uint8Array({ maxLength: 2 });
  return fc.tuple(bytes, fc.option(fc.array(edit(put), { maxLength: most }))).map(
    ([bytes, edits]) => {
      let out: number[] = [...bytes];
      for (const each of edits ?? []) {
        const at = start(each, out.length);
        out = [...out.slice(0, at), ...each.put, ...out.slice(at + each.removed)];
      }
      return Uint8Array.from(out);
    },
  );
}

/** Lengths of the chunks that an input is cut into. */
export const cuts: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 40 }), {
  minLength: 1,
  maxLength: 3,
});

/**
 * A text, and copies of it with a character or a bit of one changed. fast-check takes
 * longer to make a text than a batch takes to try it, so each is tried in several forms.
 */
export function copiesOf(text: string, seed: number, count: number, alphabet: string): string[] {
  const all = [text];
  let state = seed >>> 0 || 1;
  const below = (bound: number) => {
    // Marsaglia's xorshift of 32 bits.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  while (all.length < count) {
    const at = text.length ? below(text.length) : 0;
    // Every other one has its change at the end, where the MAC and the padding are.
    const place = below(2) ? at : Math.max(0, text.length - 1 - at % 4);
    all.push(
      text.slice(0, place) + alphabet[below(alphabet.length)] + text.slice(place + below(2)),
    );
  }
  return all;
}
