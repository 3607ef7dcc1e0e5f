import { assertEquals } from "@std/assert";
import { ROOT, run } from "../support/tools.ts";

/** V8 has SIMD only where the CPU has these; it believes its flags. */
const WITHOUT_SIMD = "--v8-flags=--no-enable-sse4-1,--no-enable-ssse3";

const PROGRAM = `
import { availableBackends, BackendUnavailableError, Fernet } from "${ROOT}mod.ts";
import { encryptLines, decryptLines } from "${ROOT}src/export/mod.ts";

const key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const token =
  "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
const native = Deno.args.includes("native");
if (!native) {
  Object.defineProperty(crypto, "subtle", { value: undefined });
  process.getBuiltinModule = () => undefined;
}
const fernet = new Fernet(key);
const rows = new Blob(["a\\nb"]).stream();
const back = rows.pipeThrough(encryptLines(fernet)).pipeThrough(decryptLines(fernet));
let refused = "";
try {
  new Fernet(key, { backend: "wasm" }).encrypt("a");
} catch (error) {
  refused = error instanceof BackendUnavailableError ? error.backend : String(error);
}
console.log(JSON.stringify({
  backends: availableBackends(),
  refused,
  text: fernet.decryptText(token),
  rows: await new Response(back).text(),
}));
`;

for (const kind of ["native", "bare"]) {
  Deno.test({
    name: `An engine without WebAssembly SIMD falls back [${kind}]`,
    // Other CPUs' SIMD cannot be switched off.
    ignore: Deno.build.arch !== "x86_64",
    async fn() {
      const args = ["run", "-A", "--ext=ts", WITHOUT_SIMD, "-", kind];
      const { stdout, stderr } = await run(Deno.execPath(), args, { stdin: PROGRAM });
      const backends = kind === "native" ? ["webcrypto", "node", "portable"] : ["portable"];
      const expected = { backends, refused: "wasm", text: "hello", rows: "a\nb" };
      assertEquals(stdout.trim(), JSON.stringify(expected), stderr);
    },
  });
}
