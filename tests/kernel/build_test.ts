/**
 * The committed kernel: it is what wasm/ builds, and it imports nothing and takes
 * no more memory than it starts with.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createHash, pbkdf2Sync } from "node:crypto";
import { singleBatch } from "../../src/bytes/batch.ts";
import { encodeAscii } from "../../src/bytes/text.ts";
import { kernelOpen, kernelSeal } from "../../src/kernel/batches.ts";
import { KernelDerivation } from "../../src/kernel/derivations.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { KERNEL_BASE64 } from "../../src/kernel/kernel_bytes.generated.ts";
import { kernelModule } from "../../src/kernel/load.ts";
import { hasProgram, ROOT, run, testWithTool } from "../support/tools.ts";
import vectors from "../../vectors/make/given/fernet_spec_generate.json" with { type: "json" };

const TARGET = "wasm32-unknown-unknown";
const MAX_SIZE = 96 * 1_024;
/** In the order of their numbers in the kernel's interface. */
const DIGESTS = ["sha1", "sha256", "sha384", "sha512"];

Deno.test("the kernel imports nothing", () => {
  assertEquals(WebAssembly.Module.imports(kernelModule()), []);
});

Deno.test("the kernel's memory cannot grow", () => {
  const { memory } = new Kernel(kernelModule()).exports;
  const { byteLength } = memory.buffer;
  assertThrows(() => memory.grow(1), RangeError);
  assertEquals(memory.buffer.byteLength, byteLength);
});

Deno.test("the kernel is small, and its recorded hash is its own", () => {
  const bytes = Uint8Array.fromBase64(KERNEL_BASE64);
  assert(bytes.length < MAX_SIZE, `the kernel has ${bytes.length} bytes`);
  const generated = new URL("src/kernel/kernel_bytes.generated.ts", ROOT);
  const [, recorded] = Deno.readTextFileSync(generated).match(/^\/\/ sha256: (.*)$/m) ?? [];
  assertEquals(recorded, createHash("sha256").update(bytes).digest("hex"));
});

testWithTool(
  "wasm/ builds the committed kernel, and what it builds gives known answers",
  await canBuild(),
  "run `bash scripts/toolchain.sh`, and put the folder bin of cargo on PATH",
  async () => {
    const rebuilt = await Deno.makeTempFile({ suffix: ".wasm" });
    try {
      const args = ["run", "-A", "scripts/build_wasm.ts", "--check", "--out", rebuilt];
      const { success, stdout, stderr } = await run(Deno.execPath(), args);
      assert(success, stderr + stdout);
      assertMatch(stdout, /^(Equal to|Not compared:) /m);
      const [notCompared] = stdout.match(/^Not compared: .*$/m) ?? [];
      if (notCompared) console.log(notCompared);
      checkAnswers(new Kernel(new WebAssembly.Module(await Deno.readFile(rebuilt))));
    } finally {
      await Deno.remove(rebuilt);
    }
  },
);

async function canBuild(): Promise<boolean> {
  const tools = [hasProgram("cargo"), hasProgram("wasm-pack"), hasProgram("wasm-bindgen")];
  const compilers = ["/usr/bin/rustc", "rustc"].map(hasTarget);
  return (await Promise.all(tools)).every(Boolean) && (await Promise.all(compilers)).some(Boolean);
}

/** Whether the compiler has a standard library for WebAssembly. */
async function hasTarget(rustc: string): Promise<boolean> {
  const question = ["--target", TARGET, "--print", "target-libdir"];
  if (!await hasProgram(rustc, ...question)) return false;
  const { stdout } = await run(rustc, question);
  try {
    return (await Deno.stat(stdout.trim())).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function checkAnswers(kernel: Kernel): void {
  for (const { secret, now, iv, src, token } of vectors) {
    const key = Uint8Array.fromBase64(secret, { alphabet: "base64url" });
    const head = new Uint8Array(24);
    new DataView(head.buffer).setBigUint64(0, BigInt(Date.parse(now) / 1_000));
    head.set(iv, 8);
    const record = singleBatch(encodeAscii(src));
    const offsets = Uint32Array.of(0, token.length);
    const sealed = kernelSeal(kernel, key, record, head, offsets)?.bytes;
    assertEquals(sealed, encodeAscii(token));
    const opened = kernelOpen(kernel, key, singleBatch(encodeAscii(token)));
    assertEquals(opened?.plaintexts.bytes, record.bytes);
  }
  const [password, salt] = ["password", "salt"].map(encodeAscii);
  for (const [hash, digest] of DIGESTS.entries()) {
    const block = new KernelDerivation(kernel, { hash, password, salt, index: 1 });
    KernelDerivation.run(kernel, [block], 999);
    const derivedKey = block.output();
    block.free();
    const expected = pbkdf2Sync(password, salt, 1_000, derivedKey.length, digest);
    assertEquals(derivedKey, Uint8Array.from(expected));
  }
}
