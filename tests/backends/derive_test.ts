/**
 * Keys in the making: how many at once, what is begun, and what is wiped when
 * they are looked at, accepted or given up. The backends here are made for the
 * test and hand out buffers that it keeps.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Backend, KdfBlock, SlicedKdf } from "../../src/backends/backend.ts";
import {
  type CandidateKey,
  type DeriveOptions,
  keysAt,
  keysAtSync,
  type WantedKey,
} from "../../src/backends/derive.ts";
import { getBackend } from "../../src/backends/select/available.ts";

const REASON = new Error("the caller has had enough");
const LANES = 4;
const IN_FLIGHT = 16;

/** A backend, and the buffers that it has handed out. */
interface Made {
  readonly backend: Backend;
  readonly buffers: Uint8Array[];
  /** How many blocks each call worked on. */
  readonly runs: number[];
  /** Blocks or derivations that have begun and not ended. */
  open: number;
  begun: number;
}

function makeSliced(): Made {
  const made = { buffers: [] as Uint8Array[], runs: [] as number[], open: 0, begun: 0 };
  const sliced: SlicedKdf = {
    slots: 2 * LANES,
    lanes: LANES,
    start() {
      made.open++;
      made.begun++;
      const block: KdfBlock = {
        output() {
          const bytes = new Uint8Array(32).fill(7);
          made.buffers.push(bytes);
          return bytes;
        },
        free: () => made.open--,
      };
      return block;
    },
    run: (blocks) => void made.runs.push(blocks.length),
  };
  return Object.assign(made, { backend: { ...getBackend("portable"), kdf: { sliced } } });
}

/** Derivations end when the test has the event loop turn. */
function makeNative(fails?: number): Made & { most: number } {
  const made = { buffers: [] as Uint8Array[], runs: [], open: 0, begun: 0, most: 0 };
  const key = () => {
    const bytes = new Uint8Array(32).fill(7);
    made.buffers.push(bytes);
    return bytes;
  };
  const native = {
    deriveSync: key,
    async derive() {
      const turn = made.begun++;
      made.most = Math.max(made.most, ++made.open);
      await pause();
      made.open--;
      if (turn === fails) throw REASON;
      return key();
    },
  };
  return Object.assign(made, { backend: { ...getBackend("portable"), kdf: { native } } });
}

const MAKERS = { sliced: makeSliced, native: makeNative };

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** A native derivation cannot be stopped: what still flies lands. */
async function landed(made: Made): Promise<void> {
  for (let turns = 0; made.open && turns < 100; turns++) await pause();
  await pause();
}

function wantedKeys(count: number, costs: readonly number[], length = 32): WantedKey[] {
  const bytes = new Uint8Array(1);
  const request = { hash: "SHA-256", length, password: bytes, salt: bytes } as const;
  return Array.from({ length: count }, () => ({ request, costs }));
}

/** Looks at keys until it has had enough of them. */
async function look(
  { backend, buffers }: Made,
  wanted: Iterable<WantedKey>,
  judge: (candidate: CandidateKey) => unknown = () => {},
  options: DeriveOptions = {},
): Promise<void> {
  for await (const candidate of keysAt(backend, wanted, options)) {
    assert(candidate.key.every((byte) => byte === 7) && candidate.key.length > 0);
    buffers.push(new Uint8Array(candidate.key.buffer));
    if (await judge(candidate) === "enough") return;
  }
}

function assertWiped({ buffers, open }: Made): void {
  assert(buffers.length > 0, "no key was handed out");
  assertEquals(buffers.filter((bytes) => bytes.some(Boolean)).length, 0);
  assertEquals(open, 0);
}

function fail(): never {
  throw REASON;
}

/** What a loop may do with a key. */
const JUDGES: readonly ((candidate: CandidateKey) => unknown)[] = [
  () => {},
  accept,
  () => "enough",
  fail,
];

