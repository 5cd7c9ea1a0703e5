/** Packages with the repository that the package manager's history says they were installed from. */
import type { InstalledFrom, PackageFacts } from "./extractor.ts";
import type { TreeFile } from "./file-tree.ts";

/** From all files of the merged image: gives a package's facts, with the repository where it is known. */
export function installedFrom(
  files: readonly (readonly [path: string, file: TreeFile])[],
): (facts: PackageFacts) => PackageFacts {
  const repositories = new Map<string, string>();
  for (const [, { record }] of files) {
    for (const one of record.facts.flatMap((facts) => facts.installedFrom ?? [])) {
      repositories.set(keyOf(one), one.repository);
    }
  }
  if (repositories.size === 0) return (facts) => facts;
  return (facts) => {
    const repository = facts.evidence === undefined ? repositories.get(keyOf(facts)) : undefined;
    return repository === undefined ? facts : { ...facts, repository };
  };
}

/** A missing epoch and one of 0 are the same here. */
function keyOf({ type, name, version, architecture }: PackageFacts | InstalledFrom): string {
  return `${type}\n${name}\n${version.replace(/^0:/, "")}\n${architecture ?? ""}`;
}
