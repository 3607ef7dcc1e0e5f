/**
 * Finding rows by an encrypted column.
 *
 *     index = hex(first bits / 8 bytes of HMAC-SHA256(index key, part(column) || part(value)))
 *
 * @module
 */

import { encodeUtf8 } from "../bytes/text.ts";
import { checkArray, checkInteger, checkOptions, checkString, kindOf } from "../checks.ts";
import { Fernet, keyedBackendOf } from "../fernet/fernet.ts";
import { batchRanges, joinBytes } from "../bytes/batch.ts";
import { joinParts } from "../message.ts";
import { hmacAll, MAC, withDerived } from "./keys.ts";
import { hex } from "./names.ts";

const FEWEST_BITS = 8;
const MOST_BITS = 256;

/** Options of {@linkcode BlindIndex}. */
export interface BlindIndexOptions {
  /** The column, or another name of what is indexed: no two columns share indexes. */
  column: string;
  /**
   * How long an index is, in bits: a multiple of 8 from 8 to 256. Fewer bits make
   * values collide, and so tell less of which rows are equal; then a query finds
   * rows of other values too, which are to be left out after decryption.
   *
   * @default {64}
   */
  bits?: number;
  /**
   * Makes equal what is to be found as equal, as by `trim` and `toLowerCase`.
   *
   * @default {the value as it is}
   */
  normalize?: (value: string) => string;
}

/**
 * Finds rows by an encrypted column: beside the encrypted value a row keeps its
 * index, an HMAC of the value that only the holder of the key can compute. A query
 * asks for the index of the value sought.
 *
 * Whoever sees the table sees **which rows have equal values**, and how often each
 * occurs: where few values are possible, as for a sex or a postal code, that tells
 * much of them. There is no order, no prefix and no range.
 *
 * @example Find an encrypted e-mail address in SQLite
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { BlindIndex } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const index = new BlindIndex(fernet, {
 *   column: "email",
 *   normalize: (email) => email.trim().toLowerCase(),
 * });
 * const database = new DatabaseSync(":memory:");
 * database.exec("CREATE TABLE users (email TEXT, email_index TEXT)");
 * const insert = database.prepare("INSERT INTO users VALUES (?, ?)");
 * for (const email of ["ada@example.org", "bob@example.org"]) {
 *   insert.run(fernet.encrypt(email), await index.of(email));
 * }
 *
 * const query = database.prepare("SELECT email FROM users WHERE email_index = ?");
 * const rows = query.all(await index.of(" Ada@Example.org"));
 * assertEquals(rows.map(({ email }) => fernet.decryptText(String(email))), ["ada@example.org"]);
 * database.close();
 * ```
 */
export class BlindIndex {
  readonly #fernet: Fernet;
  readonly #column: Uint8Array;
  readonly #bytes: number;
  readonly #normalize: (value: string) => string;

  /**
   * Constructs a new instance.
   *
   * @param fernet The key; the one that encrypts the column will do, since the
   * indexes have a key of their own, derived from it.
   * @param options The column, the length of an index, what is equal.
   * @throws {TypeError} If an argument is of the wrong type, or `bits` is not a
   * multiple of 8.
   * @throws {RangeError} If `bits` is out of its bounds.
   */
  constructor(fernet: Fernet, options: BlindIndexOptions) {
    if (!(fernet instanceof Fernet)) {
      throw new TypeError(`Cannot read the key: expected a Fernet, got ${kindOf(fernet)}`);
    }
    const { column, bits = 64, normalize = (value: string) => value } = checkOptions(
      options,
      ["column", "bits", "normalize"],
    );
    if (typeof normalize !== "function") {
      throw new TypeError(`Cannot use normalize: expected a function, got ${kindOf(normalize)}`);
    }
    if (checkInteger(bits, "bits", FEWEST_BITS, MOST_BITS) % 8) {
      throw new TypeError(`Cannot use bits ${bits}: expected a multiple of 8`);
    }
    this.#fernet = fernet;
    this.#column = encodeUtf8(checkString(column, "column"), "column");
    this.#bytes = bits / 8;
    this.#normalize = normalize;
  }

  /**
   * The index of a value.
   *
   * @param value The value, which is normalised first.
   * @returns Hexadecimal digits of lower case, `bits / 4` of them.
   * @throws {TypeError} If the value is no string, or holds a lone surrogate; if
   * the `Fernet` was destroyed.
   *
   * @example An index
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { BlindIndex } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const index = new BlindIndex(new Fernet(Fernet.generateKey()), { column: "city", bits: 32 });
   * assertEquals((await index.of("Turin")).length, 8);
   * assertEquals(await index.of("Turin"), await index.of("Turin"));
   * ```
   */
  async of(value: string): Promise<string> {
    return (await this.ofMany([value]))[0];
  }

  /**
   * The indexes of many values.
   *
   * @param values The values.
   * @returns Their indexes, in order.
   * @throws {TypeError} As {@linkcode BlindIndex.of}, of any value.
   *
   * @example The indexes of a column
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { BlindIndex } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const index = new BlindIndex(new Fernet(Fernet.generateKey()), { column: "city" });
   * const [a, b, c] = await index.ofMany(["Turin", "Trento", "Turin"]);
   * assertEquals([a === c, a === b], [true, false]);
   * ```
   */
  async ofMany(values: readonly string[]): Promise<string[]> {
    const parts = checkArray(values, "the values").map((value) => {
      const text = this.#normalize(checkString(value, "the value"));
      return joinParts([this.#column, encodeUtf8(checkString(text, "the value"), "the value")]);
    });
    return await withDerived(keyedBackendOf(this.#fernet), "index", async (derived) => {
      const indexes: string[] = [];
      for (const [start, end] of batchRanges(parts.length, (index) => parts[index].length)) {
        const macs = await hmacAll(derived, joinBytes(parts.slice(start, end)));
        for (let at = 0; at < macs.length; at += MAC) {
          indexes.push(hex(macs.subarray(at, at + this.#bytes)));
        }
      }
      return indexes;
    });
  }
}
