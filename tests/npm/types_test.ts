/**
 * The npm package's type declarations, in the TypeScript versions that have to
 * understand them.
 *
 * @module
 */

import {
  HAS_NPM,
  installedPackage,
  mustRun,
  NPM_REMEDY,
  programFile,
} from "../support/npm_package.ts";
import { testWithTool } from "../support/tools.ts";

const CONSUMER = `\
import {
  availableBackends,
  type BackendName,
  type Bytes,
  decrypt,
  encrypt,
  Fernet,
  type FernetResult,
  InvalidTokenError,
  MultiFernet,
  pbkdf2,
  pbkdf2Sync,
} from "@ironfern/ironfern";
import { main } from "@ironfern/ironfern/cli";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import { type Session, Sessions } from "@ironfern/ironfern/session";
import {
  EncryptedStorage,
  folder,
  indexedDb,
  type StringStore,
  Vault,
  webStorage,
} from "@ironfern/ironfern/storage";

export const code: number = await main(["--version"]);
const names: BackendName[] = availableBackends();
const stored: string = await encrypt("text", "secret", { backend: names[0] ?? "auto" });
const text: string = await decrypt(stored, "secret", { iterations: [600_000, 100_000] });

const key: Bytes = await pbkdf2("password", "salt", { iterations: 1 });
new Response(key);
new Blob([key, pbkdf2Sync("password", "salt", { iterations: 1 })]);
await crypto.subtle.digest("SHA-256", key);

const fernet = new Fernet(Fernet.generateKey());
const opened = fernet.decrypt(fernet.encrypt(text), { ttl: 60 });
new Response(opened);
await crypto.subtle.digest("SHA-256", opened);
const settled: FernetResult[] = fernet.decryptManySettled(["a"]);
for (const result of settled) {
  if (result.ok) new Response(result.value);
  else if (result.error instanceof InvalidTokenError) console.log(result.error.index);
}

const rows: ReadableStream<Uint8Array> = new Blob(["a"]).stream()
  .pipeThrough(encryptLines(fernet))
  .pipeThrough(decryptLines(new Fernet(key)));
new Response(rows);
new MultiFernet([fernet]).rotate(fernet.encrypt("a"));
{
  using scoped = new Fernet(key);
  scoped.encrypt("a");
}

const store: StringStore = new Map<string, string>();
const vault: Vault = await Vault.create(store, { passphrase: "secret" });
for (const each of [store, webStorage(localStorage), indexedDb("name"), folder("path")]) {
  const storage = new EncryptedStorage<{ token: string }>(each, { fernet: vault });
  const token: string | undefined = await storage.get("token");
  await storage.set("token", token ?? "");
  // @ts-expect-error It is text.
  await storage.set("token", 1);
}

const sessions = new Sessions<{ visits: number }>({ fernet, store, cookie: { secure: true } });
const session: Session<{ visits: number }> = await sessions.load(new Request("https://a.example"));
session.set("visits", (session.get("visits") ?? 0) + 1);
new Response("", { headers: await session.save() });
// @ts-expect-error It is a number.
session.set("visits", "1");

// @ts-expect-error There is no such backend.
new Fernet(key, { backend: "gpu" });
// @ts-expect-error The iterations have no default.
await pbkdf2("password", "salt", {});
`;

const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
  target: "es2022",
  lib: ["es2022", "dom", "dom.iterable"],
  types: [],
};

for (
  const [compiler, resolution] of [
    ["typescript5", { module: "nodenext" }],
    // It reads no `exports`.
    ["typescript5", { module: "esnext", moduleResolution: "node10" }],
    ["typescript6", { module: "nodenext" }],
    ["typescript6", { module: "esnext", moduleResolution: "bundler" }],
  ] as const
) {
  const how = "moduleResolution" in resolution ? resolution.moduleResolution : resolution.module;
  const name = `npm package: types, ${compiler}, ${how}`;
  testWithTool(name, HAS_NPM, NPM_REMEDY, async () => {
    const project = await installedPackage();
    const config = { compilerOptions: { ...OPTIONS, ...resolution }, files: ["consumer.ts"] };
    await Deno.writeTextFile(`${project}/consumer.ts`, CONSUMER);
    await Deno.writeTextFile(`${project}/tsconfig.json`, JSON.stringify(config));
    await mustRun("node", [programFile(`${compiler}/lib/tsc.js`), "--project", "."], project);
  });
}
