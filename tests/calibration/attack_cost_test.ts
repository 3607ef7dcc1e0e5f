/**
 * What an attack costs: the published figures, scaled.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  attackCost,
  ATTACKERS,
  describeDuration,
  PASSPHRASE_BITS,
} from "../../src/calibration/attack_cost.ts";
import { FLOOR_NOTES, FLOOR_SOURCE, ITERATION_FLOORS } from "../../src/calibration/floors.ts";

const attacker = ATTACKERS["SHA-256"];
const seed = Number(
  Deno.env.get("IRONFERN_SEED") ?? crypto.getRandomValues(new Int32Array(1))[0],
);

Deno.test("an attack at the published iterations has the published speed", () => {
  for (const each of Object.values(ATTACKERS)) {
    const { iterations, guessesPerSecond } = each;
    const cost = attackCost({ iterations, bits: 40, attacker: each });
    assertEquals(cost.guessesPerSecond, guessesPerSecond);
    assertEquals(cost.wholeSeconds, 2 ** 40 / guessesPerSecond);
  }
});

Deno.test("the floors leave one card with fewer than 16,000 guesses a second", () => {
  for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"] as const) {
    const iterations = ITERATION_FLOORS[hash];
    const cost = attackCost({ iterations, bits: 1, attacker: ATTACKERS[hash] });
    assert(cost.guessesPerSecond > 10_000 && cost.guessesPerSecond < 16_000, hash);
  }
});

Deno.test("40 bits under 600,000 iterations take one card 431 days", () => {
  const { meanSeconds } = attackCost({ iterations: 600_000, bits: 40, attacker });
  assertEquals(Math.round(meanSeconds / 86_400), 431);
});

Deno.test(`an attack's cost is in proportion, with IRONFERN_SEED=${seed}`, () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.constantFrom(...PASSPHRASE_BITS),
      fc.integer({ min: 1, max: 10_000 }),
      (iterations, bits, devices) => {
        const one = attackCost({ iterations, bits, attacker });
        const near = (a: number, b: number) => Math.abs(a / b - 1) < 1e-9;
        return one.wholeSeconds === 2 * one.meanSeconds &&
          near(
            attackCost({ iterations, bits, attacker, devices }).meanSeconds,
            one.meanSeconds / devices,
          ) &&
          near(
            attackCost({ iterations: 2 * iterations, bits, attacker }).meanSeconds,
            attackCost({ iterations, bits: bits + 1, attacker }).meanSeconds,
          );
      },
    ),
    { seed },
  );
});

Deno.test("an attack that makes no sense is refused", () => {
  const good = { iterations: 600_000, bits: 40, attacker };
  for (const bits of [-1, 257, NaN, Infinity, "40" as unknown as number]) {
    assertThrows(() => attackCost({ ...good, bits }), RangeError, `Cannot use bits ${bits}`);
  }
  for (const iterations of [0, 1.5, NaN, 2 ** 32]) {
    assertThrows(() => attackCost({ ...good, iterations }), RangeError, "iterations");
  }
  for (const devices of [0, 0.5, NaN, 1e10]) {
    assertThrows(() => attackCost({ ...good, devices }), RangeError, "devices");
  }
});

Deno.test("the floors are those of their source's date", () => {
  assertEquals(FLOOR_SOURCE.date, "2026-03");
  assertEquals(ITERATION_FLOORS, {
    "SHA-1": 1_400_000,
    "SHA-256": 600_000,
    "SHA-384": 220_000,
    "SHA-512": 220_000,
  });
  assertMatch(FLOOR_NOTES["SHA-384"]!, /lists no floor for SHA-384/);
  assertMatch(FLOOR_NOTES["SHA-1"]!, /not for new systems/);
});

Deno.test("every figure has its source", () => {
  for (const { device, program, figure, source } of Object.values(ATTACKERS)) {
    assert(device && program && figure && source.title);
    assertMatch(source.url, /^https:\/\//);
    assertMatch(source.date, /^\d{4}(-\d{2})?$/);
  }
});

Deno.test("durations are told as a person says them", () => {
  const told = ([
    [0, "under a second"],
    [0.99, "under a second"],
    [1, "1 second"],
    [59.4, "59 seconds"],
    [59.9, "1 minute"],
    [3_599, "1 hour"],
    [90_000, "1 day"],
    [86_400 * 431, "1.2 years"],
    [31_557_600 * 34_123, "34,000 years"],
    [31_557_600 * 2.44e7, "24 million years"],
    [31_557_600 * 3e15, "3000 trillion years"],
  ] as const).filter(([seconds, text]) => describeDuration(seconds) !== text)
    .map(([seconds]) => `${seconds}: ${describeDuration(seconds)}`);
  assertEquals(told, []);
  assertThrows(() => describeDuration(NaN), RangeError);
});
