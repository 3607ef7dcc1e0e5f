/**
 * The programs in Python of docs/FORMATS.md, as they stand there: what they write
 * we read, and the reverse. They are those that other tests use.
 *
 * @module
 */

import { decrypt, encrypt, Fernet } from "@ironfern/ironfern";
import { decryptFields, encryptFields, openFile, sealFile } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { through } from "../support/fields.ts";
import { testWithPython } from "../support/python.ts";
import { ROOT, run } from "../support/tools.ts";

/** The passphrase of the guide. */
const PASSPHRASE = "correct horse battery staple";
const CSV = { format: "csv", fields: ["name"], rowId: "id" } as const;
const JSONL = { format: "jsonl", fields: ["/user/name"], rowId: "id" } as const;

const guide = await Deno.readTextFile(new URL("docs/FORMATS.md", ROOT));
const program = Array.from(guide.matchAll(/^```python\n(.*?)^```/gms), ([, text]) => text).join("");

/** Runs the guide's programs, then one more, in a folder. */
async function python(path: string, cwd: string, more: string): Promise<string> {
  const { success, stdout, stderr } = await run(path, ["-c", `${program}\n${more}`], { cwd });
  assert(success, stderr);
  return stdout;
}

testWithPython("the programs of the guide to the formats", async (path) => {
  const folder = await Deno.makeTempDir();
  const key = Fernet.generateKey();
  const fernet = new Fernet(key);
  const data = `${"insert into shop values (1);\n".repeat(5_000)}`;
  const secret = { passphrase: PASSPHRASE };
  try {
    await Deno.writeTextFile(`${folder}/dump.sql`, data);
    await sealFile(`${folder}/dump.sql`, `${folder}/dump.sealed`, secret);
    const value = await encrypt("Zoë", PASSPHRASE);
    const csv = await through('id,name\n7,"Z ""x"""\n', encryptFields(fernet, CSV));
    const json = await through('{"id":7,"user":{"name":["Zoë"]}}\n', encryptFields(fernet, JSONL));
    const [ours, theirs] = [csv, json].map((text) => text.match(/gAAAA[\w-]+=*/)?.[0]);
    const printed = await python(
      path,
      folder,
      `
print()
print(json.dumps([
    decrypt("${value}", "${PASSPHRASE}"),
    read_cell("${key}", "${ours}", "name", "7"),
    read_json("${key}", "${theirs}", "/user/name", "7"),
    encrypt("Zoë", "${PASSPHRASE}"),
    write_cell("${key}", 'Z "x"', "name", "7"),
    write_json("${key}", ["Zoë"], "/user/name", "7"),
]))`,
    );
    const lines = printed.trimEnd().split("\n");
    const [text, cell, member, written, writtenCell, writtenJson] = JSON.parse(lines.pop()!);
    assertEquals(`${lines.join("\n")}`.trimEnd(), data.trimEnd());
    assertEquals([text, cell, member], ["Zoë", 'Z "x"', ["Zoë"]]);
    assertEquals(await decrypt(written, PASSPHRASE), "Zoë");
    assertEquals(
      await through(`id,name\n7,${writtenCell}\n`, decryptFields(fernet, CSV)),
      'id,name\n7,"Z ""x"""\n',
    );
    assertEquals(
      JSON.parse(
        await through(
          `{"id":7,"user":{"name":"${writtenJson}"}}\n`,
          decryptFields(fernet, JSONL),
        ),
      ),
      { id: 7, user: { name: ["Zoë"] } },
    );
    await openFile(`${folder}/copy.sealed`, `${folder}/copy.sql`, secret);
    assertEquals(await Deno.readTextFile(`${folder}/copy.sql`), data);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const SHOWN = [
  "tokens.py",
  "flet_values.py",
  "flet_gcm_values.py",
  "field_values.py",
  "read_sealed.py",
  "write_sealed.py",
  "stored_values.py",
];

for (const name of SHOWN) {
  Deno.test(`docs: the guide to the formats shows ${name} as it is tested`, async () => {
    const tested = await Deno.readTextFile(new URL(`tests/support/${name}`, ROOT));
    const [, shown] = tested.match(/^# begin\n([^]*)^# end$/m) ?? [];
    assert(shown && guide.includes(`\`\`\`python\n${shown}\`\`\`\n`));
  });
}
