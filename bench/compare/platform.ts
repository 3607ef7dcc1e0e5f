/**
 * node:crypto and WebCrypto used directly: a token at a time, as one writes it
 * from the Fernet specification.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import nodeCrypto from "node:crypto";
import { promisify } from "node:util";
import { THEIRS } from "./rows.ts";
import type { KdfInput, KdfWay, Message, TokenWay } from "./ways.ts";

const VERSION = 0x80;
const HEAD = 25;
const MAC = 32;

function head(iv: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEAD);
  bytes[0] = VERSION;
  bytes.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1_000)), 1);
  bytes.set(iv, 9);
  return bytes;
}

function toText(token: Buffer): string {
  const text = token.toString("base64url");
  return text + "=".repeat(-text.length & 3);
}

function toBytes(message: Message): Uint8Array<ArrayBuffer> {
  return typeof message === "string" ? new TextEncoder().encode(message) : message;
}

function splitKey(key: string): [signing: Buffer<ArrayBuffer>, encryption: Buffer<ArrayBuffer>] {
  const bytes = Buffer.from(key, "base64url");
  return [bytes.subarray(0, 16), bytes.subarray(16)];
}

function refuse(): never {
  throw new Error("Cannot open the token");
}

/** node:crypto. */
export function nodeTokens(key: string): TokenWay & {
  seal(message: Message): string;
  open(token: string): Buffer<ArrayBuffer>;
} {
  const [signing, encryption] = splitKey(key);
  const seal = (message: Message) => {
    const iv = nodeCrypto.randomBytes(16);
    const cipher = nodeCrypto.createCipheriv("aes-128-cbc", encryption, iv);
    const ciphertext = typeof message === "string"
      ? cipher.update(message, "utf8")
      : cipher.update(message);
    const signed = Buffer.concat([head(iv), ciphertext, cipher.final()]);
    const mac = nodeCrypto.createHmac("sha256", signing).update(signed).digest();
    return toText(Buffer.concat([signed, mac]));
  };
  const open = (token: string) => {
    const bytes = Buffer.from(token, "base64url");
    const signed = bytes.subarray(0, -MAC);
    const mac = nodeCrypto.createHmac("sha256", signing).update(signed).digest();
    if (bytes[0] !== VERSION || !nodeCrypto.timingSafeEqual(mac, bytes.subarray(-MAC))) refuse();
    const iv = bytes.subarray(9, HEAD);
    const decipher = nodeCrypto.createDecipheriv("aes-128-cbc", encryption, iv);
    return Buffer.concat([decipher.update(signed.subarray(HEAD)), decipher.final()]);
  };
  return {
    name: THEIRS.node,
    seal,
    open,
    encrypt: (messages) => messages.map(seal),
    decrypt: (tokens) => tokens.map(open),
  };
}

/** WebCrypto, with all of its promises at once. */
export async function webCryptoTokens(key: string): Promise<TokenWay> {
  const [signing, encryption] = splitKey(key);
  const { subtle } = crypto;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const macKey = await subtle.importKey("raw", signing, hmac, false, ["sign", "verify"]);
  const aesKey = await subtle.importKey("raw", encryption, "AES-CBC", false, [
    "encrypt",
    "decrypt",
  ]);
  const seal = async (message: Message) => {
    const iv = crypto.getRandomValues(new Uint8Array(16));
    const ciphertext = await subtle.encrypt({ name: "AES-CBC", iv }, aesKey, toBytes(message));
    const signed = Buffer.concat([head(iv), new Uint8Array(ciphertext)]);
    const mac = await subtle.sign("HMAC", macKey, signed);
    return toText(Buffer.concat([signed, new Uint8Array(mac)]));
  };
  const open = async (token: string) => {
    const bytes = Buffer.from(token, "base64url");
    const signed = bytes.subarray(0, -MAC);
    const valid = await subtle.verify("HMAC", macKey, bytes.subarray(-MAC), signed);
    if (bytes[0] !== VERSION || !valid) refuse();
    const iv = bytes.subarray(9, HEAD);
    const ciphertext = signed.subarray(HEAD);
    return new Uint8Array(await subtle.decrypt({ name: "AES-CBC", iv }, aesKey, ciphertext));
  };
  return {
    name: THEIRS.webcrypto,
    encrypt: (messages) => Promise.all(messages.map(seal)),
    decrypt: (tokens) => Promise.all(tokens.map(open)),
  };
}

/**
 * One key after the other: a promise a key would take every core, and the rows
 * are of one.
 */
async function inTurn<Input>(
  inputs: readonly Input[],
  derive: (input: Input) => Promise<Uint8Array>,
): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = [];
  for (const input of inputs) keys.push(await derive(input));
  return keys;
}

/** node:crypto, for keys. */
export function nodeKdf(): KdfWay {
  const pbkdf2 = promisify(nodeCrypto.pbkdf2);
  return {
    name: THEIRS.nodeKdf,
    derive: (inputs, iterations) =>
      inTurn(inputs, ({ password, salt }) => pbkdf2(password, salt, iterations, 32, "sha256")),
  };
}

async function webCryptoKey(
  { password, salt }: KdfInput,
  iterations: number,
): Promise<Uint8Array> {
  const { subtle } = crypto;
  const secret = toBytes(password);
  const key = await subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await subtle.deriveBits(parameters, key, 256));
}

/** WebCrypto, for keys. */
export function webCryptoKdf(name: string): KdfWay {
  return {
    name,
    derive: (inputs, iterations) => inTurn(inputs, (input) => webCryptoKey(input, iterations)),
  };
}

/** WebCrypto, for keys, with all of its promises at once. */
export function webCryptoKdfsAtOnce(): KdfWay {
  return {
    name: THEIRS.webcrypto,
    derive: (inputs, iterations) =>
      Promise.all(inputs.map((input) => webCryptoKey(input, iterations))),
  };
}
