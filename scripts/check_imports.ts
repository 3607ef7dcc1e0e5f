/**
 * Checks how the modules of `src/` import each other:
 *
 *     deno run -A scripts/check_imports.ts
 *
 * No circle, types and lazy imports among them, and no import upwards: a module
 * imports from its own folder and from those that stand before it in `LAYERS`.
 */

import { ROOT } from "./source_files.ts";

/** The places of `src/`, each of which may import from those before it. */
const LAYERS = [
  "src/errors.ts",
  "src/runtime/",
  "src/bytes/",
  "src/checks.ts",
  "src/kernel/",
  "src/backends/",
  // A worker seals slices: the format stands below it.
  "src/export/sealed/format.ts",
  "src/export/sealed/slices/",
  "src/workers/",
  "src/kdf/",
  "src/fernet/",
  "src/flet/",
  "src/message.ts",
  "src/streams/",
  "src/files/",
  "src/export/",
  "src/storage/",
  "src/session/",
  "src/login/",
  "src/calibration/",
  "mod.ts",
  "src/cli/",
];
/** What is published, and what the workers are built of. */
const ENTRY_POINTS = [
  "mod.ts",
  "src/export/mod.ts",
  "src/storage/mod.ts",
  "src/session/mod.ts",
  "src/login/mod.ts",
  "src/cli/mod.ts",
  "src/workers/body.ts",
];

interface Dependency {
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly Dependency[];
  }[];
}

/** Which modules of the repository each one imports. */
type Imports = ReadonlyMap<string, readonly string[]>;

async function readImports(): Promise<Imports> {
  const imports = new Map<string, Set<string>>();
  for (const entry of ENTRY_POINTS) {
    const args = ["info", "--json", entry];
    const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT })
      .output();
    if (!success) throw new Error(`Cannot read the imports of ${entry}: deno info failed`);
    const { modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
    for (const { specifier, dependencies = [] } of modules) {
      const from = ownPath(specifier);
      if (from === undefined) continue;
      const known = imports.get(from) ?? new Set();
      for (const { code, type } of dependencies) {
        for (const to of [code, type].map((each) => ownPath(each?.specifier ?? ""))) {
          if (to !== undefined) known.add(to);
        }
      }
      imports.set(from, known);
    }
  }
  return new Map([...imports].map(([from, to]) => [from, [...to]]));
}

/** The path from the repository's folder, for modules of it. */
function ownPath(specifier: string): string | undefined {
  const root = `file://${ROOT}`;
  return specifier.startsWith(root) ? specifier.slice(root.length) : undefined;
}

/** A circle of imports, if there is one: its first module is its last one too. */
function findCircle(imports: Imports): string[] | undefined {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (module: string): string[] | undefined => {
    if (finished.has(module)) return undefined;
    const start = path.indexOf(module);
    if (start >= 0) return [...path.slice(start), module];
    path.push(module);
    for (const next of imports.get(module) ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    path.pop();
    finished.add(module);
    return undefined;
  };
  for (const module of imports.keys()) {
    const circle = visit(module);
    if (circle) return circle;
  }
}

function layerOf(module: string): number {
  return LAYERS.findIndex((layer) =>
    layer.endsWith("/") ? module.startsWith(layer) : module === layer
  );
}

function* findFaults(imports: Imports): Generator<string> {
  const circle = findCircle(imports);
  if (circle) yield `a circle: ${circle.join(" -> ")}`;
  for (const [from, all] of imports) {
    if (layerOf(from) < 0) yield `${from} has no place in LAYERS of scripts/check_imports.ts`;
    for (const to of all) {
      if (layerOf(to) > layerOf(from)) yield `an import upwards: ${from} -> ${to}`;
    }
  }
}

const imports = await readImports();
const faults = [...findFaults(imports)];
for (const fault of faults) console.error(`error: ${fault}`);
if (faults.length) Deno.exit(1);
console.log(`${imports.size} modules: no circle, and no import upwards`);
