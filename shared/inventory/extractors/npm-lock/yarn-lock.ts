/** Lock files of Yarn: version 1, a format of its own; and since version 2 ("berry"), YAML. */
import { brokenDocument, member, membersOf } from "../../documents/value.ts";
import { parseYaml } from "../../documents/yaml.ts";
import type { Lock, LockFormat } from "../../lock-file.ts";

export const yarnLock: LockFormat = {
  wants: { basenames: ["yarn.lock"] },
  read(content, lock) {
    if (/^__metadata:/m.test(content)) readBerry(content, lock);
    else readClassic(content, lock);
  },
};

/**
 * Version 1: a line of the patterns that are resolved (`"@s/a@^1.0.0", "@s/a@~1.2.0":`), and indented below it its
 * fields, `version "1.2.3"` among them.
 */
function readClassic(content: string, lock: Lock): void {
  let pattern: string | undefined;
  let entries = 0;
  for (const line of content.split("\n")) {
    const one = line.trimEnd();
    if (one === "" || one.startsWith("#")) continue;
    if (!one.startsWith(" ")) {
      if (!one.endsWith(":")) throw brokenDocument("no lock file of Yarn");
      pattern = /^"?([^",:]+(?::[^",]*)?)/.exec(one)?.[1];
      entries++;
    } else if (one.startsWith("  version ") && pattern !== undefined) {
      const name = nameIn(pattern);
      if (name !== undefined) lock.add({ name, version: one.slice("  version ".length).replace(/^"|"$/g, "") });
      pattern = undefined;
    }
  }
  if (entries === 0 && !content.includes("yarn lockfile")) throw brokenDocument("no lock file of Yarn");
}

/** Of `name@range` or `alias@npm:name@range`; undefined for the project's own folders. */
function nameIn(pattern: string): string | undefined {
  const at = pattern.indexOf("@", 1);
  const range = pattern.slice(at + 1);
  if (/^(link|workspace|portal):/.test(range)) return undefined;
  const alias = /^npm:(@?[^@]+)@/.exec(range)?.[1];
  return alias ?? (at < 0 ? pattern : pattern.slice(0, at));
}

/** Each entry says its resolution: `name@npm:1.2.3`, `name@patch:name@npm%3A1.2.3#...`, `name@workspace:.`. */
function readBerry(content: string, lock: Lock): void {
  for (const [key, entry] of parseYaml(content).flatMap(membersOf)) {
    if (key === "__metadata") continue;
    const resolution = member(entry, "resolution");
    if (typeof resolution !== "string") {
      lock.add({ name: undefined });
      continue;
    }
    const at = resolution.indexOf("@", 1);
    const isLocal = member(entry, "linkType") === "soft" || /^(workspace|link|portal):/.test(resolution.slice(at + 1));
    if (!isLocal) lock.add({ name: at < 0 ? resolution : resolution.slice(0, at), version: member(entry, "version") });
  }
}
