/**
 * The rows of keys.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { availableParallelism } from "node:os";
import { type Contestant, interleave } from "../measure.ts";
import { byteMessages } from "./messages.ts";
import { peerKdfs } from "./peers.ts";
import { nodeKdf, webCryptoKdf, webCryptoKdfsAtOnce } from "./platform.ts";
import type { Python } from "./python.ts";
import { keyRounds, LONGEST_ROUND, OURS, type RowResult, type Settings, THEIRS } from "./rows.ts";
import { type Field, type KdfInput, type KdfWay, ourKdfs } from "./ways.ts";

const ITERATIONS = 600_000;
const CHECKED_ITERATIONS = 1_000;
const PASSWORDS = ["correct horse battery staple", "naïve 🔑", "longer than a block ".repeat(5)];

function inputs(count: number): KdfInput[] {
  return byteMessages(count, 16).map((salt) => ({ password: PASSWORDS[0], salt }));
}

async function crossCheck(ways: readonly KdfWay[]): Promise<void> {
  for (const password of PASSWORDS) {
    const input = { ...inputs(1)[0], password };
    const [first, ...others] = ways;
    const [expected] = await first.derive([input], CHECKED_ITERATIONS);
    for (const { name, derive } of others) {
      const [key] = await derive([input], CHECKED_ITERATIONS);
      if (!Buffer.from(key).equals(expected)) {
        throw new Error(`${name} derives another key than ${first.name}`);
      }
    }
  }
}

async function fieldOfOne(python: Python, settings: Settings): Promise<Field<KdfWay>> {
  const platform = { ways: [webCryptoKdf(THEIRS.webcryptoKdf), nodeKdf()], absent: [] };
  const fields = [ourKdfs(), platform, await peerKdfs(settings.absent), python.kdfs()];
  return {
    ways: fields.flatMap(({ ways }) => ways),
    absent: fields.flatMap(({ absent }) => absent),
  };
}

/** Of ours, only the kernel stays on one core with many keys and is of interest there. */
function fieldOfMany(): Field<KdfWay> {
  const { ways, absent } = ourKdfs();
  const ofWasm = ({ name }: { name: string }) => name === OURS.wasm;
  return {
    ways: [...ways.filter(ofWasm), webCryptoKdf(THEIRS.webcryptoKdfs)],
    absent: absent.filter(ofWasm),
  };
}

/** On all cores: the platform has threads of its own. */
function fieldOfAll(): Field<KdfWay> {
  const { ways, absent } = ourKdfs(availableParallelism());
  const ofMany = ({ name }: { name: string }) => name === OURS.wasm || name === OURS.auto;
  return {
    ways: [...ways.filter(ofMany), webCryptoKdfsAtOnce()],
    absent: absent.filter(ofMany),
  };
}

function fieldOf(row: KeyRow, python: Python, settings: Settings) {
  if (row === "key") return fieldOfOne(python, settings);
  return row === "keys" ? fieldOfMany() : fieldOfAll();
}

const COUNTS = { key: 1, keys: 8, workers: 16 };

/** The name of a row of keys. */
export type KeyRow = keyof typeof COUNTS;

/** Measures a row of keys once. */
export async function measureKeys(
  row: KeyRow,
  python: Python,
  settings: Settings,
): Promise<RowResult> {
  const { ways, absent } = await fieldOf(row, python, settings);
  await crossCheck(ways);
  const many = inputs(COUNTS[row]);
  const contestants = await Promise.all(ways.map(async (way): Promise<Contestant> => {
    const time = await way.timer?.(many, ITERATIONS);
    return {
      name: way.name,
      time,
      run: () => time ? time(1) : way.derive(many, ITERATIONS),
      // Every iteration is alike: a part of them shows the engine all there is.
      warmUp: () => way.derive(many, ITERATIONS / 6),
    };
  }));
  const timings = await interleave(contestants, keyRounds(settings.rounds), LONGEST_ROUND);
  return { row, items: many.length, timings, absent };
}
