/** npm's lock files, versions 1 to 3: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json */
import { parseJson } from "../../documents/json.ts";
import { brokenDocument, isTrue, member, membersOf } from "../../documents/value.ts";
import type { Lock, LockFormat } from "../../lock-file.ts";

export const packageLock: LockFormat = {
  wants: { basenames: ["package-lock.json", "npm-shrinkwrap.json"] },
  read(content, lock) {
    const root = parseJson(content);
    const packages = member(root, "packages");
    // Version 2 says everything twice, for older clients.
    if (packages !== undefined) readPackages(packages, lock);
    else if (member(root, "dependencies") !== undefined) readDependencies(member(root, "dependencies"), lock);
    else if (member(root, "lockfileVersion") === undefined) throw brokenDocument("no lock file of npm");
  },
};

/** By place in the tree: `node_modules/a/node_modules/@s/b`; places without `node_modules` are the project's own. */
function readPackages(packages: unknown, lock: Lock): void {
  for (const [place, one] of membersOf(packages)) {
    const at = place.lastIndexOf("node_modules/");
    if (at < 0 || isTrue(member(one, "link"))) continue;
    lock.add({
      // Of an alias, the real name.
      name: member(one, "name") ?? place.slice(at + "node_modules/".length),
      version: member(one, "version"),
      ...flagsOf(one),
    });
  }
}

/** Version 1: by name, nested as installed. */
function readDependencies(root: unknown, lock: Lock): void {
  const pending = [root];
  for (let dependencies = pending.pop(); dependencies !== undefined; dependencies = pending.pop()) {
    for (const [key, one] of membersOf(dependencies)) {
      const stated = member(one, "version");
      const [, alias, version] = typeof stated === "string" ? (/^npm:(@?[^@]+)@(.+)$/.exec(stated) ?? []) : [];
      if (typeof stated === "string" && /^(file|link):/.test(stated)) continue;
      // What came from a repository or an address has that in place of a version.
      const isAddress = typeof stated === "string" && version === undefined && /[:/]/.test(stated);
      lock.add({ name: alias ?? key, ...(!isAddress && { version: version ?? stated }), ...flagsOf(one) });
      const nested = member(one, "dependencies");
      if (nested !== undefined) pending.push(nested);
    }
  }
}

/** `devOptional`: needed by development or by optional packages; it is neither alone. */
function flagsOf(one: unknown): { development: boolean; optional: boolean } {
  return { development: isTrue(member(one, "dev")), optional: isTrue(member(one, "optional")) };
}
