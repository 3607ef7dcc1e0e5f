/**
 * `ironfern store get`, `set`, `list`, `rotate` and `verify`
 *
 * @module
 */

import { encodeBase64Url } from "../../bytes/base64.ts";
import { decodeAscii } from "../../bytes/text.ts";
import { StorageError } from "../../storage/errors.ts";
import type { StoredValue } from "../../storage/mod.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { oneLine } from "../io/escape.ts";
import { withStorage } from "../io/stores.ts";
import { byteStream, readInput, textOf, utf8, where } from "../io/texts.ts";
import type { OperandSpec, OptionSpec } from "../spec/command.ts";
import { JSON_RESULT, KEY, OUTPUT, PASSPHRASE, QUIET, SEAL_ITERATIONS } from "../spec/options.ts";

const STORE: OperandSpec = {
  name: "STORE",
  required: true,
  help: "a SQLite file, or a folder",
};

const NAME: OptionSpec = {
  name: "name",
  value: "NAME",
  required: true,
  help: "the name of the value",
};

const PLACE: readonly OptionSpec[] = [
  {
    name: "prefix",
    value: "PREFIX",
    help: "what the names of the records begin with; by default ironfern.",
  },
  { name: "plain-names", help: "the store shows the names of the values" },
];

const OLD_KEY: readonly OptionSpec[] = KEY.map((option) => ({
  ...option,
  name: `old-${option.name}`,
  help: option.help.replace("the key", "the old key"),
}));

const SECRETS = [...PASSPHRASE, ...KEY];
const PERMISSIONS =
  "--allow-read and --allow-write of STORE; --allow-env=NAME or --allow-read of " +
  "the secret's file.";
const OPENED =
  "A passphrase opens the vault in the store; a key opens the vault, or, where there is none, is the key of the values.";

/** Reads a value. */
export const storeGet: Command = {
  name: "store get",
  summary: "read a value from an encrypted store",
  about: [
    `Prints a value: text as it is, other values as JSON, and bytes as they are. ${OPENED}`,
    "With --json it prints the value, or its bytes in base64url, as one line of JSON.",
  ],
  operand: STORE,
  options: [NAME, ...PLACE, ...OUTPUT, ...SECRETS, JSON_RESULT],
  examples: [
    "ironfern store get app.db --name token --key-file app.key",
    "ironfern store get secrets/ --name avatar -o avatar.png --passphrase-env APP_SECRET",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    const { args } = context;
    const output = await context.output();
    const name = args.text("name") ?? "";
    await withStorage(context, {}, async ({ storage }) => {
      const value = await storage.get(name);
      if (value === undefined) throw new Error("Cannot get the value: the store has none so named");
      if (output.path === undefined && args.has("json")) {
        const told = value instanceof Uint8Array
          ? { bytes: decodeAscii(encodeBase64Url(value)) }
          : { value };
        return await context.print("", { name, ...told });
      }
      await output.write(byteStream(await contentOf(value)));
      if (output.path === undefined) return;
      await context.result(`Wrote the value${where(context)}`, { output: output.path }, output);
    });
  },
};

async function contentOf(value: StoredValue): Promise<Uint8Array<ArrayBuffer> | string> {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (typeof value === "string") return `${value}\n`;
  const { writeJson } = await import("../../storage/json.ts");
  return `${writeJson(value)}\n`;
}

/** Keeps a value. */
export const storeSet: Command = {
  name: "store set",
  summary: "keep a value in an encrypted store",
  about: [
    `Keeps a value from the standard input, or from a file: never from an argument, because everybody could read it in the list of processes. ${OPENED}`,
    "A store that is not there is made: a SQLite file if its name ends in .db, .sqlite or .sqlite3, else a folder. With a passphrase a vault is made in it. The value is text without the line end after it, JSON, or bytes.",
  ],
  operand: STORE,
  options: [
    NAME,
    {
      name: "value-file",
      value: "FILE",
      complete: "file",
      help: "take the value from this file; - or no option: the standard input",
    },
    {
      name: "type",
      value: "TYPE",
      complete: ["text", "json", "bytes"],
      help: "what the value is: text (by default), json or bytes",
    },
    ...PLACE,
    ...SECRETS,
    SEAL_ITERATIONS,
    QUIET,
    JSON_RESULT,
  ],
  examples: [
    'printf %s "$TOKEN" | ironfern store set app.db --name token --key-file app.key',
    "ironfern store set secrets/ --name avatar --value-file avatar.png --type bytes",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    const name = context.args.text("name") ?? "";
    const value = await readStored(context);
    await withStorage(context, { makes: true }, ({ storage }) => storage.set(name, value));
    await context.print(`Kept ${oneLine(name)}`, { name });
  },
};

