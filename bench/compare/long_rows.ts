/**
 * The rows of messages from 1 KiB to 16 MiB, one and 24 at a time, by synchronous
 * calls and by promises. What counts in them is the regret: see `regret.ts`.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { interleave } from "../measure.ts";
import { byteMessages, sameMessage } from "./messages.ts";
import { nodeTokens, webCryptoTokens } from "./platform.ts";
import { LONG_ROWS, LONGEST_ROUND, type LongRowName, OURS, type RowResult } from "./rows.ts";
import { ourTokens, type TokenWay } from "./ways.ts";

/** Messages that every contestant first makes tokens of, for every other. */
const CHECKED = 2;

/** Those who take part: by promises, everybody who has the calling thread alone too. */
async function waysOf(key: string, calls: "sync" | "async"): Promise<TokenWay[]> {
  const ours = (backends: "many" | "async") =>
    ourTokens(key, backends).ways.filter(({ name }) => name !== OURS.portable);
  const inThread = [
    nodeTokens(key),
    ...ours("many").filter(({ name }) => name !== OURS.webcrypto),
  ];
  if (calls === "sync") return inThread;
  return [
    ...ours("async"),
    await webCryptoTokens(key),
    ...inThread.map((way) => way.name === OURS.auto ? { ...way, name: OURS.autoMany } : way)
      .filter(({ name }) => name !== OURS.wasm && name !== OURS.node),
  ];
}

/** Measures such a row once. */
export async function measureLong(
  row: LongRowName,
  key: string,
  rounds: number,
): Promise<RowResult> {
  const { job, bytes, count, calls } = LONG_ROWS[row];
  const messages = byteMessages(count, bytes);
  const ways = await waysOf(key, calls);
  const checked = messages.slice(0, CHECKED);
  for (const writer of ways) {
    const tokens = await writer.encrypt(checked);
    for (const reader of ways) {
      const opened = await reader.decrypt(tokens);
      if (!opened.every((message, index) => sameMessage(message, checked[index]))) {
        throw new Error(`${reader.name} does not read what ${writer.name} wrote`);
      }
    }
  }
  const tokens = job === "decrypt" ? new Fernet(key).encryptMany(messages) : [];
  const contestants = ways.map((way) => ({
    name: way.name,
    run: () => job === "encrypt" ? way.encrypt(messages) : way.decrypt(tokens),
  }));
  return {
    row,
    items: count,
    timings: await interleave(contestants, rounds, LONGEST_ROUND),
    absent: [],
  };
}
