/**
 * Some columns of a CSV file are encrypted in place, bound to their rows.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { decryptFields, encryptFields } from "@ironfern/ironfern/export";
import { readFile, type Table } from "./data.ts";
import { came, measured } from "./measured.ts";
import { through } from "./rows.ts";

/** The columns of the file. */
const FIELDS = ["Airport Name", "Wildlife Species", "Cost Total $"];

/** Encrypts the columns, decrypts them, and compares with the file. */
export async function fields(key: Uint8Array, { name, rows: count }: Table): Promise<boolean> {
  console.log(`${name}: the columns ${FIELDS.join(", ")}`);
  const csv = await readFile(name);
  const fernet = new Fernet(key);
  const amount = { count, unit: "rows" } as const;
  const options = { format: "csv", fields: FIELDS } as const;
  const encrypted = await measured(
    "  encryptFields                ",
    amount,
    (onProgress) => through(csv, encryptFields(fernet, { ...options, onProgress })),
  );
  const back = await measured(
    "  decryptFields                ",
    amount,
    (onProgress) => through(encrypted, decryptFields(fernet, { ...options, onProgress })),
  );
  return came("  fields", back, csv);
}
