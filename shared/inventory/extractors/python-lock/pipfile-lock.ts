/** Pipenv's lock file: JSON, versions as pinned requirements (`==1.2.3`). */
import { parseJson } from "../../documents/json.ts";
import { brokenDocument, isTrue, member, membersOf } from "../../documents/value.ts";
import type { LockFormat } from "../../lock-file.ts";

export const pipfileLock: LockFormat = {
  wants: { basenames: ["Pipfile.lock"] },
  read(content, lock) {
    const root = parseJson(content);
    if (member(root, "_meta") === undefined) throw brokenDocument("no lock file of Pipenv");
    for (const [section, packages] of membersOf(root)) {
      if (section === "_meta") continue;
      for (const [name, one] of membersOf(packages)) {
        if (isTrue(member(one, "editable")) && member(one, "path") !== undefined) continue;
        const version = member(one, "version");
        lock.add({
          name,
          ...(version !== undefined && {
            version: typeof version === "string" ? version.replace(/^==?=?/, "") : version,
          }),
          development: section === "develop",
        });
      }
    }
  },
};
