/** Dart's lock file: https://dart.dev/tools/pub/glossary#lockfile */
import { brokenDocument, member, membersOf } from "../../documents/value.ts";
import { parseYaml } from "../../documents/yaml.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const pubspecLock: LockFormat = {
  wants: { basenames: ["pubspec.lock"] },
  read(content, lock) {
    const [root] = parseYaml(content);
    if (member(root, "packages") === undefined) throw brokenDocument("no lock file of Dart");
    for (const [name, one] of membersOf(member(root, "packages"))) {
      const source = member(one, "source");
      // Parts of the SDK have its version, and say 0.0.0.
      if (source === "sdk" || source === "path") continue;
      lock.add({ name, version: member(one, "version"), development: member(one, "dependency") === "direct dev" });
    }
  },
};

export const extractor = lockFileExtractor({ name: "dart-lock", version: 1, type: "pub", formats: [pubspecLock] });
