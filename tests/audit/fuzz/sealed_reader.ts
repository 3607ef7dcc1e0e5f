/**
 * A reader of small sealed exports under a key, from docs/FORMATS.md, as plain as can be.
 *
 * @module
 */

import { createHash, hkdfSync } from "node:crypto";
import { Fernet } from "@ironfern/ironfern";

const START = '{"format":"ironfern-export"';
const SLICE = 65_510;

class Refused extends Error {}

function check(good: unknown, code: string, line: number): asserts good {
  if (!good) throw new Refused(`${code} at ${line}`);
}

/** The data as hexadecimal digits, or "CODE at LINE". */
export function readSealed(bytes: Uint8Array, key: string): string {
  try {
    return read(bytes, key);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

/** A header under a key; undefined if it is none, null if it wants a passphrase. */
function keyOf(header: string, key: string): Fernet | undefined | null {
  const id = "[\\w-]{21}[AQgw]";
  const start = `^\\{"format":"ironfern-export","version":1,"id":"${id}","kdf":`;
  const number = "(0|-?[1-9]\\d{0,15})";
  const phrase = `\\{"name":"pbkdf2-sha256","iterations":${number},"salt":"${id}"\\}\\}$`;
  const found = new RegExp(start + phrase).exec(header);
  if (found) return Number.isSafeInteger(Number(found[1])) ? null : undefined;
  if (!new RegExp(`${start}\\{"name":"key"\\}\\}$`).test(header)) return undefined;
  const digest = createHash("sha256").update(header).digest();
  const info = Buffer.concat([Buffer.from("ironfern-export/1"), digest]);
  const root = Buffer.from(key, "base64url");
  return new Fernet(new Uint8Array(hkdfSync("sha256", root, "", info, 32)), { backend: "node" });
}

function read(bytes: Uint8Array, key: string): string {
  const text = new TextDecoder("latin1").decode(bytes);
  const lines = text.split("\n");
  const rest = lines.pop()!;
  if (!lines.length) {
    check(rest.length <= 4_096, "line-too-long", 1);
    check(rest.startsWith(START) || START.startsWith(rest), "bad-header", 1);
    check(false, "truncated", 1);
  }
  check(lines[0].length <= 4_096, "line-too-long", 1);
  const fernet = keyOf(lines[0], key);
  check(fernet !== undefined, "bad-header", 1);
  check(fernet !== null, "wrong-secret-or-header", 1);
  let [out, slices, total, time] = ["", 0, 0, ""];
  for (const [at, line] of lines.entries()) {
    if (!at) continue;
    const number = at + 1;
    check(line.length <= 87_436, "line-too-long", number);
    const [opened] = fernet.decryptManySettled([line]);
    check(opened.ok, number === 2 ? "wrong-secret-or-header" : "bad-token", number);
    const record = Buffer.from(opened.value);
    check(record.length >= 9, "bad-token", number);
    check(record.readBigUInt64BE() === BigInt(slices), "out-of-order", number);
    time ||= line.slice(0, 12);
    check(line.startsWith(time), "bad-token", number);
    const data = record.subarray(9);
    if (record[8] === 1) {
      check(data.length === 16, "bad-token", number);
      const told = [data.readBigUInt64BE(), data.readBigUInt64BE(8)];
      check(told[0] === BigInt(slices) && told[1] === BigInt(total), "bad-token", number);
      check(number === lines.length && !rest, "trailing-data", number + 1);
      return out;
    }
    check(record[8] === 0, "bad-token", number);
    check(total === slices * SLICE, "bad-token", number - 1);
    check(data.length >= 1 && data.length <= SLICE, "bad-token", number);
    out += data.toString("hex");
    slices++;
    total += data.length;
  }
  check(rest.length <= 87_436, "line-too-long", lines.length + 1);
  check(false, "truncated", lines.length + 1);
}
