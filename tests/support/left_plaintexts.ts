/**
 * Prints what is left of plaintexts in this process after each call of a Fernet:
 *
 *     deno run -A tests/support/left_plaintexts.ts BACKEND
 *
 * Every buffer that the package comes by is kept here: those that it makes, and
 * those that the platform gives it. What is counted is a marker of which the
 * messages are made, in all of them but the caller's own.
 *
 * @module
 */

import type { BackendName } from "../../mod.ts";

const MARKER = "Hunter2-marker-8";
/** As long as one call of the kernel takes, and as long as needs many slices. */
const LENGTHS = [48, 5_008, 4_000_000];

const seen = new Set<ArrayBufferLike>();
const memories: WebAssembly.Memory[] = [];
/** Is called when the platform begins to decrypt. */
let onDecrypt = () => {};
const decryptions: Promise<unknown>[] = [];

function keep<T extends ArrayBufferView | ArrayBuffer>(made: T): T {
  seen.add(ArrayBuffer.isView(made) ? made.buffer : made);
  return made;
}

function watchArrays(): void {
  const Real = Uint8Array;
  const { slice } = Real.prototype;
  Real.prototype.slice = function (...range) {
    return keep(slice.apply(this, range)) as ReturnType<typeof slice>;
  };
  const { fromBase64 } = Real;
  Real.fromBase64 = (...call) => keep(fromBase64.apply(Real, call));
  const { encode } = TextEncoder.prototype;
  TextEncoder.prototype.encode = function (text) {
    return keep(encode.call(this, text));
  };
  globalThis.Uint8Array = new Proxy(Real, {
    construct: (_, given, target) =>
      keep(Reflect.construct(Real, given, target === globalThis.Uint8Array ? Real : target)),
  });
}

function watchPlatform(): void {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      memories.push(this.exports.memory as WebAssembly.Memory);
    }
  };
  const { subtle } = crypto;
  const decrypt = subtle.decrypt.bind(subtle);
  subtle.decrypt = (...call) => {
    onDecrypt();
    const decrypted = decrypt(...call).then(keep);
    decryptions.push(decrypted);
    return decrypted;
  };
  const node = process.getBuiltinModule("node:crypto");
  const { createDecipheriv } = node;
  Object.defineProperty(node, "createDecipheriv", {
    value(...call: Parameters<typeof createDecipheriv>) {
      const decipher = createDecipheriv(...call);
      const update = decipher.update.bind(decipher) as (data: Uint8Array) => Uint8Array;
      Object.defineProperty(decipher, "update", {
        value: (data: Uint8Array) => keep(update(data)),
      });
      return decipher;
    },
  });
}

const marker = new TextEncoder().encode(MARKER);
const { Buffer: NodeBuffer } = process.getBuiltinModule("node:buffer");

function markersIn(buffers: Iterable<ArrayBufferLike>): number {
  let count = 0;
  for (const buffer of buffers) {
    const bytes = NodeBuffer.from(buffer);
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) count++;
  }
  return count;
}

const given: ArrayBufferLike[] = [];
const messages = LENGTHS.map((length) => new Uint8Array(length));
for (const message of messages) {
  message.forEach((_, index) => message[index] = marker[index % marker.length]);
  given.push(message.buffer);
}
given.push(marker.buffer);

watchArrays();
watchPlatform();
const { Fernet, MultiFernet } = await import(Deno.args[1] ?? "../../mod.ts");

const backend = Deno.args[0] as BackendName;
const fernet = new Fernet(Fernet.generateKey(), { backend });
const multi = new MultiFernet([new Fernet(Fernet.generateKey(), { backend }), fernet]);
const tokens: string[] = [];
for (const message of messages) tokens.push(await fernet.encryptAsync(message));

/** What is left after a call, and what is in the messages that it handed out. */
async function left(call: () => unknown) {
  seen.clear();
  const result = await call();
  const owned = (Array.isArray(result) ? result : [result])
    .filter((each) => ArrayBuffer.isView(each)).map(({ buffer }) => buffer);
  await Promise.allSettled(decryptions.splice(0));
  await new Promise((resolve) => setTimeout(resolve));
  const rest = new Set([...seen, ...memories.map(({ buffer }) => buffer)])
    .difference(new Set([...owned, ...given]));
  return { left: markersIn(rest), owned: markersIn(owned), buffers: seen.size };
}

/** Aborts when the work is well under way. */
async function abortedOpening(): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  let slices = 0;
  signal.throwIfAborted = () => {
    if (++slices === 40) controller.abort();
    if (signal.aborted) throw signal.reason;
  };
  onDecrypt = () => controller.abort();
  const outcome = await fernet.decryptAsync(tokens[2], { signal }).then(() => "opened", () => "");
  onDecrypt = () => {};
  if (outcome) throw new Error("it was not aborted");
}

const late = { ttl: 1, currentTime: 9e9 };
const calls: Record<string, () => unknown> = {
  decryptAsync: async () => {
    const opened = [];
    for (const token of tokens) opened.push(await fernet.decryptAsync(token));
    return opened;
  },
  "MultiFernet.decryptAsync": () => multi.decryptAsync(tokens[1]),
  "decryptAsync, too late": () => fernet.decryptAsync(tokens[1], late).catch(() => {}),
  "decryptAsync, aborted": abortedOpening,
  "encryptAsync": () => Promise.all(messages.map((message) => fernet.encryptAsync(message))),
  "encryptAsync, many in a tick": () =>
    Promise.all(Array.from({ length: 9 }, () => fernet.encryptAsync(messages[1]))),
  "decryptAsync, many in a tick": () =>
    Promise.all(Array.from({ length: 9 }, () => fernet.decryptAsync(tokens[1]))),
  "encryptAsync of text": () => fernet.encryptAsync(MARKER.repeat(100)),
  ...backend === "webcrypto" ? {} : {
    decrypt: () => tokens.map((token) => fernet.decrypt(token)),
    decryptMany: () => fernet.decryptMany(tokens),
    decryptText: () => fernet.decryptText(tokens[1]),
    decryptManyText: () => multi.decryptManyText(tokens),
    "decryptManySettled, too late": () => fernet.decryptManySettled(tokens, late),
    encryptMany: () => fernet.encryptMany(messages),
    "encryptMany of texts": () => fernet.encryptMany([MARKER, `é${MARKER}`, MARKER.repeat(9_000)]),
    rotateMany: () => multi.rotateMany(tokens),
  },
};

const found: Record<string, Awaited<ReturnType<typeof left>>> = {};
for (const [name, call] of Object.entries(calls)) found[name] = await left(call);
console.log(JSON.stringify(found));
