/**
 * Uses everything that the package exports, on every backend, and prints a line
 * at its end: to be run with no permission at all.
 *
 * @module
 */

import * as core from "@ironfern/ironfern";
import type { BackendChoice } from "@ironfern/ironfern";
import * as exporting from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BACKENDS } from "./backends.ts";

type Use = (backend: BackendChoice) => void | Promise<void>;

const SECRET = "correct horse";
const TEXT = "4111 1111 1111 1111 ✓";
const COST = { iterations: 1_000 };

const text: Use = async (backend) => {
  const options = { ...COST, backend };
  const value = await core.encrypt(TEXT, SECRET, options);
  assertEquals(await core.decrypt(value, SECRET, options), TEXT);
  const workers = { ...options, workers: 2 };
  const values = await core.encryptMany([TEXT, ""], SECRET, workers);
  assertEquals(await core.decryptMany(values, SECRET, workers), [TEXT, ""]);

  const target = { ...options, targetIterations: 2_000 };
  assert((await core.upgrade(value, SECRET, target)).upgraded);
  assertEquals((await core.upgradeMany(values, SECRET, { ...workers, ...target })).length, 2);

  const settled = await core.decryptManySettled([value, null], SECRET, workers);
  assertEquals(settled.map(({ ok }) => ok), [true, false]);
  const upgraded = await core.upgradeManySettled([value, null], SECRET, { ...workers, ...target });
  assertEquals(upgraded.map(({ ok }) => ok), [true, false]);
};

const textSync: Use = (backend) => {
  if (backend === "webcrypto") return;
  const options = { ...COST, backend };
  const value = core.encryptSync(TEXT, SECRET, options);
  assertEquals(core.decryptSync(value, SECRET, options), TEXT);
};

const aesGcm: Use = async (backend) => {
  const options = { ...COST, backend };
  const value = core.encryptAesGcm256(TEXT, SECRET, options);
  if (backend === "webcrypto") {
    await assertRejects(() => value, core.BackendUnavailableError);
  } else {
    assertEquals(await core.decryptAesGcm256(await value, SECRET, options), TEXT);
  }
};

const fernet: Use = async (backend) => {
  const fernet = await core.Fernet.fromPassphrase(SECRET, { ...COST, salt: "a salt", backend });
  const token = await fernet.encryptAsync(TEXT);
  assertEquals(new TextDecoder().decode(await fernet.decryptAsync(token)), TEXT);
  const long = await fernet.encryptAsync(new Uint8Array(300_000));
  assertEquals((await fernet.decryptAsync(long)).length, 300_000);
  await assertRejects(() => fernet.decryptAsync(`${token}=`), core.InvalidTokenError);
  if (backend !== "webcrypto") fernetSync(fernet, backend);
  fernet.destroy();
  await assertRejects(() => fernet.encryptAsync(TEXT), TypeError);
};

function fernetSync(fernet: core.Fernet, backend: BackendChoice): void {
  assertEquals(fernet.decryptText(fernet.encrypt(TEXT)), TEXT);
  const token = fernet.encryptAtTime(TEXT, 1_000);
  assertEquals(fernet.extractTimestamp(token), 1_000);
  const late = { ttl: 60, currentTime: 1_061 };
  assertThrows(() => fernet.decrypt(token, late), core.InvalidTokenError);
  const tokens = fernet.encryptMany([TEXT, ""]);
  assertEquals(fernet.decryptMany(tokens).length, 2);
  assert(fernet.decryptManySettled(tokens).every(({ ok }) => ok));

  const fresh = new core.Fernet(core.Fernet.generateKey(), { backend });
  const multi = new core.MultiFernet([fresh, fernet]);
  assertEquals(fresh.decryptText(multi.rotate(token)), TEXT);
  assertEquals(fresh.decryptMany(multi.rotateMany(tokens)).length, 2);
  assertEquals(multi.decryptText(multi.encrypt(TEXT)), TEXT);
  assertEquals(multi.decryptMany(multi.encryptMany([TEXT])).length, 1);
  assertEquals(multi.decrypt(token), new TextEncoder().encode(TEXT));
}

const pbkdf2: Use = async (backend) => {
  for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"] as const) {
    const options = { ...COST, hash, backend };
    const derivedKey = await core.pbkdf2(SECRET, "salt", options);
    const inputs = [{ password: SECRET, salt: "salt" }];
    assertEquals(await core.pbkdf2Many(inputs, options), [derivedKey]);
    if (backend === "webcrypto") continue;
    assertEquals(core.pbkdf2Sync(SECRET, "salt", options), derivedKey);
  }
};