for (const [kind, make] of Object.entries(MAKERS)) {
  Deno.test(`Keys are wiped when the loop goes on, ends early or throws [${kind}]`, async () => {
    for (const judge of JUDGES) {
      const made = make();
      await look(made, wantedKeys(9, [10, 20]), judge).catch((error) => assert(error === REASON));
      await landed(made);
      assertWiped(made);
    }
  });

  Deno.test(`Keys are wiped in synchronous loops that end early or throw [${kind}]`, () => {
    for (const judge of JUDGES) {
      const made = make();
      const loop = () => {
        for (const candidate of keysAtSync(made.backend, wantedKeys(9, [10, 20]))) {
          assert(candidate.key.every((byte) => byte === 7));
          made.buffers.push(new Uint8Array(candidate.key.buffer));
          if (judge(candidate) === "enough") return;
        }
      };
      if (judge === fail) assertThrows(loop, Error, REASON.message);
      else loop();
      assertWiped(made);
    }
  });

  Deno.test(`Keys are wiped when progress throws or the call is aborted [${kind}]`, async () => {
    for (const way of ["throw", "abort"]) {
      for (const after of [1, 3, 12]) {
        const made = make();
        const controller = new AbortController();
        let told = 0;
        const onIterations = () => {
          if (++told < after) return;
          if (way === "throw") throw REASON;
          controller.abort(REASON);
        };
        const options = { signal: controller.signal, onIterations };
        const wanted = wantedKeys(30, [10, 20, 30]);
        const error = await assertRejects(() => look(made, wanted, () => {}, options));
        assert(error === REASON);
        await landed(made);
        if (made.buffers.length) assertWiped(made);
        assertEquals(made.open, 0);
      }
    }
  });

  Deno.test(`A key that is accepted is not shown again, a refused one at each cost [${kind}]`, async () => {
    const shown: number[][] = [[], [], [], [], []];
    await look(make(), wantedKeys(5, [10, 20, 30]), (candidate) => {
      const { index, cost, last } = candidate;
      shown[index].push(cost);
      assertEquals(last, cost === 30);
      if (index === 1 || index === 3 && cost === 20) candidate.accepted = true;
    });
    const all = [10, 20, 30];
    assertEquals(shown, [all, [10], all, [10, 20], all]);
  });

  Deno.test(`Keys that are not asked for any more are not begun [${kind}]`, async () => {
    const made = make();
    let refused = false;
    function* wanted() {
      for (const key of wantedKeys(200, [10])) {
        if (refused) return;
        yield key;
      }
    }
    const seen: number[] = [];
    await look(made, wanted(), ({ index }) => {
      seen.push(index);
      if (index === 20) refused = true;
    });
    // Those before it, and those that were in the making with it.
    assertEquals(seen.toSorted((a, b) => a - b), Array.from(seen, (_, index) => index));
    assert(seen.length > 20 && made.begun <= 21 + IN_FLIGHT, `${made.begun} were begun`);
  });
}

function accept(candidate: CandidateKey): void {
  candidate.accepted = true;
}

Deno.test("The blocks of a key that is given up half way are wiped", async () => {
  // Six blocks in four lanes: four have ended when the call is stopped.
  const made = makeSliced();
  const controller = new AbortController();
  const options = { signal: controller.signal, onIterations: () => controller.abort(REASON) };
  const rejected = look(made, wantedKeys(1, [1], 190), () => {}, options);
  assert(await assertRejects(() => rejected) === REASON);
  assertEquals(made.buffers.length, LANES);
  assertWiped(made);
});

Deno.test("Lanes stay full while there are keys to begin, whichever are accepted", async () => {
  const made = makeSliced();
  await look(made, wantedKeys(40, [1_000, 3_000]), async (candidate) => {
    await Promise.resolve();
    candidate.accepted = candidate.index % 3 === 0;
  });
  assertEquals(made.begun, 40);
  const firstPartial = made.runs.findIndex((blocks) => blocks < LANES);
  // Three calls at most work on the last keys: 999, 1,000 and 1,000 iterations.
  assert(firstPartial < 0 || firstPartial >= made.runs.length - 6, `${made.runs}`);
});

Deno.test("As many native derivations as are useful are in flight while keys are judged", async () => {
  const made = makeNative();
  let judged = 0;
  await look(made, wantedKeys(50, [10]), async () => {
    judged++;
    await Promise.resolve();
  });
  assertEquals([made.most, made.begun, judged], [IN_FLIGHT, 50, 50]);
});

Deno.test("A native derivation that fails ends the loop with its error, and no other begins", async () => {
  for (const fails of [0, 7]) {
    const made = makeNative(fails);
    const error = await assertRejects(() => look(made, wantedKeys(60, [10]), pause));
    assert(error === REASON);
    await landed(made);
    assert(made.begun < 60, `${made.begun} were begun`);
    if (made.buffers.length) assertWiped(made);
  }
});
