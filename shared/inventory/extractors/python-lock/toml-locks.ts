/**
 * Lock files in TOML that are lists of packages: Poetry's, PDM's, and `pylock.toml`
 * (https://packaging.python.org/en/latest/specifications/pylock-toml/).
 */
import { parseToml } from "../../documents/toml.ts";
import { brokenDocument, isTrue, itemsOf, member } from "../../documents/value.ts";
import type { LockFormat } from "../../lock-file.ts";

export const poetryLock: LockFormat = {
  wants: { basenames: ["poetry.lock"] },
  read(content, lock) {
    for (const one of listIn(content, "package", "Poetry")) {
      if (member(member(one, "source"), "type") === "directory") continue;
      const groups = member(one, "groups");
      lock.add({
        name: member(one, "name"),
        version: member(one, "version"),
        // `category` until Poetry 1.4, `groups` since 2.0, nothing between them.
        development:
          member(one, "category") === "dev" || (Array.isArray(groups) && groups.length > 0 && !groups.includes("main")),
        optional: isTrue(member(one, "optional")),
      });
    }
  },
};

export const pdmLock: LockFormat = {
  wants: { basenames: ["pdm.lock"] },
  read(content, lock) {
    for (const one of listIn(content, "package", "PDM")) {
      if (member(one, "path") !== undefined) continue;
      const groups = itemsOf(member(one, "groups"));
      const isExtra = groups.length > 0 && !groups.includes("default");
      // Groups are named freely; `dev` is what PDM calls the one for development.
      lock.add({
        name: member(one, "name"),
        version: member(one, "version"),
        development: isExtra && groups.includes("dev"),
        optional: isExtra && !groups.includes("dev"),
      });
    }
  },
};

export const pylock: LockFormat = {
  wants: {
    basenames: ["pylock.toml"],
    suffixes: [".toml"],
    accept: (path) => /(^|\/)pylock\.([^/.]+\.)?toml$/.test(path),
  },
  read(content, lock) {
    for (const one of listIn(content, "packages", "Python")) {
      if (member(one, "directory") === undefined)
        lock.add({ name: member(one, "name"), version: member(one, "version") });
    }
  },
};

/** A lock without packages says so by its metadata. */
function listIn(content: string, key: string, tool: string): readonly unknown[] {
  const root = parseToml(content);
  const list = member(root, key);
  if (Array.isArray(list)) return list;
  if (member(root, "metadata") === undefined && member(root, "lock-version") === undefined) {
    throw brokenDocument(`no lock file of ${tool}`);
  }
  return [];
}