/** Enough iterations to be worth a probe of this machine. */
const probe: Use = async (backend) => {
  const options = { iterations: 20_000, backend };
  assertEquals((await core.pbkdf2(SECRET, "salt", options)).length, 32);
  if (backend !== "webcrypto") core.pbkdf2Sync(SECRET, "salt", options);
};

const calibration: Use = async (backend) => {
  const backends = backend === "auto" ? undefined : [backend];
  const options = { targetMs: 1, rounds: 3, floor: 0, backends };
  const { measurements, recommended } = await core.calibrate(options);
  assertEquals(measurements.length, backends?.length ?? BACKENDS.length);
  assert(recommended > 0);
};

const lines: Use = async (backend) => {
  const fernet = new core.Fernet(core.Fernet.generateKey(), { backend });
  const rows = new Blob(["{}\n\n", TEXT]).stream()
    .pipeThrough(exporting.encryptLines(fernet))
    .pipeThrough(exporting.decryptLines(fernet));
  assertEquals(await new Response(rows).text(), `{}\n\n${TEXT}`);
};

const fields: Use[] = (["csv", "jsonl"] as const).map((format) => async (backend) => {
  const fernet = new core.Fernet(core.Fernet.generateKey(), { backend });
  const rows = format === "csv" ? `id,text\n1,"${TEXT}"\n` : `{"id":1,"text":"${TEXT}"}`;
  const options = { format, fields: ["text"], rowId: "id" };
  const back = new Blob([rows]).stream()
    .pipeThrough(exporting.encryptFields(fernet, options))
    .pipeThrough(exporting.decryptFields(fernet, options));
  assertEquals(await new Response(back).text(), rows);
});

const sealed: Use = async (backend) => {
  const options = { passphrase: SECRET, backend };
  const sealing = exporting.sealExport({ ...options, iterations: 100_000 });
  const rows = new Blob([TEXT]);
  const blob = await new Response(rows.stream().pipeThrough(sealing)).blob();
  const info = await sealing.result;
  const opened = blob.stream().pipeThrough(exporting.openExport(options));
  assertEquals(await new Response(opened).text(), TEXT);
  assertEquals(await exporting.verifyExport(blob, options), info);
  assertEquals((await exporting.inspectExport(blob)).id, info.id);
  assertEquals((await exporting.readExportAt(blob, 5, 4, options)).length, 4);
  const cut = blob.slice(0, -1);
  await assertRejects(() => exporting.verifyExport(cut, options), core.SealedExportError);
};

/** Without the permission to read they can but say so. */
const files: Use = async () => {
  const key = core.Fernet.generateKey();
  for (const call of [exporting.sealFile, exporting.openFile]) {
    for (const input of ["input", "/folder/input"]) {
      await assertRejects(() => call(input, "/folder/output", { key }), Error, "Cannot read");
    }
  }
  await assertRejects(() => exporting.verifyExport("/folder/input", { key }), Error, "read access");
};

/** A new export is to be given its use here. */
const USES: Record<keyof typeof core | keyof typeof exporting, readonly Use[]> = {
  availableBackends: [() => assertEquals(core.availableBackends(), [...BACKENDS])],
  BackendUnavailableError: [aesGcm],
  calibrate: [calibration],
  decrypt: [text],
  decryptAesGcm256: [aesGcm],
  decryptFields: fields,
  decryptLines: [lines],
  decryptMany: [text],
  decryptManySettled: [text],
  decryptSync: [textSync],
  encrypt: [text],
  encryptAesGcm256: [aesGcm],
  encryptFields: fields,
  encryptLines: [lines],
  encryptMany: [text],
  encryptSync: [textSync],
  Fernet: [fernet],
  inspectExport: [sealed],
  InvalidTokenError: [fernet],
  MultiFernet: [fernet],
  openExport: [sealed],
  openFile: [files],
  pbkdf2: [pbkdf2, probe],
  pbkdf2Many: [pbkdf2],
  pbkdf2Sync: [pbkdf2, probe],
  readExportAt: [sealed],
  SealedExportError: [sealed],
  sealExport: [sealed],
  sealFile: [files],
  upgrade: [text],
  upgradeMany: [text],
  upgradeManySettled: [text],
  verifyExport: [sealed, files],
};

for (const name of ["read", "write", "net", "env", "run", "sys", "ffi"] as const) {
  assert(Deno.permissions.querySync({ name }).state !== "granted", `${name} is permitted`);
}
const names = [...Object.keys(core), ...Object.keys(exporting)];
assertEquals(names.sort(), Object.keys(USES).sort());
for (const use of new Set(Object.values(USES).flat())) {
  for (const backend of ["auto", ...BACKENDS] as const) await use(backend);
}
console.log(`${names.length} exports used on ${BACKENDS.length} backends with no permission`);
