/**
 * Who seals and opens messages when `backend` is `"auto"`: AES, HMAC and base64 each
 * by the part that is fastest, by the length of a message and by how many there are.
 *
 * It is a table by runtime, not a measurement: a measurement costs the first call
 * some milliseconds, and on a busy machine it is wrong for as long as the process
 * lives. The table was measured with `deno task compare` on CPUs with and without SHA
 * extensions. What differs between runtimes is the cost of a call to the platform
 * (0.5 to 10 microseconds) and Deno's `node:crypto`, whose AES takes five times as
 * long as Node's; what differs between CPUs is within what is left over:
 *
 * - Node and Bun have AES extensions through OpenSSL and BoringSSL on every CPU of
 *   the last ten years. Their HMAC without SHA extensions is as fast as the kernel's
 *   one stream, and with them five times as fast. So: both native, but for short
 *   messages, whose calls cost more than their bytes, and for many short ones, which
 *   fill the kernel's lanes.
 * - Deno's synchronous AES is the kernel's, its HMAC `node:crypto`'s from some
 *   kilobytes on; a batch is sealed by the kernel's lanes. By promises AES is
 *   WebCrypto's, which works in threads while this one makes the HMAC of the message
 *   before.
 * - Elsewhere (browsers, workerd) long messages are WebCrypto's by promises, the
 *   kernel's otherwise.
 *
 * Base64 is the runtime's own from 2 KiB on: see `bytes/base64.ts`.
 *
 * @module
 */

import { hostGlobal, processorCount, runtimeName } from "../../runtime/host.ts";
import type { AsyncFernetEngine, AsyncSingleEngine, Backend, FernetEngine } from "../backend.ts";
import { fernetEngines } from "../engine.ts";
import type { Primitives } from "../token.ts";
import { webCryptoEngine } from "../webcrypto.ts";

/** Bytes of a message from which each way is the fastest. */
interface Thresholds {
  /** One message, in the calling thread: from here on native, or composed in Deno. */
  readonly one: number;
  /** Messages of a batch, on average: native instead of the kernel's lanes. */
  readonly many: number;
  /** By promises: WebCrypto's AES, even for one message. */
  readonly oneAsync: number;
  /** By promises, from the second message of a tick on: WebCrypto's threads. */
  readonly manyAsync: number;
}

const TABLE: Readonly<Record<string, Thresholds>> = {
  deno: { one: 3_072, many: Infinity, oneAsync: 8_192, manyAsync: 8_192 },
  node: { one: 640, many: 2_560, oneAsync: Infinity, manyAsync: 16_384 },
  bun: { one: 192, many: 192, oneAsync: Infinity, manyAsync: 16_384 },
  other: { one: 4_096, many: Infinity, oneAsync: 65_536, manyAsync: 65_536 },
};

/** Fewer messages do not fill the kernel's lanes. */
const FULL_LANES = 4;
const table = TABLE[runtimeName ?? "other"];

/** Backends that are here in a thread of their own or of the caller. */
export interface Found {
  /** The kernel. */
  readonly wasm?: Backend;
  /** `node:crypto`. */
  readonly node?: Backend;
}

/** Messages: how many there are, and their mean length in bytes. */
export interface Load {
  /** How many. */
  readonly count: number;
  /** Bytes of one on average. */
  readonly length: number;
}

/** The parts that are fastest for one message of such a length, in this thread. */
export function bestParts({ wasm, node }: Found, length: number): Primitives | undefined {
  const [kernel, native] = [wasm?.primitives, node?.primitives];
  if (!kernel || !native) return native ?? kernel;
  if (length < table.one) return kernel;
  return runtimeName === "deno" ? { ...kernel, mac: native.mac } : native;
}

/** Backends that have Fernet in the calling thread. */
type SyncBackend = Backend & { readonly sync: FernetEngine };

/** Finds a backend, if it is here. */
export type Find = (name: "wasm" | "node" | "webcrypto") => Backend | undefined;

/**
 * Chooses between the parts that are here. A part is looked for when it may be
 * chosen, and not before: Deno needs 20 ms to load `node:crypto`, which a process that
 * makes one short token must not wait for.
 */
export class Parts {
  readonly #find: Find;
  #composed: SyncBackend | undefined;
  #threaded: AsyncFernetEngine | undefined;

  /** Takes what finds backends. */
  constructor(find: Find) {
    this.#find = find;
  }

  /** The fastest in the calling thread; `undefined` where there is neither. */
  sync({ count, length }: Load): SyncBackend | undefined {
    const wasm = asSync(this.#find("wasm"));
    if (wasm && length < (count < FULL_LANES ? table.one : table.many)) return wasm;
    const node = asSync(this.#find("node"));
    if (!wasm || !node || runtimeName !== "deno") return node ?? wasm;
    return this.#compose(wasm, node);
  }

  /**
   * WebCrypto, alone or with the HMAC of the calling thread, where its threads are
   * faster for a batch.
   */
  async({ count, length }: Load): Backend | undefined {
    if (length < (count < FULL_LANES ? table.oneAsync : table.manyAsync)) return undefined;
    const webcrypto = this.#find("webcrypto");
    const node = this.#find("node");
    if (!webcrypto || runtimeName !== "deno" || !node) return webcrypto;
    return { ...webcrypto, ...this.#find("wasm"), async: this.#thread(webcrypto, node) };
  }

  /**
   * For one of the long messages that are asked for in one tick, by promises;
   * `undefined` for a short one, which waits for others.
   *
   * @param nextTurn Says how many of them came before: this thread does its share of
   * them itself where its own ciphers are as fast as the platform's threads.
   */
  single(length: number, nextTurn: () => number): AsyncSingleEngine | undefined {
    if (length < table.manyAsync) return undefined;
    const [node, webcrypto] = [this.#find("node"), this.#find("webcrypto")];
    const native = node?.async.single;
    const threads = webcrypto?.async.single;
    if (!node || !native || !webcrypto || !threads) return threads ?? native;
    const turn = nextTurn();
    if (runtimeName === "deno") return turn ? threads : this.#thread(webcrypto, node).single;
    return turn % processors() ? threads : native;
  }

  #compose(wasm: SyncBackend, node: SyncBackend): SyncBackend {
    const parts = bestParts({ wasm, node }, table.one);
    return this.#composed ??= parts
      ? { ...wasm, primitives: parts, ...fernetEngines(parts) }
      : wasm;
  }

  #thread(webcrypto: Backend, { primitives }: Backend): AsyncFernetEngine {
    const subtle = hostGlobal<Crypto>("crypto")?.subtle;
    const mac = primitives?.mac;
    return this.#threaded ??= subtle ? webCryptoEngine({ subtle, mac }) : webcrypto.async;
  }
}

function asSync(backend: Backend | undefined): SyncBackend | undefined {
  return backend?.sync && backend as SyncBackend;
}

let cores: number | undefined;

function processors(): number {
  return cores ??= processorCount();
}
