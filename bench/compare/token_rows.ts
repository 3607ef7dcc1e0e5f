/**
 * The rows of tokens.
 *
 * @module
 */

import { type Contestant, interleave } from "../measure.ts";
import { byteMessages, sameMessage, textRows } from "./messages.ts";
import { nodeTokens, webCryptoTokens } from "./platform.ts";
import { peerTokens } from "./peers.ts";
import type { Python } from "./python.ts";
import { LONGEST_ROUND, type RowResult, type Settings } from "./rows.ts";
import { type Field, type Message, ourTokens, type TokenWay } from "./ways.ts";

/** A row of tokens. */
export type TokenRow = "encrypt" | "decrypt" | "ragged" | "long" | "async";

/** Messages that every contestant first makes tokens of, for every other. */
const CHECKED: Readonly<Record<TokenRow, number>> = {
  encrypt: 32,
  decrypt: 32,
  ragged: 32,
  long: 2,
  async: 1,
};

const MESSAGES: Readonly<Record<TokenRow, () => Message[]>> = {
  encrypt: () => textRows(1_000, () => 100),
  decrypt: () => textRows(1_000, () => 100),
  ragged: () => textRows(1_000, (random) => random % 2_001),
  long: () => byteMessages(24, 65_536),
  async: () => byteMessages(1, 1 << 20),
};

async function field(
  row: TokenRow,
  key: string,
  python: Python,
  settings: Settings,
): Promise<Field<TokenWay>> {
  const fields = [
    ourTokens(key, row === "async" ? "async" : "many"),
    { ways: [nodeTokens(key), await webCryptoTokens(key)], absent: [] },
    await peerTokens(key, settings.absent),
    python.tokens(key),
  ];
  const ways = fields.flatMap(({ ways }) => ways);
  const excluded = row === "long" || row === "async" ? ways.filter((way) => way.textOnly) : [];
  return {
    ways: ways.filter((way) => !excluded.includes(way)),
    absent: [
      ...fields.flatMap(({ absent }) => absent),
      ...excluded.map(({ name }) => ({ name, reason: "takes text, not bytes" })),
    ],
  };
}

async function crossCheck(ways: readonly TokenWay[], messages: readonly Message[]): Promise<void> {
  for (const writer of ways) {
    const tokens = await writer.encrypt(messages);
    for (const reader of ways) {
      const opened = await reader.decrypt(tokens);
      const same = opened.length === messages.length &&
        opened.every((message, index) => sameMessage(message, messages[index]));
      if (!same) throw new Error(`${reader.name} does not read what ${writer.name} wrote`);
    }
  }
}

/** Measures a row of tokens once. */
export async function measureTokens(
  row: TokenRow,
  key: string,
  python: Python,
  settings: Settings,
): Promise<RowResult> {
  const messages = MESSAGES[row]();
  const { ways, absent } = await field(row, key, python, settings);
  const checked = messages.slice(0, CHECKED[row]);
  await crossCheck(ways, row === "ragged" ? ["", ...checked] : checked);
  const job = row === "decrypt" ? "decrypt" : "encrypt";
  const values = job === "decrypt" ? await ways[0].encrypt(messages) : messages;
  const contestants = await Promise.all(ways.map(async (way): Promise<Contestant> => {
    const time = await way.timer?.(job, values);
    const run = job === "decrypt"
      ? () => way.decrypt(values as string[])
      : () => way.encrypt(values);
    return { name: way.name, time, run: time ? () => time(1) : run };
  }));
  const timings = await interleave(contestants, settings.rounds, LONGEST_ROUND);
  return { row, items: messages.length, timings, absent };
}
