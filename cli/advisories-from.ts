import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Advisories, advisoriesOf } from "../shared/advisories/set/store.ts";
import { updateAdvisories } from "../shared/advisories/update/update.ts";
import { embeddedBlobs } from "../shared/platform/embedded/blobs.ts";
import { UsageError } from "./exit.ts";
import type { LocalStore } from "./local-store.ts";
import { terminalProgress } from "./terminal.ts";

/**
 * Advisories from a directory: a data directory is used as it is; a directory (or file) of advisory records is loaded
 * into a store of its own beside the scan cache, once for as long as its files do not change.
 */
export async function advisoriesFrom(from: string, store: LocalStore): Promise<Advisories> {
  const path = resolve(from);
  if (!existsSync(path)) throw new UsageError(`--advisories ${from} does not exist`);
  const asData = embeddedBlobs(path);
  if (statSync(path).isDirectory() && (await advisoriesOf(asData)).age().set !== "none") return advisoriesOf(asData);
  const blobs = embeddedBlobs(join(store.directory, "advisories-from", fingerprint(path)));
  if ((await advisoriesOf(blobs)).age().set !== "none") return advisoriesOf(blobs);
  const progress = terminalProgress();
  try {
    await updateAdvisories({ ...store, blobs, progress }, store.settings.advisories, path);
  } finally {
    progress.end();
  }
  return advisoriesOf(blobs);
}

function fingerprint(path: string): string {
  const hash = createHash("sha256").update(path);
  const files = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: "utf8" }).sort() : [""];
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(path, file));
    hash.update(`\n${file}\t${size}\t${mtimeMs}`);
  }
  return hash.digest("hex").slice(0, 16);
}
