/** uv's lock file: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile */
import { parseToml } from "../../documents/toml.ts";
import { brokenDocument, itemsOf, member, membersOf } from "../../documents/value.ts";
import type { LockFormat } from "../../lock-file.ts";

export const uvLock: LockFormat = {
  wants: { basenames: ["uv.lock"] },
  read(content, lock) {
    const root = parseToml(content);
    if (member(root, "version") === undefined) throw brokenDocument("no lock file of uv");
    const packages = itemsOf(member(root, "package"));
    const production = reach(packages, ["dependencies", "optional-dependencies"]);
    const required = reach(packages, ["dependencies", "dev-dependencies"]);
    for (const one of packages) {
      if (isProject(one)) continue;
      const name = member(one, "name");
      lock.add({
        name,
        version: member(one, "version"),
        development: !production.has(name),
        optional: !required.has(name),
      });
    }
  },
};

/** The project itself, members of its workspace, and folders beside it. */
function isProject(one: unknown): boolean {
  const source = member(one, "source");
  return ["editable", "virtual", "directory"].some((kind) => member(source, kind) !== undefined);
}

/**
 * Names of what the projects need by these of their dependencies, and what that needs in turn, with all its extras:
 * rather too much is taken for needed than too little.
 */
function reach(packages: readonly unknown[], first: readonly string[]): ReadonlySet<unknown> {
  const byName = new Map<unknown, unknown[]>();
  for (const one of packages) {
    const name = member(one, "name");
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [one]);
    else known.push(one);
  }
  const seen = new Set<unknown>();
  const pending: unknown[] = [];
  function visit(one: unknown, kinds: readonly string[]): void {
    for (const kind of kinds) {
      const stated = member(one, kind);
      // Extras and groups are tables of lists.
      const lists = Array.isArray(stated) ? [stated] : membersOf(stated).map(([, list]) => itemsOf(list));
      for (const dependency of lists.flat()) {
        const name = member(dependency, "name");
        if (seen.has(name)) continue;
        seen.add(name);
        pending.push(name);
      }
    }
  }
  for (const one of packages) if (isProject(one)) visit(one, first);
  while (pending.length > 0) {
    for (const one of byName.get(pending.pop()) ?? []) visit(one, ["dependencies", "optional-dependencies"]);
  }
  return seen;
}
