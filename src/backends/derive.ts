/**
 * PBKDF2 over many keys on any backend: in slices where the backend has them,
 * natively where it has not.
 *
 * A key comes to its costs one after the other, and whoever asked for it looks at
 * it in a loop:
 *
 * ```ts ignore
 * for await (const candidate of keysAt(backend, wanted, { signal })) {
 *   if (await serves(candidate.key)) candidate.accepted = true;
 * }
 * ```
 *
 * A loop that is left early, by `return` or by an error, wipes what it leaves.
 *
 * @module
 */

import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { abortable, Pacer, Semaphore } from "../runtime/schedule.ts";
import {
  type Backend,
  DIGEST_LENGTH,
  type KdfBlock,
  type KdfRequest,
  type NativeKdf,
  type SlicedKdf,
} from "./backend.ts";

/**
 * V8 compiles a kernel well between its calls, never within one: 1,000
 * iterations a call reach full speed eight times sooner than one long call.
 */
const SLICE_ITERATIONS = 1_000;
/** Native derivations in flight: more would only queue in the platform. */
const IN_FLIGHT = 16;

/** A key to derive. */
export interface WantedKey {
  /** The password, salt, hash and length. */
  readonly request: KdfRequest;
  /**
   * Iteration counts, ascending, at which the key is wanted. More than one may
   * be asked for only of a key that fits one digest.
   */
  readonly costs: readonly number[];
}

/** A key that has come to one of its costs. */
export interface CandidateKey {
  /** The key's place among those that are wanted. */
  readonly index: number;
  /** The key's bytes, which are wiped when the loop goes on. */
  readonly key: Bytes;
  /** The iterations that it has come to. */
  readonly cost: number;
  /** Whether this is the last of its costs. */
  readonly last: boolean;
  /** Set to `true` by the loop when the key serves: then no more costs are tried. */
  accepted: boolean;
}

/** How asynchronous derivations are followed and stopped. */
export interface DeriveOptions {
  /** Rejects with its reason within one slice. */
  readonly signal?: AbortSignal;
  /** Called with a number of iterations, when they are done. */
  readonly onIterations?: (count: number) => void;
}

/** How many output blocks of PBKDF2 the key has. */
export function blockCount({ hash, length }: Pick<KdfRequest, "hash" | "length">): number {
  return Math.ceil(length / DIGEST_LENGTH[hash]);
}

/** Derives keys in the calling thread, in order. */
export function* keysAtSync(
  backend: Backend,
  wanted: Iterable<WantedKey>,
): Generator<CandidateKey, void> {
  const { sliced, native } = backend.kdf;
  if (sliced) {
    for (const candidate of slicedKeys(sliced, wanted)) {
      if (candidate) yield candidate;
    }
    return;
  }
  const deriveSync = native.deriveSync;
  if (!deriveSync) throw new Error("unreachable: a backend with promises only");
  for (const { request, costs, index } of numbered(wanted)) {
    for (const cost of costs) {
      const key = deriveSync(request, cost);
      const candidate = { index, key, cost, last: cost === costs.at(-1), accepted: false };
      try {
        yield candidate;
      } finally {
        key.fill(0);
      }
      if (candidate.accepted) break;
    }
  }
}

/**
 * Derives keys with pauses for the event loop, or off the thread. Wanted keys are
 * taken in order, each when there is room for it.
 */
export async function* keysAt(
  backend: Backend,
  wanted: Iterable<WantedKey>,
  { signal, onIterations }: DeriveOptions,
): AsyncGenerator<CandidateKey, void> {
  const { sliced, native } = backend.kdf;
  signal?.throwIfAborted();
  if (native) return yield* nativeKeys(native, wanted, { signal, onIterations });
  const release = await asyncSlots(sliced).acquire(sliced.lanes, signal);
  try {
    const pacer = new Pacer();
    for (const candidate of slicedKeys(sliced, wanted, onIterations)) {
      signal?.throwIfAborted();
      if (candidate) yield candidate;
      await pacer.pause();
    }
  } finally {
    release();
  }
}

/** The slots that asynchronous derivations share; synchronous ones keep a share. */
const semaphores = new WeakMap<SlicedKdf, Semaphore>();

function asyncSlots(kdf: SlicedKdf): Semaphore {
  const known = semaphores.get(kdf) ?? new Semaphore(kdf.slots - kdf.lanes);
  semaphores.set(kdf, known);
  return known;
}

/** A wanted key and its place. */
interface NumberedKey extends WantedKey {
  readonly index: number;
}

/** Wanted keys with their places, from 0. */
export function* numbered(wanted: Iterable<WantedKey>): Generator<NumberedKey, undefined> {
  let index = 0;
  for (const { request, costs } of wanted) yield { request, costs, index: index++ };
  return undefined;
}