async function readStored(context: Context): Promise<StoredValue> {
  const { args } = context;
  const bytes = await readInput(await context.optionInput("value-file"));
  const type = args.text("type") ?? "text";
  if (type === "bytes") return bytes;
  const text = utf8(textOf(bytes, false), "the value", "add --type bytes");
  if (type === "text") return text;
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the value.
    throw new UsageError("Cannot use the value: it is no JSON");
  }
}

/** Lists names. */
export const storeList: Command = {
  name: "store list",
  summary: "list the names of the values in an encrypted store",
  about: [
    `Prints the name of each value on a line, in no order. Records that cannot be read are warned of. ${OPENED}`,
  ],
  operand: STORE,
  options: [...PLACE, ...SECRETS, JSON_RESULT],
  examples: ["ironfern store list app.db --key-file app.key"],
  permissions: PERMISSIONS,
  async run(context) {
    await withStorage(context, {}, async ({ storage }) => {
      const names: string[] = [];
      let unreadable = 0;
      for await (const name of storage.keys({ onUnreadable: () => unreadable++ })) {
        names.push(name);
      }
      if (unreadable) {
        await context.report.warn(`${unreadable} records cannot be read: store verify names them`);
      }
      if (context.report.json) return await context.print("", { names, unreadable });
      if (names.length) await context.print(names.map(oneLine).join("\n"), {});
    });
  },
};

/** Changes the key. */
export const storeRotate: Command = {
  name: "store rotate",
  summary: "bring the values of an encrypted store under a new key",
  about: [
    "Seals each value anew with a new key. In a vault that is a random key, which the vault keeps; the passphrase stays. Where there is no vault, give the new key and the old one. Each value keeps its time. An interrupted run can be repeated.",
  ],
  operand: STORE,
  options: [...PLACE, ...SECRETS, ...OLD_KEY, QUIET, JSON_RESULT],
  examples: [
    "ironfern store rotate app.db --key-file new.key --old-key-file app.key",
    "ironfern store rotate secrets/ --passphrase-env APP_SECRET",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    const { report, signal } = context;
    await withStorage(context, { rotates: true }, async ({ storage, vault }) => {
      await vault?.addKey().catch((error) => {
        // Runs that were interrupted have left as many keys as there can be: this one
        // ends their work.
        if (!(error instanceof RangeError)) throw error;
      });
      const { rotated, current, unreadable } = await report.progress(
        "Rotating",
        "records",
        (onProgress) =>
          storage.rotate({ signal, onProgress: (done) => onProgress?.(done, undefined) }),
      );
      if (!unreadable.length) await vault?.dropOldKeys();
      const text = `Rotated ${rotated} values, ${current} were under the key already`;
      await context.print(text, { rotated, current, unreadable });
      refuse(unreadable);
    });
  },
};

/** Opens every record. */
export const storeVerify: Command = {
  name: "store verify",
  summary: "check that every value of an encrypted store can be read",
  about: [
    `Opens every record and changes none. It names those that cannot be read, and then fails with exit code 3. ${OPENED}`,
  ],
  operand: STORE,
  options: [...PLACE, ...SECRETS, QUIET, JSON_RESULT],
  examples: ["ironfern store verify app.db --key-file app.key"],
  permissions: PERMISSIONS,
  async run(context) {
    await withStorage(context, {}, async ({ storage }) => {
      const { readable, old, unreadable } = await storage.verify();
      const names = unreadable.map((name) => `\nunreadable: ${oneLine(name)}`).join("");
      await context.print(`${readable} values can be read${names}`, { readable, old, unreadable });
      refuse(unreadable);
    });
  },
};

function refuse({ length }: readonly string[]): void {
  if (length) throw new StorageError("unreadable", { reason: `${length} records cannot be read` });
}
