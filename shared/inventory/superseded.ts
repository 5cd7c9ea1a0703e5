/** Package databases of an older form that a migration left beside the one in use. */
import type { TreeFile } from "./file-tree.ts";
import type { MergedImage } from "./merge.ts";

/**
 * Path of each such file, and of the database that counts instead. A newer database without packages, or one that
 * could not be read to its end, supersedes nothing: tools create empty ones in passing.
 */
export function supersededFiles(image: MergedImage): ReadonlyMap<string, string> {
  const superseded = new Map<string, string>();
  const candidates = image.files.filter(([, file]) => newerForms(file).length > 0);
  if (candidates.length === 0) return superseded;
  const databases = new Map(image.files.filter(([, file]) => isWhole(file)));
  for (const [path, file] of candidates) {
    for (const newer of newerForms(file)) {
      const canonical = image.canonical(newer, "follow");
      if (canonical === undefined || canonical === path || !databases.has(canonical)) continue;
      superseded.set(path, canonical);
      break;
    }
  }
  return superseded;
}

function newerForms({ record }: TreeFile): readonly string[] {
  return record.facts.flatMap(({ supersededBy }) => supersededBy ?? []);
}

function isWhole({ record }: TreeFile): boolean {
  return record.facts.some(
    ({ packages, partial }) =>
      (packages?.length ?? 0) > 0 && !partial?.some(({ reason }) => reason === "broken-database"),
  );
}
