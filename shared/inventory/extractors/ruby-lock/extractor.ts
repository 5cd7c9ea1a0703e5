/**
 * Bundler's lock file. Sections begin at the margin; under `specs:` each package stands at four blanks as
 * `name (version)` or `name (version-platform)`, what it needs at six.
 */
import { brokenDocument } from "../../documents/value.ts";
import { type LockFormat, lockFileExtractor } from "../../lock-file.ts";

const gemfileLock: LockFormat = {
  wants: { basenames: ["Gemfile.lock", "gems.locked"] },
  read(content, lock) {
    let section = "";
    let isLockFile = false;
    for (const line of content.split("\n")) {
      if (/^[A-Z]/.test(line)) {
        section = line.trim();
        isLockFile ||= ["GEM", "GIT", "PATH", "PLATFORMS", "DEPENDENCIES"].includes(section);
        continue;
      }
      // PATH is the project itself, or a folder of it.
      if (!["GEM", "GIT", "PLUGIN SOURCE"].includes(section)) continue;
      const [, name, version, platform] =
        /^ {4}([^\s()]+) \(([^()\s-]+)(?:-([^()\s]+))?\)\s*$/.exec(line.slice(0, 1024)) ?? [];
      if (name !== undefined) lock.add({ name, version, ...(platform !== undefined && { qualifiers: { platform } }) });
    }
    if (!isLockFile) throw brokenDocument("no lock file of Bundler");
  },
};

export const extractor = lockFileExtractor({ name: "ruby-lock", version: 1, type: "gem", formats: [gemfileLock] });
