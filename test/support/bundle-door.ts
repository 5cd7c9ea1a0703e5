import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundleOptions, entryFor } from "../../shared/platform/aws/entry.ts";
import type { Door } from "../../shared/platform/door.ts";

export interface DoorBundle {
  readonly file: string;
  readonly bytes: number;
  /** The modules in it, from the root of the project. */
  readonly inputs: readonly string[];
  /** Removes the file; what was imported from it goes on. */
  remove(): void;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Bundles a door as the stack does, into a folder of its own. `modulePath`: absolute, of the module exporting `door`. */
export async function bundleDoor(door: Pick<Door, "kind" | "uses">, modulePath: string): Promise<DoorBundle> {
  const folder = mkdtempSync(join(tmpdir(), "portwarden-bundle-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const file = join(folder, "index.mjs");
  const { metafile } = await build({
    ...bundleOptions,
    stdin: { contents: entryFor(door, modulePath), resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    outfile: file,
    metafile: true,
    logLevel: "error",
  });
  const [output] = Object.values(metafile.outputs);
  return { file, bytes: output?.bytes ?? 0, inputs: Object.keys(output?.inputs ?? {}), remove };
}
