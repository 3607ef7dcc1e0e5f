/**
 * All subcommands, in the order of the help text.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { completion } from "./completion.ts";
import { decryptOne } from "./decrypt.ts";
import { encryptOne } from "./encrypt.ts";
import { fieldsDecrypt, fieldsEncrypt } from "./fields.ts";
import { inspect } from "./inspect.ts";
import { kdf } from "./kdf.ts";
import { keygen } from "./keygen.ts";
import { linesDecrypt, linesEncrypt } from "./lines.ts";
import { open } from "./open.ts";
import { rotate } from "./rotate.ts";
import { seal } from "./seal.ts";
import { storeGet, storeList, storeRotate, storeSet, storeVerify } from "./store.ts";
import { upgrade } from "./upgrade.ts";
import { verify } from "./verify.ts";

/** The subcommands. */
export const COMMANDS: readonly Command[] = [
  seal,
  open,
  verify,
  inspect,
  linesEncrypt,
  linesDecrypt,
  fieldsEncrypt,
  fieldsDecrypt,
  encryptOne,
  decryptOne,
  storeGet,
  storeSet,
  storeList,
  storeRotate,
  storeVerify,
  upgrade,
  rotate,
  keygen,
  kdf,
  completion(() => COMMANDS),
];
