/** The code of the functions: one directory for each door. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { doors, doorsModules } from "../functions/registry.generated.ts";
import { bundleOptions, entryFor } from "../shared/platform/aws/entry.ts";
import type { Door } from "../shared/platform/door.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface BundledDoor {
  readonly door: Door;
  /** The module it was made from, from the root of the project. */
  readonly module: string;
  /** Holds the bundle: `index.mjs`, and beside it what is loaded on demand. */
  readonly directory: string;
  readonly file: string;
  /** Of all files. */
  readonly bytes: number;
  /** Names of the npm packages in it. */
  readonly packages: readonly string[];
}

export interface Bundles extends Disposable {
  readonly all: readonly BundledDoor[];
  /** Throws when there is no such door. */
  of(door: string): BundledDoor;
}

/** Doors with the modules they stand in. */
export function doorsWithModules(): readonly { readonly door: Door; readonly module: string }[] {
  return doors.map((door, index) => {
    const module = doorsModules[index];
    if (module === undefined) throw new Error(`the module of door ${door.name} is not listed: run npm run generate`);
    return { door, module };
  });
}

/** Bundles every door into a temporary directory, which disposing of the result removes. */
export async function bundleDoors(): Promise<Bundles> {
  const outdir = mkdtempSync(join(tmpdir(), "portwarden-bundles-"));
  const sources = doorsWithModules();
  try {
    const all = await Promise.all(sources.map(({ door, module }) => bundleDoor(door, module, outdir)));
    return {
      all,
      of(name) {
        const found = all.find(({ door }) => door.name === name);
        if (found === undefined) throw new Error(`there is no door ${name}`);
        return found;
      },
      [Symbol.dispose]: () => rmSync(outdir, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(outdir, { recursive: true, force: true });
    throw error;
  }
}

async function bundleDoor(door: Door, module: string, outdir: string): Promise<BundledDoor> {
  const directory = join(outdir, door.name);
  const { metafile } = await build({
    ...bundleOptions,
    entryPoints: { index: entryPrefix + door.name },
    plugins: [...bundleOptions.plugins, entries(new Map([[door.name, entryFor(door, join(root, module))]]))],
    // What is loaded on demand stands in files of its own: only so does it leave out what it does not use.
    splitting: true,
    chunkNames: "[name]-[hash]",
    outdir: directory,
    absWorkingDir: root,
    metafile: true,
    logLevel: "warning",
  });
  const outputs = Object.values(metafile.outputs);
  const packages = [...new Set(outputs.flatMap(({ inputs }) => Object.keys(inputs).flatMap(packageOf)))].sort();
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  return { door, module, directory, file: join(directory, "index.mjs"), bytes, packages };
}

/** Entry points that are no files: their text comes from the doors. */
const entryPrefix = "door:";

function entries(texts: ReadonlyMap<string, string>): Plugin {
  return {
    name: "doors",
    setup(builder) {
      builder.onResolve({ filter: /^door:/ }, ({ path }) => ({
        path: path.slice(entryPrefix.length),
        namespace: "door",
      }));
      builder.onLoad({ filter: /.*/, namespace: "door" }, ({ path }) => ({
        contents: texts.get(path) ?? "",
        loader: "ts",
        resolveDir: root,
      }));
    },
  };
}

function packageOf(input: string): string[] {
  const match = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  return match?.[1] === undefined ? [] : [match[1]];
}
