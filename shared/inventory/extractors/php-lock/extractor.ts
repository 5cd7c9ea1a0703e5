/** Composer's lock file: https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control */
import { parseJson } from "../../documents/json.ts";
import { brokenDocument, itemsOf, member } from "../../documents/value.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const composerLock: LockFormat = {
  wants: { basenames: ["composer.lock"] },
  read(content, lock) {
    const root = parseJson(content);
    if (!Array.isArray(member(root, "packages"))) throw brokenDocument("no lock file of Composer");
    for (const section of ["packages", "packages-dev"]) {
      for (const one of itemsOf(member(root, section))) {
        if (member(member(one, "dist"), "type") === "path") continue;
        const licenses = itemsOf(member(one, "license")).filter((license) => typeof license === "string");
        lock.add({
          name: member(one, "name"),
          version: member(one, "version"),
          development: section === "packages-dev",
          licenses: licenses.slice(0, 20).map((license) => license.slice(0, 200)),
        });
      }
    }
  },
};

export const extractor = lockFileExtractor({ name: "php-lock", version: 1, type: "composer", formats: [composerLock] });
