/**
 * What a derivation costs those who guess. Every assumption is a field of its own,
 * so that it can be printed.
 *
 * @module
 */

import type { Hash } from "../backends/backend.ts";
import type { Source } from "./floors.ts";
import { checkInteger, checkIterations } from "../checks.ts";

/** How fast a machine guesses, as published. */
export interface Attacker {
  /** The machine that was measured: one. */
  readonly device: string;
  /** The program that was run on it. */
  readonly program: string;
  /** What of its output the figure is. */
  readonly figure: string;
  /** Guesses a second at so many {@linkcode Attacker.iterations}. */
  readonly guessesPerSecond: number;
  /** The iterations of HMAC in each of these guesses. */
  readonly iterations: number;
  /** Where it was published. */
  readonly source: Source;
}

const RTX_4090: Pick<Attacker, "device" | "program" | "source"> = {
  device: "NVIDIA GeForce RTX 4090, at stock clocks",
  program: "hashcat 6.2.6, benchmark mode",
  source: {
    title: "Hashcat v6.2.6 benchmark on the Nvidia RTX 4090",
    url: "https://gist.github.com/Chick3nman/32e662a5bb63bc4f51b847bb422222fd",
    date: "2022-10",
  },
};

const SHA_512: Attacker = {
  ...RTX_4090,
  figure: "mode 12100, PBKDF2-HMAC-SHA512: 3,120.9 kH/s at 999 iterations",
  guessesPerSecond: 3_120_900,
  iterations: 999,
};

/** One attacker for each hash, the same card. */
export const ATTACKERS: Readonly<Record<Hash, Attacker>> = {
  "SHA-1": {
    ...RTX_4090,
    figure: "mode 22000, WPA-PBKDF2 over HMAC-SHA1: 2,533.3 kH/s at 4,095 iterations of " +
      "two blocks, counted as 8,190",
    guessesPerSecond: 2_533_300,
    iterations: 8_190,
  },
  "SHA-256": {
    ...RTX_4090,
    figure: "mode 10900, PBKDF2-HMAC-SHA256: 8,865.7 kH/s at 999 iterations",
    guessesPerSecond: 8_865_700,
    iterations: 999,
  },
  "SHA-384": {
    ...SHA_512,
    figure: `${SHA_512.figure}; taken for SHA-384 too, whose rounds are the same`,
  },
  "SHA-512": SHA_512,
};

/**
 * What {@linkcode attackCost} assumes beside the attacker's figures, a sentence
 * each.
 */
export const ATTACK_ASSUMPTIONS: readonly string[] = [
  "The attacker's speed falls in proportion to the iterations of a guess",
  "A guess is one output block of PBKDF2: the first one is enough to check a token's MAC",
  "A passphrase of n bits is one of 2^n that are equally likely, and is found half way " +
  "through them on average",
  "Several cards are as fast as one, times their number",
];

/** Bits of the passphrases that are worth telling apart. */
export const PASSPHRASE_BITS: readonly number[] = [30, 35, 40, 45, 50, 55, 60];

/** What {@linkcode attackCost} takes. */
export interface AttackOptions {
  /** Iterations of the key under attack: an integer from 1 to 2^32-1. */
  readonly iterations: number;
  /** Bits of the passphrase: a number from 0 to 256. */
  readonly bits: number;
  /** The attacker, one of {@linkcode ATTACKERS}. */
  readonly attacker: Attacker;
  /**
   * How many such machines there are: an integer from 1 to 1,000,000,000.
   *
   * @default {1}
   */
  readonly devices?: number;
}

/** What an attack takes. */
export interface AttackCost {
  /** Guesses a second on all machines together. */
  readonly guessesPerSecond: number;
  /** Seconds until the passphrase is found, on average: half of the whole search. */
  readonly meanSeconds: number;
  /** Seconds of the whole search. */
  readonly wholeSeconds: number;
}

/**
 * What it takes to search for a passphrase.
 *
 * @throws {TypeError} If a number is not one.
 * @throws {RangeError} If a number is out of its bounds.
 */
export function attackCost(
  { iterations, bits, attacker, devices = 1 }: AttackOptions,
): AttackCost {
  checkIterations(iterations);
  checkInteger(devices, "devices", 1, 1_000_000_000);
  if (typeof bits !== "number" || !(bits >= 0 && bits <= 256)) {
    throw new RangeError(`Cannot use bits ${bits}: expected a number from 0 to 256`);
  }
  const guessesPerSecond = devices * attacker.guessesPerSecond * attacker.iterations / iterations;
  const wholeSeconds = 2 ** bits / guessesPerSecond;
  return { guessesPerSecond, meanSeconds: wholeSeconds / 2, wholeSeconds };
}

/** Seconds of a year, a Julian one. */
export const YEAR = 31_557_600;

const DURATIONS = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3_600],
  ["day", 86_400],
  ["year", YEAR],
] as const;

/** Seconds as a person says them, in two significant digits: "3.4 years". */
export function describeDuration(seconds: number): string {
  if (!(seconds >= 0)) throw new RangeError(`Cannot describe ${seconds} seconds`);
  if (seconds < 1) return "under a second";
  const rounded = Number(seconds.toPrecision(2));
  const [unit, length] = DURATIONS.findLast(([, length]) => rounded >= length)!;
  const count = Number((seconds / length).toPrecision(2));
  return count < 1e6
    ? `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`
    : `${count.toLocaleString("en", { notation: "compact", compactDisplay: "long" })} ${unit}s`;
}