/** A key whose output blocks are in the making. */
interface KeyInBlocks extends NumberedKey {
  /** The blocks that are there. */
  readonly blocks: Bytes[];
  /** How many it has. */
  readonly count: number;
}

/** An output block in the making. */
interface Lane {
  readonly block: KdfBlock;
  readonly of: KeyInBlocks;
  /** The costs that are still to come. */
  readonly costs: number[];
  done: number;
}

/** Yields nothing between slices, where its caller may pause. */
function* slicedKeys(
  kdf: SlicedKdf,
  wanted: Iterable<WantedKey>,
  onIterations?: (count: number) => void,
): Generator<CandidateKey | undefined, void> {
  const waiting = blocksOf(wanted);
  const lanes: Lane[] = [];
  const begun = new Set<KeyInBlocks>();
  try {
    for (;;) {
      while (lanes.length < kdf.lanes) {
        const { value: next, done } = waiting.next();
        if (done) break;
        const { key: of, number } = next;
        lanes.push({ block: kdf.start(of.request, number), of, costs: [...of.costs], done: 1 });
        begun.add(of);
        onIterations?.(1);
      }
      if (!lanes.length) return;
      const step = lanes.reduce(
        (least, { costs, done }) => Math.min(least, costs[0] - done),
        SLICE_ITERATIONS,
      );
      if (step > 0) {
        kdf.run(lanes.map(({ block }) => block), step);
        for (const lane of lanes) lane.done += step;
        onIterations?.(step * lanes.length);
      }
      for (const lane of lanes.filter(({ costs, done }) => done === costs[0])) {
        if (!(yield* endsHere(lane))) continue;
        lane.block.free();
        lanes.splice(lanes.indexOf(lane), 1);
        if (!lane.of.blocks.length) begun.delete(lane.of);
      }
      yield;
    }
  } finally {
    for (const { block } of lanes) block.free();
    for (const { blocks } of begun) wipeAll(blocks);
  }
}

/** Takes the block at the cost that it has come to, and shows the key if that is whole. */
function* endsHere({ block, of, costs, done }: Lane): Generator<CandidateKey, boolean> {
  costs.shift();
  of.blocks.push(block.output());
  if (of.blocks.length < of.count) return true;
  const whole = concatBytes(of.blocks);
  wipeAll(of.blocks);
  const key = whole.subarray(0, of.request.length);
  const candidate = { index: of.index, key, cost: done, last: !costs.length, accepted: false };
  try {
    yield candidate;
  } finally {
    whole.fill(0);
  }
  return candidate.accepted || candidate.last;
}

function wipeAll(blocks: Bytes[]): void {
  for (const block of blocks.splice(0)) block.fill(0);
}

/**
 * Every output block of every key. The blocks of a key have one cost and are begun
 * in order, so they end in order too.
 */
function* blocksOf(
  wanted: Iterable<WantedKey>,
): Generator<{ key: KeyInBlocks; number: number }, undefined> {
  for (const each of numbered(wanted)) {
    const count = blockCount(each.request);
    if (count > 1 && each.costs.length > 1) {
      throw new Error("unreachable: a long key of many costs");
    }
    const key = { ...each, count, blocks: [] };
    for (let number = 1; number <= count; number++) yield { key, number };
  }
  return undefined;
}

/** A native derivation that has ended, to the first of its costs. */
interface Landing {
  readonly flight: NumberedKey;
  readonly key: Bytes;
}

/** A few derivations at once; keys are shown as they land. */
async function* nativeKeys(
  native: NativeKdf,
  wanted: Iterable<WantedKey>,
  { signal, onIterations }: DeriveOptions,
): AsyncGenerator<CandidateKey, void> {
  const waiting = numbered(wanted);
  const flying = new Map<NumberedKey, Promise<Landing>>();
  const begin = (flight: NumberedKey) => {
    const landing = native.derive(flight.request, flight.costs[0]).then((key) => ({ flight, key }));
    flying.set(flight, landing);
  };
  try {
    for (;;) {
      while (flying.size < IN_FLIGHT) {
        const { value: next, done } = waiting.next();
        if (done) break;
        begin(next);
      }
      if (!flying.size) return;
      const { flight, key } = await abortable(() => Promise.race(flying.values()), signal);
      flying.delete(flight);
      const { request, index, costs: [cost, ...later] } = flight;
      const candidate = { index, key, cost, last: !later.length, accepted: false };
      try {
        onIterations?.(cost * blockCount(request));
        yield candidate;
      } finally {
        key.fill(0);
      }
      if (!candidate.accepted && later.length) begin({ request, index, costs: later });
    }
  } finally {
    // The platform cannot be stopped: what still lands is wiped.
    for (const landing of flying.values()) landing.then(({ key }) => key.fill(0), () => {});
  }
}
