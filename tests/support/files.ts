/**
 * Files of tests: a folder for each, and what is in it.
 *
 * @module
 */

/** Registers a test that has a folder of its own. */
export function testInFolder(name: string, body: (folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir());
    try {
      await body(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** The names of a folder's files. */
export function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** How the temporary files of an output of this name begin. */
export async function temporaryStart(name: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
  return `.ironfern-${new Uint8Array(hash).toHex().slice(0, 16)}-`;
}
