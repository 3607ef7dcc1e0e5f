/**
 * Tokens, good and forged, under all of the backends, and under what is written here
 * from the specification with node:crypto.
 *
 * @module
 */

import { type BackendName, Fernet } from "@ironfern/ironfern";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { batchRecord, toBatch } from "../../../../src/bytes/batch.ts";
import { BACKENDS, SYNC_BACKENDS } from "../../../support/backends.ts";
import { getBackend } from "../../../../src/backends/select/available.ts";
import { copiesOf, editedBytes, editedText } from "../edits.ts";
import { target } from "../run.ts";

/** The key of all tokens: the bytes 0 to 31. */
export const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);
const KEY_TEXT = KEY.toBase64({ alphabet: "base64url" });
const [SIGNING, ENCRYPTION] = [KEY.subarray(0, 16), KEY.subarray(16)];
const ALPHABET = "AQgw-_8+/= \n\r\0é*";

/** How a token is made. */
interface Forged {
  readonly version: number;
  readonly time: bigint;
  readonly iv: Uint8Array;
  readonly message: Uint8Array;
  /** The last bytes of the blocks, instead of good padding. */
  readonly padding: Uint8Array | null;
  readonly resigned: boolean;
}

function forge({ version, time, iv, message, padding }: Forged): Uint8Array {
  const head = new Uint8Array(25);
  head[0] = version;
  new DataView(head.buffer).setBigUint64(1, time);
  head.set(iv, 9);
  const cipher = createCipheriv("aes-128-cbc", ENCRYPTION, iv);
  const whole = padding && message.subarray(0, message.length - message.length % 16);
  if (padding) cipher.setAutoPadding(false);
  const ciphertext = whole
    ? Buffer.concat([cipher.update(whole), cipher.update(padding), cipher.final()])
    : Buffer.concat([cipher.update(message), cipher.final()]);
  return Buffer.concat([head, ciphertext]);
}

function sign(body: Uint8Array): Uint8Array {
  return Buffer.concat([body, createHmac("sha256", SIGNING).update(body).digest()]);
}

const block = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Blocks whose ends are padding, or nearly so. */
const padding = fc.tuple(block, fc.nat(18), fc.nat(16), fc.boolean()).map(
  ([bytes, count, place, off]) => {
    const padded = bytes.slice();
    padded.fill(count, 16 - Math.min(16, count));
    padded[15] = count;
    if (off) padded[Math.max(0, 15 - place)] ^= 1;
    return padded;
  },
);
const forged: fc.Arbitrary<Forged> = fc.record({
  version: fc.oneof({ weight: 9, arbitrary: fc.constant(0x80) }, {
    weight: 1,
    arbitrary: fc.nat(255),
  }),
  time: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(1_700_000_000n)),
  iv: block,
  message: fc.uint8Array({ maxLength: 70 }),
  padding: fc.option(padding, { freq: 2 }),
  resigned: fc.boolean(),
});
const bodies = fc.tuple(forged, fc.boolean()).chain(([how, signedLast]) =>
  signedLast
    ? editedBytes(fc.constant(forge(how)), 1).map(sign)
    : editedBytes(fc.constant(sign(forge(how))), 1)
);

/** Texts of tokens, half of them with changes in their bytes, or in their base64, or in both. */
const tokens: fc.Arbitrary<string> = editedText(
  bodies.map((raw) =>
    Buffer.from(raw).toString("base64url").padEnd(4 * Math.ceil(raw.length / 3), "=")
  ),
  ALPHABET,
  2,
);

/** Copies that are made of each token. */
export const COPIES = 16;

/** Tokens with the seeds of their copies. */
export const seeded: fc.Arbitrary<readonly [string, number]> = fc.tuple(tokens, fc.nat());

/** The tokens and their copies. */
export function withCopies(inputs: readonly (readonly [string, number])[]): string[] {
  return inputs.flatMap(([text, seed]) => copiesOf(text, seed, COPIES, ALPHABET));
}

/** The message of a token as the specification has it, in hexadecimal digits. */
export function read(token: string): string | undefined {
  const raw = Buffer.from(token, "base64url");
  if (raw.toString("base64url").padEnd(4 * Math.ceil(raw.length / 3), "=") !== token) return;
  const body = raw.subarray(0, -32);
  if (raw[0] !== 0x80 || raw.length < 73 || (raw.length - 57) % 16) return;
  if (!createHmac("sha256", SIGNING).update(body).digest().equals(raw.subarray(-32))) return;
  const decipher = createDecipheriv("aes-128-cbc", ENCRYPTION, raw.subarray(9, 25));
  const padded = decipher.setAutoPadding(false).update(body.subarray(25));
  const count = padded.at(-1)!;
  if (!count || count > 16 || padded.subarray(-count).some((byte) => byte !== count)) return;
  return padded.subarray(0, -count).toString("hex");
}

async function opened(backend: BackendName, texts: readonly string[]) {
  if (SYNC_BACKENDS.includes(backend)) {
    const fernet = new Fernet(KEY_TEXT, { backend });
    return fernet.decryptManySettled(texts).map((each) => each.ok ? each.value.toHex() : undefined);
  }
  const { plaintexts, valid } = await getBackend(backend).async.open(KEY, toBatch(texts));
  return texts.map((_, at) => valid[at] ? batchRecord(plaintexts, at).toHex() : undefined);
}

/** Tokens. */
export const tokensTarget = target<readonly [string, number]>({
  name: "tokens",
  input: seeded,
  batch: 50,
  copies: COPIES,
  async check(inputs) {
    const texts = withCopies(inputs);
    const expected = texts.map(read);
    for (const backend of BACKENDS) {
      const seen = await opened(backend, texts);
      const at = seen.findIndex((message, at) => message !== expected[at]);
      if (at >= 0) assertEquals([texts[at], seen[at]], [texts[at], expected[at]], backend);
    }
  },
});
