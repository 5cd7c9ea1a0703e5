/** https://docs.gradle.org/current/userguide/dependency_locking.html: `group:artifact:version=configurations`. */
import { brokenDocument } from "../../documents/value.ts";
import type { LockFormat } from "../../lock-file.ts";

export const gradleLock: LockFormat = {
  wants: { basenames: ["gradle.lockfile", "buildscript-gradle.lockfile"] },
  read(content, lock) {
    const isBuild = lock.path.endsWith("buildscript-gradle.lockfile");
    if (content.trim() === "") throw brokenDocument("no lock file of Gradle");
    for (const line of content.split("\n")) {
      const one = line.trim();
      if (one === "" || one.startsWith("#") || one.startsWith("empty=")) continue;
      const [, group, artifact, version, configurations = ""] =
        /^([^:=\s]+):([^:=\s]+):([^:=\s]+)=(.*)$/.exec(one) ?? [];
      if (group === undefined) throw brokenDocument("no lock file of Gradle");
      const development = isBuild || configurations.split(",").every((name) => /^test|Test[A-Z]/.test(name));
      lock.add({ name: `${group}:${artifact}`, version, development });
    }
  },
};
