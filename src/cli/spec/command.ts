/**
 * The table of a subcommand, from which its help text, its arguments and the shells'
 * completions are made.
 *
 * @module
 */

/** An option of a subcommand. */
export interface OptionSpec {
  /** The long name, without dashes. */
  readonly name: string;
  /** The short name, one letter. */
  readonly short?: string;
  /** What its value is called in help texts; without it the option is a flag. */
  readonly value?: string;
  /** How a shell completes the value: files, environment variables, or these words. */
  readonly complete?: "file" | "variable" | readonly string[];
  /** The value is an integer within these bounds. */
  readonly range?: readonly [least: number, most: number];
  /** The pattern of the value, which may then begin with a dash. */
  readonly form?: { readonly pattern: RegExp; readonly expected: string };
  /** Whether it can be given more than once. */
  readonly multiple?: boolean;
  /** Whether it has to be given. */
  readonly required?: boolean;
  /** What it does, without a final period. */
  readonly help: string;
}

/** What a subcommand works on. */
export interface OperandSpec {
  /** What it is called in help texts. */
  readonly name: string;
  /** Whether it has to be given; otherwise the standard input is read. */
  readonly required: boolean;
  /** The words that are allowed; without them it is a file. */
  readonly choices?: readonly string[];
  /** What it is, without a final period. */
  readonly help: string;
}

/** What is known of a subcommand without running it. */
export interface CommandSpec {
  /** One word, or two for one of a group. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** More of that, in paragraphs. */
  readonly about: readonly string[];
  /** What it works on. */
  readonly operand?: OperandSpec;
  /** Its options, but for `--help`. */
  readonly options: readonly OptionSpec[];
  /** Command lines that work. */
  readonly examples: readonly string[];
  /** The permissions that it needs in Deno. */
  readonly permissions: string;
}
