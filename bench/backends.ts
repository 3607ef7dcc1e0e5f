/**
 * The four backends compared: tokens a second, and the time of a derivation.
 * What they make is compared before anything is timed.
 *
 * @module
 */

import {
  availableBackends,
  type BackendName,
  Fernet,
  pbkdf2,
  pbkdf2Many,
} from "@ironfern/ironfern";
import { describeMachine } from "./machine.ts";
import { type Contestant, interleave, type Timing } from "./measure.ts";

const ROUNDS = 9;
const ITERATIONS = 600_000;

const key = Fernet.generateKey();
const backends = availableBackends();
const fernets = new Map(backends.map((backend) => [backend, new Fernet(key, { backend })]));

/** What each backend does with all of the messages, as its users would have it. */
async function seal(backend: BackendName, messages: readonly Uint8Array[]): Promise<string[]> {
  const fernet = fernets.get(backend)!;
  return backend === "webcrypto"
    ? await Promise.all(messages.map((message) => fernet.encryptAsync(message)))
    : fernet.encryptMany(messages);
}

async function open(backend: BackendName, tokens: readonly string[]): Promise<Uint8Array[]> {
  const fernet = fernets.get(backend)!;
  return backend === "webcrypto"
    ? await Promise.all(tokens.map((token) => fernet.decryptAsync(token)))
    : fernet.decryptMany(tokens);
}

function assertSame(what: string, a: readonly Uint8Array[], b: readonly Uint8Array[]): void {
  const same = a.length === b.length &&
    a.every((bytes, index) =>
      bytes.length === b[index].length && bytes.every((byte, at) => byte === b[index][at])
    );
  if (!same) throw new Error(`The backends do not agree: ${what}`);
}

function randomMessages(count: number, length: number): Uint8Array[] {
  return Array.from({ length: count }, () => {
    const message = new Uint8Array(length);
    for (let start = 0; start < length; start += 65_536) {
      crypto.getRandomValues(message.subarray(start, start + 65_536));
    }
    return message;
  });
}

async function compare(
  title: string,
  figure: (timing: Timing) => string,
  contestants: readonly Contestant[],
): Promise<void> {
  console.log(`\n${title}`);
  const timings = await interleave(contestants, ROUNDS);
  const least = Math.min(...timings.map(({ median }) => median));
  for (const timing of timings) {
    const { name, median, least: fastest, most } = timing;
    console.log(
      `  ${name.padEnd(9)} ${figure(timing)}  ${median.toFixed(2).padStart(8)} ms ` +
        `(${fastest.toFixed(2)} to ${most.toFixed(2)})  ${(median / least).toFixed(2)}x`,
    );
  }
}

async function compareTokens(count: number, length: number): Promise<void> {
  const messages = randomMessages(count, length);
  const sealed = new Map<BackendName, string[]>();
  for (const backend of backends) sealed.set(backend, await seal(backend, messages));
  for (const writer of backends) {
    for (const reader of backends) {
      assertSame(`${writer} to ${reader}`, messages, await open(reader, sealed.get(writer)!));
    }
  }
  const name = `${count.toLocaleString("en")} tokens of ${length.toLocaleString("en")} bytes`;
  const rate = ({ median }: Timing) =>
    `${Math.round(1_000 * count / median).toLocaleString("en").padStart(9)} tokens/s`;
  await compare(
    `Encrypt ${name}`,
    rate,
    backends.map((backend) => ({ name: backend, run: () => seal(backend, messages) })),
  );
  await compare(
    `Decrypt ${name}`,
    rate,
    backends.map((backend) => ({
      name: backend,
      run: () => open(backend, sealed.get(backend)!),
    })),
  );
}

async function compareDerivations(count: number): Promise<void> {
  const inputs = Array.from({ length: count }, (_, index) => ({
    password: "correct horse battery staple",
    salt: new TextEncoder().encode(`salt ${index}`),
  }));
  const derive = (backend: BackendName) =>
    count === 1
      ? pbkdf2(inputs[0].password, inputs[0].salt, { iterations: ITERATIONS, backend })
        .then((derivedKey) => [derivedKey])
      : pbkdf2Many(inputs, { iterations: ITERATIONS, backend });
  const [first, ...others] = backends;
  const expected = await derive(first);
  for (const backend of others) assertSame(`PBKDF2 on ${backend}`, await derive(backend), expected);
  await compare(
    `PBKDF2-HMAC-SHA256, ${ITERATIONS.toLocaleString("en")} iterations, keys at once: ${count}`,
    ({ median }) => `${(1_000 * count / median).toFixed(2).padStart(9)} keys/s`,
    backends.map((backend) => ({ name: backend, run: () => derive(backend) })),
  );
}

console.log(await describeMachine());
console.log(`Medians of ${ROUNDS} interleaved rounds (fastest to slowest), ratio to the best`);
await compareTokens(1_000, 100);
await compareTokens(24, 65_536);
await compareDerivations(1);
await compareDerivations(8);
