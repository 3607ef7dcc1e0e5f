/**
 * What the subcommands of sealed exports share.
 *
 * @module
 */

import type {
  ExportSecret,
  ExportStream,
  OpenExportSettings,
  OutputFileSettings,
  SealedExportInfo,
} from "../../export/mod.ts";
import type { Context } from "../context.ts";
import type { OnProgress } from "../io/report.ts";
import { where } from "../io/texts.ts";

type Options<S> = ExportSecret & S & { onProgress: OnProgress | undefined };

/** The two calls of the library that seal, or that open. */
interface ExportCalls<S> {
  stream(options: Options<S>): ExportStream;
  file(
    input: string,
    output: string,
    options: Options<S> & OutputFileSettings,
  ): Promise<SealedExportInfo>;
}

/** How a command transforms its input. */
interface Transform<S> {
  /** The word for the progress. */
  readonly doing: string;
  /** The word for the result. */
  readonly done: string;
  /** Whether a passphrase is asked for twice. */
  readonly twice: boolean;
  /** The options of the library's calls, checked against the secret. */
  settings(secret: ExportSecret): S;
  /** Loads the calls. */
  load(): Promise<ExportCalls<S>>;
}

/** Seals or opens: from file to file where both are files, otherwise by streams. */
export async function transformExport<S>(
  context: Context,
  { doing, done, twice, settings, load }: Transform<S>,
): Promise<void> {
  const { args, report } = context;
  const input = await context.input();
  const output = await context.output(input);
  const secret = await context.exportSecret(twice);
  const own = settings(secret);
  const calls = await load();
  const info = await report.progress(doing, "bytes", async (onProgress) => {
    const options = {
      ...secret,
      ...own,
      onProgress: onProgress && ((bytes: number) => onProgress(bytes, input.size)),
    };
    if (input.path !== undefined && output.path !== undefined && output.isFile) {
      return await calls.file(input.path, output.path, {
        ...options,
        overwrite: args.has("force"),
      });
    }
    const { readable, writable, result } = calls.stream(options);
    await output.write(input.stream().pipeThrough({ readable, writable }));
    return await result;
  });
  const text = `${done} ${info.bytes} bytes${where(context)}, id ${info.id}`;
  await context.result(text, { ...info }, output);
}

/** How a sealed export is opened, but for the secret. */
export function openSettings({ args, signal }: Context): OpenExportSettings {
  const id = args.text("expect-id");
  return {
    maxIterations: args.integer("max-iterations"),
    expect: id === undefined ? undefined : { id },
    workers: args.integer("workers"),
    signal,
  };
}
